//! Cases for any clock, cancelled callers, and concurrency.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};
use ig_oauth_common::Timestamp;
use ig_oauth_common::store::{AccountPage, DeletionRecord, DeletionStatus, SessionRecord};
use ig_oauth_common::store::{Claim, Store};

use super::materials::*;

/// How often a case that looks for a race is repeated.
const TURNS: usize = 20;

/// The caller's clock decides, even if it is decades away from the machine's: nothing expires
/// early.
pub async fn the_callers_clock_rules(store: &impl Store) {
    let day = |from: Timestamp| from.saturating_add(Duration::from_secs(DAY));
    for seconds in [86_400, 1_000_000_000, 1_800_000_000, 9_000_000_000] {
        let now = Timestamp::from_unix_seconds(seconds);
        let key = key();
        let session = SessionRecord::new(session_id(), key.clone(), now, now, day(now));
        let mut account = account_until(&key, day(now));
        account.issued_at = now;
        answer(store.put_account(account.clone(), Some(session.clone())).await);
        let found = answer(store.session(&session.id_hash, now).await);
        assert_eq!(found, Some((session.clone(), account)));
        assert_eq!(answer(store.session(&session.id_hash, day(now)).await), None);
        let claim = unique("key");
        assert!(answer(store.claim(Claim::new(&claim, "first", day(now)), now).await));
        assert!(!answer(store.claim(Claim::new(&claim, "second", day(now)), now).await));
        let kept = DeletionRecord::new(random(), DeletionStatus::Queued, now, day(now));
        assert!(answer(store.put_deletion(None, kept.clone(), now).await));
        assert_eq!(answer(store.deletion(&kept.code_hash, now).await), Some(kept));
    }
}

/// A record may be valid until the largest time.
pub async fn the_last_moment_is_a_moment(store: &impl Store) {
    let forever = Timestamp::from_unix_seconds(u64::MAX);
    let far = later(1_000_000 * 365 * DAY);
    let key = key();
    let mut session = session_of(&key);
    session.expires_at = forever;
    answer(store.put_account(account_until(&key, forever), Some(session.clone())).await);
    let found = answer(store.session(&session.id_hash, far).await);
    // The returned time may differ, as long as it is later than any real clock.
    assert!(
        found.is_some_and(|(session, account)| session.expires_at.min(account.expires_at) > far)
    );
    answer(store.touch_session(&session.id_hash, later(1), forever).await);
    assert!(answer(store.session(&session.id_hash, far).await).is_some());
    assert_eq!(answer(store.sessions(&key, far).await).len(), 1);
    assert_eq!(
        answer(store.accounts(AccountPage::new(key.client_id(), 10).expiring_before(far)).await),
        []
    );
}

/// A record may have expired when it is stored, and 1970 is a valid time.
pub async fn the_first_moment_is_a_moment(store: &impl Store) {
    let zero = Timestamp::from_unix_seconds(0);
    let key = key();
    let mut session = session_of(&key);
    (session.created_at, session.last_seen_at) = (zero, zero);
    let mut account = account_of(&key);
    account.issued_at = zero;
    answer(store.put_account(account.clone(), Some(session.clone())).await);
    let found = answer(store.session(&session.id_hash, zero).await);
    assert_eq!(found, Some((session.clone(), account.clone())));
    account.expires_at = zero;
    answer(store.put_account(account, None).await);
    assert_eq!(answer(store.account(&key, zero).await), None);
    assert_eq!(answer(store.session(&session.id_hash, zero).await), None);
}

/// A login whose caller is cancelled is stored completely or not at all, and the store still works.
pub async fn a_dropped_login_is_whole_or_nothing(store: &impl Store) {
    for _ in 0..TURNS {
        let key = key();
        let session = session_of(&key);
        // Polled once, then dropped.
        let _ = store.put_account(account_of(&key), Some(session.clone())).now_or_never();
        let is_there = answer(store.session(&session.id_hash, NOW).await).is_some();
        let account = answer(store.account(&key, NOW).await);
        // The account may have been stored between the two calls, but not deleted.
        assert!(!is_there || account.is_some());
    }
}

