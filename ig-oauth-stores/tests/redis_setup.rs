//! Redis: the error texts when a store cannot be set up, and what they must not contain.
#![cfg(feature = "redis")]

use std::time::Duration;

use ig_oauth_stores::{RedisStore, StoreSetupErrorKind};
use ig_oauth_test_servers::RedisServer;

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let Some(server) = RedisServer::start_with_password("the-right-one") else { return };
    RedisStore::connect(server.url_with_password("the-right-one")).await.unwrap();
    let url = server.url_with_password("hunter2");
    for url in [url.clone(), format!("{url}&user=somebody"), server.url()] {
        let error = RedisStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::Refused);
        assert!(error.to_string().contains("check name and password in the URL"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_password_the_server_does_not_ask_for_is_refused_and_not_shown() {
    let Some(server) = RedisServer::start() else { return };
    let error = RedisStore::connect(server.url_with_password("hunter2")).await.unwrap_err();
    assert_eq!(error.kind(), StoreSetupErrorKind::Refused);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told() {
    let Some(server) = RedisServer::start() else { return };
    let error = RedisStore::connect(format!("{}?db=77", server.url())).await.unwrap_err();
    assert_eq!(error.kind(), StoreSetupErrorKind::Refused);
    assert!(error.to_string().contains("the database of the URL's end"), "{error}");
}

#[tokio::test]
async fn a_url_that_is_none_is_told_without_being_shown() {
    let urls = [
        "",
        "hunter2",
        "postgres://app:hunter2@db.example/app",
        "redis://app:hunter2@/0",
        "redis://app:hunter2@db.example/notanumber",
        "redis://app:hunter2#1@db.example/0",
        "redis://app:hunter2@db.example:port/0",
        "rediss://app:hunter2@db.example/#insecure",
    ];
    for url in urls {
        let error = RedisStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::InvalidUrl, "{url}");
        assert!(error.to_string().contains("redis://user:password@host:6379/0"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_told() {
    let url = "redis://localhost";
    let builders = [
        RedisStore::builder(url).prefix("no{braces}"),
        RedisStore::builder(url).timeout(Duration::ZERO),
    ];
    for builder in builders {
        let error = builder.connect().await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::InvalidSetting);
    }
}

#[cfg(not(feature = "rustls"))]
#[tokio::test]
async fn a_url_with_tls_asks_for_the_feature() {
    let error = RedisStore::connect("rediss://app:hunter2@localhost").await.unwrap_err();
    assert_eq!(error.kind(), StoreSetupErrorKind::InvalidSetting);
    assert!(error.to_string().contains("enable the feature rustls"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once() {
    for url in ["redis+unix:///no/such/socket", "redis://app:hunter2@127.0.0.1:1"] {
        let error = RedisStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), StoreSetupErrorKind::Unreachable);
        assert!(error.to_string().starts_with("no Redis server answers: start it"), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[tokio::test]
async fn neither_builder_nor_store_show_the_url() {
    let Some(server) = RedisServer::start_with_password("hunter2") else { return };
    let builder = RedisStore::builder(server.url_with_password("hunter2"));
    let shown = format!("{builder:?}");
    let store = builder.connect().await.unwrap();
    for shown in [shown, format!("{store:?}")] {
        assert!(shown.contains("ig_oauth") && !shown.contains("hunter2"), "{shown}");
    }
}
