//! The sessions of one configuration, wherever they are kept.

use std::sync::Arc;

use super::accounts::Accounts;
use super::impossible_times::ImpossibleTimes;
use super::reading::{Kept, Reading, Renewal, Session};
use super::sealed_cookies::SealedCookies;
use super::sealing::{SESSION_COOKIE, STORED_ACCOUNT, Sealer};
use super::session_cookie::SessionCookie;
use super::stored_sessions::{self, StoredSessions};
use super::tombstones::{Ended, Tombstones};
use super::unreadable::UnreadableAccounts;
use crate::clock::{Clock, Timestamp};
use crate::cookie;
use crate::error::{AuthError, AuthErrorKind, chain};
use crate::hooks::BoxedHooks;
use crate::keys::Keyring;
use crate::messages::Headers;
use crate::provider::{Provider, Token};
use crate::randomness::Randomness;
use crate::store::BoxedStore;
use crate::token_facts::UserId;

pub(crate) struct Sessions {
    place: Place,
    cookie: Arc<SessionCookie>,
    tombstones: Arc<Tombstones>,
    hooks: Option<Arc<dyn BoxedHooks>>,
    clock: Arc<dyn Clock>,
    forbids_caching: bool,
}

/// Where they are kept.
enum Place {
    Cookie(SealedCookies),
    Store(StoredSessions),
}

/// What sessions are made of.
pub(crate) struct SessionsParts {
    pub(crate) cookie: SessionCookie,
    pub(crate) client_id: String,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) provider: Arc<Provider>,
    pub(crate) store: Option<Arc<dyn BoxedStore>>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    /// Whether answers for which a token was taken say `no-store`, unless the app says something.
    pub(crate) forbids_caching: bool,
}

impl Sessions {
    pub(crate) fn new(parts: SessionsParts) -> Self {
        let SessionsParts { client_id, keyring, provider, clock, randomness, .. } = parts;
        let (cookie, tombstones) = (Arc::new(parts.cookie), Arc::<Tombstones>::default());
        let sealer = |purpose| Sealer::new(purpose, keyring, Arc::clone(&randomness));
        let place = match parts.store {
            None => Place::Cookie(SealedCookies {
                sealer: sealer(SESSION_COOKIE),
                cookie: Arc::clone(&cookie),
                client_id,
                provider,
                tombstones: Arc::clone(&tombstones),
                impossible_times: ImpossibleTimes::default(),
                randomness,
            }),
            Some(store) => Place::Store(StoredSessions {
                accounts: Arc::new(Accounts {
                    store,
                    client_id,
                    sealer: sealer(STORED_ACCOUNT),
                    provider,
                    clock: Arc::clone(&clock),
                    unreadable: UnreadableAccounts::default(),
                    impossible_times: ImpossibleTimes::default(),
                }),
                cookie: Arc::clone(&cookie),
                tombstones: Arc::clone(&tombstones),
                randomness,
            }),
        };
        let (hooks, forbids_caching) = (parts.hooks, parts.forbids_caching);
        Self { place, cookie, tombstones, hooks, clock, forbids_caching }
    }

    /// The stored accounts. None where sessions live in cookies.
    pub(crate) fn accounts(&self) -> Option<&Arc<Accounts>> {
        match &self.place {
            Place::Cookie(_) => None,
            Place::Store(stored) => Some(&stored.accounts),
        }
    }

