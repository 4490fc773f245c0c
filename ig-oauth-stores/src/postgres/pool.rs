//! Connections, and what happens to one whose caller was cancelled.

use std::error::Error as _;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod,
};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_postgres::error::{Error, SqlState};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Socket};

use super::row::Parameter;
use super::tls::Connector;
use crate::engine::POSTGRESQL;
use crate::error::Failure;

/// A pool. It opens connections when they are needed and drops broken ones.
pub(super) fn new(
    servers: Vec<Config>,
    tls: Option<Connector>,
    timeout: Duration,
    size: usize,
) -> Result<Pool, Failure> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    // `Opening` has the servers' configurations.
    let config = Config::new();
    let manager = match tls {
        Some(tls) => {
            Manager::from_connect(config, Opening::new(servers, tls, timeout, size), settings)
        }
        None => {
            Manager::from_connect(config, Opening::new(servers, NoTls, timeout, size), settings)
        }
    };
    let pool = Pool::builder(manager).max_size(size).build();
    pool.map_err(|error| Failure::new(POSTGRESQL, error.to_string()))
}

/// Opens connections: at most as many at a time as the pool may have, each within the time limit. A
/// connection counts until it is open or given up, even if its caller has timed out. Otherwise
/// every request would open another connection to a server that accepts connections but does not
/// answer.
struct Opening<T> {
    servers: Vec<Config>,
    tls: T,
    patience: Duration,
    permits: Arc<Semaphore>,
}

impl<T> Opening<T> {
    fn new(servers: Vec<Config>, tls: T, patience: Duration, size: usize) -> Self {
        let permits = Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS)));
        Self { servers, tls, patience, permits }
    }
}

type Opened = Result<(Client, JoinHandle<()>), Error>;

impl<T> Connect for Opening<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = Opened> + Send + '_>> {
        let (servers, tls, patience) = (self.servers.clone(), self.tls.clone(), self.patience);
        Box::pin(async move {
            let permit = Arc::clone(&self.permits).acquire_owned().await;
            let opening = tokio::spawn(async move {
                let _permit = permit;
                open_one_of(servers, &tls, patience).await
            });
            match opening.await {
                Ok(Some(opened)) => opened,
                // The caller has waited longer, with the same time limit.
                _ => pending().await,
            }
        })
    }
}

/// Tries one server after the other. A server that hangs leaves the others their share of the time.
async fn open_one_of<T>(servers: Vec<Config>, tls: &T, patience: Duration) -> Option<Opened>
where
    T: MakeTlsConnect<Socket> + Clone,
    T::Stream: Send + 'static,
{
    let began = Instant::now();
    let mut untried = u32::try_from(servers.len()).unwrap_or(u32::MAX);
    let mut refused = None;
    for config in servers {
        let left = patience.saturating_sub(began.elapsed());
        let part = left.checked_div(untried).unwrap_or(left);
        untried = untried.saturating_sub(1);
        match tokio::time::timeout(part, open(config, tls.clone())).await {
            Ok(Ok(opened)) => return Some(Ok(opened)),
            Ok(Err(error)) => refused = Some(Err(error)),
            Err(_) => {}
        }
    }
    refused
}

async fn open<T>(config: Config, tls: T) -> Opened
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    // The client reports how the connection ended.
    let task = tokio::spawn(async { drop(connection.await) });
    Ok((client, task))
}

/// A connection of the pool. If it is dropped before its answer is complete, because of the
/// timeout, it is closed. No caller then gets the rest of another's answer, and a dead connection
/// is not used again.
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) async fn take(pool: &Pool) -> Result<Self, OperationError> {
        Ok(Self(Some(pool.get().await?)))
    }

    /// Runs a statement.
    pub(super) async fn run(
        self,
        statement: &str,
        parameters: &[Parameter],
    ) -> Result<Ran, OperationError> {
        let Some(client) = &self.0 else { return Ok(Ran::default()) };
        let ran = run(client, statement, parameters).await;
        self.end(ran)
    }

    /// Returns the connection to the pool, unless it is broken.
    fn end<T>(mut self, answer: Result<T, Error>) -> Result<T, OperationError> {
        let answer = answer.map_err(OperationError::from);
        if !matches!(answer, Err(OperationError::ReadOnly(_))) {
            drop(self.0.take());
        }
        answer
    }
}

/// The result of a statement: rows, or how many it changed.
#[derive(Default)]
pub(super) struct Ran {
    pub(super) rows: Vec<Row>,
    pub(super) changed: u64,
}

async fn run(client: &Object, statement: &str, parameters: &[Parameter]) -> Result<Ran, Error> {
    let parameters: Vec<_> =
        parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect();
    let statement = client.prepare_cached(statement).await?;
    if statement.columns().is_empty() {
        let changed = client.execute(&statement, &parameters).await?;
        return Ok(Ran { rows: Vec::new(), changed });
    }
    Ok(Ran { rows: client.query(&statement, &parameters).await?, changed: 0 })
}

/// Closes the idle connections: after a failover all of them lead to the old server.
pub(super) fn close_idle(pool: &Pool) {
    drop(pool.retain(|_, _| false));
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// Why an operation has no answer.
pub(super) enum OperationError {
    /// The connection was closed. Another one may work.
    Closed(Failure),
    /// The server accepts no writes, and has not started this one. It has become a standby, and the
    /// name in the URL may already resolve to the new primary.
    ReadOnly(Failure),
    Other(Failure),
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Closed(failure)
            | OperationError::ReadOnly(failure)
            | OperationError::Other(failure) => failure,
        }
    }
}

impl From<Error> for OperationError {
    /// The server's code and message, without the detail, which quotes records.
    fn from(error: Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let failure = Failure::new(POSTGRESQL, in_full(&error));
            return if error.is_closed() { Self::Closed(failure) } else { Self::Other(failure) };
        };
        let text = format!("{} ({})", told.message(), told.code().code());
        let failure = Failure::new(POSTGRESQL, text);
        match *told.code() {
            SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly(failure),
            // What a server that shuts down says before it closes the connection.
            SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => Self::Closed(failure),
            _ => Self::Other(failure),
        }
    }
}

/// An error that does not come from the server, with its causes. The driver's text leaves them out,
/// and "error connecting to server" does not say whether a name, a port or a certificate is wrong.
pub(super) fn in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl From<PoolError> for OperationError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            error => Self::Other(Failure::new(POSTGRESQL, error.to_string())),
        }
    }
}
