//! Tokens that are being refreshed, were refreshed a moment ago, or could not be refreshed.
//!
//! All requests of this process with the same token share one refresh. Its outcome is kept, because
//! a cookie session gets the new token only with an answer that may set a cookie.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::error::{AuthError, chain};
use crate::expiring_map::{Expires, ExpiringMap};
use crate::provider::Token;
use crate::rejection::ProviderRejection;
use crate::token_facts::TokenHash;

/// The most tokens that are remembered. At the limit, those that expire first are removed.
const CAPACITY: usize = 65_536;

/// The wait after the first failure. It doubles with each further failure.
const FIRST_WAIT: Duration = Duration::from_secs(60);

/// The longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Longer than any new token is kept, so that running refreshes are removed last.
const LONGEST_UNDER_WAY: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The result of a refresh. After a failure the next attempt waits as long as the error names, or as
/// long as this file does.
pub(super) type Outcome = Result<Token, RefreshError>;

/// A running refresh.
#[derive(Clone)]
pub(super) struct UnderWay {
    pub(super) outcome: watch::Receiver<Option<Outcome>>,
    /// How long requests wait for it.
    pub(super) wait_until: Instant,
}

/// The result of looking up a token.
pub(super) enum Entry {
    /// It is the first: it must run the refresh and pass the outcome on.
    First(watch::Sender<Option<Outcome>>, UnderWay),
    UnderWay(UnderWay),
    Refreshed(Token),
    /// A refresh failed a moment ago, or there was no place.
    NotNow,
}

struct Mark {
    /// The number of consecutive failures.
    failures: u32,
    stage: Stage,
    since: Timestamp,
    until: Timestamp,
}

enum Stage {
    UnderWay(UnderWay),
    Refreshed(Token),
    Failed,
}

impl Mark {
    fn new(failures: u32, stage: Stage, since: Timestamp, wait: Duration) -> Self {
        Self { failures, stage, since, until: since.saturating_add(wait) }
    }

    fn failed(&self, asked: Option<Duration>, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        Self::new(failures, Stage::Failed, now, wait(self.failures, asked))
    }

    /// Whether the refresh is running.
    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::UnderWay(_))
    }

    /// Whether its task was lost: the runtime ended, or the client panicked.
    fn is_lost(&self) -> bool {
        matches!(&self.stage, Stage::UnderWay(under_way) if !under_way.is_alive())
    }

    /// Whether it still counts. A clock that was set back must not prolong it.
    fn holds(&self, now: Timestamp) -> bool {
        self.until > now && self.since.saturating_duration_since(now) <= CLOCK_SKEW
    }
}

impl Expires for Mark {
    /// A failure is remembered for longer, because the next wait depends on it.
    fn expires_at(&self) -> Timestamp {
        self.until.saturating_add(LONGEST_WAIT)
    }
}

pub(crate) struct SharedRefreshes {
    known: Mutex<ExpiringMap<TokenHash, Mark>>,
}

impl Default for SharedRefreshes {
    fn default() -> Self {
        Self { known: Mutex::new(ExpiringMap::new(CAPACITY)) }
    }
}

impl SharedRefreshes {
    /// Looks up the refresh of a due token, or starts it if `is_place` is set. Requests wait for
    /// `wait` at most.
    pub(super) fn begin(
        &self,
        token: TokenHash,
        wait: Duration,
        is_place: bool,
        now: Timestamp,
    ) -> Entry {
        let mut known = self.known();
        let mut failures = 0;
        if let Some(mark) = known.get(&token) {
            match &mark.stage {
                Stage::UnderWay(under_way) if under_way.is_alive() => {
                    return Entry::UnderWay(under_way.clone());
                }
                // Its task was lost: the runtime ended, or the client panicked.
                Stage::UnderWay(_) => {
                    let failed = mark.failed(None, now);
                    known.insert(token, failed);
                    return Entry::NotNow;
                }
                Stage::Refreshed(token) if mark.holds(now) => {
                    return Entry::Refreshed(token.clone());
                }
                Stage::Failed if mark.holds(now) => return Entry::NotNow,
                Stage::Refreshed(_) | Stage::Failed => failures = mark.failures,
            }
        }
        if !is_place {
            return Entry::NotNow;
        }
        known.forget_expired(now);
        if known.get(&token).is_none() && known.next_to_leave().is_some_and(Mark::is_under_way) {
            // All of them are running then. Some of their tasks may be lost.
            known.retain(|mark| !mark.is_lost());
            if known.next_to_leave().is_some() {
                return Entry::NotNow;
            }
        }
        let (sender, outcome) = watch::channel(None);
        let under_way = UnderWay { outcome, wait_until: Instant::now() + wait };
        let stage = Stage::UnderWay(under_way.clone());
        known.insert(token, Mark::new(failures, stage, now, LONGEST_UNDER_WAY));
        Entry::First(sender, under_way)
    }

