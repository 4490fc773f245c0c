//! The token in a service without axum's extractors.

use http::Request;
pub use ig_oauth_common::adapter::AppRequest;

/// What the layer puts into the extensions of a request to the app. It is private, so that only the
/// layer can create it.
#[derive(Clone, Debug)]
pub(crate) struct Attached(pub(crate) AppRequest);

/// What the layer knows about a request, for services without axum's extractors.
pub trait AttachedRequest {
    /// The request as the layer saw it. `None` if there is no layer.
    fn instagram(&self) -> Option<AppRequest>;
}

impl<B> AttachedRequest for Request<B> {
    fn instagram(&self) -> Option<AppRequest> {
        self.extensions().get::<Attached>().map(|Attached(request)| request.clone())
    }
}
