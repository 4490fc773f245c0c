//! Data deletion requests: the app's hook is called once, and anyone with the confirmation code can
//! see the status.

use std::sync::Arc;
use std::time::Duration;

use super::claims::{Claims, Deadline, Handled, PlatformCallback};
use super::confirmation_code::{self, ConfirmationCodes};
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::{BoxedHooks, DataDeletion, Deauthorization};
use crate::provider::SignedRequest;
use crate::session::{Accounts, MOST_WRITES};
use crate::store::{DeletionRecord, DeletionStatus};
use crate::token_facts::UserId;

/// How long a store keeps the status of a deletion request.
const STATUS_LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The number of deadlines that a deletion may take: one each for reading the record, determining
/// which route received the text first, the revocation, the hook, releasing that claim, and writing
/// the status.
const STEPS: u32 = 6;

pub(crate) struct Deletions {
    pub(crate) codes: ConfirmationCodes,
    pub(crate) claims: Arc<Claims>,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) deadline: Deadline,
}

/// What is known of a request before the app's hook is called.
struct Known {
    code: String,
    record: Option<DeletionRecord>,
}

impl Known {
    fn is_in_hand(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.status != DeletionStatus::Failed)
    }
}

/// The status that a user sees.
pub(super) enum Progress {
    Known(DeletionStatus),
    /// The crate issued the code, but nothing else is stored.
    Unknown,
    NoSuchCode,
}

impl Deletions {
    /// Performs the deletion and returns its confirmation code.
    pub(super) async fn delete(
        self: &Arc<Self>,
        request: SignedRequest,
    ) -> Result<String, AuthError> {
        let Some(accounts) = &self.revocations.accounts else {
            let code = self.codes.make(&request);
            let act = async |request| {
                let (deletions, code) = (Arc::clone(self), code.clone());
                let act = |request| async move { deletions.run(request, code).await };
                Ok(match self.claims.act_at(PlatformCallback::DataDeletion, request, act).await? {
                    DeletionStatus::Failed => Handled::Open,
                    DeletionStatus::Done | DeletionStatus::Queued => Handled::Settled,
                })
            };
            self.claims.act_once(PlatformCallback::DataDeletion, request, act).await?;
            return Ok(code);
        };
        // Two instances may receive the same request at once: one of them runs the hook. Its result
        // is in the record, which outlives every claim.
        let key = format!("deletion:{}", to_base64url(&self.codes.digest(&request)));
        let delete = async {
            let known = self.deadline.for_store(self.known(accounts, &request)).await?;
            if !known.is_in_hand() {
                let (deletions, code, before) =
                    (Arc::clone(self), known.code.clone(), known.record);
                let act =
                    |request| async move { deletions.run_and_note(request, code, before).await };
                let acted = self.claims.act_at(PlatformCallback::DataDeletion, request, act).await;
                if let Err(error) = acted {
                    if error.kind() == AuthErrorKind::Hook {
                        self.take_back_what_is_queued(&known.code).await;
                    }
                    return Err(error);
                }
            }
            Ok(known.code)
        };
        self.claims.alone(key, self.claims.life(STEPS), delete).await
    }

    /// Deletes the stored data of the user, then runs the hook.
    async fn run(
        &self,
        request: SignedRequest,
        confirmation_code: String,
    ) -> Result<DeletionStatus, AuthError> {
        let Deauthorization { request, user_ids, revoked } =
            self.revocations.revoke(request).await?;
        match &self.hooks {
            None => Ok(DeletionStatus::Done),
            Some(hooks) => {
                let deletion = DataDeletion { request, user_ids, revoked, confirmation_code };
                self.deadline.for_hook(hooks.on_data_deletion(deletion)).await
            }
        }
    }

    async fn run_and_note(
        self: &Arc<Self>,
        request: SignedRequest,
        code: String,
        before: Option<DeletionRecord>,
    ) -> Result<(), AuthError> {
        let requested_at = request.issued_at();
        let status = self.run(request, code.clone()).await?;
        let Some(hash) = confirmation_code::hash(&code) else { return Ok(()) };
        let record = self.record(hash, status, requested_at);
        self.change_status(hash, |found| {
            // A queue can be faster than this task: the status that it reported meanwhile is newer.
            let was_reported = found.is_some() && *found != before;
            (status != DeletionStatus::Queued || !was_reported).then(|| record.clone())
        })
        .await
    }

