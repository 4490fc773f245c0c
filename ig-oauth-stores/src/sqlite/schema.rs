//! The tables: making them, and finding out whether they are the right ones.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::error::{StoreSetupError, StoreSetupErrorKind};
use crate::sql::with_prefix;

/// What leads from nothing to the first version, from the first to the second, and so on.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// The tables with that prefix, from nothing.
pub(super) fn text(prefix: &str) -> String {
    MIGRATIONS.iter().map(|migration| with_prefix(migration, prefix)).collect()
}

/// Why the tables cannot be used.
pub(super) enum SchemaError {
    Sqlite(rusqlite::Error),
    Setup(StoreSetupError),
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings the tables to the present version, or, without `manage`, only looks at them.
pub(super) fn prepare(
    connection: &mut Connection,
    prefix: &str,
    manage: bool,
) -> Result<(), SchemaError> {
    // Starting instances queue up here: the lock to write is taken before the version is read.
    let behavior =
        if manage { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let transaction = connection.transaction_with_behavior(behavior)?;
    let version = version(&transaction, prefix)?;
    if version > MIGRATIONS.len() {
        let text = format!(
            "the tables {prefix}_* are of version {version}, and this release of ig-oauth-stores \
             knows versions up to {}: update it",
            MIGRATIONS.len()
        );
        return Err(SchemaError::Setup(StoreSetupError::new(StoreSetupErrorKind::Schema, text)));
    }
    if !manage && version < MIGRATIONS.len() {
        let text = format!(
            "the tables {prefix}_* are missing or old (version {version} of {}): run what \
             SqliteStore::schema(\"{prefix}\") prints, or leave manage_schema on",
            MIGRATIONS.len()
        );
        return Err(SchemaError::Setup(StoreSetupError::new(StoreSetupErrorKind::Schema, text)));
    }
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(&with_prefix(migration, prefix))?;
    }
    transaction.commit()?;
    Ok(())
}

/// The version of the tables: 0 when there are none.
fn version(connection: &Connection, prefix: &str) -> Result<usize, rusqlite::Error> {
    let exists = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    let table = format!("{prefix}_schema");
    let count: i64 = connection.query_row(exists, [&table], |row| row.get(0))?;
    if count == 0 {
        return Ok(0);
    }
    let select = format!("SELECT version FROM {table}");
    let version: Option<i64> = connection.query_row(&select, [], |row| row.get(0)).optional()?;
    Ok(version.and_then(|version| usize::try_from(version).ok()).unwrap_or(0))
}
