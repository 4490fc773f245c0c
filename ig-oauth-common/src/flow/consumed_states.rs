//! Each state is consumed once, by one task, and its concurrent callbacks share the answer.
//!
//! Browsers do send a callback twice: double clicks, restored tabs, faulty webviews. The code can
//! be used once, so a second callback gets the answer of the first while it is running, and not
//! after that.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::attempt::{ATTEMPT_LIFETIME, State};
use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::expiring_map::{Expires, ExpiringMap};
use crate::messages::Reply;

/// The most states that are remembered. At the limit, the oldest are removed; the provider also
/// accepts each code only once.
const CAPACITY: usize = 65_536;

/// The result of consuming a state.
pub(super) enum Entry {
    /// It is the first callback: it must run the task and pass the reply on.
    First(watch::Sender<Option<Reply>>),
    /// The task is running.
    UnderWay(watch::Receiver<Option<Reply>>),
    /// The task has ended.
    Consumed {
        /// Whether it was a successful login.
        ended_well: bool,
    },
}

pub(crate) struct ConsumedStates {
    known: Mutex<ExpiringMap<State, Mark>>,
}

struct Mark {
    stage: Stage,
    /// When no attempt that exists now can call back any more. This is later than the attempt's own
    /// expiry, so that marks expire in the order in which they were inserted.
    kept_until: Timestamp,
}

enum Stage {
    UnderWay(watch::Receiver<Option<Reply>>),
    Consumed { ended_well: bool },
}

impl Expires for Mark {
    fn expires_at(&self) -> Timestamp {
        self.kept_until
    }
}

impl Default for ConsumedStates {
    fn default() -> Self {
        Self { known: Mutex::new(ExpiringMap::new(CAPACITY)) }
    }
}

impl ConsumedStates {
    /// Consumes `state` unless it was consumed before. At the capacity, the mark that expires first
    /// is removed: the provider accepts each code only once in any case.
    pub(super) fn consume(&self, state: &State, dead_after: Timestamp, now: Timestamp) -> Entry {
        let mut known = self.known();
        match known.get(state).map(|mark| &mark.stage) {
            // A sender that was dropped without a reply means a lost task. Its callers learn that
            // from the receiver.
            Some(Stage::UnderWay(reply)) if reply.borrow().is_none() => {
                return Entry::UnderWay(reply.clone());
            }
            Some(Stage::UnderWay(_)) => return Entry::Consumed { ended_well: false },
            Some(Stage::Consumed { ended_well }) => {
                return Entry::Consumed { ended_well: *ended_well };
            }
            None => {}
        }
        known.forget_expired(now);
        let (sender, receiver) = watch::channel(None);
        let kept_until = dead_after.max(now.saturating_add(ATTEMPT_LIFETIME + CLOCK_SKEW));
        known.insert(*state, Mark { stage: Stage::UnderWay(receiver), kept_until });
        Entry::First(sender)
    }

    /// Whether `state` is unknown.
    pub(super) fn is_new(&self, state: &State) -> bool {
        self.known().get(state).is_none()
    }

    /// Called before the reply is sent: later callers learn the result, but get no session from it.
    pub(super) fn finish(&self, state: &State, ended_well: bool) {
        let mut known = self.known();
        if let Some(mark) = known.remove(state) {
            known.insert(*state, Mark { stage: Stage::Consumed { ended_well }, ..mark });
        }
    }

    fn known(&self) -> MutexGuard<'_, ExpiringMap<State, Mark>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::randomness::SystemRandomness;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn state() -> State {
        State::random(&SystemRandomness::new()).unwrap()
    }

    #[test]
    fn a_state_is_first_once_then_shared_then_consumed() {
        let states = ConsumedStates::default();
        let state = state();
        let Entry::First(sender) = states.consume(&state, at(700), at(100)) else { panic!() };
        assert!(matches!(states.consume(&state, at(700), at(100)), Entry::UnderWay(_)));
        sender.send_replace(Some(Reply::empty(303)));
        let is_over = |ended_well, now| {
            let entry = states.consume(&state, at(700), at(now));
            matches!(entry, Entry::Consumed { ended_well: known } if known == ended_well)
        };
        assert!(is_over(false, 100));
        states.finish(&state, true);
        assert!(is_over(true, 700));
    }

    #[test]
    fn marks_leave_when_their_attempt_is_dead() {
        let states = ConsumedStates::default();
        for _ in 0..100 {
            states.consume(&state(), at(700), at(100));
        }
        assert_eq!(states.known().len(), 100);
        states.consume(&state(), at(1400), at(761));
        assert_eq!(states.known().len(), 1);
    }

    #[test]
    fn the_set_is_bounded_and_the_oldest_leave_first() {
        let states = ConsumedStates::default();
        let first = state();
        states.consume(&first, at(700), at(100));
        // Its attempt is older than all others, and it is consumed later.
        let second = state();
        states.consume(&second, at(200), at(100));
        for _ in 0..CAPACITY - 1 {
            states.consume(&state(), at(700), at(100));
        }
        assert_eq!(states.known().len(), CAPACITY);
        assert!(matches!(states.consume(&second, at(200), at(100)), Entry::UnderWay(_)));
        assert!(matches!(states.consume(&first, at(700), at(100)), Entry::First(_)));
    }
}
