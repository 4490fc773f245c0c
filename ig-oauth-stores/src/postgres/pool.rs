//! Connections, and what happens to one whose operation nobody waits for.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError,
    RecyclingMethod,
};
use tokio_postgres::error::Error;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Row};

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
        Some(connector) => Manager::from_config(config, connector, settings),
        None => Manager::from_config(config, NoTls, settings),
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

/// A connection of the pool. One that is dropped before its answer is complete, because its caller
/// went away or lost patience, is closed: nobody gets the rest of another's answer, and one that has
/// silently died is tried no second time.
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) async fn take(pool: &Pool) -> Result<Self, Failure> {
        Ok(Self(Some(pool.get().await?)))
    }

    /// Runs a statement, and gives the connection back.
    pub(super) async fn query(
        mut self,
        statement: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, Failure> {
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
    ) -> Result<u64, Failure> {
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

impl From<Error> for Failure {
    /// Code and message of the server, without the detail, which quotes records.
    fn from(error: Error) -> Self {
        let text = match error.as_db_error() {
            Some(told) => format!("{} ({})", told.message(), told.code().code()),
            None => error.to_string(),
        };
        Self::new(ENGINE, text)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                error.into()
            }
            error => Self::new(ENGINE, error.to_string()),
        }
    }
}
