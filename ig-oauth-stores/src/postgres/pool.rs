//! Connections, and what happens to one whose operation nobody waits for.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError,
    RecyclingMethod,
};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::error::{Error, SqlState};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Socket};

use super::ENGINE;
use super::tls::Connector;
use crate::error::Failure;

/// The parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A pool. It opens connections as they are needed and drops those that have broken.
pub(super) fn new(
    config: Config,
    tls: Option<Connector>,
    timeout: Duration,
    size: usize,
) -> Result<Pool, Failure> {
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match tls {
        Some(connector) => Manager::from_connect(config, AtHome::new(connector), settings),
        None => Manager::from_connect(config, AtHome::new(NoTls), settings),
    };
    // The server, too, stops what nobody waits for: or a lock held elsewhere would soon take up all
    // of its connections.
    let limit = format!("SET statement_timeout = {}", timeout.as_millis().clamp(1, 86_400_000));
    let on_new = Hook::async_fn(move |client: &mut ClientWrapper, _| {
        let limit = limit.clone();
        Box::pin(async move { client.batch_execute(&limit).await.map_err(HookError::Backend) })
    });
    let pool = Pool::builder(manager).max_size(size).post_create(on_new).build();
    pool.map_err(|error| Failure::new(ENGINE, error.to_string()))
}

/// Opens connections in the runtime in which the store was made. Not where they are needed: an Actix
/// worker's runtime can be blocked by a handler or gone, and whatever lives there answers nobody.
struct AtHome<T> {
    tls: T,
    home: Handle,
}

impl<T> AtHome<T> {
    fn new(tls: T) -> Self {
        Self { tls, home: Handle::current() }
    }
}

type Opened = Result<(Client, JoinHandle<()>), Error>;

impl<T> Connect for AtHome<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Opened> + Send + '_>> {
        let (config, tls) = (config.clone(), self.tls.clone());
        Box::pin(async move {
            match self.home.spawn(open(config.clone(), tls.clone())).await {
                Ok(opened) => opened,
                // That runtime is gone: better here than nowhere.
                Err(_) => open(config, tls).await,
            }
        })
    }
}

async fn open<T>(config: Config, tls: T) -> Opened
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    // How it ends is told to whoever uses the client.
    let task = tokio::spawn(async { drop(connection.await) });
    Ok((client, task))
}

/// A connection of the pool. One that is dropped before its answer is complete, because its caller
/// went away or lost patience, is closed: nobody gets the rest of another's answer, and one that has
/// silently died is tried no second time.
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) async fn take(pool: &Pool) -> Result<Self, OperationError> {
        Ok(Self(Some(pool.get().await?)))
    }

    /// Runs a statement, and gives the connection back.
    pub(super) async fn query(
        mut self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, OperationError> {
        let Some(client) = &self.0 else {
            return Ok(Vec::new());
        };
        let rows = match client.prepare_cached(statement).await {
            Ok(statement) => client.query(&statement, parameters).await,
            Err(error) => Err(error),
        };
        drop(self.0.take());
        Ok(rows?)
    }

    /// The same, for how many rows it changed.
    pub(super) async fn execute(
        mut self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<u64, OperationError> {
        let Some(client) = &self.0 else {
            return Ok(0);
        };
        let changed = match client.prepare_cached(statement).await {
            Ok(statement) => client.execute(&statement, parameters).await,
            Err(error) => Err(error),
        };
        drop(self.0.take());
        Ok(changed?)
    }
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
    /// The connection was closed: another may do.
    Closed(Failure),
    Other(Failure),
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Closed(failure) | OperationError::Other(failure) => failure,
        }
    }
}

impl From<Error> for OperationError {
    /// Code and message of the server, without the detail, which quotes records.
    fn from(error: Error) -> Self {
        let Some(told) = error.as_db_error() else {
            let failure = Failure::new(ENGINE, error.to_string());
            return if error.is_closed() { Self::Closed(failure) } else { Self::Other(failure) };
        };
        let text = format!("{} ({})", told.message(), told.code().code());
        let failure = Failure::new(ENGINE, text);
        // What a server says that is told to stop, before it hangs up.
        let is_last_word =
            matches!(*told.code(), SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN);
        if is_last_word { Self::Closed(failure) } else { Self::Other(failure) }
    }
}

impl From<PoolError> for OperationError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                error.into()
            }
            error => Self::Other(Failure::new(ENGINE, error.to_string())),
        }
    }
}
