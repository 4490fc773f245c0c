//! The parts of records that every engine writes the same way.

use ig_oauth_common::{DeletionStatus, UserId};

use crate::error::Failure;

/// The word for a status in a database.
pub(crate) fn status_word(
    engine: &'static str,
    status: DeletionStatus,
) -> Result<&'static str, Failure> {
    Ok(match status {
        DeletionStatus::Queued => "queued",
        DeletionStatus::Done => "done",
        DeletionStatus::Failed => "failed",
        _ => return Err(Failure::new(engine, "a status this version cannot write")),
    })
}

pub(crate) fn status_of(engine: &'static str, word: &str) -> Result<DeletionStatus, Failure> {
    match word {
        "queued" => Ok(DeletionStatus::Queued),
        "done" => Ok(DeletionStatus::Done),
        "failed" => Ok(DeletionStatus::Failed),
        _ => Err(Failure::unreadable(engine, "a status")),
    }
}

pub(crate) fn user_id(engine: &'static str, digits: &str) -> Result<UserId, Failure> {
    UserId::from_digits(digits).ok_or_else(|| Failure::unreadable(engine, "a user id"))
}

/// Moments as the signed 64 bits of SQL.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) mod moment {
    use ig_oauth_common::Timestamp;

    /// Moments more than 292 billion years away are one: the last there is.
    pub(crate) fn to_sql(moment: Timestamp) -> i64 {
        i64::try_from(moment.unix_seconds()).unwrap_or(i64::MAX)
    }

    /// The last moment of SQL is the last moment of all, so that "never" stays "never".
    pub(crate) fn from_sql(seconds: i64) -> Timestamp {
        let seconds =
            if seconds == i64::MAX { u64::MAX } else { u64::try_from(seconds).unwrap_or(0) };
        Timestamp::from_unix_seconds(seconds)
    }
}

/// A list of texts in one field. Ids and scopes are short and few; JSON can be read by people and by
/// the database's own functions.
#[cfg(any(feature = "redis", feature = "sqlite"))]
pub(crate) mod list {
    use ig_oauth_common::UserId;

    use super::user_id;
    use crate::error::Failure;

    pub(crate) fn to_text<'a>(items: impl Iterator<Item = &'a str>) -> String {
        serde_json::Value::from(items.collect::<Vec<_>>()).to_string()
    }

    pub(crate) fn from_text(engine: &'static str, text: &[u8]) -> Result<Vec<String>, Failure> {
        serde_json::from_slice(text).map_err(|_| Failure::unreadable(engine, "a list"))
    }

    pub(crate) fn ids(engine: &'static str, text: &[u8]) -> Result<Vec<UserId>, Failure> {
        from_text(engine, text)?.iter().map(|digits| user_id(engine, digits)).collect()
    }
}

/// Decides when a store looks for expired records by itself, and by which time.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) mod housekeeping {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use ig_oauth_common::{Clock as _, SystemClock, Timestamp};

    /// Writes between two looks. A login makes two or three.
    const PERIOD: u32 = 1_000;

    /// How long an expired record is left alone: clocks of instances differ a little, and what one
    /// takes for expired another may still go by.
    const GRACE: Duration = Duration::from_secs(60 * 60);

    #[derive(Debug, Default)]
    pub(crate) struct Housekeeping(AtomicU32);

    impl Housekeeping {
        /// Counts a write made at `now`. At each thousandth gives the moment before which records
        /// may be forgotten: one that has passed a while ago by the caller's clock and by the
        /// machine's.
        pub(crate) fn due(&self, now: Timestamp) -> Option<Timestamp> {
            let writes = self.0.fetch_add(1, Ordering::Relaxed);
            (writes % PERIOD == PERIOD - 1).then(|| {
                let now = now.min(SystemClock::new().now());
                let since_the_epoch = now.saturating_since(Timestamp::from_unix_seconds(0));
                let before = since_the_epoch.saturating_sub(GRACE);
                Timestamp::from_unix_seconds(before.as_secs())
            })
        }
    }
}
