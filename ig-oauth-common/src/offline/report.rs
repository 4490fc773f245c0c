//! The results of a refresher.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use crate::error::AuthErrorKind;
use crate::token_facts::UserId;

/// The most users in each list of a report. The counts include all of them.
const MOST_NAMES: usize = 10_000;

/// The counts of one pass, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshReport {
    /// Accounts whose tokens expire soon.
    pub seen: u64,
    /// Tokens that were refreshed, here or meanwhile by another instance.
    pub refreshed: u64,
    /// Tokens younger than 24 hours, which the provider does not refresh yet.
    pub too_young: u64,
    /// One-hour tokens, which the provider never refreshes.
    pub short_lived: u64,
    /// Expired tokens. Their users must log in again.
    pub expired: u64,
    /// Skipped refreshes: another instance was refreshing, or a refresh failed a moment ago.
    pub skipped: u64,
    /// Tokens that the provider reports as invalid, now or at an earlier call: expired there, or
    /// revoked. Their users must log in again: see [`dead_users`](Self::dead_users).
    pub dead_accounts: u64,
    /// Records that none of the configured secrets decrypts. Their users are still connected: see
    /// [`unreadable_users`](Self::unreadable_users).
    pub unreadable: u64,
    /// Refreshes that failed for another reason. See [`failures`](Self::failures).
    pub failed: u64,
    /// Passes that ended early because the store did not answer.
    pub incomplete_passes: u64,
    /// The age, since its issue, of the oldest valid token that the latest complete pass saw. It
    /// falls when that token is refreshed. Look into it when it approaches 60 days.
    pub oldest: Option<Duration>,
    by_kind: HashMap<AuthErrorKind, u64>,
    dead_users: BTreeSet<UserId>,
    unreadable_users: BTreeSet<UserId>,
}

impl RefreshReport {
    /// How often refreshes failed, by kind, in the order of [`AuthErrorKind::ALL`].
    pub fn failures(&self) -> impl Iterator<Item = (AuthErrorKind, u64)> {
        let kinds = AuthErrorKind::ALL.iter();
        kinds.filter_map(|kind| self.by_kind.get(kind).map(|count| (*kind, *count)))
    }

    /// The users whose tokens are dead, each once, up to 10,000. Ask them to log in again.
    pub fn dead_users(&self) -> impl Iterator<Item = &UserId> {
        self.dead_users.iter()
    }

    /// The users whose accounts none of the configured secrets decrypts, each once, up to 10,000.
    /// They are still connected and need no mail: check the secrets of this instance.
    pub fn unreadable_users(&self) -> impl Iterator<Item = &UserId> {
        self.unreadable_users.iter()
    }

    pub(super) fn note_dead(&mut self, user_id: &UserId) {
        self.dead_accounts += 1;
        name(&mut self.dead_users, [user_id]);
    }

    pub(super) fn note_unreadable(&mut self, user_id: &UserId) {
        self.unreadable += 1;
        name(&mut self.unreadable_users, [user_id]);
    }

    pub(super) fn note_failure(&mut self, kind: AuthErrorKind) {
        self.failed += 1;
        *self.by_kind.entry(kind).or_default() += 1;
    }

    /// Adds the counts of a later pass.
    pub fn merge(&mut self, other: &Self) {
        self.count(other);
        // A pass that ended early may have missed the oldest token.
        if other.incomplete_passes == 0 {
            self.oldest = other.oldest;
        }
    }

    /// Adds the counts of a part of a pass.
    pub(super) fn count(&mut self, other: &Self) {
        self.seen += other.seen;
        self.refreshed += other.refreshed;
        self.too_young += other.too_young;
        self.short_lived += other.short_lived;
        self.expired += other.expired;
        self.skipped += other.skipped;
        self.dead_accounts += other.dead_accounts;
        self.unreadable += other.unreadable;
        self.failed += other.failed;
        self.incomplete_passes += other.incomplete_passes;
        for (kind, count) in &other.by_kind {
            *self.by_kind.entry(*kind).or_default() += count;
        }
        name(&mut self.dead_users, &other.dead_users);
        name(&mut self.unreadable_users, &other.unreadable_users);
    }
}

fn name<'u>(users: &mut BTreeSet<UserId>, more: impl IntoIterator<Item = &'u UserId>) {
    for user in more {
        if users.len() < MOST_NAMES {
            users.insert(user.clone());
        }
    }
}

impl fmt::Display for RefreshReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seen, refreshed, too_young, short_lived, expired, .. } = self;
        let Self { skipped, dead_accounts, unreadable, failed, .. } = self;
        write!(
            f,
            "{seen} seen, {refreshed} refreshed, {too_young} too young, {short_lived} short-lived, \
             {expired} expired, {skipped} skipped, {dead_accounts} dead, {unreadable} unreadable, {failed} failed"
        )
    }
}
