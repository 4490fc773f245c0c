//! What a refresher has done.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use crate::error::AuthErrorKind;
use crate::token_facts::UserId;

/// Most users that a report names in either list. All are counted.
const MOST_NAMES: usize = 10_000;

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
    /// One-hour tokens, which the provider never refreshes.
    pub short_lived: u64,
    /// Tokens past their end. Their users must log in again.
    pub expired: u64,
    /// Refreshes that were not tried: another instance was at it, or one failed a moment ago.
    pub left: u64,
    /// Tokens that the provider calls invalid, now or at an earlier call of anybody's: expired there,
    /// or revoked. Their users must log in again: see [`dead_users`](Self::dead_users).
    pub dead: u64,
    /// Records that no secret of the configuration opens. Their users are still connected: see
    /// [`unreadable_users`](Self::unreadable_users).
    pub unreadable: u64,
    /// Refreshes that failed otherwise, by kind. See [`failures`](Self::failures).
    pub failed: u64,
    /// Passes that ended early, because the store did not answer.
    pub cut_short: u64,
    /// The age of the oldest token that had not expired and that the latest whole pass saw, counted
    /// from its issue. It falls when that one was refreshed; one that nears 60 days needs a look.
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

    /// Whose tokens are dead, each once, up to 10,000: those to ask to log in again.
    pub fn dead_users(&self) -> impl Iterator<Item = &UserId> {
        self.dead_users.iter()
    }

    /// Whose accounts no configured secret opens, each once, up to 10,000. They are still connected,
    /// and need no mail: the secrets of this instance need a look.
    pub fn unreadable_users(&self) -> impl Iterator<Item = &UserId> {
        self.unreadable_users.iter()
    }

    pub(super) fn note_dead(&mut self, user_id: &UserId) {
        self.dead += 1;
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

    /// Adds a later pass.
    pub fn add(&mut self, other: &Self) {
        self.count(other);
        // One that was cut short may have missed the oldest.
        if other.cut_short == 0 {
            self.oldest = other.oldest;
        }
    }

    /// Adds what a part of a pass counted.
    pub(super) fn count(&mut self, other: &Self) {
        self.seen += other.seen;
        self.refreshed += other.refreshed;
        self.too_young += other.too_young;
        self.short_lived += other.short_lived;
        self.expired += other.expired;
        self.left += other.left;
        self.dead += other.dead;
        self.unreadable += other.unreadable;
        self.failed += other.failed;
        self.cut_short += other.cut_short;
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
        let Self { left, dead, unreadable, failed, .. } = self;
        write!(
            f,
            "{seen} seen, {refreshed} refreshed, {too_young} too young, {short_lived} short-lived, \
             {expired} expired, {left} left, {dead} dead, {unreadable} unreadable, {failed} failed"
        )
    }
}
