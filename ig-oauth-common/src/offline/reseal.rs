//! After a rotation of cookie secrets: every stored token sealed by the newest one.

use super::OfflineAccess;
use crate::error::AuthError;
use crate::session::Resealing;
use crate::token_facts::UserId;

/// How far sealing anew has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResealReport {
    /// Records that were looked at.
    pub seen: u64,
    /// Records that an older secret had sealed.
    pub resealed: u64,
    /// Records that no secret of the configuration opens. They were left as they are.
    pub unreadable: u64,
    /// The last user that was looked at. Go on after it; none when there is nothing left.
    pub resume_after: Option<UserId>,
}

impl OfflineAccess {
    /// Seals up to `limit` records, after `after`, by the newest of the
    /// [`cookie_secrets`](crate::ConfigBuilder::cookie_secrets). Once all are, the older secrets may
    /// leave the configuration without anybody losing an account.
    ///
    /// Records are also sealed anew whenever a session of theirs is used, so this is for those that
    /// are not. Safe on several instances at once, and to stop and resume at any point:
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
    /// `Store` when the store does not answer. What was sealed stays so; resume where this began.
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
