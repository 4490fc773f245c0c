//! The sessions of one configuration, in cookies or in a store.

use std::sync::Arc;

use super::accounts::{Accounts, OpenedAccount};
use super::invalid_timestamps::InvalidTimestamps;
use super::reading::{Kept, Reading, Renewal, Session, StoredSessionId};
use super::sealed_cookies::SealedCookies;
use super::sealing::{SESSION_COOKIE, STORED_ACCOUNT, Sealer, Unopened};
use super::session_cookie::SessionCookie;
use super::tombstones::{Ended, Tombstones};
use crate::clock::{Clock, Timestamp};
use crate::cookie;
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind, chain};
use crate::hooks::BoxedHooks;
use crate::keys::Keyring;
use crate::messages::Headers;
use crate::provider::{Provider, Token};
use crate::randomness::{Randomness, random};
use crate::store::{BoxedStore, SessionRecord};
use crate::token_facts::UserId;

pub(crate) struct Sessions {
    place: Storage,
    cookie: SessionCookie,
    tombstones: Arc<Tombstones>,
    invalid_timestamps: Arc<InvalidTimestamps>,
    hooks: Option<Arc<dyn BoxedHooks>>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    pub(super) forbids_caching: bool,
}

/// Where sessions are stored.
enum Storage {
    Cookie(SealedCookies),
    /// The cookie holds a random id; all other data is in the store.
    Store(Arc<Accounts>),
}

/// The dependencies of [`Sessions`].
pub(crate) struct SessionsParts {
    pub(crate) cookie: SessionCookie,
    pub(crate) client_id: String,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) provider: Arc<Provider>,
    pub(crate) store: Option<Arc<dyn BoxedStore>>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    /// Whether answers for which a token was read get `no-store` when the app sets no caching
    /// header.
    pub(crate) forbids_caching: bool,
}

impl Sessions {
    pub(crate) fn new(parts: SessionsParts) -> Self {
        let SessionsParts { cookie, client_id, keyring, provider, clock, randomness, .. } = parts;
        let tombstones = Arc::<Tombstones>::default();
        let invalid_timestamps = Arc::<InvalidTimestamps>::default();
        let sealer = |purpose| Sealer { purpose, keyring, randomness: Arc::clone(&randomness) };
        let place = match parts.store {
            None => Storage::Cookie(SealedCookies {
                sealer: sealer(SESSION_COOKIE),
                cookie_name: cookie.names.session.clone(),
                client_id,
                provider,
            }),
            Some(store) => Storage::Store(Arc::new(Accounts {
                store,
                client_id,
                sealer: sealer(STORED_ACCOUNT),
                provider,
                clock: Arc::clone(&clock),
                tombstones: Arc::clone(&tombstones),
                invalid_timestamps: Arc::clone(&invalid_timestamps),
                was_checked: false.into(),
                was_unreadable: false.into(),
            })),
        };
        let (hooks, forbids_caching) = (parts.hooks, parts.forbids_caching);
        Self {
            place,
            cookie,
            tombstones,
            invalid_timestamps,
            hooks,
            clock,
            randomness,
            forbids_caching,
        }
    }

