//! The connection all operations share, and its replacement when it breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::ENGINE;
use super::address::Address;
use crate::error::Failure;

/// One connection for all: questions and answers of many operations follow each other on it, and an
/// operation whose caller goes away disturbs no other.
pub(super) struct Link {
    address: Address,
    /// Where connections live. Not where they are needed: an Actix worker's runtime can be blocked by
    /// a handler or gone, and whatever lives there answers nobody.
    home: Handle,
    current: Mutex<Option<Arc<Live>>>,
}

/// A connection. It is closed when nobody waits for an answer on it any more.
struct Live {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    is_given_up: AtomicBool,
}

impl Live {
    /// The driver ends as soon as the other side hangs up, so a dead connection is rarely tried.
    fn is_usable(&self) -> bool {
        !self.driver.is_finished() && !self.is_given_up.load(Ordering::Relaxed)
    }

    fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Whether a script may be run a second time when nobody knows whether it ran.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Its second run changes nothing and gives the same answer.
    Once,
    /// Its answer tells what it changed.
    Never,
}

/// The attempt under way: what is left here after a timeout did not answer.
#[derive(Default)]
pub(super) struct Attempt(Option<Arc<Live>>);

impl Attempt {
    /// A connection that did not answer in time may have silently died.
    pub(super) fn give_up(self) {
        if let Some(live) = self.0 {
            live.give_up();
        }
    }
}

impl Link {
    pub(super) fn new(address: Address) -> Self {
        Self { address, home: Handle::current(), current: Mutex::default() }
    }

    /// The connection, a new one if need be. Whoever comes meanwhile waits for the same.
    async fn live(&self) -> Result<Arc<Live>, RedisError> {
        let mut current = self.current.lock().await;
        if let Some(live) = current.as_ref().filter(|live| live.is_usable()) {
            return Ok(Arc::clone(live));
        }
        *current = None;
        let address = self.address.clone();
        let dialled = self.home.spawn(async move { address.dial().await }).await;
        let (connection, driver) = match dialled {
            Ok(dialled) => dialled?,
            // That runtime is gone: better here than nowhere.
            Err(_) => self.address.dial().await?,
        };
        let live = Live { connection, driver, is_given_up: AtomicBool::new(false) };
        Ok(Arc::clone(current.insert(Arc::new(live))))
    }

    /// Runs a script, and waits for its answer as long as it takes.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
        mut repeat: Repeat,
        attempt: &mut Attempt,
    ) -> Result<T, RedisError> {
        loop {
            let live = self.live().await?;
            attempt.0 = Some(Arc::clone(&live));
            let answer = call.invoke_async(&mut live.connection.clone()).await;
            attempt.0 = None;
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if is_the_connections(&error) {
                live.give_up();
            }
            if repeat == Repeat::Never || !error.is_connection_dropped() {
                return Err(error);
            }
            repeat = Repeat::Never;
        }
    }
}

/// Whether another connection could do better. One to a server that has become a replica could: the
/// name in the URL may lead to its successor by now.
fn is_the_connections(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::new(ENGINE, text(&error))
    }
}

/// What went wrong, without what the driver quotes of answers and the server of questions.
pub(super) fn text(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::Io => error.to_string(),
        ErrorKind::Server(_) | ErrorKind::Extension => {
            let detail = error.detail().unwrap_or_default();
            let detail = detail.split(", with args").next().unwrap_or_default();
            format!("{} {detail}", error.code().unwrap_or_default()).trim().to_owned()
        }
        _ => error.category().to_owned(),
    }
}
