//! The token in a middleware or service without extractors.

use actix_web::dev::ServiceRequest;
use actix_web::{HttpMessage as _, HttpRequest};
pub use ig_oauth_common::adapter::AppRequest;

/// What the middleware puts into the extensions of a request to the app. It is private, so that only the
/// middleware can create it.
#[derive(Clone, Debug)]
pub(crate) struct Attached(pub(crate) AppRequest);

/// What the middleware knows about a request, for the app's own middlewares and services.
pub trait AttachedRequest {
    /// The request as the middleware saw it. `None` if there is no middleware.
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
