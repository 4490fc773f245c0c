//! The connection all operations share, and its replacement when it breaks.

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

/// One connection for all: questions and answers of many operations follow each other on it, and an
/// operation whose caller goes away disturbs no other.
pub(super) struct Link {
    address: Address,
    /// Longest a new connection may take.
    patience: Duration,
    /// Where connections live. Not where they are needed: an Actix worker's runtime can be blocked by
    /// a handler or gone, and whatever lives there answers nobody.
    home: Handle,
    /// The last connection, which may still be under way. Locked for a glance only: whoever waits
    /// waits for the news, so one who is stopped while waiting stops nobody else.
    current: Mutex<Option<News>>,
}

/// What became of a new connection: nothing yet, and then its result.
type News = watch::Receiver<Option<Result<Arc<Live>, RedisError>>>;

/// Whether it is worth waiting for, or there to be used.
fn is_promising(news: &News) -> bool {
    // Asked first: whoever makes it tells before they go.
    let is_under_way = news.has_changed().is_ok();
    match &*news.borrow() {
        None => is_under_way,
        Some(Ok(live)) => live.is_usable(),
        Some(Err(_)) => false,
    }
}

/// A connection. It is closed when nobody waits for an answer on it any more.
struct Live {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    is_given_up: AtomicBool,
}

impl Live {
    fn new((connection, driver): Dialled) -> Arc<Self> {
        Arc::new(Self { connection, driver, is_given_up: AtomicBool::new(false) })
    }

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
    pub(super) fn new(address: Address, patience: Duration) -> Self {
        Self { address, patience, home: Handle::current(), current: Mutex::default() }
    }

    /// The connection, a new one if need be. Whoever comes meanwhile waits for the same.
    async fn live(&self) -> Result<Arc<Live>, RedisError> {
        let mut news = self.news(&self.home);
        if news.wait_for(Option::is_some).await.is_err() {
            // That runtime is gone: better here than nowhere.
            news = self.news(&Handle::current());
            let _ = news.wait_for(Option::is_some).await;
        }
        let result = news.borrow().clone();
        result.unwrap_or_else(|| Err(io::Error::other("the runtime has stopped").into()))
    }

    /// News of the connection, or of a new one that is made in that runtime. There is one under way
    /// at a time, however many ask and give up, and never for longer than the patience: a server
    /// that takes connections and says nothing would be given one by every request.
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
            // Without anybody left who could use it, it is closed.
            let _ = tell.send(Some(dialled.map(Live::new)));
        });
        current.insert(news).clone()
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

fn silence(patience: Duration) -> RedisError {
    let text = format!("no answer within {patience:?}");
    io::Error::new(io::ErrorKind::TimedOut, text).into()
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
        Self::new(REDIS, text(&error))
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
