//! Stores.
mod error;
#[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
mod record;
#[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
mod settings;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "suite")]
pub mod suite;

pub use error::{StoreSetupError, StoreSetupErrorKind};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteStoreBuilder};
