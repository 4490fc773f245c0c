//! Cases for many accounts of an app: pages, expiry, lookup by any id, and deletion.

use ig_oauth_common::UserId;
use ig_oauth_common::store::{AccountKey, AccountPage, AccountRecord, Store};

use super::materials::*;

/// Creates accounts of a new app, for users with these ids.
async fn app_with(store: &impl Store, ids: &[&str]) -> String {
    let client_id = unique("client");
    for digits in ids {
        let key = AccountKey::new(&client_id, user_of(digits));
        answer(store.put_account(account_of(&key), None).await);
    }
    client_id
}

fn ids(accounts: &[AccountRecord]) -> Vec<&str> {
    accounts.iter().map(|account| account.key.user_id().as_str()).collect()
}

/// In the order of `AccountKey`, which is by text: 10 comes before 9.
pub async fn accounts_come_in_the_order_of_their_keys(store: &impl Store) {
    let client_id = app_with(store, &["9", "10", "1", "100", "2", "01"]).await;
    let found = answer(store.accounts(AccountPage::new(&client_id, 10)).await);
    assert_eq!(ids(&found), ["01", "1", "10", "100", "2", "9"]);
    assert!(found.is_sorted_by_key(|account| account.key.clone()));
}

/// Each page starts after the last account of the previous one, and together they have all
/// accounts.
pub async fn pages_follow_each_other_without_a_gap(store: &impl Store) {
    let client_id = app_with(store, &["1", "2", "3", "4", "5"]).await;
    let mut seen = Vec::new();
    let mut after: Option<AccountKey> = None;
    loop {
        let page =
            answer(store.accounts(AccountPage::new(&client_id, 2).after(after.as_ref())).await);
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        seen.extend(page);
    }
    assert_eq!(ids(&seen), ["1", "2", "3", "4", "5"]);
}

/// The key that a page starts after need not exist: it may have been revoked meanwhile.
pub async fn a_page_can_start_after_a_key_that_is_gone(store: &impl Store) {
    let client_id = app_with(store, &["1", "3", "5"]).await;
    for (after, expected) in [("2", &["3", "5"][..]), ("5", &[]), ("0", &["1", "3", "5"])] {
        let after = AccountKey::new(&client_id, user_of(after));
        let found =
            answer(store.accounts(AccountPage::new(&client_id, 10).after(Some(&after))).await);
        assert_eq!(ids(&found), expected);
        let all = later(100 * DAY);
        let found = answer(
            store
                .accounts(AccountPage::new(&client_id, 10).after(Some(&after)).expiring_before(all))
                .await,
        );
        assert_eq!(ids(&found), expected);
    }
}

/// Keys are sorted by app first, even if a page starts after a key of another app.
pub async fn a_page_can_start_after_a_key_of_another_app(store: &impl Store) {
    let client_id = app_with(store, &["1", "2"]).await;
    let (before, behind) = ("client", format!("{client_id}x"));
    let all = later(100 * DAY);
    for (other, expected) in [(before, 2), (behind.as_str(), 0)] {
        let after = AccountKey::new(other, user_of("1"));
        let found =
            answer(store.accounts(AccountPage::new(&client_id, 10).after(Some(&after))).await);
        assert_eq!(found.len(), expected);
        let found = answer(
            store
                .accounts(AccountPage::new(&client_id, 10).after(Some(&after)).expiring_before(all))
                .await,
        );
        assert_eq!(found.len(), expected);
    }
}

/// Zero, or more than there are accounts.
pub async fn a_page_can_have_any_limit(store: &impl Store) {
    let client_id = app_with(store, &["1", "2", "3"]).await;
    let all = later(100 * DAY);
    for (limit, expected) in [(0, 0), (1, 1), (3, 3), (4, 3), (usize::MAX, 3)] {
        let found = answer(store.accounts(AccountPage::new(&client_id, limit)).await);
        assert_eq!(found.len(), expected);
        let found =
            answer(store.accounts(AccountPage::new(&client_id, limit).expiring_before(all)).await);
        assert_eq!(found.len(), expected);
    }
}

