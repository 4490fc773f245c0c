//! Cases for accounts: storing, replacing, and finding by key.

use futures_util::future::join_all;
use ig_oauth_common::store::{AccountKey, AccountPage, Claim, Store};

use super::materials::*;

/// The number of concurrent writers.
const RIVALS: usize = 50;

/// Every field is returned as it was stored.
pub async fn an_account_comes_back(store: &impl Store) {
    let (key, first, second) = (key(), user(), user());
    let mut account = account_known_as(&key, &[&first, &second]);
    account.issued_at = earlier(3);
    account.scopes = vec!["zeta".to_owned(), "alpha".to_owned()];
    answer(store.put_account(account.clone(), None).await);
    assert_eq!(answer(store.account(&key, NOW).await), Some(account));
}

/// Neither the user with another app nor another user of the app.
pub async fn an_unknown_account_is_none(store: &impl Store) {
    let key = key();
    answer(store.put_account(account_of(&key), None).await);
    let same_user = AccountKey::new(unique("client"), key.user_id().clone());
    let same_app = AccountKey::new(key.client_id(), user());
    for other in [same_user, same_app] {
        assert_eq!(answer(store.account(&other, NOW).await), None);
    }
}

/// It is returned until the second before its token expires, and not after that.
pub async fn an_account_ends_at_the_very_moment(store: &impl Store) {
    let key = key();
    answer(store.put_account(account_until(&key, later(HOUR)), None).await);
    assert!(answer(store.account(&key, later(HOUR - 1)).await).is_some());
    assert_eq!(answer(store.account(&key, later(HOUR)).await), None);
}

/// Token, scopes and times are the new ones; the further ids are the old and the new ones, each
/// once.
pub async fn an_account_of_the_same_key_gives_way_and_ids_join(store: &impl Store) {
    let (key, first, both, second) = (key(), user(), user(), user());
    answer(store.put_account(account_known_as(&key, &[&first, &both]), None).await);
    let mut newer = account_known_as(&key, &[&both, &second]);
    newer.scopes = vec!["other".to_owned()];
    newer.issued_at = later(1);
    newer.expires_at = later(DAY);
    answer(store.put_account(newer.clone(), None).await);
    let found = answer(store.account(&key, NOW).await);
    assert_eq!(found.as_ref().map(|found| found.further_ids.len()), Some(3));
    newer.further_ids = vec![first, both, second];
    assert_eq!(found.as_ref().map(comparable), Some(comparable(&newer)));
}

/// Fifty concurrent logins of one user, each with another id: nothing is lost.
pub async fn logins_at_once_lose_nothing(store: &impl Store) {
    let key = key();
    let ids: Vec<_> = (0..RIVALS).map(|_| user()).collect();
    let begun = ids.iter().map(|id| {
        let session = session_of(&key);
        store.put_account(account_known_as(&key, &[id]), Some(session))
    });
    for result in join_all(begun).await {
        answer(result);
    }
    assert_eq!(answer(store.sessions(&key, NOW).await).len(), RIVALS);
    let found = answer(store.account(&key, NOW).await);
    assert_eq!(found.map(|found| found.further_ids.len()), Some(RIVALS));
    for id in &ids {
        let found = answer(store.accounts_known_by(key.client_id(), id).await);
        assert_eq!(keys(&found), std::slice::from_ref(&key));
    }
}

/// With the present token the complete account is replaced: ids that are not given are removed.
pub async fn a_replaced_account_is_the_new_one_whole(store: &impl Store) {
    let (key, gone, stays) = (key(), user(), user());
    let present = account_known_as(&key, &[&gone, &stays]);
    answer(store.put_account(present.clone(), None).await);
    let mut newer = account_known_as(&key, &[&stays]);
    newer.scopes = vec!["other".to_owned()];
    newer.issued_at = later(1);
    newer.expires_at = later(70 * DAY);
    assert!(answer(store.replace_account(&present.sealed_token, newer.clone()).await));
    assert_eq!(answer(store.account(&key, later(65 * DAY)).await), Some(newer));
    assert_eq!(answer(store.accounts_known_by(key.client_id(), &gone).await), []);
    let found = answer(store.accounts_known_by(key.client_id(), &stays).await);
    assert_eq!(keys(&found), [key]);
}

/// Existing sessions use the replaced token.
pub async fn a_replaced_account_keeps_its_sessions(store: &impl Store) {
    let key = key();
    let (session, present, newer) = (session_of(&key), account_of(&key), account_of(&key));
    answer(store.put_account(present.clone(), Some(session.clone())).await);
    assert!(answer(store.replace_account(&present.sealed_token, newer.clone()).await));
    let found = answer(store.session(&session.id_hash, NOW).await);
    assert_eq!(found, Some((session, newer)));
}

