//! The result of a login: the access token and its metadata.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::api_error::{ApiError, ApiErrorKind};
use super::client::Provider;
use super::profile::Profile;
use crate::api::{Scope, Scopes};
use crate::clock::Timestamp;
use crate::error::chain;
use crate::futures::BoxFuture;
use crate::rejection::ProviderRejection;
use crate::token_facts::{AccessToken, Lifetime, TokenFacts, TokenHash, UserId};

/// A user's access token with its owner, its scopes and its times. It is cheap to clone.
///
/// Handlers get it through the adapters' `InstagramToken`. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct Token {
    facts: Arc<TokenFacts>,
    provider: Arc<Provider>,
    /// `None` during a login: a call that fails there fails the login.
    watch: Option<Weak<dyn DeathWatch>>,
}

/// Acts when the provider reports a token as invalid.
pub(crate) trait DeathWatch: Send + Sync {
    /// `why` is the provider's response, for the log.
    fn died(self: Arc<Self>, token: Token, why: String) -> BoxFuture<'static, ()>;
}

impl Token {
    /// Identifies this token without giving access to it.
    pub(crate) fn hash(&self) -> TokenHash {
        Sha256::new()
            .chain_update(self.issued_at().unix_seconds().to_be_bytes())
            .chain_update(self.access_token().expose_secret())
            .finalize()
            .into()
    }

    pub(crate) fn new(facts: TokenFacts, provider: &Arc<Provider>) -> Self {
        Self { facts: Arc::new(facts), provider: Arc::clone(provider), watch: None }
    }

    /// The same token. Its calls notify `watch` when the provider reports it as invalid.
    pub(crate) fn watched_by(self, watch: Weak<dyn DeathWatch>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// Logs a failed call: the app may handle the error without logging it.
    async fn heard<T>(&self, answer: Result<T, ApiError>) -> Result<T, ApiError> {
        if let Err(error) = &answer {
            crate::trace::warning(&format!("a call to the provider failed: {}", chain(error)));
            let is_dead = error.kind() == ApiErrorKind::TokenInvalid
                && error.rejection().is_some_and(ProviderRejection::is_death);
            if let Some(watch) = self.watch.as_ref().and_then(Weak::upgrade).filter(|_| is_dead) {
                watch.died(self.clone(), chain(error)).await;
            }
        }
        answer
    }

    /// A long-lived token of the same owner.
    pub(crate) fn succeeded_by(&self, facts: TokenFacts) -> Self {
        Self::new(facts, &self.provider)
    }

    /// The access token, for calls to the provider.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.facts.access_token
    }

    /// The user that the token belongs to. Use it as the key of app data: it does not change with
    /// the user name.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.facts.user_id
    }

    /// The scopes that the user granted, which can be fewer than requested.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.facts.scopes
    }

    /// Whether `scope` was granted.
    #[must_use]
    pub fn has_scope(&self, scope: &Scope) -> bool {
        self.facts.scopes.contains(scope)
    }

    /// Whether the provider reported the granted scopes. If not, [`scopes`](Self::scopes) are the
    /// requested ones (RFC 6749, section 5.1).
    #[must_use]
    pub fn scopes_reported(&self) -> bool {
        self.facts.scopes_reported
    }

    /// Whether this is a one-hour or a 60-day token.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.facts.lifetime
    }

    /// When the provider issued it, by this server's clock.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.facts.issued_at
    }

    /// When it expires, by this server's clock. It is counted from before the call that returned
    /// it, so it is never later than the provider's own expiry.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.facts.expires_at
    }

    /// How long it is still valid at `now`: zero when it has expired.
    #[must_use]
    pub fn remaining(&self, now: Timestamp) -> Duration {
        self.facts.expires_at.saturating_duration_since(now)
    }

    /// Fetches the profile of the account: one call to the provider, or two if it refuses a field.
    ///
    /// # Errors
    ///
    /// See [`ApiErrorKind`](crate::ApiErrorKind). With `TokenInvalid`, by code 190 or 102, the
    /// sessions with this token have ended, and a stored account is marked as dead. A profile
    /// without a user name is `MalformedAnswer`.
    pub async fn profile(&self) -> Result<Profile, ApiError> {
        self.heard(self.provider.profile(self.access_token()).await).await
    }

    /// Sends a GET to the rest of the provider's API: `path` below
    /// [`graph_url`](crate::ConfigBuilder::graph_url), which may begin with a version
    /// (`v25.0/me/media`). It is one call, and at most 1 MiB is read.
    ///
    /// ```
    /// # use ig_oauth_common::{ApiError, Token};
    /// #[derive(serde::Deserialize)]
    /// struct Media {
    ///     data: Vec<Medium>,
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Medium {
    ///     id: String,
    ///     caption: Option<String>,
    /// }
    ///
    /// async fn media(token: &Token) -> Result<Media, ApiError> {
    ///     token.get("me/media", &[("fields", "id,caption"), ("limit", "25")]).await
    /// }
    /// ```
    ///
    /// # Pages
    ///
    /// The next page is the same call with one more parameter: `after`, the text of
    /// `paging.cursors.after` in the response. There is no next page when `paging.next` is missing.
    ///
    /// ```
    /// # use ig_oauth_common::{ApiError, Token};
    /// # async fn all(token: &Token) -> Result<usize, ApiError> {
    /// let (mut seen, mut after) = (0, String::new());
    /// loop {
    ///     let page: serde_json::Value =
    ///         token.get("me/media", &[("limit", "100"), ("after", &after)]).await?;
    ///     seen += page["data"].as_array().map_or(0, Vec::len);
    ///     match page["paging"]["cursors"]["after"].as_str() {
    ///         Some(next) if page["paging"]["next"].is_string() => next.clone_into(&mut after),
    ///         _ => return Ok(seen),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Security
    ///
    /// The provider's responses can contain the access token: `paging.next` and `paging.previous`
    /// are URLs with it in their query. Read the fields you need into your own type, as above, and
    /// never pass on a response unchanged.
    ///
    /// # Errors
    ///
    /// See [`ApiErrorKind`](crate::ApiErrorKind). With `TokenInvalid`, by code 190 or 102, the
    /// sessions with this token have ended, and a stored account is marked as dead.
    /// `InvalidRequest`, without a call, when `path` is not a plain relative path or a parameter is
    /// named `access_token` or `method`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, ApiError> {
        self.heard(self.provider.get(self.access_token(), path, parameters).await).await
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.fmt(f)
    }
}
