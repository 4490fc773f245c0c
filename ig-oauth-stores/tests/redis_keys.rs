//! Redis: its keys and indexes, how long they live, and what is in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![cfg(feature = "redis")]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use ig_oauth_common::UserId;
use ig_oauth_common::store::{
    AccountPage, AccountRecord, SessionIdHash, SessionRecord, Store as _,
};
use ig_oauth_stores::RedisStore;
use ig_oauth_test_servers::RedisServer;
use redis::{Connection, cmd};
use sha2::{Digest as _, Sha256};

mod support;
use support::*;

fn raw(url: &str) -> Connection {
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

fn all_keys(raw: &mut Connection) -> Vec<Vec<u8>> {
    let keys = cmd("SCAN").arg(0).arg("COUNT").arg(100_000).query(raw);
    let (_, keys): (String, _) = keys.unwrap();
    keys
}

/// The seconds each key has left; -1 for those without an end.
fn lives(raw: &mut Connection) -> BTreeMap<String, i64> {
    let mut lives = BTreeMap::new();
    for key in all_keys(raw) {
        let life = cmd("TTL").arg(&key).query(raw).unwrap();
        lives.insert(String::from_utf8(key).unwrap(), life);
    }
    // Gone between the two questions.
    lives.retain(|_, life| *life != -2);
    lives
}

#[tokio::test]
async fn every_key_goes_by_itself_but_not_before_its_record() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    fill(&store).await;
    let lives = lives(&mut raw(&server.url()));
    let days = |kind: &str| match kind {
        "session" | "sessions" => DAY,
        "account" | "known" | "users" | "expiry" => 60 * DAY,
        "deletion" => 90 * DAY,
        "claim" => 60,
        "check" => 0,
        other => panic!("a key of an unknown kind: {other}"),
    };
    let mut kinds: Vec<_> = lives.keys().filter_map(|key| key.split(':').nth(1)).collect();
    kinds.retain(|kind| *kind != "check");
    let expected =
        ["account", "claim", "deletion", "expiry", "known", "session", "sessions", "users"];
    assert_eq!(kinds, expected);
    for (key, life) in &lives {
        let rest = key.strip_prefix("{ig_oauth}:").unwrap();
        let least = i64::try_from(days(rest.split(':').next().unwrap())).unwrap();
        assert!((least..=least + 3_600).contains(life), "{key}: {life}");
    }
}

#[tokio::test]
async fn keys_live_as_long_as_their_records_come_to_live() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    fill(&store).await;
    let id = SessionIdHash::from_bytes([1; 32]);
    store.touch_session(&id, later(10), later(10 + 30 * DAY)).await.unwrap();
    let mut longer = account(1, &[11], b"newer");
    longer.expires_at = later(100 * DAY);
    assert!(store.replace_account(b"sealed", longer).await.unwrap());
    let at_least = |kind: &str, days: u64| {
        for (key, life) in lives(&mut raw(&server.url())) {
            if key.split(':').nth(1) == Some(kind) {
                assert!(life >= i64::try_from(days * DAY).unwrap(), "{key}: {life}");
            }
        }
    };
    ["session", "sessions"].into_iter().for_each(|kind| at_least(kind, 30));
    ["account", "known", "users", "expiry"].into_iter().for_each(|kind| at_least(kind, 100));
    // An index keeps the longest life of those it names.
    store.put_account(account(1, &[11], b"sealed"), Some(session(1, 2))).await.unwrap();
    at_least("sessions", 30);
    ["known", "users", "expiry"].into_iter().for_each(|kind| at_least(kind, 100));
}

#[tokio::test]
async fn indexes_let_go_of_what_redis_has_forgotten() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    let mut raw = raw(&server.url());
    for user in [1, 2] {
        let (id, further) = (u8::try_from(user).unwrap(), [11]);
        store
            .put_account(account(user, &further, b"sealed"), Some(session(user, id)))
            .await
            .unwrap();
    }
    let mut forget = |name: &str| {
        let gone: u64 = cmd("DEL").arg(name).query(&mut raw).unwrap();
        assert_eq!(gone, 1, "{name}");
    };
    forget("{ig_oauth}:account:1:app");
    let (id, known) = (SessionIdHash::from_bytes([1; 32]), UserId::from(11));
    assert_eq!(store.session(&id, NOW).await.unwrap(), None);
    let left = [account(2, &[11], b"sealed")];
    assert_eq!(store.accounts_known_by("app", &known).await.unwrap(), left);
    assert_eq!(
        store.accounts(AccountPage::new("app", 9).expiring_before(later(99 * DAY))).await.unwrap(),
        left
    );
    assert_eq!(store.accounts(AccountPage::new("app", 9)).await.unwrap(), left);
    // The user logs in again, and has neither an old session nor an old id.
    store.put_account(account(1, &[], b"newer"), Some(session(1, 3))).await.unwrap();
    assert_eq!(store.sessions(&key(1), NOW).await.unwrap(), [session(1, 3)]);
    assert_eq!(store.session(&id, NOW).await.unwrap(), None);
    assert_eq!(store.accounts_known_by("app", &known).await.unwrap(), left);
    forget(&format!("{{ig_oauth}}:session:{}", "03".repeat(32)));
    assert_eq!(store.sessions(&key(1), NOW).await.unwrap(), []);
    assert_eq!(store.end_sessions(&key(1)).await.unwrap(), 0);
}

