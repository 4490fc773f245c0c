//! A user wants their data deleted: told to the app once, and how far it has come for whoever asks.

use std::time::Duration;

use tokio::time;

use super::acted_once::Acted;
use super::negotiation::Audience;
use super::query::Query;
use super::{Begin, Flow, Job, Reply, Request, Route, confirmation_code, platform};
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind};
use crate::gone::DataDeletion;
use crate::provider::SignedRequest;
use crate::session::{BoxedStore, Claim, DeletionRecord, DeletionStatus, unavailable};

/// How long a store keeps the status of a deletion request.
const STATUS_LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// How often one looks whether another has given its claim back.
const POLL: Duration = Duration::from_millis(50);

/// Deadlines that a deletion under way may take: what is known, the revocation, the hook, the claim
/// on the status, its writing and giving that claim back have one each, and finding out which callback
/// had the text first.
const STEPS: u32 = 7;

/// What is known of a request before the app is told.
struct Known {
    code: String,
    record: Option<DeletionRecord>,
}

impl Known {
    fn is_in_hand(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.status != DeletionStatus::Failed)
    }
}

impl Flow {
    pub(super) async fn delete_data(&self, request: SignedRequest) -> Result<Reply, AuthError> {
        let settings = self.settings();
        let (at, flow) = (Route::DataDeletion, self.clone());
        let Some(store) = &settings.store else {
            let code = confirmation_code::make(settings, &request);
            let told = code.clone();
            let act = async |request| {
                let act = |request| async move { flow.tell_of_deletion(request, told).await };
                Ok(match self.act_at(at, request, act).await? {
                    DeletionStatus::Failed => Acted::Open,
                    DeletionStatus::Done | DeletionStatus::Queued => Acted::Settled,
                })
            };
            self.act_once(at, request, act).await?;
            return Ok(self.confirmation(&code));
        };
        // The same request may come twice at once, to two instances: one tells the app. What it said
        // is in the record, which outlives every claim.
        let key =
            format!("deletion:{}", to_base64url(&confirmation_code::digest(settings, &request)));
        let life = settings.callback_deadline.saturating_mul(STEPS);
        let delete = async {
            let known = self.in_time(self.known(&**store, &request)).await?;
            if !known.is_in_hand() {
                let (code, before) = (known.code.clone(), known.record);
                let act = |request| async move { flow.delete_now(request, code, before).await };
                if let Err(error) = self.act_at(at, request, act).await {
                    if error.kind() == AuthErrorKind::Hook {
                        self.take_back_what_is_queued(&known.code).await;
                    }
                    return Err(error);
                }
            }
            Ok(self.confirmation(&known.code))
        };
        self.alone(key, life, delete).await
    }

    async fn delete_now(
        &self,
        request: SignedRequest,
        code: String,
        before: Option<DeletionRecord>,
    ) -> Result<(), AuthError> {
        let requested_at = request.issued_at();
        let status = self.tell_of_deletion(request, code.clone()).await?;
        let Some(hash) = confirmation_code::hash(&code) else { return Ok(()) };
        let expires_at = self.settings().clock.now().saturating_add(STATUS_LIFETIME);
        let record = DeletionRecord::new(hash, status, requested_at, expires_at);
        self.change_status(hash, |found| {
            // A queue can be faster than we are: what it reported meanwhile is newer.
            let was_reported = found.is_some() && found != before;
            (status != DeletionStatus::Queued || !was_reported).then_some(record)
        })
        .await
    }

    /// Before the hook failed, it may have filled a queue that reported its job. As long as that
    /// stood, the request that comes again would count as in hand, and nobody would be told.
    async fn take_back_what_is_queued(&self, code: &str) {
        let Some(hash) = confirmation_code::hash(code) else { return };
        let noted = self.change_status(hash, |found| {
            let queued = found.filter(|found| found.status == DeletionStatus::Queued)?;
            Some(DeletionRecord { status: DeletionStatus::Failed, ..queued })
        });
        if noted.await.is_err() {
            crate::trace::warning("a deletion whose hook failed may still be noted as queued");
        }
    }

