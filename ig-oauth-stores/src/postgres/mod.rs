//! Sessions and accounts in PostgreSQL.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use deadpool_postgres::Pool;
use ig_oauth_common::{StoreError, Timestamp};
use tokio_postgres::Row;

use crate::engine::POSTGRESQL;
use crate::error::{Failure, StoreSetupError};
use crate::record::housekeeping::Housekeeping;
use crate::record::moment;
use crate::settings::{Settings, bounded, check_prefix};

/// The parameters of a statement, which may outlive the operation's caller.
macro_rules! parameters {
    ($($value:expr),* $(,)?) => {
        vec![$(Box::new($value) as crate::postgres::pool::Parameter),*]
    };
}

mod builder;
mod home;
mod hosts;
mod pool;
mod row;
mod schema;
mod statements;
mod store;
mod tls;

pub use builder::PostgresStoreBuilder;
use home::Home;
use pool::{Lease, OperationError, Parameter};
use statements::Sql;

/// Rows a clean-up deletes at a time, so that it holds no lock for long.
const PURGE_BATCH: i64 = 1_000;

/// Sessions and accounts in PostgreSQL, for all instances of an app.
///
/// Each operation is one prepared statement on a connection of a pool. A connection that breaks is
/// replaced; one whose operation took too long is closed. Connections live and are used in the
/// runtime in which the store was made. Make it in `main`, not in the closure that an Actix server
/// runs once per worker.
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
/// let config = Config::builder("1", "fake app secret", "https://app.example/callback")
///     .store(store)
///     .cookie_secrets(std::env::var("INSTAGRAM_COOKIE_SECRETS")?.split(','))
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
/// # Failover
///
/// Only a server that takes writes is used. Name all of them,
/// `postgres://app:password@one:5432,two:5432/app`, or a name that leads to the primary. When a server
/// turns out to take no writes any more, all connections to it are closed.
///
/// # Behind a pooler
///
/// The store tells the server to stop statements after the timeout, by the startup parameter
/// `options`. Poolers that refuse it, as Amazon RDS Proxy and the pooled endpoints of Neon do, want
/// [`statement_timeout(false)`](PostgresStoreBuilder::statement_timeout). So does `PgBouncer`, unless
/// you add `options` to its `ignore_startup_parameters`; it drops them, so set its `query_timeout`
/// instead. Prepared statements are used, so in transaction mode it must be 1.21 or newer with
/// `max_prepared_statements` set. Nothing else is kept in a session.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    sql: Sql,
    pool: Pool,
    home: Home,
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
                let values = parameters![moment::to_sql(now), PURGE_BATCH];
                let deleted = self.execute(statement, values).await?;
                total += deleted;
                if deleted == 0 {
                    break;
                }
            }
        }
        Ok(total)
    }

    /// Asks. When the connection turns out to be closed, once more on another: so a restarted server
    /// costs nobody a request.
    async fn query(
        &self,
        statement: &Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<Row>, Failure> {
        let (pool, statement) = (self.inner.pool.clone(), Arc::clone(statement));
        self.at_home(async move {
            let ask = || async { Lease::take(&pool).await?.query(&statement, &parameters).await };
            attempt(&pool, Repeat::Once, ask).await
        })
        .await
    }

    /// Makes a change that may be made twice: the second one changes nothing more. It is repeated as
    /// a query is.
    async fn execute(
        &self,
        statement: &Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<u64, Failure> {
        self.change(statement, parameters, Repeat::Once).await
    }

    /// Makes a change whose answer says whether, or how much, it changed. It is never repeated:
    /// nobody knows whether the first one was made.
    async fn execute_once(
        &self,
        statement: &Arc<str>,
        parameters: Vec<Parameter>,
    ) -> Result<u64, Failure> {
        self.change(statement, parameters, Repeat::Never).await
    }

    async fn change(
        &self,
        statement: &Arc<str>,
        parameters: Vec<Parameter>,
        repeat: Repeat,
    ) -> Result<u64, Failure> {
        let (pool, statement) = (self.inner.pool.clone(), Arc::clone(statement));
        self.at_home(async move {
            let tell =
                || async { Lease::take(&pool).await?.execute(&statement, &parameters).await };
            attempt(&pool, repeat, tell).await
        })
        .await
    }

    /// Has an operation done in the store's own runtime, and waits no longer than the timeout.
    async fn at_home<T: Send + 'static>(
        &self,
        operation: impl Future<Output = Result<T, OperationError>> + Send + 'static,
    ) -> Result<T, Failure> {
        let timeout = self.inner.settings.timeout;
        let asked = Instant::now();
        // Both limits are needed: there, where nobody may be waiting any more, and here, for the case
        // that nothing is done there. What comes to its turn too late is not begun: a runtime that was
        // blocked would else make up for all that its callers were told had failed.
        let operation = async move {
            let left = timeout.saturating_sub(asked.elapsed());
            if left.is_zero() {
                return Err(Failure::new(POSTGRESQL, "nobody waits for it any more"));
            }
            bounded(POSTGRESQL, left, async { Ok(operation.await?) }).await
        };
        // Boxed: several thousand bytes would otherwise lie in the future of every caller.
        bounded(POSTGRESQL, timeout, self.inner.home.run(Box::pin(operation))).await
    }

    fn tidy_up_when_due(&self, now: Timestamp) {
        if let Some(moment) = self.inner.housekeeping.due(now) {
            let store = self.clone();
            // Nobody waits for it, and what it misses the next one finds.
            tokio::spawn(async move { store.tidy_up(moment).await });
        }
    }

    /// Forgets what has expired by the caller's clock and by the server's: an instance whose clock is
    /// wrong would otherwise clear the database of all of them.
    async fn tidy_up(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let rows = self.query(&self.inner.sql.clock, Vec::new()).await?;
        let Some(found) = rows.first() else {
            return Ok(0);
        };
        let theirs = moment::from_sql(row::column(found, 0)?);
        self.purge_expired(moment.min(theirs)).await
    }
}

/// Whether a statement may be run a second time when nobody knows whether it ran.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Once,
    Never,
}

/// Runs a statement; again on another connection where that may help and cannot harm.
async fn attempt<T, F>(
    pool: &Pool,
    repeat: Repeat,
    run: impl Fn() -> F,
) -> Result<T, OperationError>
where
    F: Future<Output = Result<T, OperationError>>,
{
    match run().await {
        Err(OperationError::Closed(_)) if repeat == Repeat::Once => run().await,
        Err(OperationError::ReadOnly(_)) => {
            pool::close_idle(pool);
            run().await
        }
        answer => answer,
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("PostgresStore").field("settings", settings).finish_non_exhaustive()
    }
}
