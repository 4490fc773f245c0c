//! Sessions and accounts in Redis or Valkey.

use std::fmt;
use std::sync::Arc;

use redis::{FromRedisValue, ScriptInvocation};

use crate::engine::REDIS;
use crate::error::{Failure, StoreSetupError};
use crate::settings::{Repeat, Settings, bounded};

mod address;
mod builder;
mod connection;
mod row;
mod scripts;
mod store;

pub use builder::RedisStoreBuilder;
use connection::{Attempt, SharedConnection};
use scripts::Scripts;

/// Sessions and accounts in Redis 6.2 or newer, or in Valkey, for all instances of an app.
///
/// Each operation is one script on one shared connection. Requests and replies are pipelined on it,
/// so no pool is needed. A connection that breaks or does not answer in time is replaced; only one
/// replacement is opened at a time. The connection lives in the runtime in which the store was
/// created. Create the store in `main`, not in the closure that an Actix server runs once per
/// worker.
///
/// It is cheap to clone: clones share the connection.
///
/// ```no_run
/// use ig_oauth_common::Config;
/// use ig_oauth_stores::RedisStore;
///
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::connect("redis://app:password@cache.example:6379/0").await?;
///
/// let config = Config::builder("1", "fake app secret", "https://app.example/callback")
///     .store(store)
///     .cookie_secrets(std::env::var("INSTAGRAM_COOKIE_SECRETS")?.split(','))
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// # URLs
///
/// `redis://user:password@host:6379/0`, where everything but the host is optional and the number at
/// the end is the database; `rediss://` for the same with TLS, which needs the feature `rustls`;
/// `redis+unix:///path/to/socket?db=0&user=app&pass=password` for a Unix socket. `valkey` can be
/// used in place of `redis`. With TLS the server's certificate is always verified, against the
/// system's roots or [`root_pem`](RedisStoreBuilder::root_pem).
///
/// # What the server needs
///
/// - A user who may run scripts: `~*` can be narrowed to `~{ig_oauth}*`, and the commands to
///   `+@read +@write +@scripting +@connection`.
/// - `maxmemory-policy noeviction`: evicting other records could log users out or allow a login to
///   be repeated. Records are deleted automatically one hour after they expire.
/// - An append-only file, unless a restart of the server may log all users out.
///
/// # Clusters
///
/// Every key starts with the prefix as a hash tag, `{ig_oauth}`, so all keys are in one hash slot
/// and scripts can use them together. The store does not follow redirections: connect it to the
/// node with that slot, or to a proxy in front of the cluster.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    scripts: Scripts,
    connection: SharedConnection,
}

impl RedisStore {
    /// Connects to the server of a `redis://` URL.
    ///
    /// # Errors
    ///
    /// When no server answers, the server refuses the login, or the user lacks permissions. The
    /// text says what to change, without the URL.
    pub async fn connect(url: impl Into<String>) -> Result<Self, StoreSetupError> {
        Self::builder(url).connect().await
    }

    /// Starts with settings that differ from the defaults.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use ig_oauth_stores::RedisStore;
    ///
    /// # async fn set_up() -> Result<(), ig_oauth_stores::StoreSetupError> {
    /// let store = RedisStore::builder("redis://cache.example")
    ///     .prefix("login")
    ///     .timeout(Duration::from_secs(1))
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(url: impl Into<String>) -> RedisStoreBuilder {
        RedisStoreBuilder::new(url.into())
    }

    /// Runs a script, and runs it again on a new connection if the present one broke. For scripts
    /// whose second run changes nothing and returns the same answer.
    async fn run_repeatable<T>(&self, call: &ScriptInvocation<'_>) -> Result<T, Failure>
    where
        T: FromRedisValue + Send,
    {
        self.run(call, Repeat::Once).await
    }

    /// Runs a script once, without a retry: for scripts whose answer depends on what they changed.
    async fn run_once<T>(&self, call: &ScriptInvocation<'_>) -> Result<T, Failure>
    where
        T: FromRedisValue + Send,
    {
        self.run(call, Repeat::Never).await
    }

    async fn run<T>(&self, call: &ScriptInvocation<'_>, repeat: Repeat) -> Result<T, Failure>
    where
        T: FromRedisValue + Send,
    {
        let Inner { settings, connection, .. } = &*self.inner;
        let mut attempt = Attempt::default();
        let answer = async { Ok(connection.run(call, repeat, &mut attempt).await?) };
        let answer = bounded(REDIS, settings.timeout, answer).await;
        attempt.give_up();
        answer
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.inner.settings;
        f.debug_struct("RedisStore").field("settings", settings).finish_non_exhaustive()
    }
}
