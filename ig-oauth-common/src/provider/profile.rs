//! The profile of the account that a token belongs to.
//!
//! <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started>

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api_error::{ApiError, ApiErrorKind};
use super::client::Provider;
use super::wire;
use crate::token_facts::{AccessToken, UserId};

/// The provider refuses a field of some accounts with code 100 (reported for `user_id`, 2026-01).
/// It never refuses these two.
const SAFE_FIELDS: &str = "id,username";

/// The profile of an account, as `/me` returns it.
///
/// Use [`Token::user_id`](crate::Token::user_id) as the key of your data: the user name can change
/// at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Profile {
    /// `id`: the *app-scoped* id, different for every app. Deauthorization and data deletion
    /// requests contain this one.
    pub app_scoped_id: Option<UserId>,
    /// `user_id`: the id of the *professional account*, the same for every app. Webhooks contain
    /// this one. `None` under [`Api::BasicDisplay`](crate::Api::BasicDisplay), and for accounts for
    /// which the provider does not return it.
    pub professional_account_id: Option<UserId>,
    /// The user name. It does not identify a user: users change it, and others can take it.
    pub username: String,
    /// The display name, if there is one. Text from outside: escape it before you show it.
    pub name: Option<String>,
    /// The kind of account.
    pub account_type: Option<AccountType>,
    /// The URL of the picture, if there is one: an `https` URL of the provider that expires, so
    /// store the picture and not the URL.
    pub profile_picture_url: Option<String>,
    /// How many accounts follow this one.
    pub followers_count: Option<u64>,
    /// How many accounts this one follows.
    pub follows_count: Option<u64>,
    /// How many media there are.
    pub media_count: Option<u64>,
}

/// The kind of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum AccountType {
    /// A business.
    Business,
    /// A creator.
    MediaCreator,
    /// A personal account, under [`Api::BasicDisplay`](crate::Api::BasicDisplay) only.
    Personal,
    /// Another kind, by the provider's name.
    #[serde(untagged)]
    Other(String),
}

impl AccountType {
    /// Meta's pages have `Business`, responses have `BUSINESS`: case is ignored.
    fn of(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "BUSINESS" => Self::Business,
            "MEDIA_CREATOR" => Self::MediaCreator,
            "PERSONAL" => Self::Personal,
            _ => Self::Other(name.to_owned()),
        }
    }

    /// The provider's name, in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Business => "BUSINESS",
            Self::MediaCreator => "MEDIA_CREATOR",
            Self::Personal => "PERSONAL",
            Self::Other(name) => name,
        }
    }
}

impl Profile {
    /// All ids of the profile.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &UserId> {
        [&self.app_scoped_id, &self.professional_account_id].into_iter().flatten()
    }
}

/// The body of `/me`: its fields are at the top level, as the live service sends them, or in
/// `data`, as on Meta's page.
#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<Answer>>,
    id: Option<Value>,
    user_id: Option<Value>,
    username: Option<String>,
    name: Option<Value>,
    account_type: Option<Value>,
    profile_picture_url: Option<Value>,
    followers_count: Option<Value>,
    follows_count: Option<Value>,
    media_count: Option<Value>,
}

impl Provider {
    /// Fetches the profile of `token`'s account.
    pub(crate) async fn profile(&self, token: &AccessToken) -> Result<Profile, ApiError> {
        let fields = self.application.api.preset().profile_fields;
        match self.get::<Answer>(token, "me", &[("fields", fields)]).await {
            Err(error) if error.kind() == ApiErrorKind::InvalidRequest => {
                self.get::<Answer>(token, "me", &[("fields", SAFE_FIELDS)]).await?.into_profile()
            }
            answer => answer?.into_profile(),
        }
    }
}

impl Answer {
    fn into_profile(mut self) -> Result<Profile, ApiError> {
        let malformed =
            |what: &'static str| ApiError::with_source(ApiErrorKind::MalformedAnswer, what);
        let fields = match self.data.take() {
            None => self,
            Some(data) => wire::only(data).map_err(malformed)?,
        };
        let username = fields.username.filter(|name| !name.is_empty());
        Ok(Profile {
            app_scoped_id: fields.id.as_ref().and_then(wire::user_id),
            professional_account_id: fields.user_id.as_ref().and_then(wire::user_id),
            username: username.ok_or_else(|| malformed("the answer has no user name"))?,
            name: text(fields.name),
            account_type: text(fields.account_type).as_deref().map(AccountType::of),
            // Pages use it as the source of an image: `javascript:` and plain http are not allowed.
            profile_picture_url: text(fields.profile_picture_url)
                .filter(|url| url.starts_with("https://")),
            followers_count: fields.followers_count.as_ref().and_then(wire::number),
            follows_count: fields.follows_count.as_ref().and_then(wire::number),
            media_count: fields.media_count.as_ref().and_then(wire::number),
        })
    }
}

fn text(field: Option<Value>) -> Option<String> {
    match field {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}
