//! Sessions and tokens that this process knows to have ended.
//!
//! A request that read a session before it ended may still want to send a renewed cookie after that:
//! over the cookie of a new login it, or a removal, would log the user out. And a cookie session has no
//! record to delete, so that what ended here is remembered until it would have ended anyway.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::sealed_cookie;
use super::store::SessionIdHash;
use crate::clock::Timestamp;
use crate::encoding::to_base64url;
use crate::token::{Token, TokenHash};

/// Longer than any request that was under way when the session ended should take.
const KEPT: Duration = Duration::from_secs(60);

/// Most tombstones. When full, what would be forgotten first makes room: most requests that it is for
/// are over. With a store anybody can fill it, by logging out of sessions that never were. What comes
/// back by that is the cookie of a session that the store no longer has.
const CAPACITY: usize = 100_000;

/// A session or a token by what names it and opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ended {
    /// A cookie session that ended a moment ago, or gave way to another.
    Cookie(sealed_cookie::SessionId),
    /// A stored session that ended a moment ago, or gave way to another.
    Stored(SessionIdHash),
    /// A cookie session that was ended: it opens no more.
    LoggedOut(sealed_cookie::SessionId),
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

#[derive(Default)]
pub(crate) struct Tombstones {
    buried: Mutex<Buried>,
    /// Whether there ever was a dead token. Most processes look for none.
    has_dead_tokens: AtomicBool,
}

#[derive(Default)]
struct Buried {
    until: HashMap<Ended, Timestamp>,
    /// By their ends, so that nobody has to search for them.
    order: BTreeSet<(Timestamp, Ended)>,
}

impl Tombstones {
    /// For as long as requests may be under way.
    pub(super) fn bury(&self, session: Ended, now: Timestamp) {
        self.bury_until(session, now.saturating_add(KEPT), now);
    }

    /// Whether it was not buried already.
    pub(super) fn bury_until(&self, ended: Ended, until: Timestamp, now: Timestamp) -> bool {
        let mut buried = self.buried();
        while buried.order.len() >= CAPACITY
            || buried.order.first().is_some_and(|(until, _)| *until <= now)
        {
            let Some((_, oldest)) = buried.order.pop_first() else {
                break;
            };
            buried.until.remove(&oldest);
        }
        let earlier = buried.until.insert(ended, until);
        if let Some(earlier) = earlier {
            buried.order.remove(&(earlier, ended));
        }
        buried.order.insert((until, ended));
        earlier.is_none()
    }

    pub(crate) fn is_buried(&self, ended: &Ended, now: Timestamp) -> bool {
        self.buried().until.get(ended).is_some_and(|until| *until > now)
    }

    /// Remembers that the provider calls a token invalid, until it would have expired. Whether that is
    /// news.
    pub(crate) fn bury_token(&self, token: &Token, now: Timestamp) -> bool {
        let is_news = self.bury_until(Ended::Token(token.hash()), token.expires_at(), now);
        self.has_dead_tokens.store(true, Ordering::Release);
        is_news
    }

    /// Whether the provider calls it invalid, as far as this process knows.
    pub(crate) fn is_dead(&self, token: &Token, now: Timestamp) -> bool {
        self.has_dead_tokens.load(Ordering::Acquire)
            && self.is_buried(&Ended::Token(token.hash()), now)
    }

    fn buried(&self) -> MutexGuard<'_, Buried> {
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

    fn counts(tombstones: &Tombstones) -> (usize, usize) {
        let buried = tombstones.buried();
        (buried.until.len(), buried.order.len())
    }

    #[test]
    fn a_session_stays_buried_for_a_minute_from_its_last_burial() {
        let tombstones = Tombstones::default();
        tombstones.bury(numbered(1), at(100));
        assert!(tombstones.is_buried(&numbered(1), at(159)));
        assert!(!tombstones.is_buried(&numbered(1), at(160)));
        tombstones.bury(numbered(1), at(130));
        tombstones.bury(numbered(1), at(130));
        assert_eq!(counts(&tombstones), (1, 1));
        // The end of the first burial takes nothing of the second along.
        tombstones.bury(numbered(2), at(160));
        assert!(tombstones.is_buried(&numbered(1), at(189)));
        assert!(!tombstones.is_buried(&numbered(2), at(220)));
        tombstones.bury(numbered(3), at(220));
        assert_eq!(counts(&tombstones), (1, 1));
    }

    #[test]
    fn a_flood_is_bounded_and_the_oldest_make_room_without_a_search() {
        let tombstones = Tombstones::default();
        for number in 0..CAPACITY + 10 {
            tombstones.bury(numbered(number), at(100));
        }
        assert_eq!(counts(&tombstones), (CAPACITY, CAPACITY));
        let is_buried = |number| tombstones.is_buried(&numbered(number), at(100));
        assert!((0..10).all(|number| !is_buried(number)));
        assert!(is_buried(10) && is_buried(CAPACITY + 9));
        // Again and again the same one: the order is bounded, too.
        for second in 0..CAPACITY {
            tombstones.bury(numbered(7), at(100 + u64::try_from(second / 4_000).unwrap()));
        }
        assert!(counts(&tombstones).1 <= CAPACITY);
    }
}