    pub(crate) fn forbids_caching(&self) -> bool {
        self.forbids_caching
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The values of the session cookie in a request.
    pub(crate) fn values_in(&self, headers: &dyn Headers) -> Vec<Vec<u8>> {
        let values = cookie::values_of(headers, self.cookie.name());
        values.into_iter().map(<[u8]>::to_vec).collect()
    }

    /// The first session among the values that is valid and that the app accepts.
    pub(crate) async fn read(&self, values: &[Vec<u8>]) -> Result<Reading, AuthError> {
        let now = self.now();
        let reading = match &self.place {
            Place::Cookie(sealed) => sealed.read(values, now),
            Place::Store(stored) => stored.read(values, now).await?,
        };
        match reading {
            Reading::Live(session) if !self.accept(&session.token, session.started_at).await? => {
                Ok(Reading::Nobody { remove: true })
            }
            reading => Ok(reading),
        }
    }

    /// Whether the app accepts a session of this token's user that started then.
    pub(crate) async fn accept(
        &self,
        token: &Token,
        started_at: Timestamp,
    ) -> Result<bool, AuthError> {
        match &self.hooks {
            None => Ok(true),
            Some(hooks) => {
                let accepted = hooks.accepts(token.user_id(), started_at).await;
                accepted.map_err(|error| AuthError::with_source(AuthErrorKind::Hook, error))
            }
        }
    }

    /// A new session, which takes the place of those in `previous`: its cookie's line.
    pub(crate) async fn begin(
        &self,
        token: &Token,
        further_ids: Vec<UserId>,
        previous: &[Vec<u8>],
    ) -> Result<String, AuthError> {
        let now = self.now();
        let value = match &self.place {
            Place::Cookie(sealed) => {
                sealed.replace(previous, now);
                sealed.begin(token, now)?
            }
            Place::Store(stored) => {
                stored.end(previous, now).await?;
                stored.begin(token, further_ids, now).await?
            }
        };
        let max_age = self.cookie.ends_at(now, now, token).saturating_since(now);
        self.cookie.line(&value, max_age)
    }

    /// The token for the handler, and the cookie to send along when one is due.
    pub(super) async fn renewed(&self, session: Session) -> (Token, Option<Renewal>) {
        if let Some(successor) = &session.successor {
            match self.renew(&session, successor).await {
                Ok(renewal) => return (successor.clone(), Some(renewal)),
                Err(error) => match session.kept {
                    // A store has it already.
                    Kept::Store(..) => {
                        not_prolonged(&error);
                        return (successor.clone(), None);
                    }
                    // It is too long for a cookie, where the old one fits and still works. So it will
                    // be at each request: the log hears of it when the old one is renewed.
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
        match (&self.place, &session.kept) {
            (Place::Cookie(sealed), Kept::Cookie(id)) => sealed.renew(*id, started_at, now, token),
            (Place::Store(stored), Kept::Store(id, _)) => {
                stored.renew(id, started_at, now, token).await
            }
            // Sessions of one configuration are kept in one place.
            _ => Err(AuthErrorKind::Internal.into()),
        }
    }

    /// Ends the sessions of these values.
    pub(crate) async fn end(&self, values: &[Vec<u8>]) -> Result<(), AuthError> {
        let now = self.now();
        match &self.place {
            Place::Cookie(sealed) => sealed.end(values, now),
            Place::Store(stored) => stored.end(values, now).await?,
        }
        Ok(())
    }

    /// The line that removes the session cookie.
    pub(crate) fn removal(&self) -> String {
        self.cookie.removal()
    }

    /// Whether a session of these values ended a moment ago, by a logout or because another took its
    /// place: its browser has been told of that.
    pub(crate) fn ended_a_moment_ago(&self, values: &[Vec<u8>]) -> bool {
        self.names_of(values).any(|session| self.is_buried(&session))
    }

    /// Notes that the browser hears of the end of these values' sessions: a later answer about them must
    /// not take the cookie of a login that ended since.
    pub(super) fn told_of_the_end(&self, values: &[Vec<u8>]) {
        let now = self.now();
        self.names_of(values).for_each(|session| self.tombstones.bury(session, now));
    }

    /// What tombstones know the sessions of these values by.
    fn names_of<'v>(&'v self, values: &'v [Vec<u8>]) -> impl Iterator<Item = Ended> + 'v {
        values.iter().filter_map(|value| match &self.place {
            Place::Cookie(sealed) => sealed.name_of(value),
            Place::Store(_) => stored_sessions::name_of(value),
        })
    }

    pub(super) fn is_buried(&self, session: &Ended) -> bool {
        self.tombstones.is_buried(session, self.now())
    }

    /// Whether this process knows that the provider calls the token invalid.
    pub(crate) fn is_dead(&self, token: &Token) -> bool {
        self.tombstones.is_dead(token, self.now())
    }

    /// Remembers that the provider calls the token invalid. Whether that is news.
    pub(crate) fn bury_token(&self, token: &Token) -> bool {
        self.tombstones.bury_token(token, self.now())
    }
}

fn not_prolonged(error: &AuthError) {
    crate::trace::warning(&format!("a session is not prolonged: {}", chain(error)));
}
