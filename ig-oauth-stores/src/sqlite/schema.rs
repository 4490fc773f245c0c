//! Creates the tables, and checks their version.

use rusqlite::{Connection, Error, OptionalExtension as _, TransactionBehavior};

use super::Sqlite;
use crate::sql::{Engine as _, SchemaError};

/// Migrates the tables to the present version, or, without `manage`, only checks them.
pub(super) fn prepare(
    connection: &mut Connection,
    prefix: &str,
    manage: bool,
) -> Result<(), SchemaError<Error>> {
    // Instances that start at the same time wait here: the write lock is taken before the version
    // is read.
    let behavior =
        if manage { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
    let transaction = connection.transaction_with_behavior(behavior)?;
    let version = version(&transaction, prefix)?;
    let missing = Sqlite::SCHEMA.missing(version, prefix, manage).map_err(SchemaError::Setup)?;
    for migration in missing {
        transaction.execute_batch(&migration)?;
    }
    transaction.commit()?;
    Ok(())
}

/// The version of the tables: 0 if there are none.
fn version(connection: &Connection, prefix: &str) -> Result<usize, Error> {
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
