//! Errors: while a store is set up, and afterwards.

use std::error::Error;
use std::fmt;

/// Why a store could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreSetupErrorKind {
    /// The URL or path is not valid for this engine.
    InvalidUrl,
    /// A setting is invalid.
    InvalidSetting,
    /// No server answers at the address, or not in time.
    Unreachable,
    /// The server or the operating system refuses access.
    Refused,
    /// The tables are missing, have another version, or could not be created.
    Schema,
}

/// A store could not be set up.
///
/// Its text says what to change. It never contains the URL, which can contain a password.
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

    /// The kind of failure.
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

/// Why a store did not answer: the source of a `StoreError`. It is only text, so it exposes neither
/// a driver's type or version nor parts of the record.
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
