//! Cookie sessions: the whole session sealed in the browser's cookie.

use std::sync::Arc;

use super::impossible_times::ImpossibleTimes;
use super::reading::{Kept, Reading, Renewal, Session};
use super::sealing::{Sealer, Unopened};
use super::session_cookie::SessionCookie;
use super::token_bytes;
use super::tombstones::{CookieSessionId, Ended, Tombstones};
use crate::clock::Timestamp;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::error::AuthError;
use crate::provider::{Provider, Token};
use crate::randomness::{Randomness, random};

pub(super) struct SealedCookies {
    pub(super) sealer: Sealer,
    pub(super) cookie: Arc<SessionCookie>,
    pub(super) client_id: String,
    pub(super) provider: Arc<Provider>,
    pub(super) randomness: Arc<dyn Randomness>,
    pub(super) tombstones: Arc<Tombstones>,
    pub(super) impossible_times: ImpossibleTimes,
}

/// What is sealed.
struct SealedSession {
    id: CookieSessionId,
    started_at: Timestamp,
    seen_at: Timestamp,
    token: Token,
    is_by_newest_key: bool,
}

impl SealedCookies {
    /// A new session: its cookie's value.
    pub(super) fn begin(&self, token: &Token, now: Timestamp) -> Result<String, AuthError> {
        self.seal(random(&*self.randomness)?, now, now, token)
    }

    /// The first session among the values that is valid. Nothing is awaited: every request pays for it.
    pub(super) fn read(&self, values: &[Vec<u8>], now: Timestamp) -> Reading {
        let mut remove = false;
        for value in values {
            let session = match self.open(value) {
                Ok(session) => session,
                Err(Unopened::Foreign) => continue,
                Err(Unopened::Broken) => {
                    remove = true;
                    continue;
                }
            };
            let SealedSession { id, started_at, seen_at, token, is_by_newest_key } = session;
            let times = [started_at, seen_at];
            if self.impossible_times.are(Ended::Cookie(id), now, &times, &token) {
                continue;
            }
            if self.tombstones.is_buried(&Ended::LoggedOut(id), now)
                || self.tombstones.is_dead(&token, now)
                || self.cookie.ends_at(started_at, seen_at, &token) <= now
            {
                remove = true;
                continue;
            }
            return Reading::Live(Session {
                token,
                started_at,
                kept: Kept::Cookie(id),
                is_renewal_due: !is_by_newest_key || self.cookie.is_touch_due(seen_at, now),
                successor: None,
            });
        }
        Reading::Nobody { remove }
    }

    /// The session's cookie sealed anew, seen now.
    pub(super) fn renew(
        &self,
        id: CookieSessionId,
        started_at: Timestamp,
        now: Timestamp,
        token: &Token,
    ) -> Result<Renewal, AuthError> {
        let value = self.seal(id, started_at, now, token)?;
        let max_age = self.cookie.ends_at(started_at, now, token).saturating_since(now);
        Ok(Renewal { session: Ended::Cookie(id), line: self.cookie.line(&value, max_age)? })
    }

    /// Another session takes the place of these: none of them is renewed any more.
    pub(super) fn replace(&self, values: &[Vec<u8>], now: Timestamp) {
        for session in values.iter().filter_map(|value| self.name_of(value)) {
            self.tombstones.bury(session, now);
        }
    }

    /// There is no record to delete, so what ended is remembered until it would have ended anyway.
    pub(super) fn end(&self, values: &[Vec<u8>], now: Timestamp) {
        for session in values.iter().filter_map(|value| self.open(value).ok()) {
            // Another value of it may hold a newer token. Its absolute life is the same.
            let until = session.started_at.saturating_add(self.cookie.lifetime);
            self.tombstones.bury(Ended::Cookie(session.id), now);
            self.tombstones.bury_until(Ended::LoggedOut(session.id), until, now);
        }
    }

    pub(super) fn name_of(&self, value: &[u8]) -> Option<Ended> {
        self.open(value).ok().map(|session| Ended::Cookie(session.id))
    }

    fn about(&self) -> [&str; 2] {
        [self.cookie.name(), &self.client_id]
    }

    fn seal(
        &self,
        id: CookieSessionId,
        started_at: Timestamp,
        seen_at: Timestamp,
        token: &Token,
    ) -> Result<String, AuthError> {
        let text = Writer::new()
            .fixed(&id)
            .number(started_at.unix_seconds())
            .number(seen_at.unix_seconds())
            .fixed(&token_bytes::encode(token, false))
            .finish();
        Ok(to_base64url(&self.sealer.seal(self.about(), &text)?))
    }

    fn open(&self, value: &[u8]) -> Result<SealedSession, Unopened> {
        let bytes = from_base64url(value).ok_or(Unopened::Broken)?;
        let opened = self.sealer.open(self.about(), &bytes)?;
        let session = self.decode(&opened.text, opened.is_by_newest_key);
        session.ok_or(Unopened::Broken)
    }

    fn decode(&self, text: &[u8], is_by_newest_key: bool) -> Option<SealedSession> {
        let mut reader = Reader::new(text);
        let id = *reader.fixed()?;
        let started_at = Timestamp::from_unix_seconds(reader.number()?);
        let seen_at = Timestamp::from_unix_seconds(reader.number()?);
        let (token, _) = token_bytes::decode(reader.rest(), &self.provider)?;
        Some(SealedSession { id, started_at, seen_at, token, is_by_newest_key })
    }
}