    /// The stored accounts. `None` when sessions are in cookies.
    pub(crate) fn accounts(&self) -> Option<&Arc<Accounts>> {
        match &self.place {
            Storage::Cookie(_) => None,
            Storage::Store(accounts) => Some(accounts),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The values of the session cookie in a request.
    pub(crate) fn values_in(&self, headers: &dyn Headers) -> Vec<Vec<u8>> {
        let values = cookie::values_of(headers, &self.cookie.names.session);
        values.into_iter().map(<[u8]>::to_vec).collect()
    }

    /// The first session among the values that is valid and accepted by the app.
    pub(crate) async fn read(&self, values: &[Vec<u8>]) -> Result<Reading, AuthError> {
        let mut remove = false;
        for value in values {
            match self.open(value).await {
                Ok(session) if self.accept(&session.token, session.started_at).await? => {
                    return Ok(Reading::Live(session));
                }
                Ok(_) => return Ok(Reading::Nobody { remove: true }),
                Err(Unopened::Foreign) => {}
                Err(Unopened::Broken) => remove = true,
                Err(Unopened::Failed(error)) => return Err(error),
            }
        }
        Ok(Reading::Nobody { remove })
    }

    /// The valid session of one value. For a sealed cookie this awaits nothing, because every
    /// request does it.
    async fn open(&self, value: &[u8]) -> Result<Session, Unopened> {
        let now = self.now();
        let mut session = match &self.place {
            Storage::Cookie(sealed) => sealed.open(value)?,
            Storage::Store(accounts) => self.look_up(accounts, value, now).await?,
        };
        let (name, token) = (session.name(), &session.token);
        let times = [session.started_at, session.seen_at];
        if self.invalid_timestamps.are(name, now, &times, token) {
            return Err(Unopened::Foreign);
        }
        if self.tombstones.is_dead(token, now) {
            if let (Storage::Store(accounts), Ended::Stored(id_hash)) = (&self.place, name) {
                // It belongs to the dead token, and must not become valid when its user logs in
                // again.
                accounts.store.end_session(&id_hash).await?;
            }
            return Err(Unopened::Broken);
        }
        let has_ended = match name {
            Ended::Cookie(id) => self.tombstones.is_buried(&Ended::LoggedOut(id), now),
            _ => false,
        };
        if has_ended || self.cookie.ends_at(session.started_at, session.seen_at, token) <= now {
            return Err(Unopened::Broken);
        }
        if let (Storage::Store(accounts), Kept::Store(_, account)) =
            (&self.place, &mut session.kept)
            && !session.is_by_newest_key
        {
            accounts.reseal_if_possible(account, token).await;
        }
        session.is_renewal_due |= self.cookie.is_touch_due(session.seen_at, now);
        Ok(session)
    }

    /// The store's session for the id in a cookie.
    async fn look_up(
        &self,
        accounts: &Accounts,
        value: &[u8],
        now: Timestamp,
    ) -> Result<Session, Unopened> {
        let id = StoredSessionId::read(value).ok_or(Unopened::Broken)?;
        let found = accounts.store.session(&id.hash(), now).await?;
        let (session, account) = found.ok_or(Unopened::Broken)?;
        // The store may be shared with other apps. An id of another app is not valid here.
        if session.account.client_id() != accounts.client_id || session.account != account.key {
            return Err(Unopened::Broken);
        }
        let OpenedAccount { token, is_dead, is_by_newest_key } = accounts.opened(&account)?;
        if is_dead {
            self.tombstones.bury_token(&token, now);
        }
        let (started_at, seen_at) = (session.created_at, session.last_seen_at);
        Ok(Session {
            // A refreshed token, or a longer configured lifetime, changes the expiry.
            is_renewal_due: self.cookie.ends_at(started_at, seen_at, &token) > session.expires_at,
            token,
            started_at,
            seen_at,
            kept: Kept::Store(id, Box::new(account)),
            is_by_newest_key,
            successor: None,
        })
    }

    /// Whether the app accepts a session of this token's user that started at that time.
    pub(crate) async fn accept(
        &self,
        token: &Token,
        started_at: Timestamp,
    ) -> Result<bool, AuthError> {
        let Some(hooks) = &self.hooks else { return Ok(true) };
        let accepted = hooks.accepts(token.user_id(), started_at).await;
        accepted.map_err(|error| AuthError::with_source(AuthErrorKind::Hook, error))
    }

    /// Starts a new session that replaces those in `previous`. Returns its cookie's line.
    pub(crate) async fn begin(
        &self,
        token: &Token,
        further_ids: Vec<UserId>,
        previous: &[Vec<u8>],
    ) -> Result<String, AuthError> {
        let now = self.now();
        let ends_at = self.cookie.ends_at(now, now, token);
        let value = match &self.place {
            Storage::Cookie(sealed) => {
                // The replaced sessions are not renewed any more.
                self.mark_end_reported(previous);
                sealed.seal(random(&*self.randomness)?, now, now, token)?
            }
            Storage::Store(accounts) => {
                self.end(previous).await?;
                let id = StoredSessionId(random(&*self.randomness)?);
                let account = accounts.record(token, further_ids)?;
                let session = SessionRecord::new(id.hash(), account.key.clone(), now, now, ends_at);
                accounts.store.put_account(account, Some(session)).await?;
                to_base64url(&id.0)
            }
        };
        self.cookie.line(&value, ends_at.saturating_duration_since(now))
    }

    /// The token for the handler, and the cookie to send if one is due.
    pub(super) async fn renewed(&self, session: Session) -> (Token, Option<Renewal>) {
        if let Some(successor) = &session.successor {
            match self.renew(&session, successor).await {
                Ok(renewal) => return (successor.clone(), Some(renewal)),
                Err(error) => match session.kept {
                    // The store has it already.
                    Kept::Store(..) => {
                        not_prolonged(&error);
                        return (successor.clone(), None);
                    }
                    // The new token is too long for a cookie, but the old one fits and still works.
                    // This repeats at each request, so it is logged only when the old token's
                    // cookie is renewed.
                    Kept::Cookie(_) if session.is_renewal_due => not_prolonged(&error),
                    Kept::Cookie(_) => {}
                },
            }
        }
        if !session.is_renewal_due {
            return (session.token, None);
        }
        let renewal = self.renew(&session, &session.token).await;
        let renewal = renewal.inspect_err(not_prolonged).ok();
        (session.token, renewal)
    }

    async fn renew(&self, session: &Session, token: &Token) -> Result<Renewal, AuthError> {
        let (started_at, now) = (session.started_at, self.now());
        let ends_at = self.cookie.ends_at(started_at, now, token);
        let value = match (&self.place, &session.kept) {
            (Storage::Cookie(sealed), Kept::Cookie(id)) => {
                sealed.seal(*id, started_at, now, token)?
            }
            (Storage::Store(accounts), Kept::Store(id, _)) => {
                accounts.store.touch_session(&id.hash(), now, ends_at).await?;
                to_base64url(&id.0)
            }
            // All sessions of one configuration are stored in the same place.
            _ => return Err(AuthErrorKind::Internal.into()),
        };
        let line = self.cookie.line(&value, ends_at.saturating_duration_since(now))?;
        Ok(Renewal { session: session.name(), line })
    }

    /// Ends the sessions of these values.
    pub(crate) async fn end(&self, values: &[Vec<u8>]) -> Result<(), AuthError> {
        let now = self.now();
        for value in values {
            match &self.place {
                // There is no record to delete, so the session is remembered as ended until it
                // would have expired. Another cookie value of it may hold a newer token, but has
                // the same absolute lifetime.
                Storage::Cookie(sealed) => {
                    let opened = sealed.open(value);
                    if let Ok(Session { kept: Kept::Cookie(id), started_at, .. }) = opened {
                        let until = started_at.saturating_add(self.cookie.lifetime);
                        self.tombstones.bury(Ended::Cookie(id), now);
                        self.tombstones.bury_until(Ended::LoggedOut(id), until, now);
                    }
                }
                Storage::Store(accounts) => {
                    if let Some(id) = StoredSessionId::read(value) {
                        self.tombstones.bury(Ended::Stored(id.hash()), now);
                        accounts.store.end_session(&id.hash()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The line that removes the session cookie.
    pub(crate) fn removal(&self) -> String {
        self.cookie.names.removal(&self.cookie.names.session)
    }

    /// Whether a session of these values ended a moment ago, by a logout or because another one
    /// replaced it. Its browser has already received that answer.
    pub(crate) fn ended_a_moment_ago(&self, values: &[Vec<u8>]) -> bool {
        self.names_of(values).any(|session| self.is_buried(&session))
    }

    /// Records that an answer reports the end of these values' sessions to the browser. A later
    /// answer about them must not remove the cookie of a newer login.
    pub(super) fn mark_end_reported(&self, values: &[Vec<u8>]) {
        let now = self.now();
        self.names_of(values).for_each(|session| self.tombstones.bury(session, now));
    }

    /// The keys of these values' sessions in the tombstones.
    fn names_of<'v>(&'v self, values: &'v [Vec<u8>]) -> impl Iterator<Item = Ended> + 'v {
        values.iter().filter_map(|value| match &self.place {
            Storage::Cookie(sealed) => sealed.open(value).ok().map(|session| session.name()),
            Storage::Store(_) => StoredSessionId::read(value).map(|id| Ended::Stored(id.hash())),
        })
    }

    pub(super) fn is_buried(&self, session: &Ended) -> bool {
        self.tombstones.is_buried(session, self.now())
    }

    /// Whether this process knows that the provider reports the token as invalid.
    pub(crate) fn is_dead(&self, token: &Token) -> bool {
        self.tombstones.is_dead(token, self.now())
    }

    /// Remembers that the provider reports the token as invalid. Returns whether that was unknown
    /// before.
    pub(crate) fn bury_token(&self, token: &Token) -> bool {
        self.tombstones.bury_token(token, self.now())
    }
}

fn not_prolonged(error: &AuthError) {
    crate::trace::warning(&format!("a session is not prolonged: {}", chain(error)));
}
