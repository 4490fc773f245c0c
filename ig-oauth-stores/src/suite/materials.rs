//! Records for the cases: fresh random ids, and one moment from which all times are counted.

use std::collections::BTreeSet;
use std::time::Duration;

use ig_oauth_common::http::{Randomness as _, SystemRandomness};
use ig_oauth_common::store::{
    AccountKey, AccountRecord, Claim, SessionIdHash, SessionRecord, Store, StoreError,
};
use ig_oauth_common::{Timestamp, UserId};

/// The present of the cases, by the caller's clock. It is not the machine's.
pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// An hour and a day, as everything here lives.
pub(super) const HOUR: u64 = 3_600;
pub(super) const DAY: u64 = 24 * HOUR;

/// The moment `seconds` after the present.
pub(super) fn later(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

/// The moment `seconds` before the present.
pub(super) fn earlier(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(NOW.unix_seconds().saturating_sub(seconds))
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let filled = SystemRandomness::new().fill(&mut bytes);
    assert!(filled.is_ok(), "the system gives random bytes");
    bytes
}

/// Text nobody else has.
pub(super) fn unique(kind: &str) -> String {
    format!("{kind}-{:032x}", u128::from_be_bytes(random()))
}

/// A user nobody else has.
pub(super) fn user() -> UserId {
    UserId::from(u64::from_be_bytes(random()))
}

/// The user of that number.
pub(super) fn user_of(digits: &str) -> UserId {
    let user = UserId::from_digits(digits);
    assert!(user.is_some(), "{digits} is a user id");
    user.unwrap_or_else(|| UserId::from(0))
}

/// An account nobody else has, of an app nobody else has.
pub(super) fn key() -> AccountKey {
    AccountKey::new(unique("client"), user())
}

pub(super) fn session_id() -> SessionIdHash {
    SessionIdHash::from_bytes(random())
}

/// A session of that account, begun now, for a day.
pub(super) fn session_of(key: &AccountKey) -> SessionRecord {
    SessionRecord::new(session_id(), key.clone(), NOW, NOW, later(DAY))
}

/// An account with a random sealed token, issued now, for sixty days.
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

/// The same, whose token stops working at that moment.
pub(super) fn account_until(key: &AccountKey, expires_at: Timestamp) -> AccountRecord {
    let mut account = account_of(key);
    account.expires_at = expires_at;
    account
}

/// A claim by that owner, for a minute.
pub(super) fn claim_of(key: &str, owner: &str) -> Claim {
    Claim::new(key, owner, later(60))
}

/// Forgets every account of an app that is known by `id`, as it is now. How many there were.
pub(super) async fn forget(store: &impl Store, client_id: &str, id: &UserId) -> usize {
    let mut forgotten = 0;
    for account in answer(store.accounts_known_by(client_id, id).await) {
        let is_gone = answer(store.forget_account(&account.key, &account.sealed_token).await);
        forgotten += usize::from(is_gone);
    }
    forgotten
}

/// What the store answered. A case goes no further when it failed.
#[allow(clippy::panic, reason = "this is how a case fails")]
#[track_caller]
pub(super) fn answer<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        panic!("the store failed: {}", cause.unwrap_or_default())
    })
}

/// An account apart from the order of its further ids, which no store promises.
pub(super) fn comparable(account: &AccountRecord) -> (AccountRecord, BTreeSet<UserId>) {
    let mut rest = account.clone();
    let ids = rest.further_ids.drain(..).collect();
    (rest, ids)
}

/// The keys of these accounts.
pub(super) fn keys(accounts: &[AccountRecord]) -> Vec<AccountKey> {
    accounts.iter().map(|account| account.key.clone()).collect()
}
