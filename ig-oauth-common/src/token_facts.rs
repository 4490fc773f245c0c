//! The data of a token: its secret, its user, its scopes and its lifetime.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::api::Scopes;
use crate::clock::Timestamp;

/// An access token (RFC 6749, section 1.4): a client that holds it acts for the user.
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

/// The user id of the token response, kept as the decimal text that the provider sent: ids exceed
/// 2^53, so a floating-point number would change them.
///
/// Under [`Api::InstagramLogin`](crate::Api::InstagramLogin) Meta's reference calls it the
/// *app-scoped* id; it is not the id of the professional account, which webhooks use. Under
/// [`Api::BasicDisplay`](crate::Api::BasicDisplay) it is the account's id.
///
/// ```
/// use ig_oauth_common::UserId;
///
/// let id: UserId = "17841405793187218".parse()?;
/// assert_eq!(id, UserId::from(17_841_405_793_187_218));
/// assert!("@somebody".parse::<UserId>().is_err());
/// # Ok::<(), ig_oauth_common::UserIdError>(())
/// ```
///
/// `Serialize` writes the text, never a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UserId(String);

/// A text that is not a user id. The error does not repeat it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the user id is not 1 to {MAX_USER_ID_DIGITS} decimal digits")]
#[non_exhaustive]
pub struct UserIdError;

/// The longest user id, in digits. All ids seen fit a `u64` (20 digits).
const MAX_USER_ID_DIGITS: usize = 32;

impl UserId {
    /// The id as text. Send it to JavaScript as a string, because its numbers are floating-point.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a number, if it fits.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl TryFrom<String> for UserId {
    type Error = UserIdError;

    /// # Errors
    ///
    /// When the text is empty, has over 32 bytes, or is not only digits.
    fn try_from(text: String) -> Result<Self, UserIdError> {
        let is_id = (1..=MAX_USER_ID_DIGITS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        is_id.then_some(Self(text)).ok_or(UserIdError)
    }
}

impl FromStr for UserId {
    type Err = UserIdError;

    fn from_str(text: &str) -> Result<Self, UserIdError> {
        text.to_owned().try_into()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.0
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

/// The kind of a token, by its lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lifetime {
    /// The token of the code exchange: one hour. The response has no `expires_in`; the hour is from
    /// Meta's reference of the access token endpoint.
    ShortLived,
    /// The token of `ig_exchange_token`: 60 days, by its `expires_in`.
    LongLived,
}

/// The data of a [`Token`].
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

/// The SHA-256 of an access token and its issue time, because a refreshed token may be the same
/// string.
pub(crate) type TokenHash = [u8; 32];
