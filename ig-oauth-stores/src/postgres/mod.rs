//! Sessions and accounts in PostgreSQL.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use deadpool_postgres::Pool;
use ig_oauth_common::{StoreError, Timestamp};
use tokio_postgres::Row;

use crate::error::{Failure, StoreSetupError};
use crate::record::housekeeping::Housekeeping;
use crate::record::moment;
use crate::settings::{Settings, bounded, check_prefix};

mod builder;
mod pool;
mod row;
mod schema;
mod statements;
mod store;
mod tls;

pub use builder::PostgresStoreBuilder;
use pool::{Lease, OperationError, Parameters};
use statements::Sql;

const ENGINE: &str = "PostgreSQL";

/// Rows a clean-up deletes at a time, so that it holds no lock for long.
const PURGE_BATCH: i64 = 1_000;

/// Sessions and accounts in PostgreSQL, for all instances of an app.
///
/// Each operation is one prepared statement on a connection of a pool. A connection that breaks is
/// replaced; one whose operation took too long is closed. Connections live in the runtime in which
/// the store was made. Make it in `main`, not in the closure that an Actix server runs once per
/// worker.
///
/// Cheap to clone: clones share the pool.
///
/// ```no_run
/// use ig_oauth_common::Config;
/// use ig_oauth_stores::PostgresStore;
///
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app:password@db.example/app").await?;
///
/// # let secret = "an obviously fake cookie secret, do not use";
/// let config = Config::builder("1", "fake app secret", "https://app.example/callback")
///     .store(store)
///     .cookie_secrets([secret])
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// # TLS
///
/// With the feature `tls` the URL's `sslmode` counts: `require` insists on it, `disable` never uses
/// it, and `prefer`, which holds where the URL says nothing, uses it where the server offers it. The
/// server's certificate is always checked against the system's roots or
/// [`root_pem`](PostgresStoreBuilder::root_pem). Over a Unix socket there is none.
///
/// # Behind `PgBouncer`
///
/// Prepared statements are used, so in transaction mode it must be 1.21 or newer with
/// `max_prepared_statements` set.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    sql: Sql,
    pool: Pool,
    housekeeping: Housekeeping,
}

impl PostgresStore {
    /// Connects to the server of a `postgres://` URL, and makes the tables when they are not there.
    ///
    /// # Errors
    ///
    /// When no server answers, it does not let us in, or the tables are not the right ones. The text
    /// says what to do, without the URL.
    pub async fn connect(url: impl Into<String>) -> Result<Self, StoreSetupError> {
        Self::builder(url).connect().await
    }

    /// The same with settings.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use ig_oauth_stores::PostgresStore;
    ///
    /// # async fn set_up() -> Result<(), ig_oauth_stores::StoreSetupError> {
    /// let store = PostgresStore::builder("postgres://app:password@db.example/app")
    ///     .prefix("login")
    ///     .pool_size(20)
    ///     .timeout(Duration::from_secs(1))
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(url: impl Into<String>) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(url.into())
    }

    /// The tables with that prefix, as SQL, for those who make them by themselves.
    ///
    /// # Errors
    ///
    /// When the prefix cannot be part of a table's name.
    ///
    /// ```
    /// use ig_oauth_stores::PostgresStore;
    ///
    /// assert!(PostgresStore::schema("ig_oauth")?.contains("CREATE TABLE ig_oauth_sessions"));
    /// assert!(PostgresStore::schema("x; DROP TABLE users").is_err());
    /// # Ok::<(), ig_oauth_stores::StoreSetupError>(())
    /// ```
    pub fn schema(prefix: &str) -> Result<String, StoreSetupError> {
        check_prefix(prefix)?;
        Ok(schema::text(prefix))
    }

    /// Forgets what has expired at `now`. How many records there were.
    ///
    /// The store does so by itself once in a thousand writes, in the background. Call this where that
    /// is too seldom, or at a quiet hour.
    ///
    /// # Errors
    ///
    /// When the database does not answer. What was forgotten until then stays so.
    pub async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let (sql, mut total) = (&self.inner.sql, 0);
        let kinds =
            [&sql.purge_sessions, &sql.purge_accounts, &sql.purge_claims, &sql.purge_deletions];
        for statement in kinds {
            loop {
                let deleted =
                    self.execute(statement, &[&moment::to_sql(now), &PURGE_BATCH]).await?;
                total += deleted;
                if deleted == 0 {
                    break;
                }
            }
        }
        Ok(total)
    }

    /// Waits for an operation, no longer than the timeout.
    async fn within_timeout<T>(
        &self,
        operation: impl Future<Output = Result<T, OperationError>>,
    ) -> Result<T, Failure> {
        let answer = async { Ok(operation.await?) };
        bounded(ENGINE, self.inner.settings.timeout, answer).await
    }

    /// Asks. When the connection turns out to be closed, once more on another: so a restarted server
    /// costs nobody a request.
    async fn query(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Failure> {
        let pool = &self.inner.pool;
        let answer = async {
            match Lease::take(pool).await?.query(statement, parameters).await {
                Err(OperationError::Closed(_)) => {
                    Lease::take(pool).await?.query(statement, parameters).await
                }
                answer => answer,
            }
        };
        self.within_timeout(answer).await
    }

    /// Makes a change that may be made twice: the second one changes nothing more. It is repeated as
    /// a query is.
    async fn execute(&self, statement: &str, parameters: Parameters<'_>) -> Result<u64, Failure> {
        let pool = &self.inner.pool;
        let answer = async {
            match Lease::take(pool).await?.execute(statement, parameters).await {
                Err(OperationError::Closed(_)) => {
                    Lease::take(pool).await?.execute(statement, parameters).await
                }
                answer => answer,
            }
        };
        self.within_timeout(answer).await
    }

    /// Makes a change whose answer says whether, or how much, it changed. It is never repeated:
    /// nobody knows whether the first one was made.
    async fn execute_once(
        &self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<u64, Failure> {
        let answer =
            async { Lease::take(&self.inner.pool).await?.execute(statement, parameters).await };
        self.within_timeout(answer).await
    }

    fn tidy_up_when_due(&self, now: Timestamp) {
        if let Some(moment) = self.inner.housekeeping.due(now) {
            let store = self.clone();
            // Nobody waits for it, and what it misses the next one finds.
            tokio::spawn(async move { store.purge_expired(moment).await });
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("PostgresStore").field("settings", settings).finish_non_exhaustive()
    }
}
