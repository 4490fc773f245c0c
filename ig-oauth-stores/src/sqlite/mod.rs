//! Sessions and accounts in a SQLite file.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior, params_from_iter, types};

use crate::engine::SQLITE;
use crate::error::{Failure, StoreSetupError};
use crate::settings::Repeat;
use crate::sql::{Dialect, Engine, Schema, SqlStore, Value};

mod builder;
mod connections;
mod row;
mod schema;

pub use builder::SqliteStoreBuilder;
use connections::ConnectionPool;

/// Sessions and accounts in a SQLite file, for all processes of one machine.
///
/// The file is in WAL mode, so reads never wait for writes. One connection writes and a few read,
/// on blocking threads. An operation that has started runs to its end even if its caller is
/// cancelled.
///
/// If the file is moved, replaced or removed while the app runs, every operation fails until that
/// file is back or the app is restarted with another file. To restore a backup, stop the app first
/// and remove the files that end in `-wal` and `-shm`.
///
/// On Unix a new file and its journals are accessible only to the app's user (mode 0600). When an
/// existing file is opened, all permissions of users who are neither its owner nor in its group are
/// removed: 0644 becomes 0640. The group keeps its permissions, so processes of several users can
/// share a file through a group of their own; use `chmod 600` if none does.
///
/// It is cheap to clone: clones share the connections.
///
/// ```no_run
/// use ig_oauth_common::{Config, Timestamp};
/// use ig_oauth_common::store::{AccountPage, Store};
/// use ig_oauth_stores::SqliteStore;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// # let path = std::env::temp_dir().join(format!("ig-oauth-doc-{}.db", std::process::id()));
/// # let path = path.to_str().unwrap();
/// // A path, or sqlite:path
/// let store = SqliteStore::open(path).await?;
/// # assert!(store.accounts(AccountPage::new("nobody", 10)).await?.is_empty());
///
/// let config = Config::builder("1", "fake app secret", "https://app.example/callback")
///     .store(store)
///     .cookie_secrets(std::env::var("INSTAGRAM_COOKIE_SECRETS")?.split(','))
///     .build()?;
/// # for end in ["", "-wal", "-shm"] {
/// #     let _ = std::fs::remove_file(format!("{path}{end}"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub type SqliteStore = SqlStore<Sqlite>;

impl SqlStore<Sqlite> {
    /// Opens the database at `path`, and creates the file and the tables if they do not exist.
    /// `sqlite:path` means the same; `:memory:` is a database that is deleted with the store, for
    /// tests.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or its tables have another version. The text says what to
    /// change.
    pub async fn open(path: impl Into<String>) -> Result<Self, StoreSetupError> {
        Self::builder(path).open().await
    }

    /// Starts with settings that differ from the defaults.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ig_oauth_stores::SqliteStore;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let store = SqliteStore::builder(":memory:")
    ///     .prefix("login")
    ///     .timeout(Duration::from_secs(5))
    ///     .open()
    ///     .await?;
    /// # Ok::<(), ig_oauth_stores::StoreSetupError>(())
    /// # }).unwrap();
    /// ```
    pub fn builder(path: impl Into<String>) -> SqliteStoreBuilder {
        SqliteStoreBuilder::new(path.into())
    }
}

/// The connections of a [`SqliteStore`].
#[allow(missing_debug_implementations, reason = "the store shows its settings")]
pub struct Sqlite {
    writer: Arc<ConnectionPool>,
    reader: Arc<ConnectionPool>,
}

impl Engine for Sqlite {
    const NAME: &'static str = SQLITE;
    const SCHEMA: Schema =
        Schema { store: "SqliteStore", migrations: &[include_str!("schema.sql")] };
    const DIALECT: Dialect = Dialect {
        put_account_and_session: "{put_account}{index_ids}; INSERT INTO {p}_sessions \
            (id_hash, client_id, user_id, created_at, last_seen_at, expires_at) \
            VALUES ($8, $1, $2, $9, $10, $11) \
            ON CONFLICT (id_hash) DO UPDATE SET client_id = excluded.client_id, \
            user_id = excluded.user_id, created_at = excluded.created_at, \
            last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at",
        joined_ids: "(SELECT json_group_array(value) FROM \
            (SELECT value FROM json_each(excluded.further_ids) UNION ALL \
            SELECT value FROM json_each(a.further_ids) \
            WHERE value NOT IN (SELECT value FROM json_each(excluded.further_ids))))",
        index_ids: "; DELETE FROM {p}_known_ids WHERE client_id = $1 AND user_id = $2; \
            INSERT OR IGNORE INTO {p}_known_ids (client_id, id, user_id) \
            SELECT client_id, value, user_id FROM {p}_accounts, json_each(further_ids) \
            WHERE client_id = $1 AND user_id = $2",
        has_id: "a.user_id IN \
            (SELECT user_id FROM {p}_known_ids WHERE client_id = $1 AND id = $2)",
        end_sessions: "DELETE FROM {p}_sessions WHERE client_id = $1 AND user_id = $2",
        // There is only one writer at a time.
        skip_locked: "",
        clock: "SELECT unixepoch()",
        parameter: "?",
    };
    type Row = Vec<types::Value>;

    async fn query(
        &self,
        statement: Arc<str>,
        values: Vec<Value>,
    ) -> Result<Vec<Self::Row>, Failure> {
        self.reader.run(move |connection| Ok(query(connection, &statement, values)?)).await
    }

    async fn execute(
        &self,
        statement: Arc<str>,
        values: Vec<Value>,
        _: Repeat,
    ) -> Result<u64, Failure> {
        self.writer.run(move |connection| Ok(execute(connection, &statement, values)?)).await
    }
}

fn query(
    connection: &Connection,
    statement: &str,
    values: Vec<Value>,
) -> Result<Vec<Vec<types::Value>>, rusqlite::Error> {
    let mut select = connection.prepare_cached(statement)?;
    let columns = select.column_count();
    let values = params_from_iter(values.into_iter().map(row::parameter));
    let rows = select.query_map(values, |row| (0..columns).map(|at| row.get(at)).collect())?;
    rows.collect()
}

/// Runs a statement and those that follow it after a `;`, all of them or none. Each takes as many
/// of the values as it needs. Returns how many rows the first one changed.
fn execute(
    connection: &mut Connection,
    statements: &str,
    values: Vec<Value>,
) -> Result<u64, rusqlite::Error> {
    let values: Vec<_> = values.into_iter().map(row::parameter).collect();
    // Takes the write lock at the start, so that it cannot fail halfway.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut changed = None;
    for statement in statements.split(';') {
        let mut statement = transaction.prepare_cached(statement)?;
        let values = values.iter().take(statement.parameter_count());
        let count = statement.execute(params_from_iter(values))?;
        changed.get_or_insert(count);
    }
    transaction.commit()?;
    Ok(changed.unwrap_or(0) as u64)
}
