//! Reads request bodies.

use std::pin::pin;
use std::task::{Poll, ready};

use bytes::Buf as _;
use http_body::Body;
use ig_oauth_common::adapter::Form;
use ig_oauth_common::hooks::Reply;

/// Runs a form with its body.
pub(crate) async fn run<B: Body>(form: Form, body: B) -> Reply {
    let mut body = pin!(body);
    form.run(|cx| {
        loop {
            let chunk = match ready!(body.as_mut().poll_frame(cx)) {
                None => None,
                Some(Err(error)) => Some(Err(error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(mut data) => Some(Ok(data.copy_to_bytes(data.remaining()))),
                    // Trailers are not part of the form.
                    Err(_) => continue,
                },
            };
            return Poll::Ready(chunk);
        }
    })
    .await
}