#[tokio::test]
async fn indexes_of_forgotten_records_shrink_at_later_writes() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    let mut raw = raw(&server.url());
    for id in 1..=5 {
        store
            .put_account(account(id.into(), &[], b""), Some(session(id.into(), id)))
            .await
            .unwrap();
        store.put_account(account(9, &[], b""), Some(session(9, 100 + id))).await.unwrap();
    }
    for key in all_keys(&mut raw) {
        let key = String::from_utf8(key).unwrap();
        if key.starts_with("{ig_oauth}:session:") || key.starts_with("{ig_oauth}:account:") {
            let _: () = cmd("DEL").arg(key).query(&mut raw).unwrap();
        }
    }
    store.put_account(account(9, &[], b""), Some(session(9, 9))).await.unwrap();
    for index in ["users:app", "expiry:app", "sessions:9:app"] {
        let left: u64 = cmd("ZCARD").arg(format!("{{ig_oauth}}:{index}")).query(&mut raw).unwrap();
        assert_eq!(left, 1, "{index}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_accounts_come_in_order_page_by_page() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::builder(server.url()).timeout(Duration::from_secs(30));
    let store = store.connect().await.unwrap();
    // More than one script sorts; every third expires.
    let users: Vec<u64> = (1..=18_000).collect();
    for some in users.chunks(1_000) {
        let put = some.iter().map(|user| {
            let mut account = account(*user, &[], b"");
            account.expires_at = if user % 3 == 0 { later(DAY) } else { later(60 * DAY) };
            store.put_account(account, None)
        });
        for put in join_all(put).await {
            put.unwrap();
        }
    }
    let mut all: Vec<_> = users.iter().map(|user| key(*user)).collect();
    all.sort();
    let mut expiring: Vec<_> =
        users.iter().filter(|user| *user % 3 == 0).map(|it| key(*it)).collect();
    expiring.sort();
    let keys = |found: Vec<AccountRecord>| -> Vec<_> {
        found.into_iter().map(|account| account.key).collect()
    };
    assert_eq!(keys(store.accounts(AccountPage::new("app", usize::MAX)).await.unwrap()), all);
    let found = store
        .accounts(AccountPage::new("app", usize::MAX).expiring_before(later(DAY + 1)))
        .await
        .unwrap();
    assert_eq!(keys(found), expiring);
    // In pages, each revoked before the next: from walking in order to putting in order.
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store
            .accounts(
                AccountPage::new("app", 700).after(after.as_ref()).expiring_before(later(DAY + 1)),
            )
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        for account in &page {
            assert!(store.forget_account(&account.key, &account.sealed_token).await.unwrap());
        }
        seen.extend(keys(page));
    }
    assert_eq!(seen, expiring);
    assert_eq!(
        store.accounts(AccountPage::new("app", 9).expiring_before(later(DAY))).await.unwrap(),
        []
    );
}

/// The data that the library passes to a store, with markers for the data that it does not pass: a
/// session's id, of which it passes the hash, and a token, which it seals.
#[tokio::test]
async fn a_dump_of_everything_shows_no_session_id_and_no_token() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    fill(&store).await;
    let (id, token) = ("MARKER-SESSION-ID", "MARKER-TOKEN");
    let sealed: Vec<u8> = token.bytes().map(|byte| byte ^ 0x5a).collect();
    let id_hash = SessionIdHash::from_bytes(Sha256::digest(id).into());
    let session = SessionRecord::new(id_hash, key(1), NOW, NOW, later(DAY));
    store.put_account(account(1, &[11], &sealed), Some(session)).await.unwrap();
    assert!(store.replace_account(&sealed, account(1, &[11], &sealed)).await.unwrap());
    let mut raw = raw(&server.url());
    let mut dump = Vec::new();
    for key in all_keys(&mut raw) {
        let kind: String = cmd("TYPE").arg(&key).query(&mut raw).unwrap();
        let values: Vec<Vec<u8>> = match kind.as_str() {
            "hash" => cmd("HGETALL").arg(&key).query(&mut raw).unwrap(),
            "set" => cmd("SMEMBERS").arg(&key).query(&mut raw).unwrap(),
            "zset" => cmd("ZRANGE").arg(&key).arg(0).arg(-1).query(&mut raw).unwrap(),
            other => panic!("a key of the type {other}"),
        };
        let packed: Option<Vec<u8>> = cmd("DUMP").arg(&key).query(&mut raw).unwrap();
        dump.extend([key, values.concat(), packed.unwrap_or_default()]);
    }
    let holds = |marker: &[u8]| {
        dump.iter().any(|bytes| bytes.windows(marker.len()).any(|window| window == marker))
    };
    // The search finds what is there.
    assert!(holds(&sealed) && holds(b"instagram_business_basic"));
    let hash: String = id_hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(holds(hash.as_bytes()));
    assert!(!holds(b"MARKER"));
}
