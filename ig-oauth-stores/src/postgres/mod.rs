//! Sessions and accounts in PostgreSQL.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;

use crate::engine::POSTGRESQL;
use crate::error::{Failure, StoreSetupError};
use crate::settings::{Repeat, bounded};
use crate::sql::{Dialect, Engine, Schema, SqlStore, Value};

mod builder;
mod hosts;
mod pool;
mod row;
mod runtime;
mod schema;
mod tls;

pub use builder::PostgresStoreBuilder;
use pool::{Lease, OperationError, Ran};
use runtime::StoreRuntime;

/// Sessions and accounts in PostgreSQL, for all instances of an app.
///
/// Each operation is one prepared statement on a connection of a pool. A connection that breaks is
/// replaced; one whose operation took too long is closed. Connections live and are used in the
/// runtime in which the store was created. Create the store in `main`, not in the closure that an
/// Actix server runs once per worker.
///
/// It is cheap to clone: clones share the pool.
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
/// With the feature `rustls` the URL's `sslmode` applies: `require` requires TLS, `disable` never uses
/// it, and `prefer`, the default, uses it if the server offers it. The server's certificate is
/// always verified against the system's roots or [`root_pem`](PostgresStoreBuilder::root_pem). Unix
/// sockets never use TLS.
///
/// # Failover
///
/// Only a server that accepts writes is used. Name all servers,
/// `postgres://app:password@one:5432,two:5432/app`, or a name that resolves to the primary. When a
/// server stops accepting writes, all connections to it are closed.
///
/// Servers that are named in this way share the [`timeout`](PostgresStoreBuilder::timeout), so one
/// that accepts connections and does not answer leaves the others their part of it. Servers named in
/// the URL's query (`host`, `hostaddr`) do not: the driver then tries them one after the other.
///
/// # Behind a pooler
///
/// The store tells the server to cancel statements after the timeout, with the startup parameter
/// `options`. Poolers that refuse it, such as Amazon RDS Proxy and the pooled endpoints of Neon,
/// need [`statement_timeout(false)`](PostgresStoreBuilder::statement_timeout). So does `PgBouncer`,
/// unless you add `options` to its `ignore_startup_parameters`; it then ignores them, so set its
/// `query_timeout` instead. The store uses prepared statements, so in transaction mode `PgBouncer`
/// must be 1.21 or newer with `max_prepared_statements` set. The store uses no other session state.
pub type PostgresStore = SqlStore<Postgres>;

impl SqlStore<Postgres> {
    /// Connects to the server of a `postgres://` URL, and creates the tables if they do not exist.
    ///
    /// # Errors
    ///
    /// When no server answers, the server refuses the login, or the tables have another version.
    /// The text says what to change, without the URL.
    pub async fn connect(url: impl Into<String>) -> Result<Self, StoreSetupError> {
        Self::builder(url).connect().await
    }

    /// Starts with settings that differ from the defaults.
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
}

/// The connections of a [`PostgresStore`].
#[allow(missing_debug_implementations, reason = "the store shows its settings")]
pub struct Postgres {
    pool: Pool,
    runtime: StoreRuntime,
    timeout: Duration,
}

impl Engine for Postgres {
    const NAME: &'static str = POSTGRESQL;
    const SCHEMA: Schema =
        Schema { store: "PostgresStore", migrations: &[include_str!("schema.sql")] };
    const DIALECT: Dialect = Dialect {
        put_account_and_session: "WITH account AS ({put_account} RETURNING client_id, user_id) \
            INSERT INTO {p}_sessions \
            (id_hash, client_id, user_id, created_at, last_seen_at, expires_at) \
            SELECT $8::bytea, client_id, user_id, $9::bigint, $10::bigint, $11::bigint FROM account \
            ON CONFLICT (id_hash) DO UPDATE SET client_id = excluded.client_id, \
            user_id = excluded.user_id, created_at = excluded.created_at, \
            last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at",
        joined_ids: "excluded.further_ids || ARRAY(SELECT e.id \
            FROM unnest(a.further_ids) WITH ORDINALITY AS e (id, place) \
            WHERE e.id <> ALL (excluded.further_ids) ORDER BY e.place)",
        // The database maintains the index of further ids automatically.
        index_ids: "",
        has_id: "a.further_ids @> ARRAY[$2]",
        end_sessions: "WITH account AS (SELECT client_id, user_id FROM {p}_accounts \
            WHERE client_id = $1 AND user_id = $2 FOR UPDATE) \
            DELETE FROM {p}_sessions s USING account \
            WHERE s.client_id = account.client_id AND s.user_id = account.user_id",
        skip_locked: "FOR UPDATE SKIP LOCKED",
        clock: "SELECT extract(epoch FROM clock_timestamp())::bigint",
        parameter: "$",
    };
    type Row = tokio_postgres::Row;

    async fn query(
        &self,
        statement: Arc<str>,
        values: Vec<Value>,
    ) -> Result<Vec<Self::Row>, Failure> {
        Ok(self.run(statement, values, Repeat::Once).await?.rows)
    }

    async fn execute(
        &self,
        statement: Arc<str>,
        values: Vec<Value>,
        repeat: Repeat,
    ) -> Result<u64, Failure> {
        Ok(self.run(statement, values, repeat).await?.changed)
    }
}

impl Postgres {
    /// Runs a statement in the store's own runtime, with the timeout as its limit.
    ///
    /// The caller has a limit too, for the case that the store's runtime does nothing. A statement
    /// whose turn comes after the limit is not started. Otherwise a runtime that was blocked would
    /// later run operations that were already reported as failed.
    async fn run(
        &self,
        statement: Arc<str>,
        values: Vec<Value>,
        repeat: Repeat,
    ) -> Result<Ran, Failure> {
        let (pool, timeout, asked) = (self.pool.clone(), self.timeout, Instant::now());
        let operation = async move {
            let left = timeout.saturating_sub(asked.elapsed());
            if left.is_zero() {
                return Err(Failure::new(POSTGRESQL, "nobody waits for it any more"));
            }
            let parameters: Vec<_> = values.into_iter().map(row::parameter).collect();
            let run = || async { Lease::take(&pool).await?.run(&statement, &parameters).await };
            bounded(POSTGRESQL, left, async { Ok(attempt(&pool, repeat, run).await?) }).await
        };
        // Boxed: otherwise the future of every caller would be several thousand bytes larger.
        self.runtime.run(Box::pin(operation)).await
    }
}

/// Runs a statement, and runs it again on another connection where that may help and is safe, so
/// that a restart of the server fails no request.
async fn attempt<F>(pool: &Pool, repeat: Repeat, run: impl Fn() -> F) -> Result<Ran, OperationError>
where
    F: Future<Output = Result<Ran, OperationError>>,
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