    /// Keeps the outcome for later requests: a new token for as long as `kept`.
    pub(super) fn finish(
        &self,
        token: &TokenHash,
        outcome: &Outcome,
        kept: Duration,
        now: Timestamp,
    ) {
        let mut known = self.known();
        let Some(mark) = known.get(token) else {
            return;
        };
        let mark = match outcome {
            Ok(token) => {
                let kept = kept.min(token.remaining(now));
                Mark::new(0, Stage::Refreshed(token.clone()), now, kept)
            }
            Err(error) => mark.failed(error.retry_after(), now),
        };
        known.insert(*token, mark);
    }

    /// How long the next attempt has to wait if this one fails with `error`.
    pub(super) fn wait_after(&self, token: &TokenHash, error: &RefreshError) -> Duration {
        let failures = self.known().get(token).map_or(0, |mark| mark.failures);
        wait(failures, error.retry_after())
    }

    fn known(&self) -> MutexGuard<'_, ExpiringMap<TokenHash, Mark>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait that the provider asked for, or twice the wait after the previous failure.
fn wait(failures: u32, asked: Option<Duration>) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << failures.min(16));
    asked.unwrap_or(doubled).clamp(FIRST_WAIT, LONGEST_WAIT)
}

impl UnderWay {
    fn is_alive(&self) -> bool {
        // An outcome that is sent but not yet stored counts as alive.
        self.outcome.has_changed().is_ok() || self.outcome.borrow().is_some()
    }
}

/// Why there is no new token.
#[derive(Clone)]
pub(crate) enum RefreshError {
    /// The provider reports the old token as invalid.
    Dead,
    /// The account is no longer in the store.
    AccountDeleted,
    /// None of the configured secrets opens the account's present record.
    Unreadable,
    /// Another instance is refreshing, or failed a moment ago.
    Elsewhere,
    /// It failed here a moment ago, or there was no outcome in time.
    NotNow,
    /// It failed: the old token remains in use.
    Failed(Arc<AuthError>),
}

impl RefreshError {
    /// The wait that the provider asked for, if it named one.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed(error) => error.retry_after(),
            _ => None,
        }
    }

    /// Whether the provider answered and refused.
    pub(super) fn is_rejected(&self) -> bool {
        self.rejection().is_some_and(|rejection| !rejection.is_death())
    }

    /// Whether the provider reports the token as invalid, now or earlier.
    pub(super) fn is_death(&self) -> bool {
        matches!(self, Self::Dead) || self.rejection().is_some_and(ProviderRejection::is_death)
    }

    fn rejection(&self) -> Option<&ProviderRejection> {
        match self {
            Self::Failed(error) => error.rejection(),
            _ => None,
        }
    }

    /// A sentence for the log.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Dead => "the provider has called the token invalid".to_owned(),
            Self::AccountDeleted => "the account is no longer in the store".to_owned(),
            Self::Unreadable => "no configured secret opens the account".to_owned(),
            Self::Elsewhere => "another instance is at it, or failed a moment ago".to_owned(),
            Self::NotNow => "a refresh failed a moment ago".to_owned(),
            Self::Failed(error) => chain(&**error),
        }
    }
}

