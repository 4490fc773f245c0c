//! The connection that all operations share.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, ScriptInvocation};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::ENGINE;
use crate::error::Failure;

/// A connection that is replaced when it breaks.
pub(super) struct Link {
    client: Client,
    config: AsyncConnectionConfig,
    /// Where connections live. Not where they are needed: an Actix worker's runtime can be blocked by
    /// a handler or gone, and whatever lives there answers nobody.
    home: Handle,
    present: Mutex<Present>,
}

#[derive(Default)]
struct Present {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that of many who saw one break only the first takes it away.
    generation: u64,
}

impl Link {
    pub(super) fn new(client: Client, config: AsyncConnectionConfig) -> Self {
        Self { client, config, home: Handle::current(), present: Mutex::default() }
    }

    /// The present connection with its generation; a new one when there is none.
    pub(super) async fn take(&self) -> Result<(MultiplexedConnection, u64), Broken> {
        let mut present = self.present.lock().await;
        if let Some(connection) = &present.connection {
            return Ok((connection.clone(), present.generation));
        }
        let (client, config) = (self.client.clone(), self.config.clone());
        let connecting = self.home.spawn(async move {
            client.get_multiplexed_async_connection_with_config(&config).await
        });
        let connection = connecting.await.map_err(|_| Broken::Homeless)??;
        present.connection = Some(connection.clone());
        present.generation += 1;
        Ok((connection, present.generation))
    }

    async fn give_up(&self, generation: u64) {
        let mut present = self.present.lock().await;
        if present.generation == generation {
            present.connection = None;
        }
    }

    /// Runs a script. When the connection turns out to be broken, a script that may run twice is
    /// tried once more on a new one: so a restarted server costs nobody a request.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
        repeat: Repeat,
    ) -> Result<T, Failure> {
        let (mut connection, generation) = self.take().await?;
        let error = match call.invoke_async(&mut connection).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if is_broken(&error) {
            self.give_up(generation).await;
        }
        if repeat == Repeat::Never || !error.is_connection_dropped() {
            return Err(Broken::Redis(error).into());
        }
        let (mut connection, generation) = self.take().await?;
        let result = call.invoke_async(&mut connection).await;
        if result.as_ref().is_err_and(is_broken) {
            self.give_up(generation).await;
        }
        result.map_err(|error| Broken::Redis(error).into())
    }
}

/// Whether a script may run a second time when nobody knows whether the first one was run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or the same again.
    Once,
    /// Its answer says whether, or how much, it changed.
    Never,
}

/// Whether another connection may do better. One that timed out may be to a machine that is gone.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_timeout() || error.is_unrecoverable_error()
}

/// Why there is no connection, or no answer.
#[derive(Debug)]
pub(super) enum Broken {
    Redis(RedisError),
    Homeless,
}

impl From<RedisError> for Broken {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl From<Broken> for Failure {
    /// Without the details of the server's words: they can quote what was sent.
    fn from(broken: Broken) -> Self {
        let text = match broken {
            Broken::Homeless => "the runtime in which the store was made has stopped".to_owned(),
            Broken::Redis(error) if error.is_io_error() => error.to_string(),
            Broken::Redis(error) => match error.code() {
                Some(code) => format!("{} ({code})", error.category()),
                None => error.category().to_owned(),
            },
        };
        Self::new(ENGINE, text)
    }
}
