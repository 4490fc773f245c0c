//! Reads request bodies.

use std::pin::pin;

use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_core::Stream;
use ig_oauth_common::adapter::Form;
use ig_oauth_common::hooks::Reply;

/// Runs a form with its body.
pub(crate) async fn run(
    form: Form,
    body: impl Stream<Item = Result<Bytes, PayloadError>>,
) -> Reply {
    let mut body = pin!(body);
    form.run(|cx| body.as_mut().poll_next(cx)).await
}
