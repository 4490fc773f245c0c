//! Sessions and tokens that this process knows to have ended.
//!
//! A request that read a session before it ended may still want to send a renewed cookie after that:
//! over the cookie of a new login it, or a removal, would log the user out. And a cookie session has no
//! record to delete, so that what ended here is remembered until it would have ended anyway.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::encoding::to_base64url;
use crate::expiring_map::ExpiringMap;
use crate::provider::Token;
use crate::store::SessionIdHash;
use crate::token_facts::TokenHash;

/// Longer than any request that was under way when the session ended should take.
const KEPT: Duration = Duration::from_secs(60);

/// Most that are remembered. The soonest to be forgotten make room.
const CAPACITY: usize = 100_000;

/// What names a cookie session, from its login to its end.
pub(super) type CookieSessionId = [u8; 16];

/// What ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ended {
    /// A session, by the random id inside of its cookie: its cookie is not renewed.
    Cookie(CookieSessionId),
    /// A session, by what the store knows it by.
    Stored(SessionIdHash),
    /// A cookie session by a logout: its cookie opens nothing any more.
    LoggedOut(CookieSessionId),
    /// A token that the provider calls invalid.
    Token(TokenHash),
}

impl Ended {
    /// Enough of it to tell two lines of a log apart.
    pub(super) fn short(&self) -> String {
        let bytes: &[u8] = match self {
            Self::Cookie(id) | Self::LoggedOut(id) => id,
            Self::Stored(hash) => hash.as_bytes(),
            Self::Token(hash) => hash,
        };
        to_base64url(bytes.first_chunk::<6>().map_or(bytes, |chunk| chunk.as_slice()))
    }
}

pub(crate) struct Tombstones {
    /// Until when each is remembered.
    buried: Mutex<ExpiringMap<Ended, Timestamp>>,
    /// As a rule there are none, and no request should pay for a hash of its token.
    has_dead_tokens: AtomicBool,
}

impl Default for Tombstones {
    fn default() -> Self {
        let buried = Mutex::new(ExpiringMap::new(CAPACITY));
        Self { buried, has_dead_tokens: AtomicBool::new(false) }
    }
}

impl Tombstones {
    pub(super) fn bury(&self, session: Ended, now: Timestamp) {
        self.bury_until(session, now.saturating_add(KEPT), now);
    }

    /// Whether it is news.
    pub(super) fn bury_until(&self, ended: Ended, until: Timestamp, now: Timestamp) -> bool {
        let mut buried = self.buried();
        buried.forget_expired(now);
        buried.insert(ended, until).is_none()
    }

    pub(super) fn is_buried(&self, ended: &Ended, now: Timestamp) -> bool {
        self.buried().get(ended).is_some_and(|until| *until > now)
    }

    /// Whether it is news.
    pub(super) fn bury_token(&self, token: &Token, now: Timestamp) -> bool {
        let is_news = self.bury_until(Ended::Token(token.hash()), token.expires_at(), now);
        self.has_dead_tokens.store(true, Ordering::Release);
        is_news
    }

    pub(super) fn is_dead(&self, token: &Token, now: Timestamp) -> bool {
        self.has_dead_tokens.load(Ordering::Acquire)
            && self.is_buried(&Ended::Token(token.hash()), now)
    }

    fn buried(&self) -> MutexGuard<'_, ExpiringMap<Ended, Timestamp>> {
        self.buried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn numbered(number: usize) -> Ended {
        let mut hash = [0; 32];
        // In the order of their numbers.
        hash[..8].copy_from_slice(&number.to_be_bytes());
        Ended::Stored(SessionIdHash::from_bytes(hash))
    }

    #[test]
    fn a_session_stays_buried_for_a_minute_from_its_last_burial() {
        let tombstones = Tombstones::default();
        tombstones.bury(numbered(1), at(100));
        assert!(tombstones.is_buried(&numbered(1), at(159)));
        assert!(!tombstones.is_buried(&numbered(1), at(160)));
        tombstones.bury(numbered(1), at(130));
        tombstones.bury(numbered(1), at(130));
        assert_eq!(tombstones.buried().len(), 1);
        // The end of the first burial takes nothing of the second along.
        tombstones.bury(numbered(2), at(160));
        assert!(tombstones.is_buried(&numbered(1), at(189)));
        assert!(!tombstones.is_buried(&numbered(2), at(220)));
        tombstones.bury(numbered(3), at(220));
        assert_eq!(tombstones.buried().len(), 1);
    }

    #[test]
    fn a_flood_is_bounded_and_the_oldest_make_room() {
        let tombstones = Tombstones::default();
        for number in 0..CAPACITY + 10 {
            tombstones.bury(numbered(number), at(100));
        }
        assert_eq!(tombstones.buried().len(), CAPACITY);
        let is_buried = |number| tombstones.is_buried(&numbered(number), at(100));
        assert!((0..10).all(|number| !is_buried(number)));
        assert!(is_buried(10) && is_buried(CAPACITY + 9));
    }
}
