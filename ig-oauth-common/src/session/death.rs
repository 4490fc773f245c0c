//! A token that the provider calls invalid: its account is marked, and its sessions end.
//!
//! The mark is a bit inside of the sealed bytes, written with compare and swap: no store needs to know
//! of it, every instance reads it, and a new login replaces it with its account.

use super::store::{AccountKey, AccountRecord, BoxedStore, unavailable};
use super::{MOST_WRITES, stored};
use crate::config::Settings;
use crate::error::{AuthError, AuthErrorKind};
use crate::token::Token;

/// Marks the account that holds this very token, and ends its sessions. The account, if this is the
/// first to mark it: none where the token has a successor, or its user has logged in again.
pub(crate) async fn mark_dead(
    settings: &Settings,
    store: &dyn BoxedStore,
    token: &Token,
) -> Result<Option<AccountRecord>, AuthError> {
    let key = AccountKey::new(&settings.client_id, token.user_id().clone());
    for _ in 0..MOST_WRITES {
        let now = settings.clock.now();
        let Some(account) = store.account(&key, now).await.map_err(unavailable)? else {
            return Ok(None);
        };
        let Ok(opened) = stored::open(settings, &account) else {
            return Ok(None);
        };
        if opened.is_dead || opened.token.hash() != token.hash() {
            return Ok(None);
        }
        // Listed before the account is marked: a login that ends in between writes the account, so
        // the mark is refused, and its session is not among these.
        let sessions = store.sessions(&key, now).await.map_err(unavailable)?;
        if stored::reseal(settings, store, &account, token, true).await?.is_none() {
            continue;
        }
        for session in sessions {
            if let Err(error) = store.end_session(&session.id_hash).await {
                // The mark ends it, too, when it is read.
                let chain = crate::error::chain(&unavailable(error));
                crate::trace::warning(&format!(
                    "the session of a dead token is not ended: {chain}"
                ));
            }
        }
        return Ok(Some(account));
    }
    let contended = "the account's record changes all the time";
    Err(AuthError::with_source(AuthErrorKind::Store, contended))
}
