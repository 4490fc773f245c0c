//! What went wrong, with its cause.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::Duration;

use super::code::ErrorCode;
use super::kind::AuthErrorKind;
use crate::randomness::RandomnessUnavailable;
use crate::rejection::ProviderRejection;

/// Why a login, a logout or the look at a session failed.
///
/// [`kind`](Self::kind) tells the cases apart, [`code`](Self::code) is what the browser is told, and
/// `source()` keeps the cause. Neither `Display` nor `Debug`, here or down the chain, shows a
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
    pub(crate) fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.inner.retry_after = wait;
        self
    }

    /// The provider's own words, when it gave any.
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

    /// What goes outside. See [`AuthErrorKind::code`].
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.inner.kind.code()
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.inner.kind.status()
    }

    /// The wait the provider asked for, when it named one.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Whether the user said no. Nothing is broken: tell them calmly that they are not logged in.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.inner.kind == AuthErrorKind::Denied
    }

    /// Whether the attempt could not be proven: stale, from another browser, or forged.
    #[must_use]
    pub fn is_state(&self) -> bool {
        self.code() == ErrorCode::InvalidState
    }

    /// Whether the provider, or the way to it, is the cause.
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
