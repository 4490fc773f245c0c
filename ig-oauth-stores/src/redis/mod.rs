//! Sessions and accounts in Redis or Valkey.

use std::fmt;
use std::sync::Arc;

use redis::{FromRedisValue, Script, ScriptInvocation};

use crate::error::{Failure, StoreSetupError};
use crate::settings::{Settings, bounded};

mod builder;
mod keys;
mod link;
mod reply;
mod scripts;
mod store;

pub use builder::RedisStoreBuilder;
use keys::Keys;
use link::{Link, Repeat};
use scripts::Scripts;

const ENGINE: &str = "Redis";

/// Sessions and accounts in Redis 6.2 and later or Valkey, for all instances of an app.
///
/// Each operation is one script, which the server runs whole or not at all, in one round trip; only
/// walking over all accounts takes one per thousand. All operations share one connection, which is
/// replaced when it breaks: after an outage nothing needs a restart.
///
/// Records carry an expiry of Redis' own, so what nobody needs goes by itself. Keys begin with the
/// prefix in braces, `{ig_oauth}`: in a cluster all of them live in one slot.
///
/// The connection lives in the runtime in which the store was made. Make it in `main`, not in the
/// closure that an Actix server runs once per worker.
///
/// Give it a server that keeps its data over a restart and evicts nothing that has not expired
/// (`maxmemory-policy noeviction` or `volatile-ttl`), or users will be asked to log in again.
///
/// Cheap to clone: clones share the connection.
///
/// ```no_run
/// use ig_oauth_common::Config;
/// use ig_oauth_stores::RedisStore;
///
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::connect("redis://:password@cache.example:6379/0").await?;
///
/// # let secret = "an obviously fake cookie secret, do not use";
/// let config = Config::builder("1", "fake app secret", "https://app.example/callback")
///     .store(store)
///     .cookie_secrets([secret])
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// # TLS
///
/// With the feature `tls`, a URL that begins with `rediss://` is reached over TLS. The server's
/// certificate is always checked, against the system's roots or
/// [`root_pem`](RedisStoreBuilder::root_pem).
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    keys: Keys,
    scripts: Scripts,
    link: Link,
}

impl RedisStore {
    /// Connects to the server of a `redis://`, `rediss://`, `valkey://` or `redis+unix://` URL.
    ///
    /// # Errors
    ///
    /// When no server answers, or it does not let us in. The text says what to do, without the URL.
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

    /// Starts a call of a script. Every script is told the prefix first, for the keys it finds on
    /// its way.
    fn call<'a>(&'a self, script: &'a Script) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        call.arg(self.inner.keys.prefix());
        call
    }

    /// Runs a script within the time an operation may take.
    async fn run<T: FromRedisValue + Send>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, Failure> {
        self.run_within(call, Repeat::Once).await
    }

    /// The same for a script that must not run twice.
    async fn run_once<T: FromRedisValue + Send>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, Failure> {
        self.run_within(call, Repeat::Never).await
    }

    async fn run_within<T: FromRedisValue + Send>(
        &self,
        call: &ScriptInvocation<'_>,
        repeat: Repeat,
    ) -> Result<T, Failure> {
        bounded(ENGINE, self.inner.settings.timeout, self.inner.link.run(call, repeat)).await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
