//! The service: passes the crate's paths to the flow, and all others to the inner service.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use ig_oauth_common::Flow;
use ig_oauth_common::adapter::Begin;
use tower_service::Service;

use crate::body::{ResponseBody, SameBody};
use crate::form::run;
use crate::future::ResponseFuture;
use crate::headers::{HttpHeaders, flow_request};
use crate::plain::Attached;

/// The service of [`InstagramOAuthLayer`](crate::InstagramOAuthLayer).
#[must_use = "a service does nothing until it is called"]
pub struct InstagramOAuthService<S, R = SameBody> {
    inner: S,
    flow: Flow,
    body: PhantomData<fn() -> R>,
}

impl<S, R> InstagramOAuthService<S, R> {
    pub(crate) fn new(inner: S, flow: Flow) -> Self {
        Self { inner, flow, body: PhantomData }
    }
}

impl<S: Clone, R> Clone for InstagramOAuthService<S, R> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.flow.clone())
    }
}

impl<S: fmt::Debug, R> fmt::Debug for InstagramOAuthService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstagramOAuthService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

// The bounds on the request's body are needed to read the forms that the provider posts.
impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for InstagramOAuthService<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: ResponseBody<ResBody>,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<R::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    // Readiness was reserved on this `inner`, and no other one is ever called, so there is nothing
    // to clone or swap (tower-service, "Be careful when cloning inner services").
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let headers = HttpHeaders(request.headers());
        let seen = flow_request(request.method(), request.uri(), &headers, request.extensions());
        match self.flow.route(seen.path()) {
            Some(route) => match self.flow.begin(route, &seen) {
                Begin::Done(reply) => ResponseFuture::done(reply),
                Begin::Job(job) => ResponseFuture::own(job.run()),
                Begin::Form(form) => ResponseFuture::own(run(form, request.into_body())),
            },
            None => {
                let attached = self.flow.attach(&headers);
                let kept = attached.has_session_cookie().then(|| attached.clone());
                request.extensions_mut().insert(Attached(attached));
                ResponseFuture::inner(self.inner.call(request), kept)
            }
        }
    }
}
