//! Sessions and accounts in Redis or Valkey.

use std::fmt;
use std::sync::Arc;

use redis::{FromRedisValue, ScriptInvocation};

use crate::engine::REDIS;
use crate::error::{Failure, StoreSetupError};
use crate::settings::{Repeat, Settings, bounded};

mod address;
mod builder;
mod link;
mod row;
mod scripts;
mod store;

pub use builder::RedisStoreBuilder;
use link::{Attempt, Link};
use scripts::Scripts;

/// Sessions and accounts in Redis 6.2 or newer, or in Valkey, for all instances of an app.
///
/// Each operation is one script on one connection, which all operations share: questions and answers
/// follow each other on it, so no pool is needed. A connection that breaks is replaced; one that does
/// not answer in time is, too, by one at a time. It lives in the runtime in which the store was made.
/// Make it in `main`, not in the closure that an Actix server runs once per worker.
///
/// Cheap to clone: clones share the connection.
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
/// `redis://user:password@host:6379/0`, where all but the host can be left out and the number at the
/// end is the database; `rediss://` the same with TLS, for which the feature `tls` is needed;
/// `redis+unix:///path/to/socket?db=0&user=app&pass=password` for a Unix socket. `valkey` may stand
/// for `redis`. With TLS the server's certificate is always checked, against the system's roots or
/// [`root_pem`](RedisStoreBuilder::root_pem).
///
/// # What the server needs
///
/// - A user who may run scripts: `~*` can be narrowed to `~{ig_oauth}*`, and the commands to
///   `+@read +@write +@scripting +@connection`.
/// - `maxmemory-policy noeviction`: whatever else is evicted logs somebody out, or lets a login be
///   repeated. Records go by themselves, an hour after they have expired.
/// - An append-only file, if a restart of the server should not log everybody out.
///
/// # Clusters
///
/// Every key starts with the prefix as a hash tag, `{ig_oauth}`, so all keys are in one slot and
/// scripts may use them together. The store does not follow redirections: lead it to the node that
/// has the slot, or to a proxy in front of the cluster.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    scripts: Scripts,
    link: Link,
}

impl RedisStore {
    /// Connects to the server of a `redis://` URL.
    ///
    /// # Errors
    ///
    /// When no server answers, it does not let us in, or the user may not do what is needed. The text
    /// says what to do, without the URL.
    pub async fn connect(url: impl Into<String>) -> Result<Self, StoreSetupError> {
        Self::builder(url).connect().await
    }

    /// The same with settings.
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

    /// Runs a script; again on a new connection if the one there was broke meanwhile. For scripts
    /// whose second run changes nothing and gives the same answer.
    async fn ask<T>(&self, call: &ScriptInvocation<'_>) -> Result<T, Failure>
    where
        T: FromRedisValue + Send,
    {
        self.run(call, Repeat::Once).await
    }

    /// Runs a script whose answer tells what it changed: once, whatever happens.
    async fn tell<T>(&self, call: &ScriptInvocation<'_>) -> Result<T, Failure>
    where
        T: FromRedisValue + Send,
    {
        self.run(call, Repeat::Never).await
    }

    async fn run<T>(&self, call: &ScriptInvocation<'_>, repeat: Repeat) -> Result<T, Failure>
    where
        T: FromRedisValue + Send,
    {
        let Inner { settings, link, .. } = &*self.inner;
        let mut attempt = Attempt::default();
        let answer = async { Ok(link.run(call, repeat, &mut attempt).await?) };
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
