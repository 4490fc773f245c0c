//! Redis: the suite, and a server that comes and goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![cfg(feature = "redis")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ig_oauth_common::UserId;
use ig_oauth_common::store::{Claim, SessionIdHash, Store as _};
use ig_oauth_stores::{RedisStore, StoreSetupErrorKind};
use ig_oauth_test_servers::{Passage, RedisServer};
use redis::{Connection, cmd};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::Notify;

mod support;
use support::*;

fn raw(url: &str) -> Connection {
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

#[cfg(feature = "suite")]
#[tokio::test(flavor = "multi_thread")]
async fn redis_passes_the_suite() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    let cases = ig_oauth_stores::suite::run_all(&store).await;
    println!("suite on redis: {cases} cases");
}

#[cfg(feature = "suite")]
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_permissions_suffice_for_the_suite() {
    let Some(server) = RedisServer::start() else { return };
    let rules = "on >pw ~{login}* +@read +@write +@scripting +@connection";
    let rules: Vec<_> = rules.split(' ').collect();
    let _: () =
        cmd("ACL").arg("SETUSER").arg("app").arg(rules).query(&mut raw(&server.url())).unwrap();
    let url = format!("{}?user=app&pass=pw", server.url());
    let refused = RedisStore::connect(url.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), StoreSetupErrorKind::Refused);
    assert!(refused.to_string().contains("ACL SETUSER"), "{refused}");
    let store = RedisStore::builder(url).prefix("login").connect().await.unwrap();
    ig_oauth_stores::suite::run_all(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_and_restarted_server_is_used_again_without_a_restart_of_the_store() {
    let Some(mut server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    fill(&store).await;
    let id = SessionIdHash::from_bytes([1; 32]);
    for _ in 0..3 {
        server.kill();
        for _ in 0..3 {
            let error = store.session(&id, NOW).await.unwrap_err();
            assert!(cause(&error).starts_with("Redis: "), "{}", cause(&error));
        }
        server.restart();
        assert!(store.session(&id, NOW).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_restarted_while_nothing_was_asked_is_not_noticed() {
    let Some(mut server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    fill(&store).await;
    for turn in [b"1", b"2", b"3"] {
        let present = store.account(&key(1), NOW).await.unwrap().unwrap().sealed_token;
        server.kill();
        server.restart();
        assert!(store.replace_account(&present, account(1, &[11], turn)).await.unwrap());
    }
}

/// The loop of a test on one thread cannot notice the end of the connection before it asks.
#[tokio::test]
async fn a_question_on_a_connection_that_has_just_broken_is_asked_again() {
    let Some(mut server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    fill(&store).await;
    server.kill();
    server.restart();
    assert!(store.account(&key(1), NOW).await.unwrap().is_some());
    server.kill();
    server.restart();
    assert!(store.claim(Claim::new("new", "owner", later(60)), NOW).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_server_is_an_error_within_the_timeout() {
    let Some(server) = RedisServer::start() else { return };
    let timeout = Duration::from_secs(1);
    let store = RedisStore::builder(server.url()).timeout(timeout).connect().await.unwrap();
    fill(&store).await;
    server.pause();
    for _ in 0..2 {
        let keys: Vec<_> = (0..50).map(key).collect();
        let answers = join_all(keys.iter().map(|key| store.account(key, NOW))).await;
        for answer in answers {
            let error = answer.unwrap_err();
            assert_eq!(cause(&error), "Redis: no answer within 1s");
        }
    }
    let error = RedisStore::builder(server.url()).timeout(timeout).connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreSetupErrorKind::Unreachable);
    assert!(error.to_string().contains("does not answer within 1s"), "{error}");
    server.resume();
    assert!(store.account(&key(1), NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn scripts_the_server_has_lost_are_given_again() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    fill(&store).await;
    let _: () = cmd("SCRIPT").arg("FLUSH").query(&mut raw(&server.url())).unwrap();
    assert!(store.account(&key(1), NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn stores_of_different_prefixes_do_not_meet() {
    let Some(server) = RedisServer::start() else { return };
    let one = RedisStore::connect(server.url()).await.unwrap();
    let other = RedisStore::builder(server.url()).prefix("other").connect().await.unwrap();
    fill(&one).await;
    assert_eq!(other.account(&key(1), NOW).await.unwrap(), None);
    assert!(other.claim(Claim::new("state", "rival", later(60)), NOW).await.unwrap());
    assert_eq!(other.accounts_known_by("app", &UserId::from(11)).await.unwrap(), []);
    assert!(one.account(&key(1), NOW).await.unwrap().is_some());
}

/// As behind a firewall that drops a connection's packets: no reply arrives, and neither side
/// closes the connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_silently_died_costs_one_timeout() {
    let Some(server) = RedisServer::start() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let socket = server.url().strip_prefix("redis+unix://").unwrap().to_owned();
    let stall = Arc::new(Notify::new());
    let stalls = Arc::clone(&stall);
    tokio::spawn(async move {
        loop {
            let (mut outer, _) = listener.accept().await.unwrap();
            let mut inner = UnixStream::connect(&socket).await.unwrap();
            let stalls = Arc::clone(&stalls);
            tokio::spawn(async move {
                tokio::select! {
                    _ = copy_bidirectional(&mut outer, &mut inner) => {}
                    () = stalls.notified() => std::future::pending().await,
                }
            });
        }
    });
    let timeout = Duration::from_secs(1);
    let store = RedisStore::builder(url).timeout(timeout).connect().await.unwrap();
    fill(&store).await;
    for _ in 0..2 {
        stall.notify_waiters();
        let error = store.account(&key(1), NOW).await.unwrap_err();
        assert_eq!(cause(&error), "Redis: no answer within 1s");
        assert!(store.account(&key(1), NOW).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn connections_do_not_depend_on_the_runtime_that_needed_them_first() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    works_after_another_runtime_is_gone(Arc::new(store)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_costs_few_connections() {
    let Some(server) = RedisServer::start() else { return };
    let passage = Passage::open(server.socket()).await;
    let url = format!("redis://{}", passage.address());
    let store = RedisStore::builder(url).timeout(outage::TIMEOUT).connect().await.unwrap();
    // At most one a timeout, and one timeout a wave.
    outage::an_outage_costs_few_connections(&store, &passage, server.socket(), 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_worker_keeps_nobody_waiting() {
    let Some(mut server) = RedisServer::start() else { return };
    let store = Arc::new(RedisStore::connect(server.url()).await.unwrap());
    // The worker is the first to need a new connection.
    server.kill();
    assert!(store.account(&key(1), NOW).await.is_err());
    server.restart();
    outage::a_blocked_worker_keeps_nobody_waiting(store).await;
}

#[tokio::test]
async fn a_store_made_in_a_runtime_that_is_gone_works_where_it_is_used() {
    let Some(server) = RedisServer::start() else { return };
    let url = server.url();
    let connect = async || RedisStore::connect(url).await.unwrap();
    let store = outage::made_elsewhere(connect).await;
    outage::works(&store).await;
}
