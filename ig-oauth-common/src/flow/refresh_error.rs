//! Why a token was not refreshed.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{AuthError, chain};
use crate::rejection::ProviderRejection;

/// Why there is no new token.
#[derive(Clone)]
pub(crate) enum RefreshError {
    /// The provider calls the old one invalid.
    Dead,
    /// The account is no longer in the store.
    Gone,
    /// No configured secret opens the account as it is now.
    Unreadable,
    /// Another instance is at it, or failed a moment ago.
    Elsewhere,
    /// It failed here a moment ago, or there is no outcome in time.
    NotNow,
    /// It failed: the old token goes on.
    Failed(Arc<AuthError>),
}

impl RefreshError {
    /// The wait the provider asked for, when it named one.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Failed(error) => error.wait(),
            _ => None,
        }
    }

    /// Whether the provider answered, and no.
    pub(super) fn is_rejected(&self) -> bool {
        self.rejection().is_some_and(|rejection| !rejection.is_death())
    }

    /// Whether the provider calls the token invalid, now or earlier.
    pub(super) fn is_death(&self) -> bool {
        matches!(self, Self::Dead) || self.rejection().is_some_and(ProviderRejection::is_death)
    }

    fn rejection(&self) -> Option<&ProviderRejection> {
        match self {
            Self::Failed(error) => error.rejection(),
            _ => None,
        }
    }

    /// A sentence for the log.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Dead => "the provider has called the token invalid".to_owned(),
            Self::Gone => "the account is no longer in the store".to_owned(),
            Self::Unreadable => "no configured secret opens the account".to_owned(),
            Self::Elsewhere => "another instance is at it, or failed a moment ago".to_owned(),
            Self::NotNow => "a refresh failed a moment ago".to_owned(),
            Self::Failed(error) => chain(&**error),
        }
    }
}

impl From<AuthError> for RefreshError {
    fn from(error: AuthError) -> Self {
        Self::Failed(Arc::new(error))
    }
}
