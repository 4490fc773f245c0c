//! Where the server is, and a new connection to it.
//!
//! Sockets are opened here and not by the driver: its way to TLS ends in a panic where an app has
//! brought along a second cryptography library, and it cannot say whether a connection still lives.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisError,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
#[cfg(feature = "tls")]
use tokio_rustls::TlsConnector;

use crate::error::{StoreSetupError, StoreSetupErrorKind as Kind};

/// Where the server is and how to log in there.
#[derive(Clone)]
pub(super) struct Address {
    place: Place,
    login: RedisConnectionInfo,
}

#[derive(Clone)]
enum Place {
    Tcp {
        host: String,
        port: u16,
        #[cfg(feature = "tls")]
        tls: Option<TlsConnector>,
    },
    #[cfg(unix)]
    Unix(std::path::PathBuf),
}

/// A connection with the task that reads and writes for it.
pub(super) type Dialled = (MultiplexedConnection, JoinHandle<()>);

impl Address {
    /// Reads a URL. The driver's words for one it cannot read may quote it, so they are not passed on.
    pub(super) fn new(
        url: &str,
        #[cfg(feature = "tls")] root_pem: Option<&[u8]>,
    ) -> Result<Self, StoreSetupError> {
        let (url, wants_tls) = without_tls(url);
        // What follows a # is the rest of a password, or asks the driver to trust anybody.
        let is_whole = !url.contains('#');
        let info = is_whole.then(|| url.as_str().into_connection_info().ok()).flatten();
        let info = info.ok_or_else(unreadable)?;
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Place::Tcp {
                host: host.clone(),
                port: *port,
                #[cfg(feature = "tls")]
                tls: wants_tls.then(|| connector(root_pem)).transpose()?,
            },
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => Place::Unix(path.clone()),
            _ => return Err(unreadable()),
        };
        #[cfg(not(feature = "tls"))]
        if wants_tls {
            let text = "the URL asks for TLS: enable the feature tls of ig-oauth-stores";
            return Err(StoreSetupError::new(Kind::InvalidSetting, text));
        }
        Ok(Self { place, login: login(&info) })
    }

    /// Opens a connection and logs in. Takes as long as it takes.
    pub(super) async fn dial(&self) -> Result<Dialled, RedisError> {
        match &self.place {
            #[cfg(unix)]
            Place::Unix(path) => self.greet(tokio::net::UnixStream::connect(path).await?).await,
            #[cfg(feature = "tls")]
            Place::Tcp { host, port, tls: Some(connector) } => {
                let name = rustls::pki_types::ServerName::try_from(host.clone());
                let name = name.map_err(std::io::Error::other)?;
                let socket = tcp(host, *port).await?;
                self.greet(connector.connect(name, socket).await?).await
            }
            Place::Tcp { host, port, .. } => self.greet(tcp(host, *port).await?).await,
        }
    }

    async fn greet<S>(&self, stream: S) -> Result<Dialled, RedisError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Whoever waits for an answer has a limit of their own.
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
    // Requests are small and somebody waits for each.
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// The URL with the scheme that has no TLS, and whether it had the one with it.
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

#[cfg(feature = "tls")]
fn connector(root_pem: Option<&[u8]>) -> Result<TlsConnector, StoreSetupError> {
    let config = crate::tls::client_config(root_pem)?;
    Ok(TlsConnector::from(std::sync::Arc::new(config)))
}
