//! After a rotation of cookie secrets: encrypts every stored token with the newest one.

use super::OfflineAccess;
use crate::error::AuthError;
use crate::session::Resealing;
use crate::token_facts::UserId;

/// The progress of re-encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResealReport {
    /// Records that were read.
    pub seen: u64,
    /// Records that were encrypted with an older secret, and now with the newest.
    pub resealed: u64,
    /// Records that none of the configured secrets decrypts. They are unchanged.
    pub unreadable: u64,
    /// The last user that was read. Continue after it. `None` when all records have been read.
    pub resume_after: Option<UserId>,
}

impl OfflineAccess {
    /// Encrypts up to `limit` records, after `after`, with the newest of the
    /// [`cookie_secrets`](crate::ConfigBuilder::cookie_secrets). Once all are re-encrypted, the
    /// older secrets can be removed from the configuration without losing an account.
    ///
    /// Using a session also re-encrypts its account's record, so this is for accounts that are not
    /// in use. It may run on several instances at once, and can be stopped and resumed at any
    /// point:
    ///
    /// ```
    /// # use ig_oauth_common::{AuthError, OfflineAccess};
    /// async fn reseal_all(accounts: &OfflineAccess) -> Result<u64, AuthError> {
    ///     let (mut resealed, mut after) = (0, None);
    ///     loop {
    ///         let report = accounts.reseal(after.as_ref(), 500).await?;
    ///         resealed += report.resealed;
    ///         match report.resume_after {
    ///             Some(user_id) => after = Some(user_id),
    ///             None => return Ok(resealed),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// `Store` when the store does not answer. Records that were re-encrypted stay so; resume with
    /// the same `after`.
    pub async fn reseal(
        &self,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<ResealReport, AuthError> {
        let accounts = self.batch(after, limit.max(1)).await?;
        let mut report = ResealReport::default();
        for account in accounts {
            report.seen += 1;
            report.resume_after = Some(account.key.user_id().clone());
            match self.accounts.reseal(account).await? {
                Resealing::Resealed => report.resealed += 1,
                Resealing::Unneeded => {}
                Resealing::Unreadable => report.unreadable += 1,
            }
        }
        Ok(report)
    }
}
