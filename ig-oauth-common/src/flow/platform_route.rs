//! The provider's callbacks: a user removed the app, or wants their data deleted.
//!
//! The provider's servers post both, signed with the app secret. The crate deletes its own data of
//! the user first; then the app's hook runs.

use std::future::Future;
use std::sync::Arc;

use super::addresses::Addresses;
use super::begin::{Begin, Form, Job, MAX_BODY_BYTES};
use super::claims::{Handled, PlatformCallback, panicked};
use super::deletions::{Deletions, Progress};
use super::failures::{Failures, Refusal};
use super::pages::Scene;
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::BoxedHooks;
use crate::messages::{Audience, Query, Reply, Request};
use crate::provider::{SignedRequest, SignedRequestError, SignedRequestVerifier};

pub(crate) struct PlatformRoute {
    pub(crate) failures: Arc<Failures>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) signed_requests: SignedRequestVerifier,
    pub(crate) deletions: Arc<Deletions>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
}

impl PlatformRoute {
    pub(super) fn begin_deauthorization(self: &Arc<Self>, request: &Request<'_>) -> Begin {
        self.begin(
            request,
            "POST",
            |route, request| async move { route.deauthorize(request).await },
        )
    }

    pub(super) fn begin_deletion(self: &Arc<Self>, request: &Request<'_>) -> Begin {
        if request.method == "GET" {
            return self.begin_status(request);
        }
        self.begin(
            request,
            "GET, POST",
            |route, request| async move { route.delete(request).await },
        )
    }

    fn begin<F>(
        self: &Arc<Self>,
        request: &Request<'_>,
        methods: &'static str,
        act: impl FnOnce(Arc<Self>, SignedRequest) -> F + Send + 'static,
    ) -> Begin
    where
        F: Future<Output = Result<Reply, AuthError>> + Send + 'static,
    {
        let audience = Audience::of(request);
        if request.method != "POST" {
            let refusal = refusal(AuthErrorKind::MethodNotAllowed, audience);
            return self.failures.refuse(Refusal { allow: Some(methods), ..refusal });
        }
        if let Err(kind) = check_body(request) {
            return self.failures.refuse(refusal(kind, audience));
        }
        let route = Arc::clone(self);
        Begin::Form(Form::new(move |body| async move {
            match route.run(body, act).await {
                Ok(reply) => reply,
                Err(error) => route.failures.refuse_now(refusal(error, audience)).await,
            }
        }))
    }

    /// Runs in its own task, so that it is not interrupted when the provider disconnects.
    async fn run<F>(
        self: &Arc<Self>,
        body: Result<Vec<u8>, AuthErrorKind>,
        act: impl FnOnce(Arc<Self>, SignedRequest) -> F,
    ) -> Result<Reply, AuthError>
    where
        F: Future<Output = Result<Reply, AuthError>> + Send + 'static,
    {
        let request = self.verified(&body?)?;
        self.deletions
            .claims
            .tasks
            .spawn(act(Arc::clone(self), request))?
            .await
            .map_err(|_| panicked())?
    }

    fn verified(&self, body: &[u8]) -> Result<SignedRequest, AuthError> {
        let body = std::str::from_utf8(body).map_err(|_| AuthErrorKind::Malformed)?;
        let form = Query::read(Some(body), &["signed_request"])?;
        let Some(text) = form.get("signed_request")? else {
            let detail = "the form has no field `signed_request`";
            return Err(AuthError::with_source(AuthErrorKind::SignedRequest, detail));
        };
        let refuse =
            |error: SignedRequestError| AuthError::with_source(AuthErrorKind::SignedRequest, error);
        self.signed_requests.verify(text, self.deletions.claims.now()).map_err(refuse)
    }

    async fn deauthorize(self: Arc<Self>, request: SignedRequest) -> Result<Reply, AuthError> {
        let act = async |request| {
            let route = Arc::clone(&self);
            let act = |request| async move { route.forget(request).await };
            self.deletions.claims.act_at(PlatformCallback::Deauthorization, request, act).await
        };
        self.deletions.claims.act_once(PlatformCallback::Deauthorization, request, act).await?;
        Ok(Reply::empty(200))
    }

    async fn forget(&self, request: SignedRequest) -> Result<Handled, AuthError> {
        let removed = self.deletions.revocations.revoke(request).await?;
        if let Some(hooks) = &self.hooks {
            self.deletions.deadline.for_hook(hooks.on_deauthorize(removed)).await?;
        }
        Ok(Handled::Settled)
    }

    /// The status URL and the confirmation code. The provider shows both to the user.
    async fn delete(self: Arc<Self>, request: SignedRequest) -> Result<Reply, AuthError> {
        let code = self.deletions.delete(request).await?;
        let path = self.addresses.data_deletion.as_deref().unwrap_or_default();
        let (origin, path) = (&self.addresses.redirect_uri.origin, self.addresses.public(path));
        let url = format!("{origin}{path}?code={code}");
        Ok(Reply::json(200, &serde_json::json!({ "url": url, "confirmation_code": code })))
    }

    fn begin_status(self: &Arc<Self>, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        let code = Query::read(request.query, &["code"])
            .and_then(|query| query.get("code").map(|code| code.map(str::to_owned)));
        let code = match code {
            Ok(Some(code)) => code,
            Ok(None) => {
                let refusal = refusal(AuthErrorKind::MethodNotAllowed, audience);
                return self.failures.refuse(Refusal { allow: Some("GET, POST"), ..refusal });
            }
            Err(kind) => return self.failures.refuse(refusal(kind, audience)),
        };
        let route = Arc::clone(self);
        Begin::Job(Job::new(async move {
            let pages = route.failures.pages(audience);
            match route.deletions.progress(&code).await {
                Ok(Progress::Known(status)) => pages.deletion(Some(status)),
                Ok(Progress::Unknown) => pages.deletion(None),
                Ok(Progress::NoSuchCode) => pages.unknown_code(),
                Err(error) => route.failures.refuse_now(refusal(error, audience)).await,
            }
        }))
    }
}

/// A refusal on these routes. Its page neither mentions nor links to a login.
fn refusal(error: impl Into<AuthError>, audience: Audience) -> Refusal {
    Refusal::new(error, audience).at(Scene::Platform)
}

/// Checks the headers that describe the body, before it is read.
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
