//! A token that the provider calls invalid: its account is marked, and its sessions end.
//!
//! The mark is a bit inside of the sealed bytes, written with compare and swap: no store needs to know
//! of it, every instance reads it, and a new login replaces it with its account.

use super::accounts::{Accounts, MOST_WRITES, contended};
use crate::error::{AuthError, chain};
use crate::provider::Token;
use crate::store::{AccountRecord, unavailable};

impl Accounts {
    /// Marks the account whose token this is, and ends its sessions. The account when this is news:
    /// none when the account holds another token, is marked already or has gone.
    pub(crate) async fn mark_dead(
        &self,
        token: &Token,
    ) -> Result<Option<AccountRecord>, AuthError> {
        let key = self.key(token.user_id());
        for _ in 0..MOST_WRITES {
            let now = self.now();
            let Some(account) = self.store.account(&key, now).await.map_err(unavailable)? else {
                return Ok(None);
            };
            let Ok(opened) = self.opened(&account) else {
                return Ok(None);
            };
            if opened.is_dead || opened.token.hash() != token.hash() {
                return Ok(None);
            }
            // Listed before the account is marked: a login that ends in between writes the account, so
            // the mark is refused, and its session is not among these.
            let sessions = self.store.sessions(&key, now).await.map_err(unavailable)?;
            if self.seal_again(&account, token, true).await?.is_none() {
                continue;
            }
            for session in sessions {
                if let Err(error) = self.store.end_session(&session.id_hash).await {
                    // The mark ends it, too, when it is read.
                    let chain = chain(&unavailable(error));
                    crate::trace::warning(&format!(
                        "the session of a dead token is not ended: {chain}"
                    ));
                }
            }
            return Ok(Some(account));
        }
        Err(contended())
    }
}
