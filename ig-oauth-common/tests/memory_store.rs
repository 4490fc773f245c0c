//! The store in memory, when it is full.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use ig_oauth_common::store::{
    AccountKey, AccountPage, AccountRecord, Claim, MemoryStore, SessionIdHash, SessionRecord,
    Store as _,
};
use ig_oauth_common::{Timestamp, UserId};

const CLIENT: &str = "990602627938098";

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn key(user: u64) -> AccountKey {
    AccountKey::new(CLIENT, UserId::from(user))
}

fn account(user: u64, issued_at: u64, expires_at: u64) -> AccountRecord {
    AccountRecord::new(key(user), vec![], vec![1], vec![], at(issued_at), at(expires_at))
}

fn session(byte: u8, user: u64, expires_at: u64) -> SessionRecord {
    SessionRecord::new(
        SessionIdHash::from_bytes([byte; 32]),
        key(user),
        at(0),
        at(0),
        at(expires_at),
    )
}

#[tokio::test]
async fn of_accounts_the_one_that_ends_first_makes_room_and_no_other() {
    let store = MemoryStore::with_capacity(2);
    store.put_account(account(1, 0, 100), None).await.unwrap();
    store.put_account(account(2, 0, 200), None).await.unwrap();
    store.put_account(account(3, 50, 300), None).await.unwrap();
    let kept = store.accounts(AccountPage::new(CLIENT, 10)).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|account| account.key.user_id().to_string()).collect();
    assert_eq!(kept, ["2", "3"]);
    // Expired records are removed before valid ones, in whatever order they were stored.
    let store = MemoryStore::with_capacity(2);
    store.put_account(account(1, 0, 200), None).await.unwrap();
    store.put_account(account(2, 0, 100), None).await.unwrap();
    store.put_account(account(3, 100, 300), None).await.unwrap();
    assert!(store.account(&key(2), at(100)).await.unwrap().is_none());
    assert!(store.account(&key(1), at(100)).await.unwrap().is_some());
}

#[tokio::test]
async fn of_sessions_and_claims_there_are_never_more_than_it_holds() {
    let store = MemoryStore::with_capacity(2);
    for (byte, expires_at) in [(1, 100), (2, 200), (3, 300)] {
        let session = session(byte, 7, expires_at);
        store.put_account(account(7, 0, 1_000), Some(session)).await.unwrap();
    }
    let kept = store.sessions(&key(7), at(0)).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|session| session.expires_at > at(100)), "the first to end is gone");
    for (name, until) in [("a", 100), ("b", 200), ("c", 300)] {
        assert!(store.claim(Claim::new(name, "me", at(until)), at(0)).await.unwrap());
    }
    let claim = |name: &'static str| store.claim(Claim::new(name, "you", at(500)), at(0));
    assert!(!claim("b").await.unwrap() && !claim("c").await.unwrap(), "they hold");
    assert!(claim("a").await.unwrap(), "the first to end made room");
}

#[tokio::test]
async fn an_account_ends_at_its_last_second() {
    let store = MemoryStore::new();
    store.put_account(account(1, 0, 100), None).await.unwrap();
    assert!(store.account(&key(1), at(99)).await.unwrap().is_some());
    assert!(store.account(&key(1), at(100)).await.unwrap().is_none());
    let expiring =
        |before| store.accounts(AccountPage::new(CLIENT, 10).expiring_before(at(before)));
    assert_eq!(expiring(100).await.unwrap().len(), 0, "it ends at that moment, not before it");
    assert_eq!(expiring(101).await.unwrap().len(), 1);
}
