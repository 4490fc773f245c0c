//! What a login yields: the access token and what is known about it.

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

/// A user's access token with its owner, its scopes and its times. Cheap to clone.
///
/// This is what handlers see through the `InstagramToken` of the adapters. Its `Debug` shows no
/// secret.
#[derive(Clone)]
pub struct Token {
    facts: Arc<TokenFacts>,
    provider: Arc<Provider>,
    /// Not during a login: there a call that fails is a step that fails.
    watch: Option<Weak<dyn DeathWatch>>,
}

/// Who acts when the provider calls a token invalid.
pub(crate) trait DeathWatch: Send + Sync {
    /// Why is the provider's answer, for the log.
    fn died(self: Arc<Self>, token: Token, why: String) -> BoxFuture<'static, ()>;
}

impl Token {
    /// What names this very token and opens nothing.
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

    /// The same token, whose calls tell `watch` when it turns out to be dead.
    pub(crate) fn watched_by(self, watch: Weak<dyn DeathWatch>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// A call that failed leaves an event: an app may handle the error without a word, and the log
    /// should say what became of a token.
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

    /// The same owner with another token, which is long-lived.
    pub(crate) fn succeeded_by(&self, facts: TokenFacts) -> Self {
        Self::new(facts, &self.provider)
    }

    /// The access token, to call the provider with.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.facts.access_token
    }

    /// Whose token this is. The key to store app data under: it stays when the user name changes.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.facts.user_id
    }

    /// The scopes the user granted, which can be fewer than asked for.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.facts.scopes
    }

    /// Whether `scope` was granted.
    #[must_use]
    pub fn has(&self, scope: &Scope) -> bool {
        self.facts.scopes.contains(scope)
    }

    /// Whether the provider said which scopes were granted. If not, [`scopes`](Self::scopes) are
    /// those asked for (RFC 6749, section 5.1).
    #[must_use]
    pub fn scopes_reported(&self) -> bool {
        self.facts.scopes_reported
    }

    /// Whether this is the one-hour or the 60-day token.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.facts.lifetime
    }

    /// When the provider issued it, by this server's clock.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.facts.issued_at
    }

    /// When it stops working, by this server's clock: counted from before the call that got it, so
    /// never later than by the provider's.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.facts.expires_at
    }

    /// How long it works from `now` on: zero when it has expired.
    #[must_use]
    pub fn remaining(&self, now: Timestamp) -> Duration {
        self.facts.expires_at.saturating_since(now)
    }

    /// Fetches the profile of the account: one call to the provider, two where it refuses a field.
    ///
    /// # Errors
    ///
    /// See [`ApiErrorKind`](crate::ApiErrorKind). With `TokenInvalid`, by code 190 or 102, the sessions
    /// that hold this token have ended, and a stored account is marked as dead. A profile without a user name is
    /// `MalformedAnswer`.
    pub async fn profile(&self) -> Result<Profile, ApiError> {
        self.heard(self.provider.profile(self.access_token()).await).await
    }

    /// GETs from the rest of the provider's API: `path` below
    /// [`graph_url`](crate::ConfigBuilder::graph_url), which may begin with a version
    /// (`v25.0/me/media`). One call; at most 1 MiB is read.
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
    /// `paging.cursors.after` in the answer. There is none when `paging.next` is missing.
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
    /// The provider's answers can hold the access token: `paging.next` and `paging.previous` are URLs
    /// with it in their query. Read the fields you need into a type of your own, as above, and never
    /// pass an answer on as it is.
    ///
    /// # Errors
    ///
    /// See [`ApiErrorKind`](crate::ApiErrorKind). With `TokenInvalid`, by code 190 or 102, the sessions
    /// that hold this token have ended, and a stored account is marked as dead. `InvalidRequest`, without a call, when `path` is
    /// not a plain relative path or a parameter is named `access_token` or `method`.
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
