//! Stored accounts that no configured secret opens: a wrong secret, which looks like users who left.

use std::sync::atomic::{AtomicBool, Ordering};

use super::store::{BoxedStore, unavailable};
use super::stored;
use crate::config::Settings;
use crate::error::AuthError;

/// How many accounts are looked at, in the order of their user ids, to find the newest.
const LOOKED_AT: usize = 1_000;

/// What one configuration, with all its clones, has said about them.
#[derive(Default)]
pub(crate) struct UnreadableAccounts {
    was_checked: AtomicBool,
    was_found: AtomicBool,
}

impl UnreadableAccounts {
    /// Says so, once: a wrong secret fails every account, and one sentence is enough.
    pub(crate) fn found(&self) {
        if !self.was_found.swap(true, Ordering::Relaxed) {
            crate::trace::warning(
                "a stored account does not open with any of the `cookie_secrets`: this instance has \
                 other secrets than the one that sealed it, or that one was removed before all \
                 accounts were sealed anew. Its user is still connected. Compare the secrets of all \
                 instances, and add the missing one behind the newest",
            );
        }
    }

    /// Whether the check at the start is still to be made, by whoever asks first.
    pub(crate) fn is_to_be_checked(&self) -> bool {
        !self.was_checked.swap(true, Ordering::Relaxed)
    }
}

/// Whether the newest of the stored accounts opens; also when there is none.
pub(crate) async fn newest_opens(
    settings: &Settings,
    store: &dyn BoxedStore,
) -> Result<bool, AuthError> {
    let accounts = store.accounts(&settings.client_id, None, LOOKED_AT).await;
    let accounts = accounts.map_err(unavailable)?;
    let newest = accounts.iter().max_by_key(|account| account.issued_at);
    let opens = newest.is_none_or(|account| stored::open(settings, account).is_ok());
    if !opens {
        settings.unreadable.found();
    }
    Ok(opens)
}
