//! A state is consumed once, by one task, whose answer its callers share.
//!
//! Browsers do call back twice: double clicks, restored tabs, buggy webviews. The code can be spent
//! once, so the second caller gets the answer of the first while that is under way, and none later.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Reply;
use crate::attempt::State;
use crate::clock::Timestamp;

/// Most states remembered. When full the oldest leave; the provider's single-use code is the second
/// line.
const CAPACITY: usize = 65_536;

/// What a caller finds.
pub(crate) enum Entry {
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

#[derive(Default)]
pub(crate) struct ConsumedStates {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    states: HashMap<State, Mark>,
    /// In the order of consumption.
    order: VecDeque<(State, Timestamp)>,
}

enum Mark {
    UnderWay(watch::Receiver<Option<Reply>>),
    Consumed { ended_well: bool },
}

impl ConsumedStates {
    /// Consumes `state`, which nobody can use after `dead_after` in any case.
    pub(crate) fn consume(&self, state: &State, dead_after: Timestamp, now: Timestamp) -> Entry {
        let mut known = self.known();
        match known.states.get(state) {
            // A sender that is gone without a reply is a lost task: its callers see that in the
            // receiver.
            Some(Mark::UnderWay(reply)) if reply.borrow().is_none() => {
                return Entry::UnderWay(reply.clone());
            }
            Some(Mark::Consumed { ended_well }) => {
                return Entry::Consumed { ended_well: *ended_well };
            }
            Some(Mark::UnderWay(_)) => return Entry::Consumed { ended_well: false },
            None => {}
        }
        while known.order.len() >= CAPACITY
            || known.order.front().is_some_and(|(_, dead_after)| *dead_after < now)
        {
            let Some((oldest, _)) = known.order.pop_front() else {
                break;
            };
            known.states.remove(&oldest);
        }
        let (sender, receiver) = watch::channel(None);
        known.states.insert(*state, Mark::UnderWay(receiver));
        known.order.push_back((*state, dead_after));
        Entry::First(sender)
    }

    /// Whether nobody has consumed `state` yet.
    pub(crate) fn is_new(&self, state: &State) -> bool {
        !self.known().states.contains_key(state)
    }

    /// Forgets the reply, which holds a session cookie, and keeps the mark.
    pub(crate) fn finish(&self, state: &State, ended_well: bool) {
        if let Some(mark) = self.known().states.get_mut(state) {
            *mark = Mark::Consumed { ended_well };
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
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
        assert_eq!(states.known().states.len(), 100);
        states.consume(&state(), at(1400), at(701));
        assert_eq!(states.known().states.len(), 1);
        assert_eq!(states.known().order.len(), 1);
    }

    #[test]
    fn the_set_is_bounded_and_the_oldest_leave_first() {
        let states = ConsumedStates::default();
        let first = state();
        states.consume(&first, at(700), at(100));
        let second = state();
        states.consume(&second, at(700), at(100));
        for _ in 0..CAPACITY - 1 {
            states.consume(&state(), at(700), at(100));
        }
        assert_eq!(states.known().states.len(), CAPACITY);
        assert!(matches!(states.consume(&second, at(700), at(100)), Entry::UnderWay(_)));
        assert!(matches!(states.consume(&first, at(700), at(100)), Entry::First(_)));
    }
}
