//! Sessions that ended a moment ago.
//!
//! A cookie session has no record to delete: a request that read it before the logout may still want
//! to send a renewed cookie after it, and would bring the session back.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::sealed_cookie::SessionId;
use crate::clock::Timestamp;

/// Longer than any request that was under way when the session ended should take.
const KEPT: Duration = Duration::from_secs(60);

/// Most tombstones. When full, new ones are dropped only after the expired ones went: a flood of
/// logouts costs memory, not correctness of the others.
const CAPACITY: usize = 100_000;

#[derive(Default)]
pub(crate) struct Tombstones {
    buried: Mutex<HashMap<SessionId, Timestamp>>,
}

impl Tombstones {
    pub(super) fn bury(&self, session: SessionId, now: Timestamp) {
        let mut buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        if buried.len() >= CAPACITY {
            buried.retain(|_, until| *until > now);
        }
        if buried.len() < CAPACITY {
            buried.insert(session, now.saturating_add(KEPT));
        }
    }

    pub(crate) fn is_buried(&self, session: &SessionId, now: Timestamp) -> bool {
        let buried = self.buried.lock().unwrap_or_else(PoisonError::into_inner);
        buried.get(session).is_some_and(|until| *until > now)
    }
}