    async fn tell_of_deletion(
        &self,
        request: SignedRequest,
        confirmation_code: String,
    ) -> Result<DeletionStatus, AuthError> {
        let gone = self.in_time(self.revoke(request)).await?;
        match &self.settings().hooks {
            None => Ok(DeletionStatus::Done),
            Some(hooks) => {
                let told = DataDeletion { gone, confirmation_code };
                self.hook_in_time(hooks.on_data_deletion(told)).await
            }
        }
    }

    /// The code the request was given, and how far it has come. After a rotation the code may be of
    /// an earlier key.
    async fn known(
        &self,
        store: &dyn BoxedStore,
        request: &SignedRequest,
    ) -> Result<Known, AuthError> {
        let settings = self.settings();
        for code in confirmation_code::all(settings, request) {
            let Some(hash) = confirmation_code::hash(&code) else { continue };
            let record = store.deletion(&hash, settings.clock.now()).await.map_err(unavailable)?;
            if record.is_some() {
                return Ok(Known { code, record });
            }
        }
        Ok(Known { code: confirmation_code::make(settings, request), record: None })
    }

    /// Notes how far a deletion has come that [`on_data_deletion`](crate::Hooks::on_data_deletion)
    /// left `Queued`, for its status page. Whether the code is one of ours. It may be called before
    /// the hook has returned. What is `Done` stays done when `Queued` is reported after it; what is
    /// `Queued` becomes `Failed` when the hook fails, so that the request can come again.
    ///
    /// Only one at a time writes a status, on all instances: it waits for others, looking every 50
    /// milliseconds, for up to one [`callback_deadline`](crate::ConfigBuilder::callback_deadline);
    /// reading, writing and giving way to the next have one each, too. Once begun, the writing goes
    /// on when the future is dropped.
    ///
    /// # Errors
    ///
    /// `Store` when there is no store, it does not answer in time, or somebody else's turn does not
    /// end. `Internal` outside of a Tokio runtime.
    pub async fn report_deletion(
        &self,
        confirmation_code: &str,
        status: DeletionStatus,
    ) -> Result<bool, AuthError> {
        let settings = self.settings();
        let Some(store) = &settings.store else {
            let cure = "nothing keeps the status of a deletion without a `store`";
            return Err(AuthError::with_source(AuthErrorKind::Store, cure));
        };
        platform::runtime()?;
        let Some(hash) = confirmation_code::hash(confirmation_code) else { return Ok(false) };
        let now = settings.clock.now();
        let requested_at = match confirmation_code::requested_at(settings, confirmation_code) {
            Some(requested_at) => requested_at,
            // Its key is gone, and what was written down under it still counts.
            None => match self.in_time(deletion(&**store, &hash, now)).await? {
                Some(known) => known.requested_at,
                None => return Ok(false),
            },
        };
        let expires_at = now.saturating_add(STATUS_LIFETIME);
        let record = DeletionRecord::new(hash, status, requested_at, expires_at);
        // A task of its own: a caller who leaves would otherwise take the claim along, and keep every
        // other report waiting until it ends.
        let flow = self.clone();
        let writing = self.spawn(async move {
            let write = flow.change_status(hash, |found| {
                let is_done = found.is_some_and(|found| found.status == DeletionStatus::Done);
                (status != DeletionStatus::Queued || !is_done).then_some(record)
            });
            write.await
        })?;
        let lost =
            |_| AuthError::with_source(AuthErrorKind::Store, "the task that wrote it was lost");
        writing.await.map_err(lost)??;
        Ok(true)
    }

