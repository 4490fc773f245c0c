//! The token in a middleware or service that does without extractors.

use actix_web::dev::ServiceRequest;
use actix_web::{HttpMessage as _, HttpRequest};
pub use ig_oauth_common::adapter::AppRequest;

/// What the middleware puts into the extensions of a request on its way to the app. Private, so that
/// nothing but the middleware can make one.
#[derive(Clone, Debug)]
pub(crate) struct Attached(pub(crate) AppRequest);

/// What the middleware knows about a request, for middlewares and services of the app's own.
pub trait AttachedRequest {
    /// The request as the middleware saw it: none when no middleware did.
    fn instagram(&self) -> Option<AppRequest>;
}

impl AttachedRequest for HttpRequest {
    fn instagram(&self) -> Option<AppRequest> {
        self.extensions().get::<Attached>().map(|Attached(request)| request.clone())
    }
}

impl AttachedRequest for ServiceRequest {
    fn instagram(&self) -> Option<AppRequest> {
        self.request().instagram()
    }
}
