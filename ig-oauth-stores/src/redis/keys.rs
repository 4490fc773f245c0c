//! The names of records, and how long Redis keeps them.

use std::time::Duration;

use ig_oauth_common::{AccountKey, SessionIdHash, Timestamp, UserId};

/// What is kept beyond its end: the caller's clock and Redis' own may differ.
const GRACE: Duration = Duration::from_secs(3_600);

/// Claims are made at each login and live for minutes, so their grace is short.
const CLAIM_GRACE: Duration = Duration::from_secs(300);

/// What lives longer by its own account is kept this long: Redis refuses ends that overflow.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Builds names. User ids are digits, so they come before the client id, which can be any text: no
/// two names are the same. The scripts build some of them, too.
pub(super) struct Keys(String);

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self(format!("{{{prefix}}}"))
    }

    /// The prefix in braces: the part of a name by which a cluster chooses the slot.
    pub(super) fn prefix(&self) -> &str {
        &self.0
    }

    pub(super) fn session(&self, id: &SessionIdHash) -> String {
        format!("{}:session:{}", self.0, hex(id.as_bytes()))
    }

    pub(super) fn account(&self, key: &AccountKey) -> String {
        format!("{}:account:{}:{}", self.0, key.user_id(), key.client_id())
    }

    pub(super) fn sessions(&self, key: &AccountKey) -> String {
        format!("{}:sessions:{}:{}", self.0, key.user_id(), key.client_id())
    }

    pub(super) fn accounts(&self, client_id: &str) -> String {
        format!("{}:accounts:{client_id}", self.0)
    }

    pub(super) fn known(&self, client_id: &str, id: &UserId) -> String {
        format!("{}:known:{id}:{client_id}", self.0)
    }

    pub(super) fn claim(&self, key: &str) -> String {
        format!("{}:claim:{key}", self.0)
    }

    pub(super) fn deletion(&self, code_hash: &[u8; 32]) -> String {
        format!("{}:deletion:{}", self.0, hex(code_hash))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds for which Redis keeps a record that ends at `end`, counted from a moment that is not
/// after the caller's present. Relative, because the caller's clock rules.
pub(super) fn seconds_to_keep(from: Timestamp, end: Timestamp) -> u64 {
    end.saturating_since(from).saturating_add(GRACE).min(LONGEST).as_secs()
}

/// The same for a claim.
pub(super) fn seconds_to_keep_claim(now: Timestamp, until: Timestamp) -> u64 {
    until.saturating_since(now).saturating_add(CLAIM_GRACE).min(LONGEST).as_secs()
}
