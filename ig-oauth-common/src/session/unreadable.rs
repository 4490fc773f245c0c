//! Stored accounts that no configured secret opens: a wrong secret, which looks like users who left.

use std::sync::atomic::{AtomicBool, Ordering};

/// What one configuration, with all its clones, has found.
#[derive(Default)]
pub(super) struct UnreadableAccounts {
    was_checked: AtomicBool,
    was_found: AtomicBool,
}

impl UnreadableAccounts {
    /// Logs the first one. There may be as many as there are users.
    pub(super) fn found(&self) {
        if !self.was_found.swap(true, Ordering::Relaxed) {
            crate::trace::warning(
                "a stored account does not open with any of the `cookie_secrets`: this instance has \
                 other secrets than the one that sealed it, or that one was removed before all \
                 accounts were sealed anew. Its user is still connected. Compare the secrets of all \
                 instances, and add the missing one behind the newest",
            );
        }
    }

    /// Whether nobody has looked yet, which somebody does now.
    pub(super) fn is_to_be_checked(&self) -> bool {
        !self.was_checked.swap(true, Ordering::Relaxed)
    }
}
