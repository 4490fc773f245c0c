//! The settings of a store.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::connections::{Access, ConnectionPool, DatabasePath, close_to_others, open};
use super::{Sqlite, SqliteStore, schema};
use crate::error::{StoreSetupError, StoreSetupErrorKind};
use crate::settings::Settings;

/// The default number of reading connections. One more connection writes: SQLite has one writer at
/// a time.
const DEFAULT_READERS: usize = 4;

/// Settings of a [`SqliteStore`] that is not open yet.
#[must_use = "a builder does nothing until `open`"]
pub struct SqliteStoreBuilder {
    path: String,
    settings: Settings,
    manage_schema: bool,
}

impl SqliteStoreBuilder {
    pub(super) fn new(path: String) -> Self {
        Self { path, settings: Settings::new(DEFAULT_READERS), manage_schema: true }
    }

    /// The prefix of the tables' names. Default: `ig_oauth`. Apps with separate stores in one
    /// database need different prefixes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// The longest time for an operation, including the wait for a connection. Default: 2 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How many connections read at a time. Default: 4.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.settings.connections = connections;
        self
    }

    /// Whether the store creates and migrates its tables. Default: true. If false, run the SQL of
    /// [`SqliteStore::schema`] first.
    pub fn manage_schema(mut self, manage: bool) -> Self {
        self.manage_schema = manage;
        self
    }

    /// Opens the file, and creates it if it does not exist. [`SqliteStore`] describes its
    /// permissions.
    ///
    /// # Errors
    ///
    /// When a setting is invalid, the file cannot be opened, or the tables have another version.
    pub async fn open(self) -> Result<SqliteStore, StoreSetupError> {
        self.settings.check()?;
        let place = place(&self.path)?;
        let timeout = self.settings.timeout;
        let (prefix, manage) = (self.settings.prefix.clone(), self.manage_schema);
        let opened = place.clone();
        let setup = move || prepare(&opened, timeout, &prefix, manage);
        let stopped = |_| {
            let text = "the runtime stopped while the database was being opened";
            StoreSetupError::new(StoreSetupErrorKind::Unreachable, text)
        };
        let connection = tokio::task::spawn_blocking(setup).await.map_err(stopped)??;
        let writer = ConnectionPool::new(place.clone(), Access::ReadWrite, timeout, 1);
        writer.give(connection);
        let writer = Arc::new(writer);
        let reader = if place == DatabasePath::Memory {
            // A database in memory belongs to its one connection.
            Arc::clone(&writer)
        } else {
            let size = self.settings.connections;
            Arc::new(ConnectionPool::new(place, Access::ReadOnly, timeout, size))
        };
        Ok(SqliteStore::new(self.settings, Sqlite { writer, reader }))
    }
}

impl fmt::Debug for SqliteStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStoreBuilder")
            .field("settings", &self.settings)
            .field("manage_schema", &self.manage_schema)
            .finish_non_exhaustive()
    }
}

/// A path, or a path in the URL form of other libraries.
fn place(path: &str) -> Result<DatabasePath, StoreSetupError> {
    let invalid = |text| Err(StoreSetupError::new(StoreSetupErrorKind::InvalidUrl, text));
    let url = path.strip_prefix("sqlite:");
    let path = url.map_or(path, |rest| rest.strip_prefix("//").unwrap_or(rest));
    if url.is_some() && path.contains('?') {
        return invalid("a sqlite: URL takes no settings after a ?: use SqliteStore::builder");
    }
    match path {
        "" => invalid("the path of the SQLite database is empty: name a file, or :memory:"),
        ":memory:" => Ok(DatabasePath::Memory),
        _ if url.is_none() && path.contains("://") => {
            invalid("this is not a path or a sqlite: URL: write sqlite:app.db, or just app.db")
        }
        // Absolute, because an app may change its working directory later.
        _ => Ok(DatabasePath::File(
            std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)),
        )),
    }
}

fn prepare(
    place: &DatabasePath,
    timeout: Duration,
    prefix: &str,
    manage: bool,
) -> Result<Connection, StoreSetupError> {
    // Before it is opened, because SQLite creates journals with the file's mode.
    close_to_others(place);
    let mut connection =
        open(place, Access::ReadWrite, timeout).map_err(|error| explain(&error))?;
    schema::prepare(&mut connection, prefix, manage).map_err(|error| error.explained(explain))?;
    Ok(connection)
}

/// The kind of the error, and how to fix it. The path is not a secret, but the caller knows it.
fn explain(error: &rusqlite::Error) -> StoreSetupError {
    use StoreSetupErrorKind as Kind;
    let (kind, cure) = match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => {
            (Kind::Refused, "check that its folder exists and that this user may write there")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            (Kind::Refused, "check that this user may write the file and its folder")
        }
        Some(ErrorCode::NotADatabase) => {
            (Kind::InvalidUrl, "the file is something else: check the path")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Kind::Unreachable, "another process holds a lock on it: end it, or try again")
        }
        _ => (Kind::Schema, "check the file and its tables"),
    };
    StoreSetupError::new(kind, format!("the SQLite database cannot be used: {cure} ({error})"))
}
