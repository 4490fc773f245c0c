//! The engines' names in messages.

#[cfg(feature = "postgres")]
pub(crate) const POSTGRESQL: &str = "PostgreSQL";
#[cfg(feature = "redis")]
pub(crate) const REDIS: &str = "Redis";
#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: &str = "SQLite";