/// Those that expire before the time and not at it, sorted by key and not by expiry, page by page.
pub async fn expiring_accounts_come_in_the_order_of_their_keys(store: &impl Store) {
    let client_id = unique("client");
    let lives = [("1", 50), ("2", 100), ("3", 40), ("4", 99), ("5", 30), ("6", 101)];
    for (digits, seconds) in lives {
        let key = AccountKey::new(&client_id, user_of(digits));
        answer(store.put_account(account_until(&key, later(HOUR + seconds)), None).await);
    }
    let before = later(HOUR + 100);
    let found =
        answer(store.accounts(AccountPage::new(&client_id, 10).expiring_before(before)).await);
    assert_eq!(ids(&found), ["1", "3", "4", "5"]);
    let first =
        answer(store.accounts(AccountPage::new(&client_id, 2).expiring_before(before)).await);
    assert_eq!(ids(&first), ["1", "3"]);
    let after = first.last().map(|account| account.key.clone());
    let second = answer(
        store
            .accounts(AccountPage::new(&client_id, 2).after(after.as_ref()).expiring_before(before))
            .await,
    );
    assert_eq!(ids(&second), ["4", "5"]);
    assert_eq!(
        answer(store.accounts(AccountPage::new(&client_id, 10).expiring_before(NOW)).await),
        []
    );
}

/// A refreshed account no longer expires soon; one with a shorter token does.
pub async fn expiring_accounts_follow_their_changes(store: &impl Store) {
    let key = key();
    let present = account_until(&key, later(HOUR));
    let before = later(DAY);
    let expiring = async || {
        let found = answer(
            store.accounts(AccountPage::new(key.client_id(), 10).expiring_before(before)).await,
        );
        found.len()
    };
    answer(store.put_account(present.clone(), None).await);
    assert_eq!(expiring().await, 1);
    assert!(answer(store.replace_account(&present.sealed_token, account_of(&key)).await));
    assert_eq!(expiring().await, 0);
    answer(store.put_account(account_until(&key, later(2 * HOUR)), None).await);
    assert_eq!(expiring().await, 1);
    forget(store, key.client_id(), key.user_id()).await;
    assert_eq!(expiring().await, 0);
}

/// All pages have only accounts of one app.
pub async fn apps_do_not_see_each_others_accounts(store: &impl Store) {
    let (user, further) = (user(), user());
    let (one, other) = (unique("client"), unique("client"));
    for client_id in [&one, &other] {
        let key = AccountKey::new(client_id, user.clone());
        answer(store.put_account(account_known_as(&key, &[&further]), None).await);
    }
    let key = AccountKey::new(&one, user.clone());
    let all = later(100 * DAY);
    assert_eq!(
        keys(&answer(store.accounts(AccountPage::new(&one, 10)).await)),
        std::slice::from_ref(&key)
    );
    let found = answer(store.accounts(AccountPage::new(&one, 10).expiring_before(all)).await);
    assert_eq!(keys(&found), std::slice::from_ref(&key));
    for id in [&user, &further] {
        assert_eq!(
            keys(&answer(store.accounts_known_by(&one, id).await)),
            std::slice::from_ref(&key)
        );
    }
    assert_eq!(forget(store, &one, &further).await, 1);
    assert_eq!(answer(store.accounts(AccountPage::new(&one, 10)).await), []);
    assert_eq!(answer(store.accounts(AccountPage::new(&other, 10)).await).len(), 1);
}

/// By their own id and by each further id, and by no other.
pub async fn accounts_are_known_by_any_of_their_ids(store: &impl Store) {
    let (key, first, second) = (key(), user(), user());
    let account = account_known_as(&key, &[&first, &second]);
    answer(store.put_account(account.clone(), None).await);
    for id in [key.user_id(), &first, &second] {
        let found = answer(store.accounts_known_by(key.client_id(), id).await);
        assert_eq!(found, std::slice::from_ref(&account));
    }
    assert_eq!(answer(store.accounts_known_by(key.client_id(), &user()).await), []);
}

/// An id can be the own id of one account and a further id of others.
pub async fn one_id_can_know_several_accounts(store: &impl Store) {
    let (client_id, shared) = (unique("client"), user());
    let known = |owner: UserId| AccountKey::new(&client_id, owner);
    let mut expected = vec![known(shared.clone()), known(user()), known(user())];
    for key in &expected {
        let further = if *key.user_id() == shared { user() } else { shared.clone() };
        let account = account_known_as(key, &[&further]);
        answer(store.put_account(account, Some(session_of(key))).await);
    }
    let other = known(user());
    answer(store.put_account(account_of(&other), None).await);
    expected.sort();
    let mut found = keys(&answer(store.accounts_known_by(&client_id, &shared).await));
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(forget(store, &client_id, &shared).await, 3);
    assert_eq!(keys(&answer(store.accounts(AccountPage::new(&client_id, 10)).await)), [other]);
    for key in &expected {
        assert_eq!(answer(store.sessions(key, NOW).await), []);
    }
}

