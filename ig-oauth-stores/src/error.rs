//! What goes wrong: while a store is set up, and afterwards.

use std::error::Error;
use std::fmt;

/// Why a store could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreSetupErrorKind {
    /// The URL or path is not one of this engine.
    InvalidUrl,
    /// A setting cannot work.
    InvalidSetting,
    /// No server answers there, or not in time.
    Unreachable,
    /// The server, or the operating system, does not let us in.
    Refused,
    /// The tables are missing, of another version, or could not be made.
    Schema,
}

/// A store could not be set up.
///
/// Its text says what to change, and never holds the URL: that can hold a password.
///
/// ```
/// # #[cfg(feature = "sqlite")] {
/// use ig_oauth_stores::{SqliteStore, StoreSetupErrorKind};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let error = SqliteStore::open("/no/such/folder/app.db").await.unwrap_err();
/// assert_eq!(error.kind(), StoreSetupErrorKind::Refused);
/// assert!(error.to_string().contains("check that its folder exists"));
/// # });
/// # }
/// ```
#[derive(Debug)]
pub struct StoreSetupError {
    kind: StoreSetupErrorKind,
    text: String,
}

impl StoreSetupError {
    #[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
    pub(crate) fn new(kind: StoreSetupErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> StoreSetupErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreSetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for StoreSetupError {}

/// Why a store did not answer: the source of a `StoreError`. Text only, so that no driver's type or
/// version shows, and nothing of the record at hand.
#[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
#[derive(Debug, thiserror::Error)]
#[error("{engine}: {text}")]
pub(crate) struct Failure {
    pub(crate) engine: &'static str,
    pub(crate) text: String,
}

#[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
impl Failure {
    pub(crate) fn new(engine: &'static str, text: impl Into<String>) -> Self {
        Self { engine, text: text.into() }
    }
}

#[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
impl From<Failure> for ig_oauth_common::store::StoreError {
    fn from(failure: Failure) -> Self {
        Self::new(failure)
    }
}
