//! The shared connection of all operations, and its replacement when it breaks.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::address::{Address, Dialled};
use crate::engine::REDIS;
use crate::error::Failure;
use crate::settings::Repeat;

/// One connection for all operations, whose requests and replies are pipelined. A caller that is
/// cancelled does not disturb other operations.
pub(super) struct SharedConnection {
    address: Address,
    /// The longest time for a new connection.
    patience: Duration,
    /// The runtime of the connections. They do not live in the caller's runtime: that of an Actix
    /// worker can be blocked by a handler or have ended, and a connection in it would then serve
    /// nobody.
    runtime: Handle,
    /// The last connection, which may still be opening. The mutex is held only briefly: callers
    /// wait on the channel, so a caller that is cancelled while waiting does not block others.
    current: Mutex<Option<News>>,
}

/// The state of a new connection: nothing yet, and then its result.
type News = watch::Receiver<Option<Result<Arc<Live>, RedisError>>>;

/// Whether the connection is opening or usable.
fn is_promising(news: &News) -> bool {
    // Checked first: the sender reports its result before it is dropped.
    let is_under_way = news.has_changed().is_ok();
    match &*news.borrow() {
        None => is_under_way,
        Some(Ok(live)) => live.is_usable(),
        Some(Err(_)) => false,
    }
}

/// A connection. It is closed when the last operation on it ends.
struct Live {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    is_given_up: AtomicBool,
}

impl Live {
    fn new((connection, driver): Dialled) -> Arc<Self> {
        Arc::new(Self { connection, driver, is_given_up: AtomicBool::new(false) })
    }

    /// The driver ends as soon as the other side disconnects, so a dead connection is rarely used.
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

/// The present attempt of an operation. After a timeout it holds the connection that did not
/// answer.
#[derive(Default)]
pub(super) struct Attempt(Option<Arc<Live>>);

impl Attempt {
    /// A connection that did not answer in time may be dead.
    pub(super) fn give_up(self) {
        if let Some(live) = self.0 {
            live.give_up();
        }
    }
}

impl SharedConnection {
    pub(super) fn new(address: Address, patience: Duration) -> Self {
        Self { address, patience, runtime: Handle::current(), current: Mutex::default() }
    }

    /// The connection, newly opened if needed. Concurrent callers wait for the same one.
    async fn live(&self) -> Result<Arc<Live>, RedisError> {
        let mut news = self.news(&self.runtime);
        if news.wait_for(Option::is_some).await.is_err() {
            // That runtime has ended, so the caller's runtime is used.
            news = self.news(&Handle::current());
            let _ = news.wait_for(Option::is_some).await;
        }
        let result = news.borrow().clone();
        result.unwrap_or_else(|| Err(io::Error::other("the runtime has stopped").into()))
    }

    /// The channel of the present connection, or of a new one that is opened in that runtime. Only
    /// one is opened at a time, however many callers ask and give up, and only within the time
    /// limit. Otherwise every request would open another connection to a server that accepts
    /// connections but does not answer.
    fn news(&self, runtime: &Handle) -> News {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(news) = current.as_ref().filter(|news| is_promising(news)) {
            return news.clone();
        }
        let (tell, news) = watch::channel(None);
        let (address, patience) = (self.address.clone(), self.patience);
        runtime.spawn(async move {
            let dialled = tokio::time::timeout(patience, address.dial()).await;
            let dialled = dialled.unwrap_or_else(|_| Err(silence(patience)));
            // The connection is closed if no caller is left to use it.
            let _ = tell.send(Some(dialled.map(Live::new)));
        });
        current.insert(news).clone()
    }

    /// Runs a script and waits for its answer without a time limit.
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

fn silence(patience: Duration) -> RedisError {
    let text = format!("no answer within {patience:?}");
    io::Error::new(io::ErrorKind::TimedOut, text).into()
}

/// Whether another connection might succeed. It might if the server has become a replica: the name
/// in the URL may already resolve to the new primary.
fn is_the_connections(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self::new(REDIS, text(&error))
    }
}

/// The error's text, without the parts in which the driver quotes replies and the server quotes
/// requests.
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
