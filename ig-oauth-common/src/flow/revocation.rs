//! What this crate keeps of a user goes when the provider says so.

use super::Flow;
use crate::error::{AuthError, AuthErrorKind};
use crate::gone::Gone;
use crate::provider::SignedRequest;
use crate::session::{AccountRecord, BoxedStore, MOST_WRITES, unavailable};
use crate::token::UserId;

impl Flow {
    /// Forgets what the request speaks of: accounts by any id they are known by, and sessions.
    ///
    /// The provider repeats itself, and anybody who holds a request can within its window, so an
    /// account whose token is newer than the request stays. Each one is forgotten only as it was
    /// seen, or a login that ends meanwhile would be undone. A refreshed token counts as newer: the
    /// provider refreshes none of an app that was removed.
    pub(super) async fn revoke(&self, request: SignedRequest) -> Result<Gone, AuthError> {
        let user_ids = vec![request.user_id().clone()];
        let mut gone = Gone { request, revoked: 0, user_ids };
        let settings = self.settings();
        let Some(store) = &settings.store else { return Ok(gone) };
        let mut is_known = false;
        for _ in 0..MOST_WRITES {
            let id = gone.request.user_id();
            let accounts = store.accounts_known_by(&settings.client_id, id).await;
            let accounts = accounts.map_err(unavailable)?;
            is_known |= !accounts.is_empty();
            let mut has_changed = false;
            for account in accounts {
                if !gone.request.covers(account.issued_at) {
                    self.end_covered_sessions(&**store, &account, &gone.request).await?;
                    continue;
                }
                let forgotten = store.forget_account(&account.key, &account.sealed_token).await;
                if forgotten.map_err(unavailable)? {
                    gone.revoked += 1;
                    gone.note(account);
                } else {
                    has_changed = true;
                }
            }
            if !has_changed {
                if !is_known {
                    crate::trace::warning(
                        "the provider speaks of a user whom the store does not know",
                    );
                }
                return Ok(gone);
            }
        }
        // Or the store reads from a replica that lags behind what it writes to.
        let contended = "an account's record changes all the time, or reads lag behind writes";
        Err(AuthError::with_source(AuthErrorKind::Store, contended))
    }

    /// A user who connected again has the new session; those from before end all the same.
    async fn end_covered_sessions(
        &self,
        store: &dyn BoxedStore,
        account: &AccountRecord,
        request: &SignedRequest,
    ) -> Result<(), AuthError> {
        let sessions = store.sessions(&account.key, self.settings().clock.now()).await;
        for session in sessions.map_err(unavailable)? {
            if request.covers(session.created_at) {
                store.end_session(&session.id_hash).await.map_err(unavailable)?;
            }
        }
        Ok(())
    }
}

impl Gone {
    fn note(&mut self, account: AccountRecord) {
        let own: UserId = account.key.user_id().clone();
        for id in std::iter::once(own).chain(account.further_ids) {
            if !self.user_ids.contains(&id) {
                self.user_ids.push(id);
            }
        }
    }
}
