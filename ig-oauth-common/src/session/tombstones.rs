//! Sessions that ended a moment ago.
//!
//! A request that read a session before it ended may still want to send a renewed cookie after that.
//! A cookie session has no record to delete, so that cookie would bring it back; and over the cookie
//! of a new login it, or a removal, would log the user out.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::sealed_cookie;
use super::store::SessionIdHash;
use crate::clock::Timestamp;

/// Longer than any request that was under way when the session ended should take.
const KEPT: Duration = Duration::from_secs(60);

/// Most tombstones. When full the oldest leave: most requests that they are for are over. With a
/// store anybody can fill it, by logging out of sessions that never were. What comes back by that is
/// the cookie of a session that the store no longer has.
const CAPACITY: usize = 100_000;

/// A session by what names it and opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ended {
    Cookie(sealed_cookie::SessionId),
    Stored(SessionIdHash),
}

#[derive(Default)]
pub(crate) struct Tombstones {
    buried: Mutex<Buried>,
}

#[derive(Default)]
struct Buried {
    until: HashMap<Ended, Timestamp>,
    /// In the order of burial, which is that of their ends, so that nobody has to search for them.
    order: VecDeque<(Timestamp, Ended)>,
}

impl Tombstones {
    pub(super) fn bury(&self, session: Ended, now: Timestamp) {
        let mut buried = self.buried();
        while buried.order.len() >= CAPACITY
            || buried.order.front().is_some_and(|(until, _)| *until <= now)
        {
            let Some((until, oldest)) = buried.order.pop_front() else {
                break;
            };
            // It may have been buried again since.
            if buried.until.get(&oldest) == Some(&until) {
                buried.until.remove(&oldest);
            }
        }
        let until = now.saturating_add(KEPT);
        if buried.until.insert(session, until) != Some(until) {
            buried.order.push_back((until, session));
        }
    }

    pub(crate) fn is_buried(&self, session: &Ended, now: Timestamp) -> bool {
        self.buried().until.get(session).is_some_and(|until| *until > now)
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
        hash[..8].copy_from_slice(&number.to_le_bytes());
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
        assert_eq!(counts(&tombstones), (1, 2));
        // The first burial ends, and takes nothing of the second along.
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
