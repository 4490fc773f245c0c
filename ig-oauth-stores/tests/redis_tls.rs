//! Redis over TLS: whom the store trusts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![cfg(all(feature = "redis", feature = "rustls"))]

use std::sync::Arc;
use std::time::Duration;

use ig_oauth_common::store::{Claim, Store as _};
use ig_oauth_stores::{RedisStore, StoreSetupErrorKind};
use ig_oauth_test_servers::RedisServer;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

mod support;
use support::*;

/// Puts TLS in front of the server, under a certificate for `name`. Gives port and certificate.
async fn front(server: &RedisServer, name: &str) -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider().into();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], signing_key.serialize_der().try_into().unwrap())
        .unwrap();
    let port = forward(server, Some(TlsAcceptor::from(Arc::new(config)))).await;
    (port, cert.pem())
}

/// Forwards a port to the server's socket, without TLS or with it.
async fn forward(server: &RedisServer, tls: Option<TlsAcceptor>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let socket = server.url().strip_prefix("redis+unix://").unwrap().to_owned();
    tokio::spawn(async move {
        loop {
            let (mut outer, _) = listener.accept().await.unwrap();
            let (tls, socket) = (tls.clone(), socket.clone());
            tokio::spawn(async move {
                let mut inner = UnixStream::connect(socket).await.unwrap();
                let _ = match tls {
                    None => copy_bidirectional(&mut outer, &mut inner).await,
                    Some(tls) => match tls.accept(outer).await {
                        Ok(mut outer) => copy_bidirectional(&mut outer, &mut inner).await,
                        Err(error) => Err(error),
                    },
                };
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_under_the_given_root_is_trusted() {
    let Some(server) = RedisServer::start_with_password("hunter2") else { return };
    let (port, root) = front(&server, "localhost").await;
    for scheme in ["rediss", "valkeys"] {
        let url = format!("{scheme}://:hunter2@localhost:{port}");
        let store = RedisStore::builder(url).root_pem(root.clone()).connect().await.unwrap();
        fill(&store).await;
        assert!(store.account(&key(1), NOW).await.unwrap().is_some());
        assert!(store.claim(Claim::given_back("state", "owner"), NOW).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_under_another_root_or_name_is_refused() {
    let Some(server) = RedisServer::start() else { return };
    let (port, root) = front(&server, "localhost").await;
    let (_, other) = front(&server, "localhost").await;
    let (misnamed, its_root) = front(&server, "elsewhere.example").await;
    let url = |port| RedisStore::builder(format!("rediss://localhost:{port}"));
    let builders =
        [url(port), url(port).root_pem(other), url(misnamed).root_pem(its_root), url(misnamed)];
    for builder in builders {
        let error = builder.connect().await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::Refused, "{error}");
        assert!(error.to_string().contains("give its root certificate to root_pem"), "{error}");
    }
    url(port).root_pem(root).connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_where_there_is_none_and_none_where_there_is_are_told() {
    let Some(server) = RedisServer::start() else { return };
    let (encrypted, root) = front(&server, "localhost").await;
    let plain = forward(&server, None).await;
    RedisStore::connect(format!("redis://localhost:{plain}")).await.unwrap();
    let builders = [
        RedisStore::builder(format!("redis://:hunter2@localhost:{encrypted}")),
        RedisStore::builder(format!("rediss://:hunter2@localhost:{plain}")).root_pem(root),
    ];
    for builder in builders {
        let timeout = Duration::from_secs(2);
        let error = builder.timeout(timeout).connect().await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::Unreachable, "{error}");
        assert!(error.to_string().contains("TLS (rediss://)"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_root_that_is_none_is_told() {
    for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let builder = RedisStore::builder("rediss://localhost").root_pem(pem);
        let error = builder.connect().await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::InvalidSetting);
        assert!(error.to_string().starts_with("root_pem holds"), "{error}");
    }
}
