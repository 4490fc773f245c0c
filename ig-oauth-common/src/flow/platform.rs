//! The provider's callbacks: a user removed the app, or wants their data deleted.
//!
//! Both are posted by the provider's servers, signed with the app secret. What this crate keeps of the
//! user goes first; then the app's hook is told.

use tokio::runtime::Handle;
use tokio::time;

use super::failure::Refusal;
use super::form::{Form, MAX_BODY_BYTES};
use super::negotiation::Audience;
use super::query::Query;
use super::{Begin, Flow, Job, Reply, Request, Route, confirmation_code};
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::{DataDeletion, Deauthorization, HookError};
use crate::provider::http::BoxFuture;
use crate::provider::{SignedRequest, SignedRequestError};
use crate::session::{DeletionRecord, DeletionStatus, StoreError};

/// How long a store keeps the status of a deletion request.
const STATUS_LIFETIME: std::time::Duration = std::time::Duration::from_secs(180 * 24 * 60 * 60);

impl Flow {
    pub(super) fn begin_platform(&self, route: Route, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        if route == Route::DataDeletion && request.method == "GET" {
            return self.begin_status(request, audience);
        }
        let allow = if route == Route::DataDeletion { "GET, POST" } else { "POST" };
        if request.method != "POST" {
            let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience);
            return self.refuse(refusal.allow(allow));
        }
        if let Err(kind) = check_body(request) {
            return self.refuse(Refusal::new(kind, audience));
        }
        let flow = self.clone();
        Begin::Form(Form::new(move |body| flow.take(route, audience, body)))
    }

    async fn take(
        self,
        route: Route,
        audience: Audience,
        body: Result<Vec<u8>, AuthErrorKind>,
    ) -> Reply {
        let done = match body.map_err(AuthError::from).and_then(|body| self.verified(&body)) {
            Ok(request) => self.told_in_a_task(route, request).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(reply) => reply,
            Err(error) => self.refuse_now(Refusal::new(error, audience)).await,
        }
    }

    fn verified(&self, body: &[u8]) -> Result<SignedRequest, AuthError> {
        let malformed = |()| AuthError::from(AuthErrorKind::Malformed);
        let body = std::str::from_utf8(body).map_err(|_| malformed(()))?;
        let form = Query::read(Some(body), &["signed_request"])?;
        let Some(text) = form.get("signed_request")? else {
            let detail = "the form has no field `signed_request`";
            return Err(AuthError::with_source(AuthErrorKind::SignedRequest, detail));
        };
        let settings = self.settings();
        let refuse =
            |error: SignedRequestError| AuthError::with_source(AuthErrorKind::SignedRequest, error);
        settings.signed_requests.verify(text, settings.clock.now()).map_err(refuse)
    }

    /// A provider that hangs up stops nothing halfway.
    async fn told_in_a_task(
        &self,
        route: Route,
        request: SignedRequest,
    ) -> Result<Reply, AuthError> {
        let Ok(runtime) = Handle::try_current() else {
            let needs = "the flow needs a Tokio runtime with time enabled";
            return Err(AuthError::with_source(AuthErrorKind::Internal, needs));
        };
        let flow = self.clone();
        let task = runtime.spawn(async move {
            match route {
                Route::DataDeletion => flow.delete_data(request).await,
                _ => flow.deauthorize(request).await,
            }
        });
        let lost = |_| AuthError::with_source(AuthErrorKind::Hook, "the hook panicked");
        task.await.map_err(lost)?
    }

    async fn deauthorize(&self, request: SignedRequest) -> Result<Reply, AuthError> {
        let revoked = self.revoke(&request).await?;
        if let Some(hooks) = &self.settings().hooks {
            let told = Deauthorization { request, revoked };
            self.within_deadline(hooks.on_deauthorize(told)).await?;
        }
        Ok(Reply::empty(200))
    }

    async fn delete_data(&self, request: SignedRequest) -> Result<Reply, AuthError> {
        let settings = self.settings();
        let code = confirmation_code::make(settings, request.user_id(), request.issued_at());
        if self.is_in_hand(&code).await? {
            return Ok(self.confirmation(&code));
        }
        let requested_at = request.issued_at();
        let revoked = self.revoke(&request).await?;
        let status = match &settings.hooks {
            None => DeletionStatus::Done,
            Some(hooks) => {
                let told = DataDeletion { request, revoked, confirmation_code: code.clone() };
                self.within_deadline(hooks.on_data_deletion(told)).await?
            }
        };
        if let (Some(store), Some(hash)) = (&settings.store, confirmation_code::hash(&code)) {
            let expires_at = settings.clock.now().saturating_add(STATUS_LIFETIME);
            let record = DeletionRecord::new(hash, status, requested_at, expires_at);
            store.put_deletion(record).await.map_err(unavailable)?;
        }
        Ok(self.confirmation(&code))
    }

    /// Whether the same request was taken before and did not fail.
    async fn is_in_hand(&self, code: &str) -> Result<bool, AuthError> {
        let known = self.deletion(code).await?;
        Ok(known.is_some_and(|known| known.status != DeletionStatus::Failed))
    }

    async fn deletion(&self, code: &str) -> Result<Option<DeletionRecord>, AuthError> {
        let settings = self.settings();
        let (Some(store), Some(hash)) = (&settings.store, confirmation_code::hash(code)) else {
            return Ok(None);
        };
        store.deletion(&hash, settings.clock.now()).await.map_err(unavailable)
    }

    /// Forgets the user's accounts and sessions, by any id they are known by.
    async fn revoke(&self, request: &SignedRequest) -> Result<u64, AuthError> {
        let settings = self.settings();
        let Some(store) = &settings.store else { return Ok(0) };
        let revoked = store.revoke(&settings.client_id, request.user_id()).await;
        let revoked = revoked.map_err(unavailable)?;
        if revoked == 0 {
            crate::trace::warning("the provider speaks of a user whom the store does not know");
        }
        Ok(revoked)
    }

    async fn within_deadline<T>(
        &self,
        hook: BoxFuture<'_, Result<T, HookError>>,
    ) -> Result<T, AuthError> {
        match time::timeout(self.settings().callback_deadline, hook).await {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(error)) => Err(AuthError::with_source(AuthErrorKind::Hook, error)),
            Err(_) => Err(AuthError::with_source(AuthErrorKind::Hook, "the hook took too long")),
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

    fn begin_status(&self, request: &Request<'_>, audience: Audience) -> Begin {
        let query = match Query::read(request.query, &["code"]) {
            Ok(query) => query,
            Err(kind) => return self.refuse(Refusal::new(kind, audience)),
        };
        let code = match query.get("code") {
            Ok(Some(code)) => code.to_owned(),
            Ok(None) => {
                let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience);
                return self.refuse(refusal.allow("GET, POST"));
            }
            Err(kind) => return self.refuse(Refusal::new(kind, audience)),
        };
        let flow = self.clone();
        Begin::Job(Job::new(async move { flow.status(&code, audience).await }))
    }

    async fn status(&self, code: &str, audience: Audience) -> Reply {
        match self.deletion(code).await {
            Ok(Some(known)) => self.pages().deletion(Some(known.status)),
            Ok(None) if confirmation_code::is_ours(self.settings(), code) => {
                self.pages().deletion(None)
            }
            Ok(None) => self.pages().unknown_code(),
            Err(error) => self.refuse_now(Refusal::new(error, audience)).await,
        }
    }

    /// Notes how far a deletion has come that [`on_data_deletion`](crate::Hooks::on_data_deletion)
    /// left `Queued`, for its status page. Whether the code is known.
    ///
    /// # Errors
    ///
    /// `Store` when there is no store, or it does not answer.
    pub async fn report_deletion(
        &self,
        confirmation_code: &str,
        status: DeletionStatus,
    ) -> Result<bool, AuthError> {
        let Some(store) = &self.settings().store else {
            let cure = "nothing keeps the status of a deletion without a `store`";
            return Err(AuthError::with_source(AuthErrorKind::Store, cure));
        };
        let Some(known) = self.deletion(confirmation_code).await? else { return Ok(false) };
        store.put_deletion(DeletionRecord { status, ..known }).await.map_err(unavailable)?;
        Ok(true)
    }
}

/// What the headers say about the body, before it is read.
fn check_body(request: &Request<'_>) -> Result<(), AuthErrorKind> {
    let kind = request.headers.first("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(AuthErrorKind::UnsupportedMediaType);
    }
    let length = request.headers.first("content-length").and_then(|text| text.parse().ok());
    if length.is_some_and(|length: usize| length > MAX_BODY_BYTES) {
        return Err(AuthErrorKind::PayloadTooLarge);
    }
    Ok(())
}

fn unavailable(error: StoreError) -> AuthError {
    AuthError::with_source(AuthErrorKind::Store, error)
}
