//! Which tokens are being refreshed, were refreshed a moment ago, or could not be.
//!
//! All requests of this process that carry the same token share one refresh. Its outcome is kept for
//! a while: a cookie session learns of the new token only when one of its answers may carry a cookie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::error::AuthError;
use crate::token::{AccessToken, Token};

/// Most tokens remembered. When full no further refresh begins: the tokens there are still work.
const CAPACITY: usize = 65_536;

/// How long a new token is at hand for sessions that still carry the old one.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// The wait after the first failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// The longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// The SHA-256 of an access token.
pub(super) type TokenHash = [u8; 32];

pub(super) fn hash(token: &AccessToken) -> TokenHash {
    Sha256::digest(token.expose_secret()).into()
}

/// How a refresh ended.
#[derive(Clone)]
pub(super) enum Outcome {
    Refreshed(Token),
    /// The old token goes on; the next try is not before the wait that the error names, or ours.
    Failed(Arc<AuthError>),
}

/// A refresh that somebody runs.
#[derive(Clone)]
pub(super) struct UnderWay {
    pub(super) outcome: watch::Receiver<Option<Outcome>>,
    /// How long requests wait for it.
    pub(super) wait_until: Instant,
}

/// What a request finds.
pub(super) enum Entry {
    /// It is the first: it must run the refresh and pass the outcome on.
    First(watch::Sender<Option<Outcome>>, UnderWay),
    UnderWay(UnderWay),
    Refreshed(Token),
    /// There was a failure a moment ago, or there is no room.
    NotNow,
}

struct Mark {
    /// Failures in a row.
    failures: u32,
    state: State,
}

enum State {
    UnderWay(UnderWay),
    Refreshed { token: Token, until: Timestamp },
    Failed { until: Timestamp },
}

#[derive(Default)]
pub(crate) struct SharedRefreshes {
    known: Mutex<HashMap<TokenHash, Mark>>,
}

impl SharedRefreshes {
    /// Looks up the refresh of a due token, or begins it. Requests wait for `wait` at most.
    pub(super) fn begin(&self, token: TokenHash, wait: Duration, now: Timestamp) -> Entry {
        let mut known = self.known();
        let mut failures = 0;
        if let Some(mark) = known.get_mut(&token) {
            match &mark.state {
                State::UnderWay(under_way) if under_way.is_alive() => {
                    return Entry::UnderWay(under_way.clone());
                }
                // Its task is gone: the runtime ended, or the client panicked.
                State::UnderWay(_) => {
                    mark.fail(None, now);
                    return Entry::NotNow;
                }
                State::Refreshed { token, until } if holds(*until, now) => {
                    return Entry::Refreshed(token.clone());
                }
                State::Failed { until } if holds(*until, now) => return Entry::NotNow,
                State::Refreshed { .. } | State::Failed { .. } => failures = mark.failures,
            }
        } else if known.len() >= CAPACITY {
            known.retain(|_, mark| match &mark.state {
                State::UnderWay(under_way) => under_way.is_alive(),
                State::Refreshed { until, .. } | State::Failed { until } => holds(*until, now),
            });
            if known.len() >= CAPACITY {
                return Entry::NotNow;
            }
        }
        let (sender, outcome) = watch::channel(None);
        let under_way = UnderWay { outcome, wait_until: Instant::now() + wait };
        let state = State::UnderWay(under_way.clone());
        known.insert(token, Mark { failures, state });
        Entry::First(sender, under_way)
    }

    /// Keeps the outcome for the requests to come.
    pub(super) fn finish(&self, token: &TokenHash, outcome: &Outcome, now: Timestamp) {
        if let Some(mark) = self.known().get_mut(token) {
            match outcome {
                Outcome::Refreshed(token) => {
                    let (token, until) = (token.clone(), now.saturating_add(KEPT));
                    *mark = Mark { failures: 0, state: State::Refreshed { token, until } };
                }
                Outcome::Failed(error) => mark.fail(error.wait(), now),
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<TokenHash, Mark>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mark {
    /// Waits for as long as the provider asked, or twice as long as after the last failure.
    fn fail(&mut self, asked: Option<Duration>, now: Timestamp) {
        let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.min(16));
        let wait = asked.unwrap_or(doubled).clamp(FIRST_WAIT, LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Failed { until: now.saturating_add(wait) };
    }
}

impl UnderWay {
    fn is_alive(&self) -> bool {
        // An outcome that is there, but not yet kept, is as good as alive.
        self.outcome.has_changed().is_ok() || self.outcome.borrow().is_some()
    }
}

/// Whether a mark still counts. A clock that stepped back must not stretch it.
fn holds(until: Timestamp, now: Timestamp) -> bool {
    until > now && until.saturating_since(now) <= KEPT.max(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AuthErrorKind;

    const WAIT: Duration = Duration::from_secs(1);
    const TOKEN: TokenHash = [7; 32];

    fn failed(wait: Option<Duration>) -> Outcome {
        Outcome::Failed(Arc::new(AuthError::new(AuthErrorKind::Throttled).retry_after(wait)))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn failures_wait_longer_each_time_and_at_most_an_hour() {
        let refreshes = SharedRefreshes::default();
        let mut now = 1_000_000;
        for wait in [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
            let Entry::First(sender, _) = refreshes.begin(TOKEN, WAIT, at(now)) else { panic!() };
            refreshes.finish(&TOKEN, &failed(None), at(now));
            drop(sender);
            assert!(matches!(refreshes.begin(TOKEN, WAIT, at(now + wait - 1)), Entry::NotNow));
            now += wait;
        }
        // The provider named a wait.
        let Entry::First(..) = refreshes.begin(TOKEN, WAIT, at(now)) else { panic!() };
        let asked = Some(Duration::from_secs(100));
        refreshes.finish(&TOKEN, &failed(asked), at(now));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(now + 99)), Entry::NotNow));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(now + 100)), Entry::First(..)));
    }

    #[test]
    fn a_clock_that_stepped_back_does_not_stretch_a_wait() {
        let refreshes = SharedRefreshes::default();
        let Entry::First(..) = refreshes.begin(TOKEN, WAIT, at(2_000_000)) else { panic!() };
        refreshes.finish(&TOKEN, &failed(None), at(2_000_000));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(1_000_000)), Entry::First(..)));
    }

    #[test]
    fn a_lost_task_counts_as_a_failure() {
        let refreshes = SharedRefreshes::default();
        let Entry::First(sender, _) = refreshes.begin(TOKEN, WAIT, at(100)) else { panic!() };
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(100)), Entry::UnderWay(_)));
        drop(sender);
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(100)), Entry::NotNow));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(160)), Entry::First(..)));
    }

    #[test]
    fn the_set_is_bounded_and_what_is_over_makes_room() {
        let refreshes = SharedRefreshes::default();
        let mut senders = Vec::new();
        for number in 0..CAPACITY {
            let mut token = [0; 32];
            token[..8].copy_from_slice(&number.to_le_bytes());
            let Entry::First(sender, _) = refreshes.begin(token, WAIT, at(100)) else { panic!() };
            senders.push(sender);
        }
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(100)), Entry::NotNow));
        senders.clear();
        assert!(matches!(refreshes.begin(TOKEN, WAIT, at(100)), Entry::First(..)));
    }
}
