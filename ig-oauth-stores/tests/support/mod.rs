//! Records for the tests of one engine.
#![allow(dead_code, clippy::unwrap_used, reason = "tests, each of which uses a part")]

pub(crate) mod outage;

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ig_oauth_common::http::{Clock as _, SystemClock};
use ig_oauth_common::store::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, Store, StoreError,
};
use ig_oauth_common::{Timestamp, UserId};

/// The present of the tests, by the caller's clock.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

pub(crate) const DAY: u64 = 86_400;

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// The moment `seconds` after the present.
pub(crate) fn later(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

pub(crate) fn key(user: u64) -> AccountKey {
    AccountKey::new("app", UserId::from(user))
}

/// An account that is also known as `further`, for sixty days.
pub(crate) fn account(user: u64, further: &[u64], token: &[u8]) -> AccountRecord {
    let further = further.iter().map(|id| UserId::from(*id)).collect();
    let scopes = vec!["instagram_business_basic".to_owned()];
    AccountRecord::new(key(user), further, token.to_vec(), scopes, NOW, later(60 * DAY))
}

/// A session of the account of that user, for a day.
pub(crate) fn session(user: u64, id: u8) -> SessionRecord {
    SessionRecord::new(SessionIdHash::from_bytes([id; 32]), key(user), NOW, NOW, later(DAY))
}

/// What a store's error says in full.
pub(crate) fn cause(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

/// One record of each kind, and one for each index.
pub(crate) async fn fill(store: &impl Store) {
    store.put_account(account(1, &[11], b"sealed"), Some(session(1, 1))).await.unwrap();
    let claim = Claim::new("state", "owner", later(60));
    assert!(store.claim(claim, NOW).await.unwrap());
    let (status, end) = (DeletionStatus::Queued, later(90 * DAY));
    store.put_deletion(None, DeletionRecord::new([7; 32], status, NOW, end), NOW).await.unwrap();
}

/// A new user's session and account.
pub(crate) fn login() -> (SessionRecord, AccountRecord) {
    let mut account = account_of(fastrand::u64(1..1 << 60));
    account.further_ids = vec![UserId::from(fastrand::u64(..))];
    let id = SessionIdHash::from_bytes(std::array::from_fn(|_| fastrand::u8(..)));
    let expires = NOW.saturating_add(24 * HOUR);
    (SessionRecord::new(id, account.key.clone(), NOW, NOW, expires), account)
}

pub(crate) fn account_of(number: u64) -> AccountRecord {
    AccountRecord::new(
        AccountKey::new("client", UserId::from(number)),
        Vec::new(),
        b"obviously not a sealed token".to_vec(),
        vec!["instagram_business_basic".to_owned()],
        NOW,
        NOW.saturating_add(60 * 24 * HOUR),
    )
}

/// A thousand writes bring a clean-up about. An instance whose clock is years ahead clears the database
/// of what has expired by the database's clock, an hour ago, and of nothing else.
pub(crate) async fn forgets_what_has_expired_by_every_clock(store: &impl Store) {
    let kept = |code: u8, expires_at| {
        DeletionRecord::new([code; 32], DeletionStatus::Done, at(0), at(expires_at))
    };
    let present = SystemClock::new().now().unix_seconds();
    let long_ago = present - 2 * HOUR.as_secs();
    let records = [kept(1, long_ago), kept(2, present - 60), kept(3, present + DAY)];
    for record in &records {
        assert!(store.put_deletion(None, record.clone(), at(1)).await.unwrap());
    }
    let years_ahead = at(present).saturating_add(Duration::from_secs(2_000 * DAY));
    for _ in 0..1_000 {
        let claim = Claim::new("a key", "an owner", years_ahead.saturating_add(HOUR));
        assert!(store.claim(claim, years_ahead).await.unwrap());
    }
    let is_there = async |code: u8| store.deletion(&[code; 32], at(1)).await.unwrap().is_some();
    let begun = Instant::now();
    while is_there(1).await {
        assert!(begun.elapsed() < Duration::from_secs(20), "a clean-up comes in the background");
        tokio::task::yield_now().await;
    }
    assert!(is_there(2).await, "another instance's clock may be behind");
    assert!(is_there(3).await, "one clock that is wrong ends nothing");
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

pub(crate) fn claim() -> Claim {
    Claim::new("a key", "an owner", NOW.saturating_add(HOUR))
}

pub(crate) fn deletion() -> DeletionRecord {
    DeletionRecord::new([7; 32], DeletionStatus::Queued, NOW, NOW.saturating_add(HOUR))
}

/// A connection beside the store's.
#[cfg(feature = "postgres")]
pub(crate) async fn beside(
    server: &ig_oauth_test_servers::PostgresServer,
) -> tokio_postgres::Client {
    let connected = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap();
    tokio::spawn(connection);
    client
}

/// Neither store sees the records of the other.
pub(crate) async fn do_not_meet(one: &impl Store, other: &impl Store) {
    let (session, account) = login();
    one.put_account(account.clone(), Some(session.clone())).await.unwrap();
    assert!(one.claim(claim(), NOW).await.unwrap());
    assert_eq!(other.session(&session.id_hash, NOW).await.unwrap(), None);
    assert_eq!(other.account(&account.key, NOW).await.unwrap(), None);
    assert_eq!(other.accounts(AccountPage::new("client", 10)).await.unwrap(), []);
    let rival = Claim::new("a key", "a rival", NOW.saturating_add(HOUR));
    assert!(other.claim(rival, NOW).await.unwrap());
    assert_eq!(other.accounts_known_by("client", account.key.user_id()).await.unwrap(), []);
    assert!(one.session(&session.id_hash, NOW).await.unwrap().is_some());
}

/// Many requests on a runtime that ends immediately, as a worker's does; then one on this runtime.
pub(crate) async fn works_after_another_runtime_is_gone(store: Arc<impl Store>) {
    let theirs = Arc::clone(&store);
    let worker = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let asked: Vec<_> = (0..20)
                .map(|_| {
                    let store = Arc::clone(&theirs);
                    tokio::spawn(async move {
                        store.accounts(AccountPage::new("client", 1)).await.is_ok()
                    })
                })
                .collect();
            for answer in asked {
                assert!(answer.await.unwrap());
            }
        });
    });
    worker.await.unwrap();
    for _ in 0..20 {
        assert_eq!(store.accounts(AccountPage::new("client", 1)).await.unwrap(), []);
    }
}
