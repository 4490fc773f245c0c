//! Turns the flow's replies into responses.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use http::Response;
use http_body::{Body, Frame, SizeHint};
use ig_oauth_common::hooks::Reply;
use pin_project_lite::pin_project;

/// Turns the inner service's responses and the flow's replies into one response type.
///
/// Sealed: the two implementations are [`SameBody`] and [`AnyBody`].
#[diagnostic::on_unimplemented(
    message = "the response body `{B}` cannot be made from bytes",
    label = "this layer's own answers have no such body",
    note = "call `.either_body()` on the `InstagramOAuthLayer`: it works with every response body"
)]
pub trait ResponseBody<B>: sealed::Sealed {
    /// The body of all responses.
    type Body;

    #[doc(hidden)]
    fn inner(response: Response<B>) -> Response<Self::Body>;

    #[doc(hidden)]
    fn own(bytes: Bytes) -> Self::Body;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::SameBody {}
    impl Sealed for super::AnyBody {}
}

/// The layer's own answers have the inner service's body type, which must be `From<Bytes>`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SameBody;

// So that the compiler's error names this trait, whose note has the fix, and not `From`.
#[diagnostic::do_not_recommend]
impl<B: From<Bytes>> ResponseBody<B> for SameBody {
    type Body = B;

    fn inner(response: Response<B>) -> Response<B> {
        response
    }

    fn own(bytes: Bytes) -> B {
        B::from(bytes)
    }
}

/// Responses get the body [`EitherBody`], for any body of the inner service.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AnyBody;

pin_project! {
    /// The inner service's body, or the body of one of the layer's own answers.
    #[derive(Debug)]
    pub struct EitherBody<B> {
        #[pin]
        body: Either<B>,
    }
}

pin_project! {
    #[project = EitherProjection]
    #[derive(Debug)]
    enum Either<B> {
        Inner { #[pin] body: B },
        Own { bytes: Option<Bytes> },
    }
}

impl<B: Body> ResponseBody<B> for AnyBody {
    type Body = EitherBody<B>;

    fn inner(response: Response<B>) -> Response<EitherBody<B>> {
        response.map(|body| EitherBody { body: Either::Inner { body } })
    }

    fn own(bytes: Bytes) -> EitherBody<B> {
        EitherBody { body: Either::Own { bytes: Some(bytes).filter(|bytes| !bytes.is_empty()) } }
    }
}

impl<B: Body> Body for EitherBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().body.project() {
            // Free if the data are `Bytes` already, as in axum and hyper.
            EitherProjection::Inner { body } => body
                .poll_frame(cx)
                .map_ok(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining()))),
            EitherProjection::Own { bytes } => {
                Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Either::Inner { body } => body.is_end_stream(),
            Either::Own { bytes } => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Either::Inner { body } => body.size_hint(),
            Either::Own { bytes } => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
        }
    }
}

/// The flow's reply as a response.
pub(crate) fn response<B>(reply: Reply, body: impl FnOnce(Bytes) -> B) -> Response<B> {
    let mut headers = http::HeaderMap::new();
    append(&mut headers, reply.headers());
    let status = http::StatusCode::from_u16(reply.status());
    let mut response = Response::new(body(Bytes::from(reply.into_body())));
    // A reply has only final statuses and valid headers. A 500 would show a mistake.
    *response.status_mut() = status.unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// Appends header lines. Cookies of the app stay beside the crate's.
pub(crate) fn append<'a>(
    headers: &mut http::HeaderMap,
    lines: impl Iterator<Item = (&'a str, &'a str)>,
) {
    for (name, value) in lines {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}
