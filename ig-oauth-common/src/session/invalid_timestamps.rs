//! Sessions and accounts with impossible times: sealed with one of the secrets, but not trusted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::tombstones::Ended;
use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::expiring_map::ExpiringMap;
use crate::provider::Token;

/// The provider issues no token with a longer lifetime, so a longer one is forged.
const LONGEST_TOKEN: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The most sessions and accounts that are remembered as logged. The oldest are removed.
const MOST_NAMED: usize = 10_000;

/// Those that one configuration, with all its clones, has logged, and when.
pub(super) struct InvalidTimestamps(Mutex<ExpiringMap<Ended, Timestamp>>);

impl Default for InvalidTimestamps {
    fn default() -> Self {
        Self(Mutex::new(ExpiringMap::new(MOST_NAMED)))
    }
}

impl InvalidTimestamps {
    /// Whether `name` has not been logged yet. From now on it counts as logged.
    fn is_news(&self, name: Ended, now: Timestamp) -> bool {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = logged.get(&name).is_none();
        if is_news {
            logged.insert(name, now);
        }
        is_news
    }

    /// Whether the times of `name` are impossible. Logs it once, because a browser sends its cookie
    /// with every request.
    pub(super) fn are(
        &self,
        name: Ended,
        now: Timestamp,
        times: &[Timestamp],
        token: &Token,
    ) -> bool {
        let life = (token.issued_at(), token.expires_at());
        let is_ignored = is_from_the_future(now, times, life);
        if is_ignored && self.is_news(name, now) {
            crate::trace::warning(&format!(
                "{what} {id} is ignored: it is sealed by one of the secrets, but its times lie in the \
                 future or its token lives for more than 366 days. Either this server's clock is \
                 behind, or somebody has a secret: remove that one at once",
                what = match name {
                    Ended::Token(_) => "the account of token",
                    _ => "session",
                },
                id = name.short(),
            ));
        }
        is_ignored
    }
}

/// A person who holds one of the secrets, perhaps an old one, could forge a session with such times
/// that outlives every lifetime. It is ignored rather than removed, and never re-sealed: if only a
/// clock is wrong, it is valid again once the clock is corrected.
fn is_from_the_future(
    now: Timestamp,
    times: &[Timestamp],
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> bool {
    let latest = now.saturating_add(CLOCK_SKEW);
    let life = expires_at.saturating_duration_since(issued_at);
    life > LONGEST_TOKEN || issued_at > latest || times.iter().any(|moment| *moment > latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const DAY: u64 = 24 * 60 * 60;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    /// A leaked secret gives no longer session than the provider's tokens allow.
    #[test]
    fn times_that_cannot_be_are_told_from_those_that_can() {
        for (issued_at, life, seen_at, is_future) in [
            (NOW, 60 * DAY, NOW, false),
            (NOW + 60, 60 * DAY, NOW + 60, false),
            (NOW + 61, 60 * DAY, NOW, true),
            (NOW, 60 * DAY, NOW + 61, true),
            (NOW, 366 * DAY, NOW, false),
            (NOW, 366 * DAY + 1, NOW, true),
            (NOW - 400 * DAY, 460 * DAY, NOW, true),
        ] {
            let times = [at(NOW - DAY), at(seen_at)];
            let found = is_from_the_future(at(NOW), &times, (at(issued_at), at(issued_at + life)));
            assert_eq!(found, is_future, "{issued_at} {life} {seen_at}");
        }
    }

    /// Many forgeries cost one log line each, and no more memory than the limit.
    #[test]
    fn what_was_logged_is_bounded_and_the_oldest_make_room() {
        let logged = InvalidTimestamps::default();
        let name = |number: usize| Ended::Cookie((number as u128).to_be_bytes());
        for number in 0..=MOST_NAMED {
            let now = at(NOW + u64::try_from(number).unwrap());
            assert!(logged.is_news(name(number), now));
            assert!(!logged.is_news(name(number), now));
        }
        assert_eq!(logged.0.lock().unwrap().len(), MOST_NAMED);
        assert!(!logged.is_news(name(1), at(NOW)));
        assert!(logged.is_news(name(0), at(NOW)), "the oldest has made room");
    }
}
