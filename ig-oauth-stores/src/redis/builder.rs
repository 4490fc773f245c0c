//! The settings of a store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::address::Address;
use super::connection::{self, Attempt, SharedConnection};
use super::scripts::Scripts;
use super::{Inner, RedisStore};
use crate::error::{StoreSetupError, StoreSetupErrorKind as Kind};
use crate::settings::{Repeat, Settings};

/// Settings of a [`RedisStore`] that is not connected yet. `Debug` does not show the URL.
#[must_use = "a builder does nothing until `connect`"]
pub struct RedisStoreBuilder {
    url: String,
    settings: Settings,
    #[cfg(feature = "rustls")]
    root_pem: Option<Vec<u8>>,
}

impl RedisStoreBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            settings: Settings::new(1),
            #[cfg(feature = "rustls")]
            root_pem: None,
        }
    }

    /// The prefix of the keys, in braces. Default: `ig_oauth`. Apps with separate stores in one
    /// database need different prefixes.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.settings.prefix = prefix.into();
        self
    }

    /// The longest time for an operation, including a new connection. Default: 2 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Trusts only servers with a certificate under these root certificates, given as PEM. Default:
    /// the system's roots.
    #[cfg(feature = "rustls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
    pub fn root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_pem = Some(pem.into());
        self
    }

    /// Connects, and checks that the user has the needed permissions.
    ///
    /// # Errors
    ///
    /// When the URL or a setting is invalid, no server answers, the server refuses the login, or
    /// the user may not run scripts or write. The text says what to change, without the URL.
    pub async fn connect(self) -> Result<RedisStore, StoreSetupError> {
        self.settings.check()?;
        let address = Address::new(
            &self.url,
            #[cfg(feature = "rustls")]
            self.root_pem.as_deref(),
        )?;
        let (timeout, mut attempt) = (self.settings.timeout, Attempt::default());
        let (scripts, connection) =
            (Scripts::new(&self.settings.prefix), SharedConnection::new(address, timeout));
        let call = scripts.check();
        let checked = connection.run::<()>(&call, Repeat::Once, &mut attempt);
        match tokio::time::timeout(timeout, checked).await {
            Ok(Err(error)) if error.is_timeout() => return Err(silent(timeout)),
            Ok(checked) => checked.map_err(|error| explain(&error))?,
            Err(_) => return Err(silent(timeout)),
        }
        drop(call);
        Ok(RedisStore { inner: Arc::new(Inner { settings: self.settings, scripts, connection }) })
    }
}

impl fmt::Debug for RedisStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        f.debug_struct("RedisStoreBuilder").field("settings", settings).finish_non_exhaustive()
    }
}

fn silent(timeout: Duration) -> StoreSetupError {
    let text = format!(
        "the Redis server does not answer within {timeout:?}: check host and port of the URL, whether \
         a firewall drops the packets, and whether the server wants TLS (rediss://)"
    );
    StoreSetupError::new(Kind::Unreachable, text)
}

/// The kind of the error, and how to fix it.
fn explain(error: &RedisError) -> StoreSetupError {
    let (kind, cure) = match error.kind() {
        ErrorKind::Io => unreachable_or_refused(error),
        ErrorKind::Server(told) => refused(told),
        ErrorKind::AuthenticationFailed => (Kind::Refused, WRONG_LOGIN),
        _ => match error.code() {
            Some("NOAUTH" | "WRONGPASS") => (Kind::Refused, WRONG_LOGIN),
            Some("OOM") => {
                (Kind::Refused, "Redis has no memory left: raise maxmemory, or free some")
            }
            _ => {
                let cure = "what answers is not Redis: check host and port of the URL, and whether \
                            the server wants TLS (rediss://) or none (redis://)";
                (Kind::Unreachable, cure)
            }
        },
    };
    StoreSetupError::new(kind, format!("{cure} ({})", connection::text(error)))
}

const WRONG_LOGIN: &str = "Redis refuses the user: check name and password in the URL, with special \
                           characters percent-encoded";

fn refused(told: ServerErrorKind) -> (Kind, &'static str) {
    match told {
        ServerErrorKind::NoPerm => {
            let cure = "the user may not do what is needed: allow it the keys {prefix}* and \
                        +@read +@write +@scripting +@connection, by ACL SETUSER";
            (Kind::Refused, cure)
        }
        ServerErrorKind::ReadOnly => {
            (Kind::Refused, "the server is a replica, which cannot write: give the primary's URL")
        }
        ServerErrorKind::BusyLoading
        | ServerErrorKind::MasterDown
        | ServerErrorKind::TryAgain
        | ServerErrorKind::ClusterDown => {
            (Kind::Unreachable, "the server is starting or failing over: try again in a moment")
        }
        ServerErrorKind::Moved | ServerErrorKind::Ask => {
            let cure = "the keys are on another node of the cluster: give that node's URL";
            (Kind::Refused, cure)
        }
        _ => {
            let cure = "Redis does not do what is needed: check that it is 6.2 or newer, that it has \
                        the database of the URL's end, and that scripts are not disabled";
            (Kind::Refused, cure)
        }
    }
}

/// Handles errors that are not a reply of the server.
fn unreachable_or_refused(error: &RedisError) -> (Kind, &'static str) {
    let text = error.to_string();
    if text.contains("certificate") {
        let cure = "the server's certificate is not trusted: give its root certificate to root_pem, \
                    and the name in the certificate in the URL";
        (Kind::Refused, cure)
    } else if text.contains("Permission denied") {
        (Kind::Refused, "the operating system denies access to the socket: check its permissions")
    } else {
        let cure = "no Redis server answers: start it, or check host and port of the URL, and \
                    whether it wants TLS (rediss://) or none (redis://)";
        (Kind::Unreachable, cure)
    }
}
