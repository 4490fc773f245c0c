//! Redis, or Valkey: a real server of the test's own.
#![cfg(all(feature = "redis", feature = "suite"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod records;

use std::time::{Duration, Instant};

use ig_oauth_common::Store as _;
use ig_oauth_stores::{RedisStore, StoreSetupErrorKind, suite};
use ig_oauth_test_servers::RedisServer;
use records::{HOUR, NOW, login};

#[tokio::test(flavor = "multi_thread")]
async fn redis_passes_the_suite() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    let cases = suite::run_all(&store).await;
    println!("suite on redis: {cases} cases");
}

#[tokio::test]
async fn a_server_that_was_killed_is_used_again_once_it_is_back() {
    let Some(mut server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    let (session, account) = login();
    store.begin_session(session.clone(), account.clone()).await.unwrap();
    for _ in 0..3 {
        server.kill();
        assert!(store.session(&session.id_hash, NOW).await.is_err());
        server.restart();
        let found = store.session(&session.id_hash, NOW).await.unwrap();
        assert_eq!(found, Some((session.clone(), account.clone())));
        // And where nobody asked while it was down.
        server.kill();
        server.restart();
        assert!(store.session(&session.id_hash, NOW).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_an_error_within_the_timeout() {
    let Some(server) = RedisServer::start() else { return };
    let timeout = Duration::from_millis(300);
    let store = RedisStore::builder(server.url()).timeout(timeout).connect().await.unwrap();
    server.pause();
    for _ in 0..2 {
        let begun = Instant::now();
        assert!(store.account(&login().1.key, NOW).await.is_err());
        assert!(begun.elapsed() >= timeout, "it was waited for");
    }
    let again = RedisStore::builder(server.url()).timeout(timeout).connect().await.unwrap_err();
    assert_eq!(again.kind(), StoreSetupErrorKind::Unreachable);
    assert!(again.to_string().contains("does not answer within 300ms"), "{again}");
    server.resume();
    assert_eq!(store.account(&login().1.key, NOW).await.unwrap(), None);
}

#[tokio::test]
async fn redis_itself_lets_records_expire() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    let (session, account) = login();
    store.begin_session(session, account).await.unwrap();
    assert!(store.claim(records::claim(), NOW).await.unwrap());
    store.put_deletion(records::deletion()).await.unwrap();
    let mut raw = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut raw).unwrap();
    assert_eq!(keys.len(), 7, "{keys:?}");
    for key in keys {
        assert!(key.starts_with("{ig_oauth}:"), "{key}");
        let left: i64 = redis::cmd("TTL").arg(&key).query(&mut raw).unwrap();
        // The list of an app's accounts stays, and loses names as accounts go.
        assert_eq!(left > 0, !key.starts_with("{ig_oauth}:accounts:"), "{key} {left}");
        assert!(left <= 61 * 24 * 3600, "{key} {left}");
    }
    // What Redis lets go leaves no name behind for long.
    let gone: Vec<String> = redis::cmd("KEYS").arg("*:account:*").query(&mut raw).unwrap();
    redis::cmd("DEL").arg(gone).exec(&mut raw).unwrap();
    for _ in 0..2 {
        let (_, another) = login();
        store.put_account(another).await.unwrap();
    }
    let names: u64 = redis::cmd("ZCARD").arg("{ig_oauth}:accounts:client").query(&mut raw).unwrap();
    assert_eq!(names, 2);
}

#[tokio::test]
async fn connections_do_not_depend_on_the_runtime_that_needed_them_first() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    records::works_after_another_runtime_is_gone(std::sync::Arc::new(store)).await;
}

#[tokio::test]
async fn stores_with_different_prefixes_do_not_meet() {
    let Some(server) = RedisServer::start() else { return };
    let one = RedisStore::connect(server.url()).await.unwrap();
    let other = RedisStore::builder(server.url()).prefix("other").connect().await.unwrap();
    records::do_not_meet(&one, &other).await;
}

#[tokio::test]
async fn what_keeps_a_store_from_connecting_is_explained() {
    use StoreSetupErrorKind::{InvalidSetting, InvalidUrl, Refused, Unreachable};
    let refused = async |builder: ig_oauth_stores::RedisStoreBuilder, kind, words: &str| {
        assert!(!format!("{builder:?}").contains("hunter2"));
        let error = builder.connect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?}{error}").contains("hunter2"), "{error}");
    };
    let url = |url: &str| RedisStore::builder(url);
    refused(url("postgres://hunter2@localhost"), InvalidUrl, "write redis://").await;
    refused(url("redis://:hunter2@local host"), InvalidUrl, "write redis://").await;
    refused(url("redis+unix:///no/such?pass=hunter2"), Unreachable, "start it").await;
    let good = || url("redis://:hunter2@127.0.0.1:1/");
    refused(good().prefix("Users:"), InvalidSetting, "lower-case letters").await;
    refused(good().timeout(Duration::ZERO), InvalidSetting, "2 seconds").await;
    refused(good(), Unreachable, "check host and port").await;
    let Some(server) = RedisServer::start_with_password("correct-horse") else { return };
    refused(url(&server.url()), Refused, "check user and password").await;
    refused(url(&server.url_with_password("hunter2")), Refused, "check user and password").await;
    RedisStore::connect(server.url_with_password("correct-horse")).await.unwrap();
}

#[tokio::test]
async fn expiring_accounts_are_found_among_thousands() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    for number in 0..2_500_u64 {
        let mut account = records::account_of(number);
        if number % 1_000 == 7 {
            account.expires_at = NOW.saturating_add(HOUR);
        }
        store.put_account(account).await.unwrap();
    }
    let before = NOW.saturating_add(2 * HOUR);
    let found = store.accounts_expiring("client", before, None, 10).await.unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(store.accounts("client", None, 5_000).await.unwrap().len(), 2_500);
}
