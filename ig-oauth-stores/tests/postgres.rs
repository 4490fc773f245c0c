//! PostgreSQL: a real server of the test's own.
#![cfg(all(feature = "postgres", feature = "suite"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod support;

use std::time::Duration;

use ig_oauth_common::store::{AccountPage, Store as _};
use ig_oauth_stores::{PostgresStore, StoreSetupErrorKind, suite};
use ig_oauth_test_servers::PostgresServer;
use support::{HOUR, NOW, beside, login};
use tokio_postgres::NoTls;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_passes_the_suite() {
    let Some(server) = PostgresServer::start() else { return };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let cases = suite::run_all(&store).await;
    println!("suite on postgres: {cases} cases");
}

#[tokio::test]
async fn a_server_that_was_killed_is_used_again_once_it_is_back() {
    let Some(mut server) = PostgresServer::start() else { return };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let (session, account) = login();
    store.put_account(account.clone(), Some(session.clone())).await.unwrap();
    for _ in 0..2 {
        server.kill();
        assert!(store.session(&session.id_hash, NOW).await.is_err());
        server.restart();
        let found = store.session(&session.id_hash, NOW).await.unwrap();
        assert_eq!(found, Some((session.clone(), account.clone())));
    }
}

#[tokio::test]
async fn a_lock_held_elsewhere_is_an_error_within_the_timeout_and_leaves_nothing_behind() {
    let Some(server) = PostgresServer::start() else { return };
    let builder = PostgresStore::builder(server.url()).pool_size(2);
    let store = builder.timeout(Duration::from_secs(1)).connect().await.unwrap();
    let (session, account) = login();
    store.put_account(account, Some(session.clone())).await.unwrap();
    let holder = beside(&server).await;
    holder.batch_execute("BEGIN; LOCK TABLE ig_oauth_sessions").await.unwrap();
    for _ in 0..5 {
        assert!(store.session(&session.id_hash, NOW).await.is_err());
    }
    holder.batch_execute("COMMIT").await.unwrap();
    assert!(store.session(&session.id_hash, NOW).await.unwrap().is_some());
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ig-oauth'";
    let connections: i64 = holder.query_one(count, &[]).await.unwrap().get(0);
    assert!(connections <= 3, "{connections} connections");
}

#[tokio::test]
async fn starting_instances_make_the_tables_once() {
    let Some(server) = PostgresServer::start() else { return };
    let starting = (0..8).map(|_| PostgresStore::connect(server.url()));
    let stores = futures_util::future::join_all(starting).await;
    for store in stores {
        store.unwrap();
    }
}

#[tokio::test]
async fn the_printed_tables_are_the_ones_it_wants() {
    let Some(server) = PostgresServer::start() else { return };
    let unmanaged = || PostgresStore::builder(server.url()).prefix("mine").manage_schema(false);
    let missing = unmanaged().connect().await.unwrap_err();
    assert_eq!(missing.kind(), StoreSetupErrorKind::Schema);
    assert!(missing.to_string().contains("PostgresStore::schema(\"mine\")"), "{missing}");
    let client = beside(&server).await;
    client.batch_execute(&PostgresStore::schema("mine").unwrap()).await.unwrap();
    let store = unmanaged().connect().await.unwrap();
    store.put_account(login().1, None).await.unwrap();
    client.batch_execute("UPDATE mine_schema SET version = 99").await.unwrap();
    let newer = unmanaged().connect().await.unwrap_err();
    assert!(newer.to_string().contains("update it"), "{newer}");
}

#[tokio::test]
async fn a_thousand_writes_clear_what_has_expired_by_every_clock() {
    let Some(server) = PostgresServer::start() else { return };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    support::forgets_what_has_expired_by_every_clock(&store).await;
}

#[tokio::test]
async fn what_has_expired_is_forgotten() {
    let Some(server) = PostgresServer::start() else { return };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let (session, account) = login();
    store.put_account(account.clone(), Some(session)).await.unwrap();
    assert!(store.claim(support::claim(), NOW).await.unwrap());
    store.put_deletion(None, support::deletion(), NOW).await.unwrap();
    assert_eq!(store.purge_expired(NOW).await.unwrap(), 0);
    assert_eq!(store.purge_expired(NOW.saturating_add(2 * HOUR)).await.unwrap(), 2);
    assert_eq!(store.purge_expired(NOW.saturating_add(25 * HOUR)).await.unwrap(), 1);
    assert!(store.account(&account.key, NOW).await.unwrap().is_some());
    assert_eq!(store.purge_expired(NOW.saturating_add(61 * 24 * HOUR)).await.unwrap(), 1);
    assert_eq!(store.accounts(AccountPage::new("client", 10)).await.unwrap(), []);
}

#[tokio::test]
async fn connections_do_not_depend_on_the_runtime_that_needed_them_first() {
    let Some(server) = PostgresServer::start() else { return };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    support::works_after_another_runtime_is_gone(std::sync::Arc::new(store)).await;
}

#[tokio::test]
async fn stores_with_different_prefixes_do_not_meet() {
    let Some(server) = PostgresServer::start() else { return };
    let one = PostgresStore::connect(server.url()).await.unwrap();
    let other = PostgresStore::builder(server.url()).prefix("other").connect().await.unwrap();
    support::do_not_meet(&one, &other).await;
}

#[tokio::test]
async fn what_keeps_a_store_from_connecting_is_explained() {
    use StoreSetupErrorKind::{InvalidSetting, InvalidUrl, Refused, Schema, Unreachable};
    let refused = async |builder: ig_oauth_stores::PostgresStoreBuilder, kind, words: &str| {
        assert!(!format!("{builder:?}").contains("hunter2"));
        let error = builder.connect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?}{error}").contains("hunter2"), "{error}");
    };
    let url = |url: &str| PostgresStore::builder(url);
    refused(url("redis://hunter2@localhost"), InvalidUrl, "write postgres://").await;
    refused(url("postgres://x:hunter2@local:port/"), InvalidUrl, "percent-encoded").await;
    let good = || url("postgres://x:hunter2@127.0.0.1:1/x?sslmode=disable");
    refused(good().prefix("Users;"), InvalidSetting, "lower-case letters").await;
    refused(good().timeout(Duration::ZERO), InvalidSetting, "2 seconds").await;
    refused(good().pool_size(0), InvalidSetting, "at least one").await;
    refused(good(), Unreachable, "check host and port").await;
    let Some(server) = PostgresServer::start_with_password("correct-horse") else { return };
    refused(url(&server.url_with_password("hunter2")), Refused, "check name and password").await;
    let right = server.url_with_password("correct-horse");
    let elsewhere = format!("{}/nowhere", right.rsplit_once('/').unwrap().0);
    refused(url(&elsewhere), Refused, "the database does not exist").await;
    PostgresStore::connect(&right).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&right, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE USER weak PASSWORD 'hunter2'").await.unwrap();
    let weak = right.replace("postgres:correct-horse@", "weak:hunter2@");
    refused(url(&weak).prefix("another"), Schema, "GRANT CREATE").await;
}
