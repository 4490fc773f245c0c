//! Accounts sealed anew by the newest key, their tokens unchanged.

use super::accounts::{Accounts, MOST_WRITES, OpenedAccount, contended};
use crate::error::{AuthError, chain};
use crate::provider::Token;
use crate::store::{AccountRecord, unavailable};

/// What became of a record that was to be sealed by the newest key.
pub(crate) enum Resealing {
    Resealed,
    /// It is already, or has gone.
    Unneeded,
    Unreadable,
}

impl Accounts {
    /// Seals a record by the newest key, whoever else writes to it.
    pub(crate) async fn reseal(&self, mut account: AccountRecord) -> Result<Resealing, AuthError> {
        for _ in 0..MOST_WRITES {
            let Ok(OpenedAccount { token, is_dead, is_by_newest_key }) = self.opened(&account)
            else {
                return Ok(Resealing::Unreadable);
            };
            if self.has_impossible_times(&token) {
                return Ok(Resealing::Unreadable);
            }
            if is_by_newest_key {
                return Ok(Resealing::Unneeded);
            }
            if self.seal_again(&account, &token, is_dead).await?.is_some() {
                return Ok(Resealing::Resealed);
            }
            match self.store.account(&account.key, self.now()).await.map_err(unavailable)? {
                Some(present) => account = present,
                None => return Ok(Resealing::Unneeded),
            }
        }
        Err(contended())
    }

    /// The record sealed anew, or as it is: a session does not end for that.
    pub(super) async fn resealed_if_possible(
        &self,
        account: AccountRecord,
        token: &Token,
    ) -> AccountRecord {
        match self.seal_again(&account, token, false).await {
            Ok(resealed) => resealed.unwrap_or(account),
            Err(error) => {
                let chain = chain(&error);
                crate::trace::warning(&format!("an account is not sealed anew: {chain}"));
                account
            }
        }
    }

    /// Writes the same token again, sealed by the newest key. None when the account has changed.
    pub(super) async fn seal_again(
        &self,
        account: &AccountRecord,
        token: &Token,
        is_dead: bool,
    ) -> Result<Option<AccountRecord>, AuthError> {
        let sealed_token = self.seal(&account.key, token, is_dead)?;
        let resealed = AccountRecord { sealed_token, ..account.clone() };
        let replaced = self.store.replace_account(&account.sealed_token, resealed.clone()).await;
        Ok(replaced.map_err(unavailable)?.then_some(resealed))
    }
}
