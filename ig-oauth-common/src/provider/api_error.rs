//! The errors of an app's calls to the provider's API with a token.

use std::error::Error;
use std::time::Duration;

use crate::error::{AuthError, AuthErrorKind};
use crate::rejection::ProviderRejection;

/// The longest wait that is passed on.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a call to the provider's API did not succeed.
///
/// [`kind`](Self::kind) says what to do about it. Neither `Display` nor `Debug`, here or in the
/// chain of sources, shows a token or a URL. `source()` is a [`ProviderRejection`] when the
/// provider gave a reason.
#[derive(Debug, thiserror::Error)]
#[error("{}", .kind.text())]
pub struct ApiError {
    kind: ApiErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
    wait: Option<Duration>,
}

/// The kinds of failures of a call to the provider's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// The token has expired or was revoked: the user removed the app, changed the password, or
    /// stayed away for 60 days (the provider's code 190). Only a new login helps.
    TokenInvalid,
    /// Too many calls. [`ApiError::retry_after`] is the wait that the provider named, if it did.
    Throttled,
    /// The user or the app lacks a permission (codes 3, 10 and 200 to 299). Request the scope with
    /// [`LoginOptions::scopes`](crate::LoginOptions::scopes). In development mode it works only for
    /// invited testers.
    PermissionDenied,
    /// "Unsupported request" (code 100), a misleading message. Causes that users found: a tester
    /// invitation that was not accepted, a token of another app, an expired or empty token, an id
    /// that does not belong to this user. Another HTTP method does not help.
    Unsupported,
    /// The path or a parameter is wrong: refused by the crate before it was sent, or by the
    /// provider (code 100 with another message).
    InvalidRequest,
    /// The provider refused for another reason. `source()` has its message.
    Rejected,
    /// No connection, or a temporary error at the provider. Try again later.
    Unreachable,
    /// No response in time. Try again later.
    TimedOut,
    /// The response does not have the expected form.
    MalformedAnswer,
    /// The response is larger than 1 MiB, or the provider says that it would be too large ("reduce
    /// the amount of data"). Request less with `limit` or `fields`.
    OversizeAnswer,
}

impl ApiErrorKind {
    /// A status for your own response to a request that fails with this error: 401, 403, 500 or
    /// 503.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::TokenInvalid => 401,
            Self::PermissionDenied => 403,
            Self::Throttled
            | Self::Unreachable
            | Self::TimedOut
            | Self::MalformedAnswer
            | Self::OversizeAnswer => 503,
            Self::Unsupported | Self::InvalidRequest | Self::Rejected => 500,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::TokenInvalid => "the access token has expired or was revoked; log in again",
            Self::Throttled => "the provider limits the rate of calls",
            Self::PermissionDenied => "a permission is missing",
            Self::Unsupported => {
                "the provider calls the request unsupported, which misleads: check that a tester \
                 has accepted the invitation, and that token and id belong to this app and user"
            }
            Self::InvalidRequest => "the path or a parameter of the call is wrong",
            Self::Rejected => "the provider refused the call",
            Self::Unreachable => "the provider cannot be reached, or has a fault of its own",
            Self::TimedOut => "the provider took too long",
            Self::MalformedAnswer => "the provider's answer is malformed",
            Self::OversizeAnswer => "the provider's answer is too large",
        }
    }
}

impl ApiError {
    pub(super) fn with_source(
        kind: ApiErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, source: Some(source.into()), wait: None }
    }

    #[must_use]
    pub(super) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait.map(|wait| wait.min(MAX_WAIT));
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ApiErrorKind {
        self.kind
    }

    /// A status for your own response. See [`ApiErrorKind::status`].
    #[must_use]
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// How long to wait before the next call, when the provider named a time: at most 24 hours.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.wait
    }

    /// The provider's own message, if it gave one.
    #[must_use]
    pub fn rejection(&self) -> Option<&ProviderRejection> {
        self.source.as_ref()?.downcast_ref()
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let kind = match error.kind() {
            AuthErrorKind::TimedOut => ApiErrorKind::TimedOut,
            AuthErrorKind::OversizeAnswer => ApiErrorKind::OversizeAnswer,
            AuthErrorKind::Unreachable => ApiErrorKind::Unreachable,
            _ => ApiErrorKind::MalformedAnswer,
        };
        Self { kind, wait: None, source: error.into_source() }
    }
}