    /// Writes what `change` makes of the record, while nobody else changes it: a report and the
    /// hook's own answer would otherwise overwrite each other.
    async fn change_status(
        &self,
        hash: [u8; 32],
        change: impl FnOnce(Option<DeletionRecord>) -> Option<DeletionRecord>,
    ) -> Result<(), AuthError> {
        let settings = self.settings();
        let Some(store) = &settings.store else { return Ok(()) };
        let key = format!("deletion-status:{}", to_base64url(&hash));
        let write = async {
            let found = deletion(&**store, &hash, settings.clock.now()).await?;
            match change(found) {
                Some(record) => store.put_deletion(record).await.map_err(unavailable),
                None => Ok(()),
            }
        };
        let life = settings.callback_deadline.saturating_mul(2);
        self.alone(key, life, self.in_time(write)).await
    }

    /// Does `work` while nobody else does anything under this key, on any instance.
    pub(super) async fn alone<T>(
        &self,
        key: String,
        life: Duration,
        work: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        let settings = self.settings();
        let owner = to_base64url(&settings.random::<16>()?);
        let claim = async {
            loop {
                let now = settings.clock.now();
                let claim = Claim::new(&key, &owner, now.saturating_add(life));
                if self.claims().claim(claim, now).await.map_err(unavailable)? {
                    return Ok(());
                }
                time::sleep(POLL).await;
            }
        };
        if let Err(error) = self.in_time(claim).await {
            // The store may have made it, and been late to say so. No request waits for this.
            let flow = self.clone();
            drop(self.spawn(async move { flow.give_back(&key, &owner).await }));
            return Err(error);
        }
        let done = work.await;
        self.give_back(&key, &owner).await;
        done
    }

    pub(super) async fn give_back(&self, key: &str, owner: &str) {
        let release = async { self.claims().release(key, owner).await.map_err(unavailable) };
        if self.in_time(release).await.is_err() {
            crate::trace::warning("a claim on a signed request could not be given back; it ends");
        }
    }

    pub(super) fn begin_status(&self, request: &Request<'_>, audience: Audience) -> Begin {
        let query = match Query::read(request.query, &["code"]) {
            Ok(query) => query,
            Err(kind) => return self.refuse(platform::refusal(kind, audience)),
        };
        let code = match query.get("code") {
            Ok(Some(code)) => code.to_owned(),
            Ok(None) => {
                let refusal = platform::refusal(AuthErrorKind::MethodNotAllowed, audience);
                return self.refuse(refusal.allow("GET, POST"));
            }
            Err(kind) => return self.refuse(platform::refusal(kind, audience)),
        };
        let flow = self.clone();
        Begin::Job(Job::new(async move { flow.status(&code, audience).await }))
    }

    async fn status(&self, code: &str, audience: Audience) -> Reply {
        let settings = self.settings();
        let found = match (&settings.store, confirmation_code::hash(code)) {
            (Some(store), Some(hash)) => {
                self.in_time(deletion(&**store, &hash, settings.clock.now())).await
            }
            _ => Ok(None),
        };
        match found {
            Ok(Some(known)) => self.pages(audience).deletion(Some(known.status)),
            Ok(None) if confirmation_code::requested_at(settings, code).is_some() => {
                self.pages(audience).deletion(None)
            }
            Ok(None) => self.pages(audience).unknown_code(),
            Err(error) => self.refuse_now(platform::refusal(error, audience)).await,
        }
    }

    /// Where to ask, and what for. The provider shows both to the user.
    fn confirmation(&self, code: &str) -> Reply {
        let settings = self.settings();
        let path = settings.paths.data_deletion.as_deref().unwrap_or_default();
        let (origin, path) = (settings.redirect_uri.origin(), settings.paths.public(path));
        let url = format!("{origin}{path}?code={code}");
        let body = serde_json::json!({ "url": url, "confirmation_code": code });
        Reply::empty(200)
            .header("content-type", "application/json")
            .body(body.to_string().into_bytes())
    }
}

async fn deletion(
    store: &dyn BoxedStore,
    hash: &[u8; 32],
    now: crate::clock::Timestamp,
) -> Result<Option<DeletionRecord>, AuthError> {
    store.deletion(hash, now).await.map_err(unavailable)
}
