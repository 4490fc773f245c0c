//! Where a token lives between requests: in a sealed cookie, or in a store behind a random id.

mod account;
mod memory_store;
mod sealed_cookie;
mod shared_store;
mod slot;
mod store;
mod stored;
mod tombstones;

use std::time::Duration;

pub use memory_store::MemoryStore;
pub use slot::Slot;
pub use store::{
    AccountKey, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash, SessionRecord,
    Store, StoreError, StoreFuture,
};
pub(crate) use tombstones::Tombstones;

use crate::clock::Timestamp;
use crate::config::Settings;
use crate::cookie;
use crate::error::{AuthError, AuthErrorKind};
use crate::token::{Token, UserId};

/// Most bytes of a session cookie, name and value together. Browsers take 4,096 with attributes
/// (RFC 6265bis, section 5.6) and drop a larger one without a word; servers limit all headers.
pub(crate) const MAX_COOKIE_BYTES: usize = 3_072;

/// A session found for a request.
pub(crate) struct Session {
    pub(crate) token: Token,
    pub(crate) started_at: Timestamp,
    /// What the browser must be told about its cookie, at the next chance.
    pub(crate) renewal: Option<Renewal>,
    place: Place,
}

/// Where a session lives.
enum Place {
    Cookie(sealed_cookie::SessionId),
    Store(Box<AccountRecord>),
}

impl Session {
    /// The account's record, where there is a store.
    pub(crate) fn account(&self) -> Option<&AccountRecord> {
        match &self.place {
            Place::Cookie(_) => None,
            Place::Store(account) => Some(account),
        }
    }

    /// The same session with another token of its user. A store has the token already; a cookie
    /// must be told.
    pub(crate) fn with_token(self, settings: &Settings, token: Token) -> Self {
        let Place::Cookie(id) = &self.place else {
            return Self { token, ..self };
        };
        let now = settings.clock.now();
        match sealed_cookie::renew(settings, *id, self.started_at, now, &token) {
            Ok(renewal) => Self { token, renewal: Some(renewal), ..self },
            Err(error) => {
                // The old one fits and still works.
                crate::trace::warning(&format!("a refreshed token is not kept: {error}"));
                self
            }
        }
    }
}

/// A new value for the session's cookie.
pub(crate) struct Renewal {
    /// The id that logging out tombstones, for cookie sessions.
    pub(crate) session: Option<sealed_cookie::SessionId>,
    pub(crate) line: String,
}

/// What the session cookies of a request amount to.
pub(crate) enum Reading {
    Live(Session),
    /// There is no session. The cookie should go when it is ours and useless.
    Nobody {
        remove: bool,
    },
}

/// Looks the values of our session cookie up, first match wins.
pub(crate) async fn read(settings: &Settings, values: &[Vec<u8>]) -> Result<Reading, AuthError> {
    let now = settings.clock.now();
    let reading = match &settings.store {
        None => sealed_cookie::read(settings, values, now)?,
        Some(store) => stored::read(settings, &**store, values, now).await?,
    };
    let Reading::Live(session) = reading else {
        return Ok(reading);
    };
    if let Some(hooks) = &settings.hooks {
        let accepted = hooks.accepts(session.token.user_id(), session.started_at).await;
        if !accepted.map_err(|error| AuthError::with_source(AuthErrorKind::Hook, error))? {
            return Ok(Reading::Nobody { remove: true });
        }
    }
    Ok(Reading::Live(session))
}

/// Begins a session with `token`, ends the one of `previous`, and gives the `Set-Cookie` lines.
pub(crate) async fn begin(
    settings: &Settings,
    tombstones: &Tombstones,
    token: &Token,
    further_ids: Vec<UserId>,
    previous: &[Vec<u8>],
) -> Result<Vec<String>, AuthError> {
    let now = settings.clock.now();
    let expires_at = expiry(settings, now, now, token);
    let value = match &settings.store {
        None => {
            sealed_cookie::bury(settings, tombstones, previous, now);
            sealed_cookie::begin(settings, token, now)?
        }
        Some(store) => {
            stored::end(&**store, previous).await?;
            stored::begin(settings, &**store, token, further_ids, now).await?
        }
    };
    let max_age = expires_at.saturating_since(now);
    Ok(vec![line(settings, &value, max_age)?])
}

/// Keeps the token of an account that is nobody's session, where there is a store.
pub(crate) async fn keep_account(
    settings: &Settings,
    token: &Token,
    further_ids: Vec<UserId>,
) -> Result<(), AuthError> {
    match &settings.store {
        None => Ok(()),
        Some(store) => stored::keep_account(settings, &**store, token, further_ids).await,
    }
}

/// The token of a stored account: none when its secret is gone, or it is another's.
pub(crate) fn open_account(settings: &Settings, account: &AccountRecord) -> Option<Token> {
    stored::open(settings, account).map(|(_, token)| token)
}

/// Seals an account's token by the newest key. The record, and whether it was by another one; none
/// when nobody can open it.
pub(crate) async fn reseal_account(
    settings: &Settings,
    store: &dyn Store,
    account: AccountRecord,
) -> Result<Option<bool>, AuthError> {
    let Some((key_id, token)) = stored::open(settings, &account) else {
        return Ok(None);
    };
    if key_id == settings.keyring.newest().id {
        return Ok(Some(false));
    }
    stored::reseal(settings, store, account, &token).await?;
    Ok(Some(true))
}

/// Puts `token` in the place of the one in `account`, unless that has changed meanwhile. Whether it
/// did.
pub(crate) async fn replace_token(
    settings: &Settings,
    store: &dyn Store,
    account: &AccountRecord,
    token: &Token,
) -> Result<bool, AuthError> {
    stored::replace_token(settings, store, account, token).await
}

/// Ends the sessions of these cookie values. The browser's cookie goes whatever the outcome; see
/// [`removal`].
pub(crate) async fn end(
    settings: &Settings,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
) -> Result<(), AuthError> {
    match &settings.store {
        None => sealed_cookie::bury(settings, tombstones, values, settings.clock.now()),
        Some(store) => stored::end(&**store, values).await?,
    }
    Ok(())
}

/// Ends every session of the accounts that are known by `user_id`.
pub(crate) async fn end_all(
    settings: &Settings,
    store: &dyn Store,
    user_id: &UserId,
) -> Result<u64, AuthError> {
    stored::end_all(settings, store, user_id).await
}

/// The line that removes the session cookie.
pub(crate) fn removal(settings: &Settings) -> String {
    cookie::removal(&settings.cookie_names, settings.cookie_names.session())
}

/// When a session ends: at the earliest of its absolute life, its idle life, and its token's end.
/// Derived, not stored, so that a shorter lifetime in the configuration holds at once.
fn expiry(
    settings: &Settings,
    started_at: Timestamp,
    seen_at: Timestamp,
    token: &Token,
) -> Timestamp {
    started_at
        .saturating_add(settings.session_lifetime)
        .min(seen_at.saturating_add(settings.idle_lifetime))
        .min(token.expires_at())
}

fn line(settings: &Settings, value: &str, max_age: Duration) -> Result<String, AuthError> {
    let names = &settings.cookie_names;
    if names.session().len() + value.len() > MAX_COOKIE_BYTES {
        return Err(AuthError::with_source(
            AuthErrorKind::OversizeAnswer,
            "the token does not fit into a session cookie of 3,072 bytes; use a store",
        ));
    }
    Ok(cookie::set_cookie(names, names.session(), value, max_age))
}
