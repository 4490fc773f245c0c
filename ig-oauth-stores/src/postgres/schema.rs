//! The tables: making them, and finding out whether they are the right ones.

use tokio_postgres::Client;

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
    Postgres(tokio_postgres::Error),
    Setup(StoreSetupError),
}

impl From<tokio_postgres::Error> for SchemaError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

/// Brings the tables to the present version, or, without `manage`, only looks at them.
pub(super) async fn prepare(
    client: &mut Client,
    prefix: &str,
    manage: bool,
) -> Result<(), SchemaError> {
    let version = version(client, prefix).await?;
    check_not_newer(version, prefix)?;
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    if !manage {
        let text = format!(
            "the tables {prefix}_* are missing or old (version {version} of {}): run what \
             PostgresStore::schema(\"{prefix}\") prints, or leave manage_schema on",
            MIGRATIONS.len()
        );
        return Err(SchemaError::Setup(StoreSetupError::new(StoreSetupErrorKind::Schema, text)));
    }
    let transaction = client.transaction().await?;
    // A migration takes as long as it takes; the limit is for what runs afterwards.
    transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
    // Starting instances queue up here; whoever comes second finds the work done.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    transaction.execute(lock, &[&format!("{prefix}_schema")]).await?;
    let version = self::version(transaction.client(), prefix).await?;
    check_not_newer(version, prefix)?;
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.batch_execute(&with_prefix(migration, prefix)).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn check_not_newer(version: usize, prefix: &str) -> Result<(), SchemaError> {
    if version <= MIGRATIONS.len() {
        return Ok(());
    }
    let text = format!(
        "the tables {prefix}_* are of version {version}, and this release of ig-oauth-stores \
         knows versions up to {}: update it",
        MIGRATIONS.len()
    );
    Err(SchemaError::Setup(StoreSetupError::new(StoreSetupErrorKind::Schema, text)))
}

/// The version of the tables: 0 when there are none.
async fn version(client: &Client, prefix: &str) -> Result<usize, tokio_postgres::Error> {
    let table = format!("{prefix}_schema");
    // By a query and not by `to_regclass`, which can remember from before the wait for the lock that
    // there was no such table.
    let exists = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class \
        WHERE relname = $1 AND pg_catalog.pg_table_is_visible(oid))";
    if !client.query_one(exists, &[&table]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let row = client.query_opt(&format!("SELECT version FROM {table}"), &[]).await?;
    let version: Option<i32> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(version.and_then(|version| usize::try_from(version).ok()).unwrap_or(0))
}
