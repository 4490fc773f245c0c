//! A state is consumed once, by one task, whose answer its callers share.
//!
//! Browsers do call back twice: double clicks, restored tabs, buggy webviews. The code can be spent
//! once, so the second caller gets the answer of the first while that is under way, and none later.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::attempt::{ATTEMPT_LIFETIME, State};
use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::expiring_map::{Expires, ExpiringMap};
use crate::messages::Reply;

/// Most states remembered. When full the oldest leave; the provider's single-use code is the second
/// line.
const CAPACITY: usize = 65_536;

/// What a caller finds.
pub(super) enum Entry {
    /// It is the first: it must run the task and pass the reply on.
    First(watch::Sender<Option<Reply>>),
    /// The task is under way.
    UnderWay(watch::Receiver<Option<Reply>>),
    /// The task is over.
    Consumed {
        /// Whether it was a login.
        ended_well: bool,
    },
}

pub(crate) struct ConsumedStates {
    known: Mutex<ExpiringMap<State, Mark>>,
}

struct Mark {
    stage: Stage,
    /// When no attempt that can call back now could do so any more: later than its own end, so that the
    /// marks leave in the order in which they came.
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
    /// Consumes `state` unless that was done. When the set is full, what dies soonest leaves: a provider's
    /// code can be spent once in any case.
    pub(super) fn consume(&self, state: &State, dead_after: Timestamp, now: Timestamp) -> Entry {
        let mut known = self.known();
        match known.get(state).map(|mark| &mark.stage) {
            // A sender that is gone without a reply is a lost task: its callers see that in the
            // receiver.
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

    /// Whether nothing is known of `state`.
    pub(super) fn is_new(&self, state: &State) -> bool {
        self.known().get(state).is_none()
    }

    /// The reply is about to be sent: later callers learn how it ended, and get no session from it.
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
