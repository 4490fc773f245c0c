//! Cases for sessions: starting, finding, touching, ending.

use ig_oauth_common::store::{AccountKey, Store};

use super::materials::*;

/// Every field of both is returned as it was stored.
pub async fn a_session_comes_back_with_its_account(store: &impl Store) {
    let (key, further) = (key(), user());
    let (mut session, mut account) = (session_of(&key), account_known_as(&key, &[&further]));
    session.created_at = earlier(7);
    session.last_seen_at = earlier(5);
    account.issued_at = earlier(11);
    account.scopes = vec!["one".to_owned(), "two".to_owned(), "three".to_owned()];
    answer(store.put_account(account.clone(), Some(session.clone())).await);
    let found = answer(store.session(&session.id_hash, NOW).await);
    assert_eq!(found, Some((session, account.clone())));
    assert_eq!(answer(store.account(&key, NOW).await), Some(account));
}

/// A login merges the further ids like any other write of an account.
pub async fn a_login_joins_the_further_ids_of_earlier_ones(store: &impl Store) {
    let (key, first, second) = (key(), user(), user());
    answer(store.put_account(account_known_as(&key, &[&first]), Some(session_of(&key))).await);
    let account = account_known_as(&key, &[&second]);
    answer(store.put_account(account, Some(session_of(&key))).await);
    for id in [&first, &second] {
        let found = answer(store.accounts_known_by(key.client_id(), id).await);
        assert_eq!(keys(&found), std::slice::from_ref(&key));
    }
}

/// A second login keeps the first session and gives it the new token.
pub async fn other_sessions_stay_and_use_the_new_token(store: &impl Store) {
    let key = key();
    let (first, second) = (session_of(&key), session_of(&key));
    answer(store.put_account(account_of(&key), Some(first.clone())).await);
    let newer = account_of(&key);
    answer(store.put_account(newer.clone(), Some(second.clone())).await);
    for session in [first, second] {
        let found = answer(store.session(&session.id_hash, NOW).await);
        assert_eq!(found, Some((session, newer.clone())));
    }
}

/// An unknown id has no session, and asking for it creates none.
pub async fn an_unknown_session_is_none(store: &impl Store) {
    let id = session_id();
    assert_eq!(answer(store.session(&id, NOW).await), None);
    answer(store.end_session(&id).await);
    assert_eq!(answer(store.session(&id, NOW).await), None);
}

/// A session is valid until the second before its expiry, and not at its expiry.
pub async fn a_session_ends_at_the_very_moment(store: &impl Store) {
    let key = key();
    let session = session_of(&key);
    answer(store.put_account(account_of(&key), Some(session.clone())).await);
    assert!(answer(store.session(&session.id_hash, later(DAY - 1)).await).is_some());
    assert_eq!(answer(store.session(&session.id_hash, later(DAY)).await), None);
}

/// A live session of an account whose token has expired is not returned, exactly from that second.
pub async fn a_session_ends_with_its_account(store: &impl Store) {
    let key = key();
    let session = session_of(&key);
    let account = account_until(&key, later(HOUR));
    answer(store.put_account(account, Some(session.clone())).await);
    assert!(answer(store.session(&session.id_hash, later(HOUR - 1)).await).is_some());
    assert_eq!(answer(store.session(&session.id_hash, later(HOUR)).await), None);
}

/// Touching changes both times, and nothing else.
pub async fn a_touched_session_lives_on(store: &impl Store) {
    let (key, account) = {
        let key = key();
        (key.clone(), account_of(&key))
    };
    let mut session = session_of(&key);
    answer(store.put_account(account.clone(), Some(session.clone())).await);
    answer(store.touch_session(&session.id_hash, later(HOUR), later(3 * DAY)).await);
    session.last_seen_at = later(HOUR);
    session.expires_at = later(3 * DAY);
    let found = answer(store.session(&session.id_hash, later(2 * DAY)).await);
    assert_eq!(found, Some((session.clone(), account)));
    assert_eq!(answer(store.sessions(&key, later(2 * DAY)).await), [session.clone()]);
    assert_eq!(answer(store.session(&session.id_hash, later(3 * DAY)).await), None);
}

/// Touching can also shorten a session.
pub async fn a_touch_can_shorten_a_session(store: &impl Store) {
    let key = key();
    let session = session_of(&key);
    answer(store.put_account(account_of(&key), Some(session.clone())).await);
    answer(store.touch_session(&session.id_hash, NOW, later(60)).await);
    assert!(answer(store.session(&session.id_hash, later(59)).await).is_some());
    assert_eq!(answer(store.session(&session.id_hash, later(60)).await), None);
}