impl From<AuthError> for RefreshError {
    fn from(error: AuthError) -> Self {
        Self::Failed(Arc::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{AuthError, AuthErrorKind};

    const WAIT: Duration = Duration::from_secs(1);
    const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    const TOKEN: TokenHash = [7; 32];

    fn failed(wait: Option<Duration>) -> Outcome {
        let error = AuthError::new(AuthErrorKind::Throttled).with_retry_after(wait);
        Err(error.into())
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn failures_wait_longer_each_time_and_at_most_an_hour() {
        let refreshes = SharedRefreshes::default();
        let mut now = 1_000_000;
        for wait in [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
            let Entry::First(sender, _) = refreshes.begin(TOKEN, WAIT, true, at(now)) else {
                panic!()
            };
            refreshes.finish(&TOKEN, &failed(None), WEEK, at(now));
            drop(sender);
            assert!(matches!(
                refreshes.begin(TOKEN, WAIT, true, at(now + wait - 1)),
                Entry::NotNow
            ));
            now += wait;
        }
        // The provider named a wait.
        let Entry::First(..) = refreshes.begin(TOKEN, WAIT, true, at(now)) else { panic!() };
        let asked = Some(Duration::from_secs(100));
        refreshes.finish(&TOKEN, &failed(asked), WEEK, at(now));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(now + 99)), Entry::NotNow));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(now + 100)), Entry::First(..)));
    }

    #[test]
    fn a_clock_that_stepped_back_does_not_stretch_a_wait() {
        let refreshes = SharedRefreshes::default();
        let Entry::First(..) = refreshes.begin(TOKEN, WAIT, true, at(2_000_000)) else { panic!() };
        refreshes.finish(&TOKEN, &failed(None), WEEK, at(2_000_000));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(1_000_000)), Entry::First(..)));
    }

    #[test]
    fn a_lost_task_counts_as_a_failure() {
        let refreshes = SharedRefreshes::default();
        let Entry::First(sender, _) = refreshes.begin(TOKEN, WAIT, true, at(100)) else { panic!() };
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(100)), Entry::UnderWay(_)));
        drop(sender);
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(100)), Entry::NotNow));
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(160)), Entry::First(..)));
    }

    fn numbered(number: usize) -> TokenHash {
        let mut token = [0; 32];
        token[..8].copy_from_slice(&number.to_le_bytes());
        token
    }

    #[test]
    fn the_set_is_bounded_and_lost_tasks_make_room() {
        let refreshes = SharedRefreshes::default();
        let mut senders = Vec::new();
        for number in 0..CAPACITY {
            let begun = refreshes.begin(numbered(number), WAIT, true, at(100));
            let Entry::First(sender, _) = begun else { panic!() };
            senders.push(sender);
        }
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(100)), Entry::NotNow));
        senders.clear();
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(100)), Entry::First(..)));
    }

    #[test]
    fn a_refresh_under_way_is_the_last_to_make_room() {
        let refreshes = SharedRefreshes::default();
        let Entry::First(_sender, _) = refreshes.begin(TOKEN, WAIT, true, at(100)) else {
            panic!()
        };
        for number in 0..CAPACITY + 10 {
            let Entry::First(..) = refreshes.begin(numbered(number), WAIT, true, at(100)) else {
                panic!()
            };
            let year = Duration::from_secs(366 * 24 * 60 * 60);
            refreshes.finish(&numbered(number), &failed(Some(year)), year, at(100));
        }
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, at(100)), Entry::UnderWay(_)));
    }

    #[test]
    fn what_ends_first_makes_room_and_what_is_over_goes_by_itself() {
        let refreshes = SharedRefreshes::default();
        let begun = at(1_000_000);
        for number in 0..CAPACITY + 10 {
            let Entry::First(..) = refreshes.begin(numbered(number), WAIT, true, begun) else {
                panic!()
            };
            let wait = Duration::from_secs(60 + u64::try_from(number / 100).unwrap());
            refreshes.finish(&numbered(number), &failed(Some(wait)), WEEK, begun);
        }
        let known = |number: usize| refreshes.known().get(&numbered(number)).is_some();
        assert_eq!(refreshes.known().len(), CAPACITY);
        assert!((0..10).all(|number| !known(number)) && known(10) && known(CAPACITY));
        let later = begun.saturating_add(WEEK);
        assert!(matches!(refreshes.begin(TOKEN, WAIT, true, later), Entry::First(..)));
        let known = refreshes.known();
        assert_eq!(known.len(), 1);
    }
}
