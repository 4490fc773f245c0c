//! Records for the cases: fresh random ids, and one present time that all times are relative to.

use std::collections::BTreeSet;
use std::time::Duration;

use ig_oauth_common::http::{Randomness as _, SystemRandomness};
use ig_oauth_common::store::{
    AccountKey, AccountRecord, Claim, SessionIdHash, SessionRecord, Store, StoreError,
};
use ig_oauth_common::{Timestamp, UserId};

/// The present time of the cases, by the caller's clock. It differs from the machine's.
pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// One hour and one day, the lifetimes used here.
pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24 * HOUR;

/// The time `seconds` after the present.
pub(super) fn later(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

/// The time `seconds` before the present.
pub(super) fn earlier(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(NOW.unix_seconds().saturating_sub(seconds))
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let filled = SystemRandomness::new().fill(&mut bytes);
    assert!(filled.is_ok(), "the system gives random bytes");
    bytes
}

/// A unique text.
pub(super) fn unique(kind: &str) -> String {
    format!("{kind}-{:032x}", u128::from_be_bytes(random()))
}

/// A unique user.
pub(super) fn user() -> UserId {
    UserId::from(u64::from_be_bytes(random()))
}

/// The user with that id.
pub(super) fn user_of(digits: &str) -> UserId {
    let user = digits.parse();
    assert!(user.is_ok(), "{digits} is a user id");
    user.unwrap_or_else(|_| UserId::from(0))
}

/// A unique account of a unique app.
pub(super) fn key() -> AccountKey {
    AccountKey::new(unique("client"), user())
}

pub(super) fn session_id() -> SessionIdHash {
    SessionIdHash::from_bytes(random())
}

/// A session of that account, started now, valid for a day.
pub(super) fn session_of(key: &AccountKey) -> SessionRecord {
    SessionRecord::new(session_id(), key.clone(), NOW, NOW, later(DAY))
}

/// An account with a random sealed token, issued now, valid for sixty days.
pub(super) fn account_of(key: &AccountKey) -> AccountRecord {
    account_known_as(key, &[])
}

/// The same with further ids.
pub(super) fn account_known_as(key: &AccountKey, further_ids: &[&UserId]) -> AccountRecord {
    AccountRecord::new(
        key.clone(),
        further_ids.iter().map(|id| (*id).clone()).collect(),
        random::<64>().to_vec(),
        vec!["instagram_business_basic".to_owned()],
        NOW,
        later(60 * DAY),
    )
}

/// The same with a token that expires at that time.
pub(super) fn account_until(key: &AccountKey, expires_at: Timestamp) -> AccountRecord {
    let mut account = account_of(key);
    account.expires_at = expires_at;
    account
}

/// A claim of that owner for a minute.
pub(super) fn claim_of(key: &str, owner: &str) -> Claim {
    Claim::new(key, owner, later(60))
}

/// Deletes every account of an app with the id `id`, as it is now. Returns how many there were.
pub(super) async fn forget(store: &impl Store, client_id: &str, id: &UserId) -> usize {
    let mut forgotten = 0;
    for account in answer(store.accounts_known_by(client_id, id).await) {
        let is_gone = answer(store.forget_account(&account.key, &account.sealed_token).await);
        forgotten += usize::from(is_gone);
    }
    forgotten
}

/// The store's answer. A failure fails the case.
#[allow(clippy::panic, reason = "this is how a case fails")]
#[track_caller]
pub(super) fn answer<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        panic!("the store failed: {}", cause.unwrap_or_default())
    })
}

/// An account with its further ids as a set, because stores do not guarantee their order.
pub(super) fn comparable(account: &AccountRecord) -> (AccountRecord, BTreeSet<UserId>) {
    let mut rest = account.clone();
    let ids = rest.further_ids.drain(..).collect();
    (rest, ids)
}

/// The keys of these accounts.
pub(super) fn keys(accounts: &[AccountRecord]) -> Vec<AccountKey> {
    accounts.iter().map(|account| account.key.clone()).collect()
}
