//! What a login yields: the access token and what is known about it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secrecy::{ExposeSecret, SecretString};

use crate::clock::Timestamp;
use crate::scope::{Scope, Scopes};

/// An access token (RFC 6749, section 1.4): whoever holds it acts for the user.
///
/// `Debug` shows `[redacted]`; there is no `Display`, no `PartialEq` and no `Serialize`.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The token itself, for an `Authorization: Bearer` header to the provider.
    ///
    /// # Security
    ///
    /// Keep it out of logs, URLs, error texts and pages.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken([redacted])")
    }
}

/// The user id of the token answer, kept as the decimal text the provider sent: ids exceed 2^53,
/// so a floating-point number would change them.
///
/// Under [`Api::InstagramLogin`](crate::Api::InstagramLogin) Meta's reference calls it the
/// *app-scoped* id; it is not the id of the professional account that webhooks name. Under
/// [`Api::BasicDisplay`](crate::Api::BasicDisplay) it is the account's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(String);

/// Longest user id, in digits. All ids seen fit a `u64` (20 digits).
const MAX_USER_ID_DIGITS: usize = 32;

impl UserId {
    /// The id written as `digits`; none when it is empty, over 32 bytes, or not only digits.
    #[must_use]
    pub fn from_digits(digits: &str) -> Option<Self> {
        let well_formed = (1..=MAX_USER_ID_DIGITS).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then(|| Self(digits.to_owned()))
    }

    /// The id as text. Send it to JavaScript as a string: its numbers are floating-point.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a number, when it fits.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl From<u64> for UserId {
    fn from(id: u64) -> Self {
        Self(id.to_string())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a token lives, by the kind the provider issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lifetime {
    /// The token of the code exchange: one hour. The answer carries no `expires_in`; the hour is
    /// from Meta's reference of the access token endpoint.
    ShortLived,
    /// The token of `ig_exchange_token`: 60 days, by its `expires_in`.
    LongLived,
}

/// A user's access token with its owner, its scopes and its times. Cheap to clone.
///
/// This is what handlers see through the `InstagramToken` of the adapters. Its `Debug` shows no
/// secret.
#[derive(Clone, Debug)]
pub struct Token {
    facts: Arc<TokenFacts>,
}

/// What a [`Token`] is made of.
#[derive(Clone, Debug)]
pub(crate) struct TokenFacts {
    pub(crate) access_token: AccessToken,
    pub(crate) user_id: UserId,
    pub(crate) scopes: Scopes,
    pub(crate) scopes_reported: bool,
    pub(crate) lifetime: Lifetime,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl From<TokenFacts> for Token {
    fn from(facts: TokenFacts) -> Self {
        Self { facts: Arc::new(facts) }
    }
}

impl Token {
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

    /// When it stops working, by this server's clock.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.facts.expires_at
    }

    /// How long it works from `now` on: zero when it has expired.
    #[must_use]
    pub fn remaining(&self, now: Timestamp) -> Duration {
        self.facts.expires_at.saturating_since(now)
    }
}

impl From<Timestamp> for SystemTime {
    /// A moment the platform cannot express becomes 1970.
    fn from(timestamp: Timestamp) -> Self {
        UNIX_EPOCH.checked_add(Duration::from_secs(timestamp.unix_seconds())).unwrap_or(UNIX_EPOCH)
    }
}
