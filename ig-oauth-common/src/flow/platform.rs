//! The provider's callbacks: a user removed the app, or wants their data deleted.
//!
//! Both are posted by the provider's servers, signed with the app secret. What this crate keeps of the
//! user goes first; then the app's hook is told.

use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio::time;

use super::acted_once::Acted;
use super::failure::Refusal;
use super::form::{Form, MAX_BODY_BYTES};
use super::negotiation::Audience;
use super::pages::Scene;
use super::query::Query;
use super::{Begin, Flow, Reply, Request, Route};
use crate::error::{AuthError, AuthErrorKind};
use crate::futures::BoxFuture;
use crate::gone::Deauthorization;
use crate::hooks::HookError;
use crate::provider::{SignedRequest, SignedRequestError};

impl Flow {
    pub(super) fn begin_platform(&self, route: Route, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        if route == Route::DataDeletion && request.method == "GET" {
            return self.begin_status(request, audience);
        }
        let allow = if route == Route::DataDeletion { "GET, POST" } else { "POST" };
        if request.method != "POST" {
            let refusal = refusal(AuthErrorKind::MethodNotAllowed, audience);
            return self.refuse(refusal.allow(allow));
        }
        if let Err(kind) = check_body(request) {
            return self.refuse(refusal(kind, audience));
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
            Err(error) => self.refuse_now(refusal(error, audience)).await,
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
        let flow = self.clone();
        let task = self.spawn(async move {
            match route {
                Route::DataDeletion => flow.delete_data(request).await,
                _ => flow.deauthorize(request).await,
            }
        })?;
        task.await.map_err(panicked)?
    }

    async fn deauthorize(&self, request: SignedRequest) -> Result<Reply, AuthError> {
        let (at, flow) = (Route::Deauthorize, self.clone());
        let act = async |request| {
            let act = |request| async move { flow.forget(request).await };
            self.act_at(at, request, act).await
        };
        self.act_once(at, request, act).await?;
        Ok(Reply::empty(200))
    }

    async fn forget(&self, request: SignedRequest) -> Result<Acted, AuthError> {
        let gone = self.in_time(self.revoke(request)).await?;
        if let Some(hooks) = &self.settings().hooks {
            self.hook_in_time(hooks.on_deauthorize(Deauthorization { gone })).await?;
        }
        Ok(Acted::Settled)
    }

    pub(super) async fn hook_in_time<T>(
        &self,
        hook: BoxFuture<'_, Result<T, HookError>>,
    ) -> Result<T, AuthError> {
        match time::timeout(self.settings().callback_deadline, hook).await {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(error)) => Err(AuthError::with_source(AuthErrorKind::Hook, error)),
            Err(_) => Err(AuthError::with_source(AuthErrorKind::Hook, "the hook took too long")),
        }
    }

    /// The work of a store, which may hang.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        runtime()?;
        let late = |_| AuthError::with_source(AuthErrorKind::Store, "the store took too long");
        time::timeout(self.settings().callback_deadline, work).await.map_err(late)?
    }
}

/// A refusal on these routes: its page speaks of no login and leads to none.
pub(super) fn refusal(error: impl Into<AuthError>, audience: Audience) -> Refusal {
    Refusal::new(error, audience).at(Scene::Platform)
}

pub(super) fn runtime() -> Result<Handle, AuthError> {
    let needs = "the flow needs a Tokio runtime with time enabled";
    Handle::try_current().map_err(|_| AuthError::with_source(AuthErrorKind::Internal, needs))
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
pub(super) fn panicked(_: JoinError) -> AuthError {
    AuthError::with_source(AuthErrorKind::Hook, "the hook panicked")
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
