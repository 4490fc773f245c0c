//! Store sessions: the cookie is a random id, all else is in the store.

use sha2::{Digest as _, Sha256};

use super::store::{
    AccountKey, AccountRecord, BoxedStore, SessionIdHash, SessionRecord, is_touch_due, unavailable,
};
use super::{
    Ended, Place, Reading, Renewal, Session, Tombstones, Unopened, account, are_impossible, expiry,
    line,
};
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::error::{AuthError, AuthErrorKind};
use crate::keys::KeyId;
use crate::token::{Token, UserId};

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"ig-oauth stored account";
const ID_BYTES: usize = 32;

/// What the cookie holds. A secret: it opens the session.
pub(super) type SessionId = [u8; ID_BYTES];

pub(super) async fn begin(
    settings: &Settings,
    store: &dyn BoxedStore,
    token: &Token,
    further_ids: Vec<UserId>,
    now: Timestamp,
) -> Result<String, AuthError> {
    let id: SessionId = settings.random()?;
    let key = AccountKey::new(&settings.client_id, token.user_id().clone());
    let expires_at = expiry(settings, now, now, token);
    let session = SessionRecord::new(hash(&id), key.clone(), now, now, expires_at);
    let account = record(settings, key, further_ids, token, false)?;
    store.begin_session(session, account).await.map_err(unavailable)?;
    Ok(to_base64url(&id))
}

pub(super) async fn keep_account(
    settings: &Settings,
    store: &dyn BoxedStore,
    token: &Token,
    further_ids: Vec<UserId>,
) -> Result<(), AuthError> {
    let key = AccountKey::new(&settings.client_id, token.user_id().clone());
    let account = record(settings, key, further_ids, token, false)?;
    store.put_account(account).await.map_err(unavailable)
}

pub(super) async fn read(
    settings: &Settings,
    store: &dyn BoxedStore,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
    now: Timestamp,
) -> Result<Reading, AuthError> {
    let mut remove = false;
    for value in values {
        let Some(id) = id_in(value) else {
            remove = true;
            continue;
        };
        let found = store.session(&hash(&id), now).await.map_err(unavailable)?;
        let Some((session, account)) = found else {
            remove = true;
            continue;
        };
        // The store is shared with other apps: an id of theirs is none of ours.
        if session.account.client_id() != settings.client_id || session.account != account.key {
            remove = true;
            continue;
        }
        let Opened { key_id, token, is_dead } = match open(settings, &account) {
            Ok(opened) => opened,
            Err(Unopened::Foreign) => {
                settings.unreadable.found();
                continue;
            }
            Err(Unopened::Broken) => {
                settings.unreadable.found();
                remove = true;
                continue;
            }
        };
        let started_at = session.created_at;
        let name = Ended::Stored(session.id_hash);
        if are_impossible(settings, name, now, &[started_at, session.last_seen_at], &token) {
            continue;
        }
        if is_dead || tombstones.is_dead(&token, now) {
            // It belongs to the dead token. When its user logs in again, it must not come back.
            store.end_session(&session.id_hash).await.map_err(unavailable)?;
            remove = true;
            continue;
        }
        let ends_at = expiry(settings, started_at, session.last_seen_at, &token);
        if ends_at <= now {
            remove = true;
            continue;
        }
        let account = match key_id == settings.keyring.newest().id {
            true => account,
            false => resealed_if_possible(settings, store, account, &token).await,
        };
        // A refreshed token, or a longer life by the configuration, moves the end.
        let is_stale = ends_at > session.expires_at;
        return Ok(Reading::Live(Session {
            token,
            started_at,
            place: Place::Store(id, Box::new(account)),
            is_renewal_due: is_stale
                || is_touch_due(session.last_seen_at, now, settings.idle_lifetime),
            successor: None,
        }));
    }
    Ok(Reading::Nobody { remove })
}

/// Notes in the store that the session was seen, and gives its cookie the new end.
pub(super) async fn renew(
    settings: &Settings,
    id: &SessionId,
    started_at: Timestamp,
    now: Timestamp,
    token: &Token,
) -> Result<Renewal, AuthError> {
    let expires_at = expiry(settings, started_at, now, token);
    let id_hash = hash(id);
    if let Some(store) = &settings.store {
        store.touch_session(&id_hash, now, expires_at).await.map_err(unavailable)?;
    }
    let line = line(settings, &to_base64url(id), expires_at.saturating_since(now))?;
    Ok(Renewal { session: Ended::Stored(id_hash), line })
}

/// Ends the sessions of these values, and tombstones them: a request under way may still want to
/// send the cookie of one, over the cookie of the session that came after it.
pub(super) async fn end(
    store: &dyn BoxedStore,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), AuthError> {
    for id in values.iter().filter_map(|value| id_in(value)) {
        let id_hash = hash(&id);
        tombstones.bury(Ended::Stored(id_hash), now);
        store.end_session(&id_hash).await.map_err(unavailable)?;
    }
    Ok(())
}

