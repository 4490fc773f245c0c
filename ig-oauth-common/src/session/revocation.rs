//! What is kept of a user goes: because the provider says so, or the app.

use super::accounts::{Accounts, MOST_WRITES, contended};
use crate::clock::Timestamp;
use crate::error::AuthError;
use crate::store::{AccountRecord, unavailable};
use crate::token_facts::UserId;

/// What a revocation has done.
pub(crate) struct Revoked {
    /// The accounts that were forgotten, with all sessions of theirs.
    pub(crate) accounts: Vec<AccountRecord>,
    pub(crate) was_known: bool,
}

impl Accounts {
    /// Forgets the accounts that are known by `id` and hold a token that `covers` speaks of. Of the
    /// others, it ends the sessions that it speaks of: a user who connected again has the new session.
    ///
    /// Each account is forgotten only as it was seen, or a login that ends meanwhile would be undone.
    pub(crate) async fn revoke(
        &self,
        id: &UserId,
        covers: impl Fn(Timestamp) -> bool,
    ) -> Result<Revoked, AuthError> {
        let mut revoked = Revoked { accounts: Vec::new(), was_known: false };
        for _ in 0..MOST_WRITES {
            let accounts = self.known_by(id).await?;
            revoked.was_known |= !accounts.is_empty();
            let mut has_changed = false;
            for account in accounts {
                if !covers(account.issued_at) {
                    self.end_covered_sessions(&account, &covers).await?;
                    continue;
                }
                let forgotten =
                    self.store.forget_account(&account.key, &account.sealed_token).await;
                if forgotten.map_err(unavailable)? {
                    revoked.accounts.push(account);
                } else {
                    has_changed = true;
                }
            }
            if !has_changed {
                return Ok(revoked);
            }
        }
        Err(contended())
    }

    async fn end_covered_sessions(
        &self,
        account: &AccountRecord,
        covers: &impl Fn(Timestamp) -> bool,
    ) -> Result<(), AuthError> {
        let sessions = self.store.sessions(&account.key, self.now()).await;
        for session in sessions.map_err(unavailable)? {
            if covers(session.created_at) {
                self.store.end_session(&session.id_hash).await.map_err(unavailable)?;
            }
        }
        Ok(())
    }
}