/// Any operation may be dropped at any point; later ones get their own answers.
pub async fn dropped_operations_do_no_harm(store: &impl Store) {
    let key = key();
    let (session, account) = (session_of(&key), account_of(&key));
    answer(store.put_account(account.clone(), Some(session.clone())).await);
    for _ in 0..TURNS {
        let (other, claimed) = (session_id(), unique("key"));
        let deletion = DeletionRecord::new(random(), DeletionStatus::Done, NOW, later(DAY));
        let _ = store.session(&other, NOW).now_or_never();
        let _ = store.account(&key, NOW).now_or_never();
        let _ = store.put_account(account.clone(), None).now_or_never();
        let _ = store.replace_account(b"another", account_of(&key)).now_or_never();
        let _ = store.accounts(AccountPage::new(key.client_id(), 10)).now_or_never();
        let _ = store.claim(claim_of(&claimed, "gone"), NOW).now_or_never();
        let _ = store.claim(Claim::given_back(&claimed, "gone"), NOW).now_or_never();
        let _ = store.accounts_known_by(key.client_id(), &user()).now_or_never();
        let _ = store.forget_account(&key, b"another").now_or_never();
        let _ = store.put_deletion(None, deletion, NOW).now_or_never();
        let found = answer(store.session(&session.id_hash, NOW).await);
        assert_eq!(found, Some((session.clone(), account.clone())));
    }
}

/// A login during a revocation of the same account is stored completely or not at all: no session
/// remains that a later login would make valid again.
pub async fn a_login_during_a_revocation_leaves_no_half(store: &impl Store) {
    for _ in 0..TURNS {
        let key = key();
        let (earlier, account) = (session_of(&key), account_of(&key));
        answer(store.put_account(account.clone(), Some(earlier.clone())).await);
        let (session, newer) = (session_of(&key), account_of(&key));
        let login = store.put_account(newer.clone(), Some(session.clone()));
        let (begun, forgotten) =
            join(login, store.forget_account(&key, &account.sealed_token)).await;
        answer(begun);
        // Either it came first, and only the login remains; or it was too late for the old token.
        let is_left = !answer(forgotten);
        assert_eq!(answer(store.account(&key, NOW).await), Some(newer));
        assert!(answer(store.session(&session.id_hash, NOW).await).is_some());
        assert_eq!(answer(store.session(&earlier.id_hash, NOW).await).is_some(), is_left);
        assert_eq!(answer(store.sessions(&key, NOW).await).len(), 1 + usize::from(is_left));
    }
}

/// All operations at once on one account end without an error and leave nothing behind.
pub async fn everything_at_once_ends_well(store: &impl Store) {
    let (key, further) = (key(), user());
    let turns = (0..TURNS).map(async |_| {
        let session = session_of(&key);
        let account = account_known_as(&key, &[&further]);
        answer(store.put_account(account.clone(), Some(session.clone())).await);
        answer(store.touch_session(&session.id_hash, later(1), later(DAY)).await);
        answer(store.replace_account(&account.sealed_token, account_of(&key)).await);
        answer(store.sessions(&key, NOW).await);
        answer(store.accounts_known_by(key.client_id(), &further).await);
        answer(store.end_session(&session.id_hash).await);
        answer(store.end_sessions(&key).await);
        forget(store, key.client_id(), &further).await;
    });
    join_all(turns).await;
    forget(store, key.client_id(), key.user_id()).await;
    assert_eq!(answer(store.account(&key, NOW).await), None);
    assert_eq!(answer(store.sessions(&key, NOW).await), []);
    assert_eq!(answer(store.accounts_known_by(key.client_id(), &further).await), []);
}
