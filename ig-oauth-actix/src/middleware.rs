//! The middleware: passes the crate's paths to the flow, and all others to the app.

use std::future::{Ready, ready};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web::{self, ServiceConfig};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use ig_oauth_common::adapter::Begin;
use ig_oauth_common::{Config, Flow, LoginContext, LoginOptions, LoginOptionsError};

use crate::form::run;
use crate::future::ResponseFuture;
use crate::headers::{ActixHeaders, flow_request};
use crate::plain::Attached;
use crate::response::response;

/// "Log in with Instagram" as a middleware.
///
/// It answers its own paths, such as login and callback, and passes everything else through
/// unchanged. See the [crate documentation](crate) for how to mount it.
///
/// Create it once, outside of `HttpServer::new`, and move clones in. All workers then share keys,
/// the HTTP client and the flow's state.
#[derive(Clone, Debug)]
#[must_use = "a middleware does nothing until it is wrapped around an app"]
pub struct InstagramOAuth {
    flow: Flow,
}

impl InstagramOAuth {
    /// The middleware of `config`.
    ///
    /// Work that must continue when the browser disconnects, such as finishing a login, runs in the
    /// Tokio runtime where this is called, because a worker's runtime ends with the worker. See
    /// [`Flow::finished`] for the end of a program.
    pub fn new(config: Config) -> Self {
        let flow = Flow::new(config);
        flow.run_tasks_here();
        Self { flow }
    }

    /// The flow behind the middleware.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// A link to the login with options that the app chooses, valid for ten minutes. See
    /// [`Flow::login_url`].
    ///
    /// # Errors
    ///
    /// When an option is invalid.
    pub fn login_url(
        &self,
        options: &LoginOptions,
        context: Option<&LoginContext>,
    ) -> Result<String, LoginOptionsError> {
        self.flow.login_url(options, context)
    }

    /// All of the crate's paths as real resources, for
    /// [`App::configure`](actix_web::App::configure).
    ///
    /// Handlers with an [`InstagramToken`](crate::InstagramToken) need the middleware as well. With
    /// both, each request is answered once. In a scope use
    /// [`configure_under`](Self::configure_under).
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        self.configure_under("")
    }

    /// The same for a scope at `prefix`: with
    /// `web::scope("/auth").configure(oauth.configure_under("/auth"))` the public paths are the
    /// configured ones. A request to a different public path gets a 500 that says what to change.
    pub fn configure_under(&self, prefix: &str) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let flow = self.flow.clone();
        let prefix = prefix.to_owned();
        move |services| {
            for path in flow.paths_under(&prefix) {
                let flow = flow.clone();
                let handler = move |request: HttpRequest, body: web::Payload| {
                    answer(begin(&flow, &request), body)
                };
                let resource = web::resource(path).guard(fn_guard(is_as_received)).to(handler);
                services.service(resource);
            }
        }
    }
}

/// actix matches decoded paths. The crate's paths contain no escapes, so `/%6cogin` is not the
/// login but a path of the app.
fn is_as_received(context: &GuardContext<'_>) -> bool {
    !context.head().uri.path().contains('%')
}

/// Accepts every method. The flow checks the method and the path as received.
fn begin(flow: &Flow, request: &HttpRequest) -> Begin {
    let headers = ActixHeaders(request.headers());
    let context = request.extensions().get::<LoginContext>().cloned();
    let seen = flow_request(request.method(), request.uri(), &headers, context.as_ref());
    match flow.route(seen.path()) {
        Some(route) => flow.begin(route, &seen),
        None => Begin::Done(flow.misplaced()),
    }
}

async fn answer(begun: Begin, body: web::Payload) -> HttpResponse {
    let reply = match begun {
        Begin::Done(reply) => reply,
        Begin::Job(job) => job.run().await,
        Begin::Form(form) => run(form, body).await,
    };
    response(reply)
}

impl<S, B> Transform<S, ServiceRequest> for InstagramOAuth
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = InstagramOAuthService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(InstagramOAuthService { service, flow: self.flow.clone() }))
    }
}

/// The service of [`InstagramOAuth`].
#[derive(Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct InstagramOAuthService<S> {
    service: S,
    flow: Flow,
}

impl<S, B> Service<ServiceRequest> for InstagramOAuthService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    forward_ready!(service);

    // The complete request is passed on: a remaining clone of it would make actix's routing panic.
    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let begun = {
            let context = request.extensions().get::<LoginContext>().cloned();
            let headers = ActixHeaders(request.headers());
            let seen = flow_request(request.method(), request.uri(), &headers, context.as_ref());
            self.flow.route(seen.path()).map(|route| self.flow.begin(route, &seen))
        };
        match begun {
            Some(Begin::Done(reply)) => ResponseFuture::done(request, reply),
            Some(Begin::Job(job)) => ResponseFuture::own(request, job.run()),
            Some(Begin::Form(form)) => {
                let body = request.take_payload();
                ResponseFuture::own(request, run(form, body))
            }
            None => {
                let attached = self.flow.attach(&ActixHeaders(request.headers()));
                let kept = attached.has_session_cookie().then(|| attached.clone());
                request.extensions_mut().insert(Attached(attached));
                ResponseFuture::inner(self.service.call(request), kept)
            }
        }
    }
}
