//! The token in a service that does without axum's extractors.

use http::Request;
pub use ig_oauth_common::adapter::AppRequest;

/// What the layer puts into the extensions of a request on its way to the app. Private, so that
/// nothing but the layer can make one.
#[derive(Clone, Debug)]
pub(crate) struct Attached(pub(crate) AppRequest);

/// What the layer knows about a request, for services without axum's extractors.
pub trait AttachedRequest {
    /// The request as the layer saw it: none when no layer did.
    fn instagram(&self) -> Option<AppRequest>;
}

impl<B> AttachedRequest for Request<B> {
    fn instagram(&self) -> Option<AppRequest> {
        self.extensions().get::<Attached>().map(|Attached(request)| request.clone())
    }
}
