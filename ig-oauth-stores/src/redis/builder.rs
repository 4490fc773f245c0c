//! Setting a store up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError};

use super::keys::Keys;
use super::link::{Broken, Link};
use super::scripts::Scripts;
use super::{ENGINE, Inner, RedisStore};
use crate::error::{StoreSetupError, StoreSetupErrorKind as Kind};
use crate::settings::{Settings, bounded};

/// Settings of a [`RedisStore`] that is not connected yet. `Debug` does not show the URL.
#[must_use = "a builder does nothing until `connect`"]
pub struct RedisStoreBuilder {
    url: String,
    settings: Settings,
    #[cfg(feature = "tls")]
    root_pem: Option<Vec<u8>>,
}

impl RedisStoreBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            settings: Settings::new(1),
            #[cfg(feature = "tls")]
            root_pem: None,
        }
    }

    /// What keys start with, in braces: `ig_oauth` unless told otherwise. Apps with stores of their
    /// own in one database take different prefixes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// Longest an operation may take, connecting included: 2 seconds unless told otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Trusts servers under these root certificates, and no others: a PEM text. Without it the
    /// system's are trusted.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_pem = Some(pem.into());
        self
    }

    /// Connects, and tries whether the server runs scripts.
    ///
    /// # Errors
    ///
    /// When the URL or a setting cannot work, no server answers, or it does not let us in. The text
    /// says what to do, without the URL.
    pub async fn connect(self) -> Result<RedisStore, StoreSetupError> {
        self.settings.check()?;
        let client = self.client()?;
        let timeout = self.settings.timeout;
        // The bound over the whole operation is the one that counts; this one ends what was asked
        // for by those who have gone away.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        let keys = Keys::new(&self.settings.prefix);
        let inner = Inner {
            scripts: Scripts::new(),
            keys,
            link: Link::new(client, config),
            settings: self.settings,
        };
        let store = RedisStore { inner: Arc::new(inner) };
        let unanswered = |_| {
            let text = format!(
                "the Redis server does not answer within {timeout:?}: check host and port of the \
                 URL, whether it asks for rediss://, and whether a firewall drops the packets"
            );
            StoreSetupError::new(Kind::Unreachable, text)
        };
        let trial = async { Ok(store.trial().await) };
        match bounded(ENGINE, timeout, trial).await.map_err(unanswered)? {
            Ok(()) => Ok(store),
            Err(Broken::Redis(error)) => Err(explain(&error)),
            Err(Broken::Homeless) => {
                let text = "the runtime stopped while the store was being connected";
                Err(StoreSetupError::new(Kind::Unreachable, text))
            }
        }
    }

    /// The driver's words for a URL it cannot read may quote it, so they are not passed on.
    fn client(&self) -> Result<Client, StoreSetupError> {
        let client = Client::open(self.url.as_str()).map_err(|_| {
            let text = "the URL is not one of Redis: write redis://user:password@host:6379/0, with \
                        special characters of the password percent-encoded";
            StoreSetupError::new(Kind::InvalidUrl, text)
        })?;
        if !matches!(client.get_connection_info().addr(), redis::ConnectionAddr::TcpTls { .. }) {
            return Ok(client);
        }
        self.client_with_tls()
    }

    #[cfg(feature = "tls")]
    fn client_with_tls(&self) -> Result<Client, StoreSetupError> {
        if let Some(pem) = &self.root_pem {
            crate::tls::certificates(pem)?;
        }
        crate::tls::choose_provider();
        let certificates =
            redis::TlsCertificates { client_tls: None, root_cert: self.root_pem.clone() };
        Client::build_with_tls(self.url.as_str(), certificates).map_err(|_| {
            let text = "TLS cannot be set up for this URL: check root_pem";
            StoreSetupError::new(Kind::InvalidSetting, text)
        })
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, reason = "as with the feature")]
    fn client_with_tls(&self) -> Result<Client, StoreSetupError> {
        let text = "the URL begins with rediss: enable the feature tls of ig-oauth-stores";
        Err(StoreSetupError::new(Kind::InvalidSetting, text))
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStoreBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Asks for a session that nobody has: whoever may not run scripts or read keys learns it now.
    async fn trial(&self) -> Result<(), Broken> {
        let (mut connection, _) = self.inner.link.take().await?;
        let mut call = self.call(&self.inner.scripts.session);
        call.key(format!("{}:trial", self.inner.keys.prefix()));
        Ok(call.invoke_async(&mut connection).await?)
    }
}

/// What went wrong and what to do about it.
fn explain(error: &RedisError) -> StoreSetupError {
    let code = error.code().unwrap_or_default();
    let is_login =
        matches!(code, "WRONGPASS" | "NOAUTH") || error.kind() == ErrorKind::AuthenticationFailed;
    let (kind, cure) = if is_login {
        let cure = "Redis refuses the login: check user and password in the URL, with special \
                    characters percent-encoded";
        (Kind::Refused, cure)
    } else if code == "NOPERM" {
        let cure = "the user may not do what is needed: allow it @read, @write and @scripting on \
                    the keys of the prefix";
        (Kind::Refused, cure)
    } else if error.is_io_error() || error.is_timeout() {
        let cure = "no Redis server answers: start it, or check host and port of the URL";
        (Kind::Unreachable, cure)
    } else {
        (Kind::Schema, "the server does not do what is needed: Redis 6.2 or later, or Valkey, does")
    };
    let told = if error.is_io_error() { error.to_string() } else { error.category().to_owned() };
    StoreSetupError::new(kind, format!("{cure} ({told})"))
}
