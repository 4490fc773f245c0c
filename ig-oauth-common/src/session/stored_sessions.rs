//! Store sessions: the cookie is a random id, all else is in the store.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::accounts::{Accounts, OpenedAccount};
use super::reading::{Kept, Reading, Renewal, Session, StoredSessionId};
use super::sealing::Unopened;
use super::session_cookie::SessionCookie;
use super::tombstones::{Ended, Tombstones};
use crate::clock::Timestamp;
use crate::encoding::{from_base64url, to_base64url};
use crate::error::AuthError;
use crate::provider::Token;
use crate::randomness::{Randomness, random};
use crate::store::{SessionIdHash, SessionRecord, unavailable};
use crate::token_facts::UserId;

pub(super) struct StoredSessions {
    pub(super) accounts: Arc<Accounts>,
    pub(super) cookie: Arc<SessionCookie>,
    pub(super) randomness: Arc<dyn Randomness>,
    pub(super) tombstones: Arc<Tombstones>,
}

/// What one value of the cookie stands for.
enum Found {
    Live(Session),
    /// Nothing, and the cookie should go.
    Useless,
    /// Nothing that this instance can read.
    Foreign,
}

impl StoredSessions {
    /// A new session, with the account it belongs to: its cookie's value.
    pub(super) async fn begin(
        &self,
        token: &Token,
        further_ids: Vec<UserId>,
        now: Timestamp,
    ) -> Result<String, AuthError> {
        let id: StoredSessionId = random(&*self.randomness)?;
        let account = self.accounts.record(token, further_ids)?;
        let ends_at = self.cookie.ends_at(now, now, token);
        let session = SessionRecord::new(hash(&id), account.key.clone(), now, now, ends_at);
        self.accounts.store().put_account(account, Some(session)).await.map_err(unavailable)?;
        Ok(to_base64url(&id))
    }

    /// The first session among the values that is valid.
    pub(super) async fn read(
        &self,
        values: &[Vec<u8>],
        now: Timestamp,
    ) -> Result<Reading, AuthError> {
        let mut remove = false;
        for value in values {
            match self.find(value, now).await? {
                Found::Live(session) => return Ok(Reading::Live(session)),
                Found::Useless => remove = true,
                Found::Foreign => {}
            }
        }
        Ok(Reading::Nobody { remove })
    }

    async fn find(&self, value: &[u8], now: Timestamp) -> Result<Found, AuthError> {
        let Some(id) = id_in(value) else { return Ok(Found::Useless) };
        let store = self.accounts.store();
        let found = store.session(&hash(&id), now).await.map_err(unavailable)?;
        let Some((session, account)) = found else { return Ok(Found::Useless) };
        // The store is shared with other apps: an id of theirs is none of this one's.
        if session.account.client_id() != self.accounts.client_id()
            || session.account != account.key
        {
            return Ok(Found::Useless);
        }
        let opened = match self.accounts.opened(&account) {
            Ok(opened) => opened,
            Err(Unopened::Foreign) => return Ok(Found::Foreign),
            Err(Unopened::Broken) => return Ok(Found::Useless),
        };
        let OpenedAccount { token, is_dead, is_by_newest_key } = opened;
        let (started_at, seen_at) = (session.created_at, session.last_seen_at);
        let name = Ended::Stored(session.id_hash);
        if self.accounts.impossible_times.are(name, now, &[started_at, seen_at], &token) {
            return Ok(Found::Foreign);
        }
        if is_dead || self.tombstones.is_dead(&token, now) {
            // It belongs to the dead token. When its user logs in again, it must not come back.
            store.end_session(&session.id_hash).await.map_err(unavailable)?;
            return Ok(Found::Useless);
        }
        let ends_at = self.cookie.ends_at(started_at, seen_at, &token);
        if ends_at <= now {
            return Ok(Found::Useless);
        }
        let account = if is_by_newest_key {
            account
        } else {
            self.accounts.resealed_if_possible(account, &token).await
        };
        // A refreshed token, or a longer life by the configuration, moves the end.
        let is_stale = ends_at > session.expires_at;
        Ok(Found::Live(Session {
            token,
            started_at,
            kept: Kept::Store(id, Box::new(account)),
            is_renewal_due: is_stale || self.cookie.is_touch_due(seen_at, now),
            successor: None,
        }))
    }

    /// Notes in the store that a session was seen now, and prolongs its cookie.
    pub(super) async fn renew(
        &self,
        id: &StoredSessionId,
        started_at: Timestamp,
        now: Timestamp,
        token: &Token,
    ) -> Result<Renewal, AuthError> {
        let ends_at = self.cookie.ends_at(started_at, now, token);
        let id_hash = hash(id);
        let store = self.accounts.store();
        store.touch_session(&id_hash, now, ends_at).await.map_err(unavailable)?;
        let line = self.cookie.line(&to_base64url(id), ends_at.saturating_since(now))?;
        Ok(Renewal { session: Ended::Stored(id_hash), line })
    }

    pub(super) async fn end(&self, values: &[Vec<u8>], now: Timestamp) -> Result<(), AuthError> {
        for id in values.iter().filter_map(|value| id_in(value)) {
            let id_hash = hash(&id);
            self.tombstones.bury(Ended::Stored(id_hash), now);
            self.accounts.store().end_session(&id_hash).await.map_err(unavailable)?;
        }
        Ok(())
    }
}

pub(super) fn name_of(value: &[u8]) -> Option<Ended> {
    id_in(value).map(|id| Ended::Stored(hash(&id)))
}

fn id_in(value: &[u8]) -> Option<StoredSessionId> {
    from_base64url(value)?.try_into().ok()
}

fn hash(id: &StoredSessionId) -> SessionIdHash {
    SessionIdHash::from_bytes(Sha256::digest(id).into())
}
