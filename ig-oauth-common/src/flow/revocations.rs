//! What is kept of a user goes when the provider says so.

use std::sync::Arc;

use super::deadline::Deadline;
use crate::error::AuthError;
use crate::hooks::Deauthorization;
use crate::provider::SignedRequest;
use crate::session::Accounts;
use crate::token_facts::UserId;

pub(crate) struct Revocations {
    pub(crate) accounts: Option<Arc<Accounts>>,
    pub(crate) deadline: Deadline,
}

impl Revocations {
    /// Forgets what the request speaks of: accounts by any id they are known by, and sessions.
    ///
    /// The provider repeats itself, and anybody who holds a request can within its window, so an
    /// account whose token is newer than the request stays. A refreshed token counts as newer: the
    /// provider refreshes none of an app that was removed.
    pub(super) async fn revoke(
        &self,
        request: SignedRequest,
    ) -> Result<Deauthorization, AuthError> {
        let mut user_ids = vec![request.user_id().clone()];
        let Some(accounts) = &self.accounts else {
            return Ok(Deauthorization { request, revoked: 0, user_ids });
        };
        let revoke = accounts.revoke(request.user_id(), |moment| request.covers(moment));
        let revoked = self.deadline.for_store(revoke).await?;
        if !revoked.was_known {
            crate::trace::warning("the provider speaks of a user whom the store does not know");
        }
        let count = u64::try_from(revoked.accounts.len()).unwrap_or(u64::MAX);
        for account in revoked.accounts {
            let own: UserId = account.key.user_id().clone();
            for id in std::iter::once(own).chain(account.further_ids) {
                if !user_ids.contains(&id) {
                    user_ids.push(id);
                }
            }
        }
        Ok(Deauthorization { request, revoked: count, user_ids })
    }
}
