//! Errors of logins, logouts and sessions, with their cause.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::Duration;

use super::code::ErrorCode;
use super::kind::AuthErrorKind;
use crate::randomness::RandomnessUnavailable;
use crate::rejection::ProviderRejection;

/// Why a login, a logout or reading a session failed.
///
/// [`kind`](Self::kind) distinguishes the cases, [`code`](Self::code) is what the browser sees, and
/// `source()` is the cause. Neither `Display` nor `Debug`, here or in the chain of sources, shows a
/// secret, a code, a token or a URL.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct AuthError {
    inner: Box<Inner>,
}

#[derive(Debug, thiserror::Error)]
#[error("{}", .kind.text())]
struct Inner {
    kind: AuthErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
    retry_after: Option<Duration>,
}

impl AuthError {
    pub(crate) fn new(kind: AuthErrorKind) -> Self {
        Self { inner: Box::new(Inner { kind, source: None, retry_after: None }) }
    }

    pub(crate) fn with_source(
        kind: AuthErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { inner: Box::new(Inner { kind, source: Some(source.into()), retry_after: None }) }
    }

    #[must_use]
    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.inner.retry_after = wait;
        self
    }

    /// The provider's own message, if it gave one.
    #[must_use]
    pub fn rejection(&self) -> Option<&ProviderRejection> {
        self.inner.source.as_ref()?.downcast_ref()
    }

    /// The cause without this error around it.
    pub(crate) fn into_source(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.inner.source
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> AuthErrorKind {
        self.inner.kind
    }

    /// The code that the client sees. See [`AuthErrorKind::code`].
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.inner.kind.code()
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.inner.kind.status()
    }

    /// The wait that the provider asked for, if it named one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Whether the user declined. Nothing is broken: tell users calmly that they are not logged in.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.inner.kind == AuthErrorKind::Denied
    }

    /// Whether the attempt could not be proven: stale, from another browser, or forged.
    #[must_use]
    pub fn is_state(&self) -> bool {
        self.code() == ErrorCode::InvalidState
    }

    /// Whether the provider or the network is the cause.
    #[must_use]
    pub fn is_provider(&self) -> bool {
        matches!(
            self.code(),
            ErrorCode::AuthorizationRejected
                | ErrorCode::ProviderRejected
                | ErrorCode::ProviderUnavailable
                | ErrorCode::CodeRejected
        )
    }

    /// Whether the same request may succeed later. See [`AuthErrorKind::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.inner.kind.is_retryable()
    }
}

impl From<AuthErrorKind> for AuthError {
    fn from(kind: AuthErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<RandomnessUnavailable> for AuthError {
    fn from(error: RandomnessUnavailable) -> Self {
        Self::with_source(AuthErrorKind::Internal, error)
    }
}

impl fmt::Debug for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthError")
            .field("kind", &self.inner.kind)
            .field("source", &self.inner.source)
            .finish()
    }
}

/// The error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
