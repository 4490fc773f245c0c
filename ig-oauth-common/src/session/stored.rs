//! Store sessions: the cookie is a random id, all else is in the store.

use sha2::{Digest as _, Sha256};

use super::store::{AccountKey, AccountRecord, SessionIdHash, SessionRecord, Store, is_touch_due};
use super::{Place, Reading, Renewal, Session, account, expiry, line};
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::error::{AuthError, AuthErrorKind};
use crate::keys::KeyId;
use crate::token::{Token, UserId};

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"ig-oauth stored account";
const ID_BYTES: usize = 32;

pub(super) async fn begin(
    settings: &Settings,
    store: &dyn Store,
    token: &Token,
    further_ids: Vec<UserId>,
    now: Timestamp,
) -> Result<String, AuthError> {
    let id = settings.random()?;
    let key = AccountKey::new(&settings.client_id, token.user_id().clone());
    let expires_at = expiry(settings, now, now, token);
    let session = SessionRecord::new(hash(&id), key.clone(), now, now, expires_at);
    let account = record(settings, key, further_ids, token)?;
    store.begin_session(session, account).await.map_err(unavailable)?;
    Ok(to_base64url(&id))
}

pub(super) async fn keep_account(
    settings: &Settings,
    store: &dyn Store,
    token: &Token,
    further_ids: Vec<UserId>,
) -> Result<(), AuthError> {
    let key = AccountKey::new(&settings.client_id, token.user_id().clone());
    let account = record(settings, key, further_ids, token)?;
    store.put_account(account).await.map_err(unavailable)
}

pub(super) async fn read(
    settings: &Settings,
    store: &dyn Store,
    values: &[Vec<u8>],
    now: Timestamp,
) -> Result<Reading, AuthError> {
    let mut remove = false;
    for value in values {
        remove = true;
        let Some(id) = id_in(value) else { continue };
        let found = store.session(&hash(&id), now).await.map_err(unavailable)?;
        let Some((session, account)) = found else {
            continue;
        };
        // The store is shared with other apps: an id of theirs is none of ours.
        if session.account.client_id() != settings.client_id || session.account != account.key {
            continue;
        }
        let Some((key_id, token)) = open(settings, &account) else {
            continue;
        };
        let started_at = session.created_at;
        let ends_at = expiry(settings, started_at, session.last_seen_at, &token);
        if ends_at <= now {
            continue;
        }
        let account = match key_id == settings.keyring.newest().id {
            true => account,
            false => reseal(settings, store, account, &token).await?,
        };
        // A refreshed token, or a longer life by the configuration, moves the end.
        let is_stale = ends_at > session.expires_at;
        let renewal = if is_stale || is_touch_due(session.last_seen_at, now, settings.idle_lifetime)
        {
            let expires_at = expiry(settings, started_at, now, &token);
            store.touch_session(&session.id_hash, now, expires_at).await.map_err(unavailable)?;
            let text = to_base64url(&id);
            let line = line(settings, &text, expires_at.saturating_since(now))?;
            Some(Renewal { session: None, line })
        } else {
            None
        };
        let place = Place::Store(Box::new(account));
        return Ok(Reading::Live(Session { token, started_at, renewal, place }));
    }
    Ok(Reading::Nobody { remove })
}

pub(super) async fn end(store: &dyn Store, values: &[Vec<u8>]) -> Result<(), AuthError> {
    for id in values.iter().filter_map(|value| id_in(value)) {
        store.end_session(&hash(&id)).await.map_err(unavailable)?;
    }
    Ok(())
}

pub(super) async fn end_all(
    settings: &Settings,
    store: &dyn Store,
    user_id: &UserId,
) -> Result<u64, AuthError> {
    let accounts = store.accounts_known_by(&settings.client_id, user_id).await;
    let mut ended = 0;
    for account in accounts.map_err(unavailable)? {
        ended += store.end_sessions(&account.key).await.map_err(unavailable)?;
    }
    Ok(ended)
}

/// Seals an account's token by the newest key. When somebody else changed it meanwhile, theirs counts.
pub(super) async fn reseal(
    settings: &Settings,
    store: &dyn Store,
    account: AccountRecord,
    token: &Token,
) -> Result<AccountRecord, AuthError> {
    let sealed_token = seal(settings, &account.key, token)?;
    let resealed = AccountRecord { sealed_token, ..account.clone() };
    let replaced = store.replace_account(&account.sealed_token, resealed.clone()).await;
    Ok(if replaced.map_err(unavailable)? { resealed } else { account })
}

pub(super) async fn replace_token(
    settings: &Settings,
    store: &dyn Store,
    account: &AccountRecord,
    token: &Token,
) -> Result<bool, AuthError> {
    let record = record(settings, account.key.clone(), account.further_ids.clone(), token)?;
    store.replace_account(&account.sealed_token, record).await.map_err(unavailable)
}

fn record(
    settings: &Settings,
    key: AccountKey,
    further_ids: Vec<UserId>,
    token: &Token,
) -> Result<AccountRecord, AuthError> {
    let sealed_token = seal(settings, &key, token)?;
    let scopes = token.scopes().iter().map(ToString::to_string).collect();
    let (issued_at, expires_at) = (token.issued_at(), token.expires_at());
    Ok(AccountRecord::new(key, further_ids, sealed_token, scopes, issued_at, expires_at))
}

fn id_in(value: &[u8]) -> Option<[u8; ID_BYTES]> {
    from_base64url(value)?.try_into().ok()
}

fn hash(id: &[u8; ID_BYTES]) -> SessionIdHash {
    SessionIdHash::from_bytes(Sha256::digest(id).into())
}

fn associated_data(key: &AccountKey) -> Vec<u8> {
    Writer::new()
        .byte(VERSION)
        .part(PURPOSE)
        .part(key.client_id().as_bytes())
        .part(key.user_id().as_str().as_bytes())
        .finish()
}

fn seal(settings: &Settings, key: &AccountKey, token: &Token) -> Result<Vec<u8>, AuthError> {
    let nonce = settings.random()?;
    let keys = settings.keyring.newest();
    let sealed = keys.account.seal(nonce, &associated_data(key), &account::encode(token));
    let sealed = sealed.ok_or(AuthErrorKind::Internal)?;
    Ok(Writer::new().byte(VERSION).fixed(&keys.id).fixed(&nonce).fixed(&sealed).finish())
}

/// `None` when the record was sealed by a secret that is gone, for another account, or changed.
pub(super) fn open(settings: &Settings, record: &AccountRecord) -> Option<(KeyId, Token)> {
    let mut reader = Reader::new(&record.sealed_token);
    if reader.byte()? != VERSION {
        return None;
    }
    let key_id = *reader.fixed()?;
    let keys = settings.keyring.by_id(&key_id)?;
    let nonce = reader.fixed()?;
    let text = keys.account.open(nonce, &associated_data(&record.key), reader.rest())?;
    let token = account::decode(&text, &settings.provider)?;
    (token.user_id() == record.key.user_id()).then_some((key_id, token))
}

fn unavailable(error: super::StoreError) -> AuthError {
    AuthError::with_source(AuthErrorKind::Store, error)
}