/// A refresh that is written after a new login changes nothing, and neither does one whose token
/// only begins like the present one.
pub async fn a_late_writer_never_undoes_a_newer_login(store: &impl Store) {
    let key = key();
    let (old, newer) = (account_of(&key), account_of(&key));
    answer(store.put_account(old.clone(), None).await);
    answer(store.put_account(newer.clone(), None).await);
    let longer = [newer.sealed_token.as_slice(), b"\0"].concat();
    for present in [old.sealed_token.as_slice(), b"", &longer] {
        assert!(!answer(store.replace_account(present, account_of(&key)).await));
    }
    assert_eq!(answer(store.account(&key, NOW).await), Some(newer));
}

/// A missing account is not replaced, so a revoked account stays revoked.
pub async fn replacing_an_unknown_account_makes_none(store: &impl Store) {
    let key = key();
    let account = account_of(&key);
    answer(store.put_account(account.clone(), None).await);
    assert_eq!(forget(store, key.client_id(), key.user_id()).await, 1);
    assert!(!answer(store.replace_account(&account.sealed_token, account_of(&key)).await));
    assert!(!answer(store.replace_account(b"", account_of(&key)).await));
    assert_eq!(answer(store.account(&key, NOW).await), None);
}

/// Of fifty replacements with the same present token, one succeeds, and its account remains.
pub async fn of_many_replacements_at_once_one_wins(store: &impl Store) {
    let key = key();
    let present = account_of(&key);
    answer(store.put_account(present.clone(), None).await);
    let newer: Vec<_> = (0..RIVALS).map(|_| account_of(&key)).collect();
    let asked =
        newer.iter().map(|account| store.replace_account(&present.sealed_token, account.clone()));
    let won: Vec<_> = join_all(asked).await.into_iter().map(answer).collect();
    let winners: Vec<_> =
        newer.iter().zip(won).filter(|(_, won)| *won).map(|(account, _)| account.clone()).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(answer(store.account(&key, NOW).await).as_ref(), winners.first());
}

/// Sealed tokens are bytes and not text, with any values and any length from zero up.
pub async fn sealed_tokens_come_back_to_the_byte(store: &impl Store) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for token in [Vec::new(), vec![0], every_byte.repeat(256), b"\\x41'\"%s\r\n".to_vec()] {
        let key = key();
        let mut account = account_of(&key);
        account.sealed_token = token.clone();
        answer(store.put_account(account.clone(), None).await);
        assert_eq!(answer(store.account(&key, NOW).await), Some(account));
        let newer = account_of(&key);
        assert!(answer(store.replace_account(&token, newer).await), "{} bytes", token.len());
    }
}

/// No character of a text has a meaning to the store.
pub async fn any_text_comes_back(store: &impl Store) {
    let odd = "'; DROP TABLE x; --\"`:*?[]{}%_\\ \t\r\n$1 ?1 \u{e9}\u{1f980}";
    let client_id = format!("{}{odd}", unique("client"));
    let key = AccountKey::new(&client_id, user());
    let (session, mut account) = (session_of(&key), account_of(&key));
    account.scopes = vec![odd.to_owned(), String::new(), "a,b".to_owned(), "a b".to_owned()];
    answer(store.put_account(account.clone(), Some(session.clone())).await);
    let found = answer(store.session(&session.id_hash, NOW).await);
    assert_eq!(found, Some((session, account.clone())));
    assert_eq!(
        answer(store.accounts(AccountPage::new(&client_id, 10)).await),
        std::slice::from_ref(&account)
    );
    assert_eq!(answer(store.accounts_known_by(&client_id, key.user_id()).await), [account]);
    assert_eq!(forget(store, &client_id, key.user_id()).await, 1);
    let claim = format!("{}{odd}", unique("key"));
    assert!(answer(store.claim(claim_of(&claim, odd), NOW).await));
    assert!(!answer(store.claim(claim_of(&claim, "other"), NOW).await));
    answer(store.claim(Claim::given_back(&claim, odd), NOW).await);
    assert!(answer(store.claim(claim_of(&claim, "other"), NOW).await));
}

/// Ids are decimal text of up to 32 digits, and leading zeros count, so they are not numbers.
pub async fn user_ids_are_text(store: &impl Store) {
    let client_id = unique("client");
    let ids = ["9".repeat(32), "0".to_owned(), "00".to_owned(), "9007199254740993".to_owned()];
    for digits in &ids {
        let key = AccountKey::new(&client_id, user_of(digits));
        let further = user_of(&format!("{digits:0>32}"));
        answer(store.put_account(account_known_as(&key, &[&further]), None).await);
    }
    for digits in &ids {
        let key = AccountKey::new(&client_id, user_of(digits));
        let found = answer(store.account(&key, NOW).await);
        assert_eq!(found.map(|account| account.key), Some(key));
    }
    let count = answer(store.accounts(AccountPage::new(&client_id, 10)).await).len();
    assert_eq!(count, ids.len());
}
