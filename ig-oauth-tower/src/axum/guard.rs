//! A guard that restricts a router to logged-in users.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::Request;
use ig_oauth_common::Scopes;
use tower_layer::Layer;
use tower_service::Service;

use super::extract::require;

/// Passes only requests of logged-in users to a router, and answers all others as
/// [`InstagramToken`](crate::InstagramToken) does.
///
/// ```
/// use axum::{Router, routing::get};
/// use ig_oauth_tower::RequireInstagramToken;
///
/// let members: Router = Router::new()
///     .route("/members", get(async || "for members"))
///     .route_layer(RequireInstagramToken::new());
/// ```
///
/// The `InstagramOAuthLayer` must be outside of it, because it must see the request first.
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct RequireInstagramToken {
    scopes: Scopes,
}

impl RequireInstagramToken {
    /// A guard that needs a token, with any scopes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires all of `scopes` too, and answers other requests as
    /// [`InstagramToken::require`](crate::InstagramToken::require) does.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = scopes.into();
        self
    }
}

impl<S> Layer<S> for RequireInstagramToken {
    type Service = RequireInstagramTokenService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireInstagramTokenService { inner, scopes: self.scopes.clone() }
    }
}

/// The service of [`RequireInstagramToken`].
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct RequireInstagramTokenService<S> {
    inner: S,
    scopes: Scopes,
}

impl<S, B> Service<Request<B>> for RequireInstagramTokenService<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Call the service that was ready, not its clone (tower-service, "Be careful when cloning
        // inner services").
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let scopes = self.scopes.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            match require(&parts).await.and_then(|token| token.require(scopes)) {
                Ok(()) => inner.call(Request::from_parts(parts, body)).await,
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
