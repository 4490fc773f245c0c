//! Turns the flow's replies into responses.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use ig_oauth_common::hooks::Reply;

/// The flow's reply as a response.
pub(crate) fn response(reply: Reply) -> HttpResponse {
    // A reply has only final statuses and valid headers. A 500 would show a mistake.
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status);
    append(response.headers_mut(), reply.headers());
    response.set_body(actix_web::body::BoxBody::new(reply.into_body()))
}

/// Appends header lines. Cookies of the app stay beside the crate's.
pub(crate) fn append<'a>(headers: &mut HeaderMap, lines: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}
