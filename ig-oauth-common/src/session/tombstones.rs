//! Sessions and tokens that have ended, as far as this process knows.
//!
//! A request that read a session before it ended may still send a renewed cookie afterwards. That
//! cookie, or a removal, would replace the cookie of a new login and log the user out. Also, a
//! cookie session has no record to delete, so its end is remembered until it would have expired.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::encoding::to_base64url;
use crate::expiring_map::ExpiringMap;
use crate::provider::Token;
use crate::store::SessionIdHash;
use crate::token_facts::TokenHash;

/// Longer than any request should take that was running when the session ended.
const KEPT: Duration = Duration::from_secs(60);

/// The most entries. At the limit, those that expire first are removed.
const CAPACITY: usize = 100_000;

/// The id of a cookie session, from its login to its end.
pub(super) type CookieSessionId = [u8; 16];

/// The session or token that ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ended {
    /// A session, by the random id in its cookie: its cookie is not renewed.
    Cookie(CookieSessionId),
    /// A session, by its key in the store.
    Stored(SessionIdHash),
    /// A cookie session that was logged out: its cookie is not accepted any more.
    LoggedOut(CookieSessionId),
    /// A token that the provider reports as invalid.
    Token(TokenHash),
}

impl Ended {
    /// Enough of it to distinguish log lines.
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
    /// Each entry with the time until which it is remembered.
    buried: Mutex<ExpiringMap<Ended, Timestamp>>,
    /// Usually there are none, and no request should have to hash its token.
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

    /// Returns whether it was unknown before.
    pub(super) fn bury_until(&self, ended: Ended, until: Timestamp, now: Timestamp) -> bool {
        let mut buried = self.buried();
        buried.forget_expired(now);
        buried.insert(ended, until).is_none()
    }

    pub(super) fn is_buried(&self, ended: &Ended, now: Timestamp) -> bool {
        self.buried().get(ended).is_some_and(|until| *until > now)
    }

    /// Returns whether it was unknown before.
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
        // Sorted by their numbers.
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
        // The expiry of the first entry does not remove the second.
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
