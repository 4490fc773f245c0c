//! Connections to the file, used on threads that may block.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::Semaphore;

use crate::engine::SQLITE;
use crate::error::Failure;

/// Pause between two tries at a file that another process has locked in a way SQLite does not wait
/// for by itself: while it turns to write-ahead logging.
const RETRY: Duration = Duration::from_millis(5);

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    File(PathBuf),
}

impl Place {
    /// Which file is there now: `None` where there is none, or the system does not tell.
    pub(super) fn file(&self) -> Option<FileId> {
        match self {
            Self::Memory => None,
            Self::File(path) => FileId::of(path),
        }
    }
}

/// A file itself, by whatever path.
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

    /// Elsewhere an open file cannot be moved.
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

/// Opens a connection and makes its settings.
pub(super) fn open(
    place: &Place,
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
    place: &Place,
    access: Access,
    patience: Duration,
) -> Result<Connection, rusqlite::Error> {
    let connection = match place {
        Place::Memory => Connection::open_in_memory()?,
        Place::File(path) => {
            make_private(path);
            // No URI file names: a path means the file of that name.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
    };
    connection.busy_timeout(patience)?;
    if *place != Place::Memory {
        connection.pragma_update(None, "journal_mode", "wal")?;
        // Safe in this mode: a loss of power can cost the last logins, never the database.
        connection.pragma_update(None, "synchronous", "normal")?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "query_only", access == Access::ReadOnly)?;
    Ok(connection)
}

/// Makes a file that is not there, for this user alone: it holds sessions and sealed tokens. SQLite
/// gives its journals the file's own mode. What cannot be made is left for SQLite to complain of.
#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;

    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

#[cfg(not(unix))]
fn make_private(_: &Path) {}

/// Closes a file that is there to users who are neither its owner nor of its group: a release that did
/// not care, or a umask, has left it readable by everybody. The group's permissions stay, since they are
/// how processes of several users share a file. Journals that a crash has left get the same.
///
/// Only the owner of a file may do that: another user's process leaves it as it is.
#[cfg(unix)]
pub(super) fn close_to_others(place: &Place) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    let Place::File(path) = place else { return };
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

/// Elsewhere files have no such permissions.
#[cfg(not(unix))]
pub(super) fn close_to_others(_: &Place) {}

/// Some connections of one kind, and a queue for them in the order of asking.
pub(super) struct Lane {
    place: Place,
    access: Access,
    patience: Duration,
    /// What was at the place when the store was opened.
    file: Option<FileId>,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Lane {
    pub(super) fn new(place: Place, access: Access, patience: Duration, size: usize) -> Self {
        let permits = Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS)));
        let file = place.file();
        Self { place, access, patience, file, idle: Mutex::default(), permits }
    }

    /// Adds an open connection.
    pub(super) fn give(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    /// An idle connection, or a new one when there are fewer than allowed.
    ///
    /// Not to a file that is no longer where it was: connections that are open would go on with it
    /// unseen, and new ones would take another one for it, with a log that is not its own.
    fn take(&self) -> Result<Connection, Failure> {
        if self.place.file() != self.file {
            let text = "the file was moved, replaced or removed: put it back, or restart the app";
            return Err(Failure::new(SQLITE, text));
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(idle.map_or_else(|| open(&self.place, self.access, self.patience), Ok)?)
    }

    /// Runs `operation` where it may block. Once begun it runs to its end, whether or not somebody
    /// still waits for it; the queue's next turn comes after that.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        operation: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let closed = |_| Failure::new(SQLITE, "the store was closed");
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(closed)?;
        let lane = Arc::clone(self);
        let work = move || {
            let _permit = permit;
            let mut connection = lane.take()?;
            let result = operation(&mut connection);
            lane.give(connection);
            result
        };
        let stopped = |_| Failure::new(SQLITE, "the operation was stopped");
        tokio::task::spawn_blocking(work).await.map_err(stopped)?
    }
}

impl From<rusqlite::Error> for Failure {
    /// The engine's own words, without the statement.
    fn from(error: rusqlite::Error) -> Self {
        let text = match error {
            rusqlite::Error::SqliteFailure(code, text) => text.unwrap_or_else(|| code.to_string()),
            _ => "an answer of another shape than asked for".to_owned(),
        };
        Self::new(SQLITE, text)
    }
}
