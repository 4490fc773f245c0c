//! Creates the tables, and checks their version.

use tokio_postgres::{Client, Error};

use super::Postgres;
use crate::sql::{Engine as _, SchemaError};

/// Migrates the tables to the present version, or, without `manage`, only checks them.
pub(super) async fn prepare(
    client: &mut Client,
    prefix: &str,
    manage: bool,
) -> Result<(), SchemaError<Error>> {
    let schema = Postgres::SCHEMA;
    let missing = |version| schema.missing(version, prefix, manage).map_err(SchemaError::Setup);
    if missing(version(client, prefix).await?)?.is_empty() {
        return Ok(());
    }
    let transaction = client.transaction().await?;
    // A migration may take any time; the limit applies to later statements.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
    // Instances that start at the same time wait here. The second one finds the tables already
    // migrated.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    transaction.execute(lock, &[&format!("{prefix}_schema")]).await?;
    for migration in missing(version(transaction.client(), prefix).await?)? {
        transaction.batch_execute(&migration).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The version of the tables: 0 if there are none.
async fn version(client: &Client, prefix: &str) -> Result<usize, Error> {
    let table = format!("{prefix}_schema");
    // A query and not `to_regclass`, which may have cached before the wait for the lock that the
    // table does not exist.
    let exists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class \
        WHERE relname = $1 AND pg_catalog.pg_table_is_visible(oid))";
    if !client.query_one(exists, &[&table]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let row = client.query_opt(&format!("SELECT version FROM {table}"), &[]).await?;
    let version: Option<i32> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(version.and_then(|version| usize::try_from(version).ok()).unwrap_or(0))
}
