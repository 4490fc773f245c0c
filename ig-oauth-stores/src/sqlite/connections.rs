//! Connections to the file, used on blocking threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::Semaphore;

use crate::engine::SQLITE;
use crate::error::Failure;

/// The pause between two attempts to open a file with a lock that SQLite does not wait for: another
/// process is switching it to write-ahead logging.
const RETRY: Duration = Duration::from_millis(5);

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum DatabasePath {
    Memory,
    File(PathBuf),
}

impl DatabasePath {
    /// The file that is there now: `None` if there is none, or if the system does not say.
    pub(super) fn file(&self) -> Option<FileId> {
        match self {
            Self::Memory => None,
            Self::File(path) => FileId::of(path),
        }
    }
}

/// Identifies a file independent of its path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;

        let found = std::fs::metadata(path).ok()?;
        Some(Self { device: found.dev(), number: found.ino() })
    }

    /// On other systems an open file cannot be moved.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    ReadOnly,
    ReadWrite,
}

/// Opens a connection and applies its settings.
pub(super) fn open(
    place: &DatabasePath,
    access: Access,
    patience: Duration,
) -> Result<Connection, rusqlite::Error> {
    let until = Instant::now() + patience;
    loop {
        match try_open(place, access, patience) {
            Err(error) if is_busy(&error) && Instant::now() < until => std::thread::sleep(RETRY),
            result => return result,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn try_open(
    place: &DatabasePath,
    access: Access,
    patience: Duration,
) -> Result<Connection, rusqlite::Error> {
    let connection = match place {
        DatabasePath::Memory => Connection::open_in_memory()?,
        DatabasePath::File(path) => {
            make_private(path);
            // Without URI file names: a path is always the name of a file.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
    };
    connection.busy_timeout(patience)?;
    if *place != DatabasePath::Memory {
        connection.pragma_update(None, "journal_mode", "wal")?;
        // Safe in this mode: a power failure can lose the last logins, but never corrupts the
        // database.
        connection.pragma_update(None, "synchronous", "normal")?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "query_only", access == Access::ReadOnly)?;
    Ok(connection)
}

/// Creates a missing file with permissions for this user only, because it holds sessions and sealed
/// tokens. SQLite gives its journals the file's mode. If it cannot be created, SQLite reports the
/// error.
#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;

    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

#[cfg(not(unix))]
fn make_private(_: &Path) {}

/// Removes all permissions of users who are neither the owner nor in the group of an existing file:
/// an earlier release or a umask may have left it readable by all users. The group keeps its
/// permissions, because processes of several users share a file through them. The same applies to
/// journals that a crash left behind.
///
/// Only the owner of a file can do this. A process of another user leaves it unchanged.
#[cfg(unix)]
pub(super) fn close_to_others(place: &DatabasePath) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    let DatabasePath::File(path) = place else { return };
    for end in ["", "-wal", "-shm"] {
        let mut path = path.clone().into_os_string();
        path.push(end);
        let Ok(found) = std::fs::metadata(&path) else { continue };
        let mode = found.permissions().mode();
        if mode & 0o007 != 0 {
            let _ = std::fs::set_permissions(&path, Permissions::from_mode(mode & !0o007));
        }
    }
}

/// Other systems have no such file permissions.
#[cfg(not(unix))]
pub(super) fn close_to_others(_: &DatabasePath) {}

/// A few connections of one kind, with a queue in the order of requests.
pub(super) struct ConnectionPool {
    place: DatabasePath,
    access: Access,
    patience: Duration,
    /// The file that was at `place` when the store was opened.
    file: Option<FileId>,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl ConnectionPool {
    pub(super) fn new(
        place: DatabasePath,
        access: Access,
        patience: Duration,
        size: usize,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS)));
        let file = place.file();
        Self { place, access, patience, file, idle: Mutex::default(), permits }
    }

    /// Adds an open connection.
    pub(super) fn give(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    /// An idle connection, or a new one if there are fewer than allowed.
    ///
    /// Fails if the file is no longer at its path. Open connections would continue to use it
    /// unnoticed, and new ones would open another file in its place, with a log that does not
    /// belong to it.
    fn take(&self) -> Result<Connection, Failure> {
        if self.place.file() != self.file {
            let text = "the file was moved, replaced or removed: put it back, or restart the app";
            return Err(Failure::new(SQLITE, text));
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(idle.map_or_else(|| open(&self.place, self.access, self.patience), Ok)?)
    }

    /// Runs `operation` on a blocking thread. Once started it runs to its end, even if the caller
    /// is cancelled; the next operation in the queue starts after that.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        operation: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let closed = |_| Failure::new(SQLITE, "the store was closed");
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(closed)?;
        let pool = Arc::clone(self);
        let work = move || {
            let _permit = permit;
            let mut connection = pool.take()?;
            let result = operation(&mut connection);
            pool.give(connection);
            result
        };
        let stopped = |_| Failure::new(SQLITE, "the operation was stopped");
        tokio::task::spawn_blocking(work).await.map_err(stopped)?
    }
}

impl From<rusqlite::Error> for Failure {
    /// The engine's message, without the statement.
    fn from(error: rusqlite::Error) -> Self {
        let text = match error {
            rusqlite::Error::SqliteFailure(code, text) => text.unwrap_or_else(|| code.to_string()),
            _ => "an answer of another shape than asked for".to_owned(),
        };
        Self::new(SQLITE, text)
    }
}
