//! The server's address, and opening connections to it.
//!
//! This module opens the sockets itself instead of using the driver. The driver's TLS panics if an
//! app uses a second cryptography library, and the driver cannot say whether a connection is still
//! open.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisError,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
#[cfg(feature = "rustls")]
use tokio_rustls::TlsConnector;

use crate::error::{StoreSetupError, StoreSetupErrorKind as Kind};

/// The server's address and the login.
#[derive(Clone)]
pub(super) struct Address {
    place: Endpoint,
    login: RedisConnectionInfo,
}

#[derive(Clone)]
enum Endpoint {
    Tcp {
        host: String,
        port: u16,
        #[cfg(feature = "rustls")]
        tls: Option<TlsConnector>,
    },
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

/// A connection with the task that drives it.
pub(super) type Dialled = (MultiplexedConnection, JoinHandle<()>);

impl Address {
    /// Parses a URL. The driver's error for an invalid one may quote it, so that error is not
    /// passed on.
    pub(super) fn new(
        url: &str,
        #[cfg(feature = "rustls")] root_pem: Option<&[u8]>,
    ) -> Result<Self, StoreSetupError> {
        let (url, wants_tls) = without_tls(url);
        // The text after a # would be the rest of a password, or would tell the driver to trust any
        // certificate.
        let is_whole = !url.contains('#');
        let info = is_whole.then(|| url.as_str().into_connection_info().ok()).flatten();
        let info = info.ok_or_else(unreadable)?;
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Endpoint::Tcp {
                host: host.clone(),
                port: *port,
                #[cfg(feature = "rustls")]
                tls: wants_tls.then(|| connector(root_pem)).transpose()?,
            },
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => Endpoint::Unix(path.clone()),
            _ => return Err(unreadable()),
        };
        #[cfg(not(feature = "rustls"))]
        if wants_tls {
            let text = "the URL asks for TLS: enable the feature rustls of ig-oauth-stores";
            return Err(StoreSetupError::new(Kind::InvalidSetting, text));
        }
        Ok(Self { place, login: login(&info) })
    }

    /// Opens a connection and logs in, without a time limit.
    pub(super) async fn dial(&self) -> Result<Dialled, RedisError> {
        match &self.place {
            #[cfg(unix)]
            Endpoint::Unix(path) => self.greet(tokio::net::UnixStream::connect(path).await?).await,
            #[cfg(feature = "rustls")]
            Endpoint::Tcp { host, port, tls: Some(connector) } => {
                let name = rustls::pki_types::ServerName::try_from(host.clone());
                let name = name.map_err(std::io::Error::other)?;
                let socket = tcp(host, *port).await?;
                self.greet(connector.connect(name, socket).await?).await
            }
            Endpoint::Tcp { host, port, .. } => self.greet(tcp(host, *port).await?).await,
        }
    }

    async fn greet<S>(&self, stream: S) -> Result<Dialled, RedisError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Callers have their own time limits.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None::<Duration>)
            .set_response_timeout(None::<Duration>);
        let (connection, driver) =
            MultiplexedConnection::new_with_config(&self.login, stream, config).await?;
        Ok((connection, tokio::spawn(driver)))
    }
}

async fn tcp(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let socket = TcpStream::connect((host, port)).await?;
    // Requests are small, and each has a caller that waits.
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// The URL with the scheme without TLS, and whether its scheme had TLS.
fn without_tls(url: &str) -> (String, bool) {
    let rest = url.strip_prefix("rediss://").or_else(|| url.strip_prefix("valkeys://"));
    match rest {
        Some(rest) => (format!("redis://{rest}"), true),
        None => (url.to_owned(), false),
    }
}

fn login(info: &ConnectionInfo) -> RedisConnectionInfo {
    info.redis_settings().clone().set_lib_name("ig-oauth-stores", env!("CARGO_PKG_VERSION"))
}

fn unreadable() -> StoreSetupError {
    let text = "the URL is not one of Redis: write redis://user:password@host:6379/0, or rediss:// \
                for TLS, with special characters of the password percent-encoded";
    StoreSetupError::new(Kind::InvalidUrl, text)
}

#[cfg(feature = "rustls")]
fn connector(root_pem: Option<&[u8]>) -> Result<TlsConnector, StoreSetupError> {
    let config = crate::tls::client_config(root_pem)?;
    Ok(TlsConnector::from(std::sync::Arc::new(config)))
}
