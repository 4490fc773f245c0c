//! Sessions and accounts in a SQLite file.

use std::fmt;
use std::sync::Arc;

use ig_oauth_common::{StoreError, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::engine::SQLITE;
use crate::error::{Failure, StoreSetupError};
use crate::record::housekeeping::Housekeeping;
use crate::record::moment;
use crate::settings::{Settings, bounded, check_prefix};

mod builder;
mod connections;
mod row;
mod schema;
mod statements;
mod store;

pub use builder::SqliteStoreBuilder;
use connections::Lane;
use statements::Sql;

/// Rows a clean-up deletes at a time, so that nobody waits long for a turn to write.
const PURGE_BATCH: i64 = 1_000;

/// Sessions and accounts in a SQLite file, for all processes of one machine.
///
/// The file is in WAL mode, so reading never waits for writing. One connection writes and a few read,
/// on threads that may block; an operation that has begun ends even when nobody waits for it.
///
/// A file that is moved, replaced or removed under a running app is an outage: every operation fails
/// until that file is back, or the app is restarted with another one. To put a backup in its place,
/// stop the app first and remove the files that end in `-wal` and `-shm`.
///
/// On Unix a new file and its journals are for the user of the app alone (mode 0600). When the file is
/// there already, opening it takes every permission from users who are neither its owner nor in its
/// group: 0644 becomes 0640. The group keeps its permissions, so processes of several users can share a
/// file by a group of their own; `chmod 600` where none does.
///
/// Cheap to clone: clones share their connections.
///
/// ```no_run
/// use ig_oauth_common::{AccountPage, Config, Store, Timestamp};
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
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    sql: Sql,
    writer: Arc<Lane>,
    reader: Arc<Lane>,
    housekeeping: Housekeeping,
}

impl SqliteStore {
    /// Opens the database at `path`, making file and tables when they are not there. `sqlite:path`
    /// means the same; `:memory:` is a database that goes with the store, for tests.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or its tables are not the right ones. The text says what to do.
    pub async fn open(path: impl Into<String>) -> Result<Self, StoreSetupError> {
        Self::builder(path).open().await
    }

    /// The same with settings.
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

    /// The tables with that prefix, as SQL, for those who make them by themselves.
    ///
    /// # Errors
    ///
    /// When the prefix cannot be part of a table's name.
    ///
    /// ```
    /// use ig_oauth_stores::SqliteStore;
    ///
    /// assert!(SqliteStore::schema("ig_oauth")?.contains("CREATE TABLE ig_oauth_sessions"));
    /// assert!(SqliteStore::schema("x; DROP TABLE users").is_err());
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
        let mut total = 0;
        loop {
            let deleted = self.change(move |transaction, sql| {
                let mut deleted = 0;
                let kinds = [
                    &sql.purge_sessions,
                    &sql.purge_accounts,
                    &sql.purge_claims,
                    &sql.purge_deletions,
                ];
                for delete in kinds {
                    let mut delete = transaction.prepare_cached(delete)?;
                    deleted += delete.execute(params![moment::to_sql(now), PURGE_BATCH])?;
                }
                Ok(deleted)
            });
            match deleted.await? {
                0 => return Ok(total),
                deleted => total += deleted as u64,
            }
        }
    }

    /// Reads, next to others.
    async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Connection, &Sql) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let inner = Arc::clone(&self.inner);
        let work = self.inner.reader.run(move |connection| operation(connection, &inner.sql));
        bounded(SQLITE, self.inner.settings.timeout, work).await
    }

    /// Changes something, wholly or not at all, when it is this change's turn.
    async fn change<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Transaction<'_>, &Sql) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let inner = Arc::clone(&self.inner);
        let work = self.inner.writer.run(move |connection| {
            // Taken at once, the lock to write cannot be missed halfway.
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            let result = operation(&transaction, &inner.sql)?;
            transaction.commit()?;
            Ok(result)
        });
        bounded(SQLITE, self.inner.settings.timeout, work).await
    }

    fn tidy_up_when_due(&self, now: Timestamp) {
        if let Some(moment) = self.inner.housekeeping.due(now) {
            let store = self.clone();
            // Nobody waits for it, and what it misses the next one finds.
            tokio::spawn(async move { store.purge_expired(moment).await });
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("SqliteStore").field("settings", settings).finish_non_exhaustive()
    }
}
