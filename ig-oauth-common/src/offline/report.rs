//! What a refresher has done.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::error::AuthErrorKind;

/// The counts of one pass, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshReport {
    /// Accounts whose tokens end soon.
    pub seen: u64,
    /// Tokens that were refreshed, here or by another instance meanwhile.
    pub refreshed: u64,
    /// Tokens younger than 24 hours, which the provider does not refresh yet.
    pub too_young: u64,
    /// Refreshes that were not tried: another instance was at it, or one failed a moment ago.
    pub left: u64,
    /// Tokens that the provider calls invalid: expired there, or revoked. Their users must log in
    /// again.
    pub dead: u64,
    /// Records that no secret of the configuration opens.
    pub unreadable: u64,
    /// Refreshes that failed otherwise, by kind. See [`failures`](Self::failures).
    pub failed: u64,
    /// Passes that ended early, because the store did not answer.
    pub cut_short: u64,
    /// The age of the oldest token that was seen, counted from its issue.
    pub oldest: Option<Duration>,
    pub(super) by_code: BTreeMap<&'static str, u64>,
}

impl RefreshReport {
    /// How often refreshes failed, by [`AuthErrorKind::code`].
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_code.iter().map(|(code, count)| (*code, *count))
    }

    pub(super) fn fail(&mut self, kind: AuthErrorKind) {
        self.failed += 1;
        *self.by_code.entry(kind.code()).or_default() += 1;
    }

    /// Adds another pass.
    pub fn add(&mut self, other: &Self) {
        self.seen += other.seen;
        self.refreshed += other.refreshed;
        self.too_young += other.too_young;
        self.left += other.left;
        self.dead += other.dead;
        self.unreadable += other.unreadable;
        self.failed += other.failed;
        self.cut_short += other.cut_short;
        self.oldest = self.oldest.max(other.oldest);
        for (code, count) in other.failures() {
            *self.by_code.entry(code).or_default() += count;
        }
    }
}

impl fmt::Display for RefreshReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} seen, {} refreshed, {} too young, {} left, {} dead, {} unreadable, {} failed",
            self.seen,
            self.refreshed,
            self.too_young,
            self.left,
            self.dead,
            self.unreadable,
            self.failed
        )
    }
}