    /// Before the hook failed, it may have started a job that already reported its status. With
    /// that status, the repeated request would count as being handled, and its hook would not be
    /// called.
    async fn take_back_what_is_queued(self: &Arc<Self>, code: &str) {
        let Some(hash) = confirmation_code::hash(code) else { return };
        let noted = self.change_status(hash, |found| {
            let queued = found.clone().filter(|found| found.status == DeletionStatus::Queued)?;
            Some(DeletionRecord { status: DeletionStatus::Failed, ..queued })
        });
        if noted.await.is_err() {
            crate::trace::warning("a deletion whose hook failed may still be noted as queued");
        }
    }

    /// The code that the request was given, and its status. After a rotation the code may have been
    /// made with an earlier key.
    async fn known(
        &self,
        accounts: &Accounts,
        request: &SignedRequest,
    ) -> Result<Known, AuthError> {
        for code in self.codes.all(request) {
            let Some(hash) = confirmation_code::hash(&code) else { continue };
            let record = self.find(accounts, &hash).await?;
            if record.is_some() {
                return Ok(Known { code, record });
            }
        }
        Ok(Known { code: self.codes.make(request), record: None })
    }

    /// See [`Flow::report_deletion`](crate::Flow::report_deletion).
    pub(super) async fn report(
        self: &Arc<Self>,
        code: &str,
        status: DeletionStatus,
    ) -> Result<bool, AuthError> {
        let Some(accounts) = &self.revocations.accounts else {
            let cure = "nothing keeps the status of a deletion without a `store`";
            return Err(AuthError::with_source(AuthErrorKind::Store, cure));
        };
        let Some(hash) = confirmation_code::hash(code) else { return Ok(false) };
        let requested_at = match self.codes.requested_at(code) {
            Some(requested_at) => requested_at,
            // Its key is no longer configured, but its stored record still counts.
            None => match self.deadline.for_store(self.find(accounts, &hash)).await? {
                Some(known) => known.requested_at,
                None => return Ok(false),
            },
        };
        let record = self.record(hash, status, requested_at);
        self.change_status(hash, |found| {
            let is_done = found.as_ref().is_some_and(|found| found.status == DeletionStatus::Done);
            (status != DeletionStatus::Queued || !is_done).then(|| record.clone())
        })
        .await?;
        Ok(true)
    }

    fn record(
        &self,
        code_hash: [u8; 32],
        status: DeletionStatus,
        requested_at: crate::clock::Timestamp,
    ) -> DeletionRecord {
        let expires_at = self.claims.now().saturating_add(STATUS_LIFETIME);
        DeletionRecord::new(code_hash, status, requested_at, expires_at)
    }

    /// Stores the record that `change` makes of the present one, so that a report and the hook's
    /// own result do not overwrite each other.
    async fn change_status(
        &self,
        hash: [u8; 32],
        change: impl Fn(&Option<DeletionRecord>) -> Option<DeletionRecord>,
    ) -> Result<(), AuthError> {
        let Some(accounts) = &self.revocations.accounts else { return Ok(()) };
        let write = async {
            for _ in 0..MOST_WRITES {
                let found = self.find(accounts, &hash).await?;
                let Some(record) = change(&found) else { return Ok(()) };
                let (present, now) = (found.map(|found| found.status), self.claims.now());
                if accounts.store.put_deletion(present, record, now).await? {
                    return Ok(());
                }
            }
            let contended = "the status of a deletion changes all the time";
            Err(AuthError::with_source(AuthErrorKind::Store, contended))
        };
        self.deadline.for_store(write).await
    }

    async fn find(
        &self,
        accounts: &Accounts,
        hash: &[u8; 32],
    ) -> Result<Option<DeletionRecord>, AuthError> {
        Ok(accounts.store.deletion(hash, self.claims.now()).await?)
    }

    /// The status of the deletion with that code.
    pub(super) async fn progress(&self, code: &str) -> Result<Progress, AuthError> {
        let found = match (&self.revocations.accounts, confirmation_code::hash(code)) {
            (Some(accounts), Some(hash)) => {
                self.deadline.for_store(self.find(accounts, &hash)).await?
            }
            _ => None,
        };
        Ok(match found {
            Some(known) => Progress::Known(known.status),
            None if self.codes.requested_at(code).is_some() => Progress::Unknown,
            None => Progress::NoSuchCode,
        })
    }
}

pub(crate) struct Revocations {
    pub(crate) accounts: Option<Arc<Accounts>>,
    pub(crate) deadline: Deadline,
}

impl Revocations {
    /// Deletes the accounts that the request covers, by any of their ids, and ends sessions.
    ///
    /// The provider can repeat a request, and anyone who has it can within its window, so an
    /// account whose token is newer than the request is kept. A refreshed token counts as newer:
    /// the provider does not refresh tokens of an app that was removed.
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
