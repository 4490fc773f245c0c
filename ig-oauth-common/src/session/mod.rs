//! Where a token lives between requests: in a sealed cookie, or in a store behind a random id.

mod account;
mod death;
mod impossible_times;
mod memory_store;
mod sealed_cookie;
mod slot;
mod store;
mod stored;
mod tombstones;
mod unreadable;

use std::time::Duration;

pub(crate) use death::mark_dead;
pub(crate) use impossible_times::ImpossibleTimes;
use impossible_times::are_impossible;
pub use memory_store::MemoryStore;
pub use slot::Slot;
pub use store::{
    AccountKey, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash, SessionRecord,
    Store, StoreError,
};
pub(crate) use store::{BoxedStore, unavailable};
pub(crate) use tombstones::{Ended, Tombstones};
pub(crate) use unreadable::{UnreadableAccounts, newest_opens};

use crate::clock::Timestamp;
use crate::config::Settings;
use crate::cookie;
use crate::error::{AuthError, AuthErrorKind};
use crate::token::{Token, UserId};

/// Most bytes of a session cookie, name and value together. Browsers take 4,096 with attributes
/// (RFC 6265bis, section 5.6) and drop a larger one without a word; servers limit all headers.
pub(crate) const MAX_COOKIE_BYTES: usize = 3_072;

/// How often a record is written that others change meanwhile. A second time is rare.
pub(crate) const MOST_WRITES: usize = 4;

/// A session found for a request.
pub(crate) struct Session {
    pub(crate) token: Token,
    pub(crate) started_at: Timestamp,
    place: Place,
    is_renewal_due: bool,
    /// What took the token's place meanwhile.
    successor: Option<Token>,
}

/// Where a session lives.
enum Place {
    Cookie(sealed_cookie::SessionId),
    Store(stored::SessionId, Box<AccountRecord>),
}

/// Why what we once sealed does not open.
enum Unopened {
    /// Of another version or key: perhaps another instance can read it, so it stays.
    Foreign,
    /// Made to look like ours, or damaged: it goes.
    Broken,
}

impl Session {
    /// The account's record, where there is a store.
    pub(crate) fn account(&self) -> Option<&AccountRecord> {
        match &self.place {
            Place::Cookie(_) => None,
            Place::Store(_, account) => Some(account),
        }
    }

    /// The same session with another token of its user.
    pub(crate) fn with_token(self, token: Token) -> Self {
        Self { successor: Some(token), ..self }
    }

    /// Notes that the session was seen, when it is time to or its token has changed: the token, and
    /// what the browser must be told about its cookie.
    ///
    /// Nothing here fails a request: what was read is good, and the next one tries again.
    pub(crate) async fn renewed(self, settings: &Settings) -> (Token, Option<Renewal>) {
        let now = settings.clock.now();
        if let Some(successor) = &self.successor {
            match self.renew(settings, successor, now).await {
                Ok(renewal) => return (successor.clone(), Some(renewal)),
                Err(error) => match self.place {
                    // A store has it already.
                    Place::Store(..) => {
                        not_prolonged(&error);
                        return (successor.clone(), None);
                    }
                    // It is too long for a cookie, where the old one fits and still works. So it
                    // will be at each request: the log hears of it when the old one is renewed.
                    Place::Cookie(_) if self.is_renewal_due => not_prolonged(&error),
                    Place::Cookie(_) => {}
                },
            }
        }
        if !self.is_renewal_due {
            return (self.token, None);
        }
        match self.renew(settings, &self.token, now).await {
            Ok(renewal) => (self.token, Some(renewal)),
            Err(error) => {
                not_prolonged(&error);
                (self.token, None)
            }
        }
    }

    async fn renew(
        &self,
        settings: &Settings,
        token: &Token,
        now: Timestamp,
    ) -> Result<Renewal, AuthError> {
        match &self.place {
            Place::Cookie(id) => sealed_cookie::renew(settings, *id, self.started_at, now, token),
            Place::Store(id, _) => stored::renew(settings, id, self.started_at, now, token).await,
        }
    }
}

fn not_prolonged(error: &AuthError) {
    crate::trace::warning(&format!("a session is not prolonged: {}", crate::error::chain(error)));
}