/// The account and all its sessions, and no others. The number of accounts is returned; the second
/// time it is zero.
pub async fn revoking_forgets_the_account_and_its_sessions(store: &impl Store) {
    let key = key();
    let other = AccountKey::new(key.client_id(), user());
    let sessions = [session_of(&key), session_of(&key)];
    for session in &sessions {
        answer(store.put_account(account_of(&key), Some(session.clone())).await);
    }
    let stays = session_of(&other);
    answer(store.put_account(account_of(&other), Some(stays.clone())).await);
    assert_eq!(forget(store, key.client_id(), key.user_id()).await, 1);
    for session in &sessions {
        assert_eq!(answer(store.session(&session.id_hash, NOW).await), None);
    }
    assert_eq!(answer(store.account(&key, NOW).await), None);
    assert_eq!(answer(store.sessions(&key, NOW).await), []);
    assert!(answer(store.session(&stays.id_hash, NOW).await).is_some());
    assert_eq!(forget(store, key.client_id(), key.user_id()).await, 0);
}

/// A revocation can name any of the ids.
pub async fn revoking_by_a_further_id_is_the_same(store: &impl Store) {
    let (key, first, second) = (key(), user(), user());
    let session = session_of(&key);
    let account = account_known_as(&key, &[&first, &second]);
    answer(store.put_account(account, Some(session.clone())).await);
    assert_eq!(forget(store, key.client_id(), &second).await, 1);
    assert_eq!(answer(store.session(&session.id_hash, NOW).await), None);
    assert_eq!(answer(store.account(&key, NOW).await), None);
    for id in [key.user_id(), &first, &second] {
        assert_eq!(answer(store.accounts_known_by(key.client_id(), id).await), []);
    }
}

/// With an unknown id, nothing is deleted.
pub async fn revoking_an_unknown_id_forgets_nothing(store: &impl Store) {
    let key = key();
    answer(store.put_account(account_of(&key), None).await);
    assert_eq!(forget(store, key.client_id(), &user()).await, 0);
    assert_eq!(forget(store, &unique("client"), key.user_id()).await, 0);
    assert!(answer(store.account(&key, NOW).await).is_some());
}

/// A user who returns after a revocation starts from nothing: no old session, no old id.
pub async fn a_new_login_after_a_revocation_starts_anew(store: &impl Store) {
    let (key, old_id) = (key(), user());
    let old = session_of(&key);
    answer(store.put_account(account_known_as(&key, &[&old_id]), Some(old.clone())).await);
    assert_eq!(forget(store, key.client_id(), key.user_id()).await, 1);
    let (session, account) = (session_of(&key), account_of(&key));
    answer(store.put_account(account.clone(), Some(session.clone())).await);
    assert_eq!(answer(store.session(&old.id_hash, NOW).await), None);
    assert_eq!(answer(store.sessions(&key, NOW).await), [session]);
    assert_eq!(answer(store.account(&key, NOW).await), Some(account));
    assert_eq!(answer(store.accounts_known_by(key.client_id(), &old_id).await), []);
}

/// The account with its ids and all its sessions, and no others. The result says whether it was
/// deleted.
pub async fn forgetting_takes_the_account_and_its_sessions(store: &impl Store) {
    let (key, further) = (key(), user());
    let other = AccountKey::new(key.client_id(), user());
    let (session, account) = (session_of(&key), account_known_as(&key, &[&further]));
    answer(store.put_account(account.clone(), Some(session.clone())).await);
    let stays = session_of(&other);
    let other_account = account_known_as(&other, &[&further]);
    answer(store.put_account(other_account.clone(), Some(stays.clone())).await);
    assert!(answer(store.forget_account(&key, &account.sealed_token).await));
    assert_eq!(answer(store.account(&key, NOW).await), None);
    assert_eq!(answer(store.session(&session.id_hash, NOW).await), None);
    assert_eq!(answer(store.sessions(&key, NOW).await), []);
    let known = answer(store.accounts_known_by(key.client_id(), &further).await);
    assert_eq!(known, std::slice::from_ref(&other_account));
    assert!(answer(store.session(&stays.id_hash, NOW).await).is_some());
    assert!(!answer(store.forget_account(&key, &account.sealed_token).await), "only once");
}

/// If the user logged in again meanwhile, the account has another token and remains, with its
/// sessions.
pub async fn a_late_revocation_never_undoes_a_newer_login(store: &impl Store) {
    let key = key();
    let (old, newer) = (account_of(&key), account_of(&key));
    let session = session_of(&key);
    answer(store.put_account(old.clone(), None).await);
    answer(store.put_account(newer.clone(), Some(session.clone())).await);
    let longer = [newer.sealed_token.as_slice(), b"\0"].concat();
    for present in [old.sealed_token.as_slice(), b"", &longer] {
        assert!(!answer(store.forget_account(&key, present).await));
    }
    assert_eq!(answer(store.session(&session.id_hash, NOW).await), Some((session, newer)));
    assert!(!answer(store.forget_account(&AccountKey::new("nobody", user()), b"").await));
}