pub(super) async fn end_all(
    settings: &Settings,
    store: &dyn BoxedStore,
    user_id: &UserId,
) -> Result<u64, AuthError> {
    let accounts = store.accounts_known_by(&settings.client_id, user_id).await;
    let mut ended = 0;
    for account in accounts.map_err(unavailable)? {
        ended += store.end_sessions(&account.key).await.map_err(unavailable)?;
    }
    Ok(ended)
}

/// Seals an account's token by the newest key: none when somebody else changed it meanwhile, whose
/// word counts.
pub(super) async fn reseal(
    settings: &Settings,
    store: &dyn BoxedStore,
    account: &AccountRecord,
    token: &Token,
    is_dead: bool,
) -> Result<Option<AccountRecord>, AuthError> {
    let sealed_token = seal(settings, &account.key, token, is_dead)?;
    let resealed = AccountRecord { sealed_token, ..account.clone() };
    let replaced = store.replace_account(&account.sealed_token, resealed.clone()).await;
    Ok(replaced.map_err(unavailable)?.then_some(resealed))
}

/// What was read is good whatever key sealed it, so a store that only reads fails no request.
async fn resealed_if_possible(
    settings: &Settings,
    store: &dyn BoxedStore,
    account: AccountRecord,
    token: &Token,
) -> AccountRecord {
    match reseal(settings, store, &account, token, false).await {
        Ok(resealed) => resealed.unwrap_or(account),
        Err(error) => {
            let chain = crate::error::chain(&error);
            crate::trace::warning(&format!("an account is not sealed anew: {chain}"));
            account
        }
    }
}

pub(super) async fn replace_token(
    settings: &Settings,
    store: &dyn BoxedStore,
    account: &AccountRecord,
    token: &Token,
) -> Result<bool, AuthError> {
    let record = record(settings, account.key.clone(), account.further_ids.clone(), token, false)?;
    store.replace_account(&account.sealed_token, record).await.map_err(unavailable)
}

fn record(
    settings: &Settings,
    key: AccountKey,
    further_ids: Vec<UserId>,
    token: &Token,
    is_dead: bool,
) -> Result<AccountRecord, AuthError> {
    let sealed_token = seal(settings, &key, token, is_dead)?;
    let scopes = token.scopes().iter().map(ToString::to_string).collect();
    let (issued_at, expires_at) = (token.issued_at(), token.expires_at());
    Ok(AccountRecord::new(key, further_ids, sealed_token, scopes, issued_at, expires_at))
}

/// What tombstones know the session of this value by.
pub(super) fn name_of(value: &[u8]) -> Option<Ended> {
    id_in(value).map(|id| Ended::Stored(hash(&id)))
}

fn id_in(value: &[u8]) -> Option<SessionId> {
    from_base64url(value)?.try_into().ok()
}

fn hash(id: &SessionId) -> SessionIdHash {
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

fn seal(
    settings: &Settings,
    key: &AccountKey,
    token: &Token,
    is_dead: bool,
) -> Result<Vec<u8>, AuthError> {
    let nonce = settings.random()?;
    let keys = settings.keyring.newest();
    let sealed = keys.account.seal(nonce, &associated_data(key), &account::encode(token, is_dead));
    let sealed = sealed.ok_or(AuthErrorKind::Internal)?;
    Ok(Writer::new().byte(VERSION).fixed(&keys.id).fixed(&nonce).fixed(&sealed).finish())
}

/// What a record holds.
pub(super) struct Opened {
    /// The key that sealed it.
    pub(super) key_id: KeyId,
    pub(super) token: Token,
    /// Whether the provider calls the token invalid.
    pub(super) is_dead: bool,
}

pub(super) fn open(settings: &Settings, record: &AccountRecord) -> Result<Opened, Unopened> {
    let mut reader = Reader::new(&record.sealed_token);
    if reader.byte().ok_or(Unopened::Broken)? != VERSION {
        return Err(Unopened::Foreign);
    }
    let key_id = *reader.fixed().ok_or(Unopened::Broken)?;
    let keys = settings.keyring.by_id(&key_id).ok_or(Unopened::Foreign)?;
    let nonce = reader.fixed().ok_or(Unopened::Broken)?;
    let text = keys.account.open(nonce, &associated_data(&record.key), reader.rest());
    let text = text.ok_or(Unopened::Broken)?;
    let decoded = account::decode(&text, &settings.provider);
    let (token, is_dead) = decoded.ok_or(Unopened::Broken)?;
    if token.user_id() != record.key.user_id() {
        return Err(Unopened::Broken);
    }
    Ok(Opened { key_id, token, is_dead })
}