/// A new value for the session's cookie.
pub(crate) struct Renewal {
    pub(crate) session: Ended,
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
pub(crate) async fn read(
    settings: &Settings,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
) -> Result<Reading, AuthError> {
    let now = settings.clock.now();
    let reading = match &settings.store {
        None => sealed_cookie::read(settings, tombstones, values, now)?,
        Some(store) => stored::read(settings, &**store, tombstones, values, now).await?,
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
            stored::end(&**store, tombstones, previous, now).await?;
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

/// What a stored account holds.
pub(crate) enum Stored {
    Live(Token),
    /// The provider calls its token invalid.
    Dead(Token),
    /// No secret of the configuration opens it, or it is another's, or its times cannot be.
    Unreadable,
}

/// Opens a stored account.
pub(crate) fn open_account(settings: &Settings, account: &AccountRecord) -> Stored {
    let Ok(stored::Opened { token, is_dead, .. }) = stored::open(settings, account) else {
        settings.unreadable.found();
        return Stored::Unreadable;
    };
    if has_impossible_times(settings, &token) {
        return Stored::Unreadable;
    }
    if is_dead { Stored::Dead(token) } else { Stored::Live(token) }
}

fn has_impossible_times(settings: &Settings, token: &Token) -> bool {
    are_impossible(settings, Ended::Token(token.hash()), settings.clock.now(), &[], token)
}

/// What became of a record that was to be sealed by the newest key.
pub(crate) enum Resealing {
    Resealed,
    /// It was already, is gone, or somebody else was faster.
    Unneeded,
    /// No secret of the configuration opens it.
    Unreadable,
}

/// Seals an account's token by the newest key, whatever is written to it meanwhile: an instance that
/// does not know that key yet may write by the old one.
pub(crate) async fn reseal_account(
    settings: &Settings,
    store: &dyn BoxedStore,
    mut account: AccountRecord,
) -> Result<Resealing, AuthError> {
    for _ in 0..MOST_WRITES {
        let Ok(stored::Opened { key_id, token, is_dead }) = stored::open(settings, &account) else {
            settings.unreadable.found();
            return Ok(Resealing::Unreadable);
        };
        if has_impossible_times(settings, &token) {
            return Ok(Resealing::Unreadable);
        }
        if key_id == settings.keyring.newest().id {
            return Ok(Resealing::Unneeded);
        }
        if stored::reseal(settings, store, &account, &token, is_dead).await?.is_some() {
            return Ok(Resealing::Resealed);
        }
        let present = store.account(&account.key, settings.clock.now()).await;
        match present.map_err(unavailable)? {
            Some(present) => account = present,
            None => return Ok(Resealing::Unneeded),
        }
    }
    let contended = "the account's record changes all the time";
    Err(AuthError::with_source(AuthErrorKind::Store, contended))
}

/// Puts `token` in the place of the one in `account`, unless that has changed meanwhile. Whether it
/// did.
pub(crate) async fn replace_token(
    settings: &Settings,
    store: &dyn BoxedStore,
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
    let now = settings.clock.now();
    match &settings.store {
        None => sealed_cookie::end(settings, tombstones, values, now),
        Some(store) => stored::end(&**store, tombstones, values, now).await?,
    }
    Ok(())
}

/// Ends every session of the accounts that are known by `user_id`.
pub(crate) async fn end_all(
    settings: &Settings,
    store: &dyn BoxedStore,
    user_id: &UserId,
) -> Result<u64, AuthError> {
    stored::end_all(settings, store, user_id).await
}

/// Whether a session of these values ended a moment ago, by a logout or because another took its
/// place: its browser has been told of that.
pub(crate) fn ended_a_moment_ago(
    settings: &Settings,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
) -> bool {
    let now = settings.clock.now();
    names_of(settings, values).any(|session| tombstones.is_buried(&session, now))
}

/// Notes that the browser is told of the end of these values' sessions: a later answer about them must
/// not take the cookie of a login that ended since.
pub(crate) fn told_of_the_end(settings: &Settings, tombstones: &Tombstones, values: &[Vec<u8>]) {
    let now = settings.clock.now();
    names_of(settings, values).for_each(|session| tombstones.bury(session, now));
}

/// What tombstones know the sessions of these values by.
fn names_of<'v>(settings: &'v Settings, values: &'v [Vec<u8>]) -> impl Iterator<Item = Ended> + 'v {
    values.iter().filter_map(|value| match &settings.store {
        None => sealed_cookie::name_of(settings, value),
        Some(_) => stored::name_of(value),
    })
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
    let max_age = (!settings.end_with_browser).then_some(max_age);
    Ok(cookie::set_cookie(names, names.session(), value, max_age))
}
