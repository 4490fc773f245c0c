//! A store in SQL tables: the common part of PostgreSQL and SQLite.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ig_oauth_common::Timestamp;
use ig_oauth_common::store::StoreError;

use crate::error::{Failure, StoreSetupError};
use crate::record::Row;
use crate::settings::{Repeat, Settings, bounded, check_prefix};

mod schema;
mod statements;
mod store;
mod value;

pub(crate) use schema::{Schema, SchemaError};
pub(crate) use statements::{Dialect, Sql};
pub(crate) use value::{Value, moment};

/// How many rows a clean-up deletes at a time, so that other operations do not wait long.
const PURGE_BATCH: usize = 1_000;

/// The number of writes between two clean-ups. A login makes two or three.
const PURGE_PERIOD: u32 = 1_000;

/// How long after its expiry a clean-up keeps a record: the clocks of instances differ slightly, so
/// a record that has expired for one may still be valid for another.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// An SQL database.
pub(crate) trait Engine: Send + Sync + 'static {
    /// Its name in messages.
    const NAME: &'static str;
    const DIALECT: Dialect;
    const SCHEMA: Schema;
    type Row: Row + Send;

    /// Runs a statement that changes nothing.
    fn query(
        &self,
        statement: Arc<str>,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Failure>> + Send;

    /// Runs a statement that changes something, completely or not at all. Returns how many rows it
    /// changed.
    fn execute(
        &self,
        statement: Arc<str>,
        values: Vec<Value>,
        repeat: Repeat,
    ) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// Sessions and accounts in an SQL database: the type behind
/// [`PostgresStore`](crate::PostgresStore) and [`SqliteStore`](crate::SqliteStore).
pub struct SqlStore<E> {
    inner: Arc<Inner<E>>,
}

struct Inner<E> {
    settings: Settings,
    sql: Sql,
    engine: E,
    writes: AtomicU32,
}

#[allow(private_bounds, reason = "the engines are this crate's")]
impl<E: Engine> SqlStore<E> {
    pub(crate) fn new(settings: Settings, engine: E) -> Self {
        let sql = Sql::new(&E::DIALECT, &settings.prefix);
        Self { inner: Arc::new(Inner { settings, sql, engine, writes: AtomicU32::new(0) }) }
    }

    /// The tables with that prefix as SQL, for apps that create them themselves.
    ///
    /// # Errors
    ///
    /// When the prefix is not allowed in a table's name.
    ///
    #[cfg_attr(feature = "sqlite", doc = "```")]
    #[cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
    /// use ig_oauth_stores::SqliteStore;
    ///
    /// assert!(SqliteStore::schema("ig_oauth")?.contains("CREATE TABLE ig_oauth_sessions"));
    /// assert!(SqliteStore::schema("x; DROP TABLE users").is_err());
    /// # Ok::<(), ig_oauth_stores::StoreSetupError>(())
    /// ```
    pub fn schema(prefix: &str) -> Result<String, StoreSetupError> {
        check_prefix(prefix)?;
        Ok(E::SCHEMA.text(prefix))
    }

    /// Deletes records that have expired at `now`. Returns how many there were.
    ///
    /// The store does this in the background once per thousand writes. Call it if that is not often
    /// enough, or at a quiet time.
    ///
    /// # Errors
    ///
    /// When the database does not answer. Records deleted until then stay deleted.
    pub async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let (sql, mut total) = (&self.inner.sql, 0);
        let kinds =
            [&sql.purge_sessions, &sql.purge_accounts, &sql.purge_claims, &sql.purge_deletions];
        for statement in kinds {
            loop {
                let values = vec![now.into(), PURGE_BATCH.into()];
                let deleted = self.execute(statement, values, Repeat::Once).await?;
                total += deleted;
                if deleted == 0 {
                    break;
                }
            }
        }
        Ok(total)
    }

    async fn query(
        &self,
        statement: &Arc<str>,
        values: Vec<Value>,
    ) -> Result<Vec<E::Row>, Failure> {
        let Inner { settings, engine, .. } = &*self.inner;
        bounded(E::NAME, settings.timeout, engine.query(Arc::clone(statement), values)).await
    }

    async fn execute(
        &self,
        statement: &Arc<str>,
        values: Vec<Value>,
        repeat: Repeat,
    ) -> Result<u64, Failure> {
        let Inner { settings, engine, .. } = &*self.inner;
        let changed = engine.execute(Arc::clone(statement), values, repeat);
        bounded(E::NAME, settings.timeout, changed).await
    }

    /// Counts a write made at `now`, and starts a clean-up after every thousandth.
    fn tidy_up_when_due(&self, now: Timestamp) {
        let writes = self.inner.writes.fetch_add(1, Ordering::Relaxed);
        if writes % PURGE_PERIOD == PURGE_PERIOD - 1 {
            let store = self.clone();
            // In the background. The next clean-up deletes what this one missed.
            tokio::spawn(async move { store.tidy_up(now).await });
        }
    }

    /// Deletes records that expired some time ago by both the caller's clock and the database's. An
    /// instance with a wrong clock could otherwise delete valid records.
    async fn tidy_up(&self, now: Timestamp) -> Result<u64, StoreError> {
        let rows = self.query(&self.inner.sql.clock, Vec::new()).await?;
        let Some(clock) = rows.first() else { return Ok(0) };
        let now = now.min(clock.moment(0)?).unix_seconds();
        let before = Timestamp::from_unix_seconds(now.saturating_sub(GRACE.as_secs()));
        self.purge_expired(before).await
    }
}

impl<E> Clone for SqlStore<E> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<E: Engine> fmt::Debug for SqlStore<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct(E::SCHEMA.store).field("settings", settings).finish_non_exhaustive()
    }
}
