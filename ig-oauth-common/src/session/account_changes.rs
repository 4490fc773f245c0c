//! Changes to a stored account while others may write to it: marking it as dead, re-sealing it, or
//! deleting it.
//!
//! The mark of an invalid token is a bit inside the sealed bytes, written with compare-and-swap:
//! stores need not support it, every instance reads it, and a new login replaces it together with
//! the account.

use super::accounts::{Accounts, MOST_WRITES, OpenedAccount, contended};
use crate::clock::Timestamp;
use crate::error::{AuthError, chain};
use crate::provider::Token;
use crate::store::AccountRecord;
use crate::token_facts::UserId;

/// The result of re-sealing a record with the newest key.
pub(crate) enum Resealing {
    Resealed,
    /// It is sealed with it already, or has been deleted.
    Unneeded,
    Unreadable,
}

/// The result of a revocation.
pub(crate) struct Revoked {
    /// The deleted accounts. Their sessions are deleted too.
    pub(crate) accounts: Vec<AccountRecord>,
    pub(crate) was_known: bool,
}

impl Accounts {
    /// Marks the account of this token as dead, and ends its sessions. Returns the account if it
    /// was not marked before. `None` when the account holds another token, is marked already or
    /// does not exist.
    pub(crate) async fn mark_dead(
        &self,
        token: &Token,
    ) -> Result<Option<AccountRecord>, AuthError> {
        let key = self.key(token.user_id());
        for _ in 0..MOST_WRITES {
            let now = self.now();
            let Some(account) = self.store.account(&key, now).await? else { return Ok(None) };
            let Ok(opened) = self.opened(&account) else { return Ok(None) };
            if opened.is_dead || opened.token.hash() != token.hash() {
                return Ok(None);
            }
            // The sessions are listed before the account is marked: a login that ends in between
            // changes the account, so the mark is refused, and its session is not in the list.
            let sessions = self.store.sessions(&key, now).await?;
            if self.seal_again(&account, token, true).await?.is_none() {
                continue;
            }
            for session in sessions {
                if let Err(error) = self.store.end_session(&session.id_hash).await {
                    // The mark ends it too, when it is read.
                    let chain = chain(&AuthError::from(error));
                    crate::trace::warning(&format!(
                        "the session of a dead token is not ended: {chain}"
                    ));
                }
            }
            return Ok(Some(account));
        }
        Err(contended())
    }

    /// Seals a record with the newest key, while others may write to it.
    pub(crate) async fn reseal(&self, mut account: AccountRecord) -> Result<Resealing, AuthError> {
        for _ in 0..MOST_WRITES {
            let opened = self.opened(&account).ok();
            let readable = opened.filter(|opened| !self.has_impossible_times(&opened.token));
            let Some(OpenedAccount { token, is_dead, is_by_newest_key }) = readable else {
                return Ok(Resealing::Unreadable);
            };
            if is_by_newest_key {
                return Ok(Resealing::Unneeded);
            }
            if self.seal_again(&account, &token, is_dead).await?.is_some() {
                return Ok(Resealing::Resealed);
            }
            match self.store.account(&account.key, self.now()).await? {
                Some(present) => account = present,
                None => return Ok(Resealing::Unneeded),
            }
        }
        Err(contended())
    }

    /// Seals a session's record again if possible. A failure does not end the session.
    pub(super) async fn reseal_if_possible(&self, account: &mut AccountRecord, token: &Token) {
        match self.seal_again(account, token, false).await {
            Ok(Some(resealed)) => *account = resealed,
            Ok(None) => {}
            Err(error) => {
                let chain = chain(&error);
                crate::trace::warning(&format!("an account is not sealed anew: {chain}"));
            }
        }
    }

    /// Stores the same token again, sealed with the newest key. `None` when the account has
    /// changed.
    pub(super) async fn seal_again(
        &self,
        account: &AccountRecord,
        token: &Token,
        is_dead: bool,
    ) -> Result<Option<AccountRecord>, AuthError> {
        let sealed_token = self.seal(&account.key, token, is_dead)?;
        let resealed = AccountRecord { sealed_token, ..account.clone() };
        let replaced = self.store.replace_account(&account.sealed_token, resealed.clone()).await?;
        Ok(replaced.then_some(resealed))
    }

    /// Deletes the accounts with the id `id` whose token `covers` accepts. Of the other accounts it
    /// ends only the sessions that `covers` accepts: a user who connected again keeps the new
    /// session.
    ///
    /// An account is deleted only if it has not changed since it was read, so that a concurrent
    /// login is kept.
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
                    for session in self.store.sessions(&account.key, self.now()).await? {
                        if covers(session.created_at) {
                            self.store.end_session(&session.id_hash).await?;
                        }
                    }
                    continue;
                }
                if self.store.forget_account(&account.key, &account.sealed_token).await? {
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
}
