//! Sessions that ended a moment ago.
//!
//! A request that read a session before it ended may still want to send a renewed cookie after that.
//! A cookie session has no record to delete, so that cookie would bring it back; and over the cookie
//! of a new login it would log the user out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::sealed_cookie;
use super::store::SessionIdHash;
use crate::clock::Timestamp;

/// Longer than any request that was under way when the session ended should take.
const KEPT: Duration = Duration::from_secs(60);

/// Most tombstones. When full, new ones are dropped only after the expired ones went: a flood of
/// logouts costs memory, not correctness of the others.
const CAPACITY: usize = 100_000;

/// A session by what names it and opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ended {
    Cookie(sealed_cookie::SessionId),
    Stored(SessionIdHash),
}

#[derive(Default)]
pub(crate) struct Tombstones {
    buried: Mutex<HashMap<Ended, Timestamp>>,
}

impl Tombstones {
    pub(super) fn bury(&self, session: Ended, now: Timestamp) {
        let mut buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        if buried.len() >= CAPACITY {
            buried.retain(|_, until| *until > now);
        }
        if buried.len() < CAPACITY {
            buried.insert(session, now.saturating_add(KEPT));
        }
    }

    pub(crate) fn is_buried(&self, session: &Ended, now: Timestamp) -> bool {
        let buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        buried.get(session).is_some_and(|until| *until > now)
    }
}
