//! Records, and what every engine's tests do with them.
#![allow(dead_code, reason = "not every engine's tests need all of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::sync::Arc;
use std::time::Duration;

use ig_oauth_common::{
    AccountKey, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash, SessionRecord,
    Store, Timestamp, UserId,
};

pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

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

pub(crate) fn claim() -> Claim {
    Claim::new("a key", "an owner", NOW.saturating_add(HOUR))
}

pub(crate) fn deletion() -> DeletionRecord {
    DeletionRecord::new([7; 32], DeletionStatus::Queued, NOW, NOW.saturating_add(HOUR))
}

/// What one of them keeps, the other does not know.
pub(crate) async fn do_not_meet(one: &dyn Store, other: &dyn Store) {
    let (session, account) = login();
    one.begin_session(session.clone(), account.clone()).await.unwrap();
    assert!(one.claim(claim(), NOW).await.unwrap());
    assert_eq!(other.session(&session.id_hash, NOW).await.unwrap(), None);
    assert_eq!(other.account(&account.key, NOW).await.unwrap(), None);
    assert_eq!(other.accounts("client", None, 10).await.unwrap(), []);
    let rival = Claim::new("a key", "a rival", NOW.saturating_add(HOUR));
    assert!(other.claim(rival, NOW).await.unwrap());
    assert_eq!(other.revoke("client", account.key.user_id()).await.unwrap(), 0);
    assert!(one.session(&session.id_hash, NOW).await.unwrap().is_some());
}

/// Many ask at once on a runtime that ends at once, as a worker does; then this one asks.
pub(crate) async fn works_after_another_runtime_is_gone(store: Arc<dyn Store>) {
    let theirs = Arc::clone(&store);
    let worker = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let asked: Vec<_> = (0..20)
                .map(|_| {
                    let store = Arc::clone(&theirs);
                    tokio::spawn(async move { store.accounts("client", None, 1).await.is_ok() })
                })
                .collect();
            for answer in asked {
                assert!(answer.await.unwrap());
            }
        });
    });
    worker.await.unwrap();
    for _ in 0..20 {
        assert_eq!(store.accounts("client", None, 1).await.unwrap(), []);
    }
}
