//! The crate's paths as a router.

use axum::Router;
use axum_core::body::Body;
use axum_core::extract::Request;
use axum_core::response::Response;
use ig_oauth_common::Flow;
use ig_oauth_common::adapter::Begin;

use crate::body::response;
use crate::form::run;
use crate::headers::{HttpHeaders, flow_request};
use crate::layer::InstagramOAuthLayer;

impl<R> InstagramOAuthLayer<R> {
    /// All of the crate's paths as real routes, for setups in which a layer would not see these
    /// requests (the [crate documentation](crate) lists them).
    ///
    /// Handlers with an [`InstagramToken`](crate::InstagramToken) need the layer as well. With
    /// both, each request is answered once. Under `nest` use [`routes_under`](Self::routes_under).
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.routes_under("")
    }

    /// The same for a router that will be nested at `prefix`: with
    /// `.nest("/auth", layer.routes_under("/auth"))` the public paths are the configured ones. A
    /// request to a different public path gets a 500 that says what to change.
    pub fn routes_under<S: Clone + Send + Sync + 'static>(&self, prefix: &str) -> Router<S> {
        let flow = self.flow();
        // A configured path may contain a segment that begins with `:`, which had a meaning in axum
        // 0.7.
        flow.paths_under(prefix).fold(Router::new().without_v07_checks(), |router, path| {
            let flow = flow.clone();
            let handler = move |request: Request| {
                let begun = begin(&flow, &request);
                answer(begun, request.into_body())
            };
            router.route(path, axum::routing::any(handler))
        })
    }
}

/// Accepts every method. The flow checks the method and the public path.
fn begin(flow: &Flow, request: &Request) -> Begin {
    let headers = HttpHeaders(request.headers());
    let seen = flow_request(request.method(), request.uri(), &headers, request.extensions());
    match flow.route(seen.path()) {
        Some(route) => flow.begin(route, &seen),
        None => Begin::Done(flow.misplaced()),
    }
}

async fn answer(begun: Begin, body: Body) -> Response {
    let reply = match begun {
        Begin::Done(reply) => reply,
        Begin::Job(job) => job.run().await,
        Begin::Form(form) => run(form, body).await,
    };
    response(reply, Body::from)
}
