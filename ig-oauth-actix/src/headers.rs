//! Adapts actix headers and requests to the flow.

use actix_web::http::Method;
use actix_web::http::Uri;
use actix_web::http::header::HeaderMap;
use ig_oauth_common::LoginContext;
use ig_oauth_common::adapter::{Headers, Request};

/// The headers of a request or response of actix.
pub(crate) struct ActixHeaders<'a>(pub(crate) &'a HeaderMap);

impl Headers for ActixHeaders<'_> {
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
        self.0.get_all(name).for_each(|value| visit(value.as_bytes()));
    }
}

/// The request as the flow sees it. The path is that of the request line, because actix decodes its
/// own.
pub(crate) fn flow_request<'a>(
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a ActixHeaders<'a>,
    context: Option<&'a LoginContext>,
) -> Request<'a> {
    Request::new(method.as_str(), uri.path(), headers).with_query(uri.query()).with_context(context)
}
