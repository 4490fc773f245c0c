//! Adapts `http` headers and requests to the flow.

use http::HeaderMap;
use ig_oauth_common::LoginContext;
use ig_oauth_common::adapter::{Headers, Request};

/// The headers of a request or response of the `http` crate.
pub(crate) struct HttpHeaders<'a>(pub(crate) &'a HeaderMap);

impl Headers for HttpHeaders<'_> {
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
        self.0.get_all(name).iter().for_each(|value| visit(value.as_bytes()));
    }
}

/// The public path and query of a request. Nesting strips a prefix from the URI that services see;
/// axum keeps the complete one in an extension.
pub(crate) fn public_uri<'a>(
    uri: &'a http::Uri,
    extensions: &'a http::Extensions,
) -> &'a http::Uri {
    #[cfg(feature = "axum")]
    if let Some(original) = extensions.get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
    #[cfg(not(feature = "axum"))]
    let _ = extensions;
    uri
}

/// The request as the flow sees it.
pub(crate) fn flow_request<'a>(
    method: &'a http::Method,
    uri: &'a http::Uri,
    headers: &'a HttpHeaders<'a>,
    extensions: &'a http::Extensions,
) -> Request<'a> {
    let uri = public_uri(uri, extensions);
    Request::new(method.as_str(), uri.path(), headers)
        .with_query(uri.query())
        .with_context(extensions.get::<LoginContext>())
}
