//! TLS to the server with rustls, or none if the feature is off.

#[cfg(feature = "rustls")]
pub(super) use with_rustls::Connector;

/// Without the feature there is no TLS.
#[cfg(not(feature = "rustls"))]
pub(super) type Connector = tokio_postgres::NoTls;

#[cfg(feature = "rustls")]
mod with_rustls {
    use std::future::Future;
    use std::io;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use rustls::ClientConfig;
    use rustls::pki_types::{InvalidDnsNameError, ServerName};
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
    use tokio_postgres::Socket;
    use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;

    use crate::error::StoreSetupError;

    /// Starts handshakes.
    #[derive(Clone)]
    pub(in crate::postgres) struct Connector(Arc<ClientConfig>);

    impl Connector {
        /// Trusts the system's roots, or only the given roots.
        pub(in crate::postgres) fn new(root_pem: Option<&[u8]>) -> Result<Self, StoreSetupError> {
            let mut config = crate::tls::client_config(root_pem)?;
            // The server requires this protocol when TLS starts without negotiation.
            config.alpn_protocols = vec![b"postgresql".to_vec()];
            Ok(Self(Arc::new(config)))
        }
    }

    impl MakeTlsConnect<Socket> for Connector {
        type Stream = Stream;
        type TlsConnect = Handshake;
        type Error = InvalidDnsNameError;

        fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, Self::Error> {
            let name = ServerName::try_from(domain.to_owned())?;
            Ok(Handshake { connector: TlsConnector::from(Arc::clone(&self.0)), name })
        }
    }

    /// One handshake.
    pub(in crate::postgres) struct Handshake {
        connector: TlsConnector,
        name: ServerName<'static>,
    }

    impl TlsConnect<Socket> for Handshake {
        type Stream = Stream;
        type Error = io::Error;
        type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

        fn connect(self, socket: Socket) -> Self::Future {
            Box::pin(async move { Ok(Stream(self.connector.connect(self.name, socket).await?)) })
        }
    }

    /// An encrypted connection.
    pub(in crate::postgres) struct Stream(TlsStream<Socket>);

    impl tokio_postgres::tls::TlsStream for Stream {
        fn channel_binding(&self) -> ChannelBinding {
            ChannelBinding::none()
        }
    }

    impl AsyncRead for Stream {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }

    impl AsyncWrite for Stream {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }
}