/// A late touch after a logout does not restore the session.
pub async fn touching_an_unknown_session_makes_none(store: &impl Store) {
    let key = key();
    let session = session_of(&key);
    answer(store.put_account(account_of(&key), Some(session.clone())).await);
    answer(store.end_session(&session.id_hash).await);
    answer(store.touch_session(&session.id_hash, NOW, later(DAY)).await);
    assert_eq!(answer(store.session(&session.id_hash, NOW).await), None);
    assert_eq!(answer(store.sessions(&key, NOW).await), []);
}

/// The account and its other sessions remain. Ending a session twice is not an error.
pub async fn ending_a_session_ends_that_one_only(store: &impl Store) {
    let key = key();
    let (ended, other) = (session_of(&key), session_of(&key));
    for session in [&ended, &other] {
        answer(store.put_account(account_of(&key), Some(session.clone())).await);
    }
    for _ in 0..2 {
        answer(store.end_session(&ended.id_hash).await);
    }
    assert_eq!(answer(store.session(&ended.id_hash, NOW).await), None);
    assert!(answer(store.session(&other.id_hash, NOW).await).is_some());
    assert_eq!(answer(store.sessions(&key, NOW).await), [other]);
    assert!(answer(store.account(&key, NOW).await).is_some());
}

/// They are sorted by their start, in whatever order they were stored.
pub async fn sessions_come_oldest_first(store: &impl Store) {
    let key = key();
    let mut sessions = Vec::new();
    for age in [20, 30, 10] {
        let mut session = session_of(&key);
        session.created_at = earlier(age);
        answer(store.put_account(account_of(&key), Some(session.clone())).await);
        sessions.push(session);
    }
    sessions.sort_by_key(|session| session.created_at);
    assert_eq!(answer(store.sessions(&key, NOW).await), sessions);
}

/// Sessions of other users, of the same user with another app, and of accounts without sessions are
/// not listed.
pub async fn sessions_are_those_of_one_account(store: &impl Store) {
    let key = key();
    let same_user = AccountKey::new(unique("client"), key.user_id().clone());
    let same_app = AccountKey::new(key.client_id(), user());
    let session = session_of(&key);
    answer(store.put_account(account_of(&key), Some(session.clone())).await);
    for other in [&same_user, &same_app] {
        answer(store.put_account(account_of(other), Some(session_of(other))).await);
    }
    assert_eq!(answer(store.sessions(&key, NOW).await), [session]);
    assert_eq!(answer(store.sessions(&same_app, NOW).await).len(), 1);
    assert_eq!(answer(store.sessions(&AccountKey::new("nobody", user()), NOW).await), []);
}

/// From its expiry on, a session is not listed.
pub async fn expired_sessions_are_not_listed(store: &impl Store) {
    let key = key();
    let (mut short, long) = (session_of(&key), session_of(&key));
    short.expires_at = later(60);
    for session in [&short, &long] {
        answer(store.put_account(account_of(&key), Some(session.clone())).await);
    }
    assert_eq!(answer(store.sessions(&key, later(59)).await).len(), 2);
    assert_eq!(answer(store.sessions(&key, later(60)).await), [long]);
}

/// All of them and no others. Their number is returned, and the account remains and can be used for
/// a new login.
pub async fn ending_all_sessions_leaves_the_account(store: &impl Store) {
    let key = key();
    let other = AccountKey::new(key.client_id(), user());
    let sessions = [session_of(&key), session_of(&key), session_of(&key)];
    for session in &sessions {
        answer(store.put_account(account_of(&key), Some(session.clone())).await);
    }
    let foreign = session_of(&other);
    answer(store.put_account(account_of(&other), Some(foreign.clone())).await);
    assert_eq!(answer(store.end_sessions(&key).await), 3);
    for session in &sessions {
        assert_eq!(answer(store.session(&session.id_hash, NOW).await), None);
    }
    assert!(answer(store.account(&key, NOW).await).is_some());
    assert!(answer(store.session(&foreign.id_hash, NOW).await).is_some());
    assert_eq!(answer(store.end_sessions(&key).await), 0);
    let again = session_of(&key);
    answer(store.put_account(account_of(&key), Some(again.clone())).await);
    assert_eq!(answer(store.sessions(&key, NOW).await), [again]);
}
