//! What the flow asks the outside for: the HTTP client with a request and a response of this crate, so
//! that any client fits; the time; and random bytes.

use std::error::Error;
use std::fmt;

pub use crate::clock::{Clock, SystemClock};
use crate::futures::boxed;
pub use crate::randomness::{Randomness, RandomnessUnavailable, SystemRandomness};

/// Sends one HTTP request to the provider.
///
/// An implementation writes `async fn send`, whose future must be `Send`.
///
/// Implemented for every `Fn(HttpRequest) -> impl Future`, so a test can pass a closure:
///
/// ```
/// use ig_oauth_common::http::{HttpClient, HttpRequest, HttpResponse};
///
/// fn is_a_client(_: impl HttpClient) {}
/// is_a_client(|_request: HttpRequest| async {
///     Ok(HttpResponse::new(200, br#"{"access_token":"FAKE","user_id":1}"#.to_vec()))
/// });
/// ```
///
/// # Rules for an implementation
///
/// - Never follow a redirect: the request carries a secret. Return the 3xx answer.
/// - Never retry: a code can be spent once, and a lost answer does not mean an unspent code.
/// - Read at most [`HttpRequest::max_response_bytes`] of the body, counted after decompression, then
///   give up with [`HttpErrorKind::Oversize`].
/// - Give up after a time of your own choosing with [`HttpErrorKind::TimedOut`]; the flow has a
///   deadline of its own besides.
/// - Keep URL and body out of errors and logs: both can hold secrets.
pub trait HttpClient: Send + Sync + 'static {
    /// Sends `request` and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When no complete answer came. An answer with an error status is not an error here.
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, HttpError>> + Send;
}

impl<F, R> HttpClient for F
where
    F: Fn(HttpRequest) -> R + Send + Sync + 'static,
    R: Future<Output = Result<HttpResponse, HttpError>> + Send + 'static,
{
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, HttpError>> + Send {
        self(request)
    }
}

boxed! {
    /// An [`HttpClient`] behind a pointer.
    BoxedHttpClient of HttpClient {
        fn send(request: HttpRequest) -> Result<HttpResponse, HttpError>;
    }
}

/// A request to the provider. `Debug` shows neither the query nor the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The whole URL. Its query holds secrets on the provider's GET calls.
    pub url: String,
    /// The body of a POST, to be sent as `application/x-www-form-urlencoded`. It holds secrets. Without
    /// one the request is a GET.
    pub form: Option<String>,
    /// How many bytes of the answer's body to read at most.
    pub max_response_bytes: usize,
}

impl HttpRequest {
    pub(crate) fn get(url: String, max_response_bytes: usize) -> Self {
        Self { url, form: None, max_response_bytes }
    }

    pub(crate) fn post_form(url: String, form: String, max_response_bytes: usize) -> Self {
        Self { url, form: Some(form), max_response_bytes }
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let without_query = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("HttpRequest")
            .field("url", &format_args!("{without_query}?[redacted]"))
            .field("form", &self.form.as_ref().map(|_| "[redacted]"))
            .field("max_response_bytes", &self.max_response_bytes)
            .finish()
    }
}

/// The provider's answer. `Debug` does not show the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The value of `Content-Type`, which an error names where JSON was expected.
    pub content_type: Option<String>,
    /// The wait of `Retry-After`, in seconds. The header can hold a date instead: then it is what lies
    /// between that and the `Date` header.
    pub retry_after_seconds: Option<u64>,
    /// The value of `X-Business-Use-Case-Usage`, which names the wait after too many calls
    /// (<https://developers.facebook.com/docs/graph-api/overview/rate-limiting>).
    pub usage: Option<String>,
}

impl HttpResponse {
    /// An answer with this status and body.
    #[must_use]
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self { status, body, content_type: None, retry_after_seconds: None, usage: None }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body", &format_args!("[{} bytes redacted]", self.body.len()))
            .finish_non_exhaustive()
    }
}

/// Why no complete answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// No connection, or it broke.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The body is larger than allowed.
    Oversize,
    /// What came is not HTTP, or breaks off.
    Malformed,
}

/// A failed call. Its source must not show the URL or the body.
#[derive(Debug, thiserror::Error)]
#[error("{}", .kind.text())]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl HttpError {
    /// A failure of that kind.
    #[must_use]
    pub fn new(kind: HttpErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// A failure of that kind with its cause, which must show neither URL nor body.
    #[must_use]
    pub fn with_source(
        kind: HttpErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl HttpErrorKind {
    const fn text(self) -> &'static str {
        match self {
            Self::Unreachable => "no connection to the provider",
            Self::TimedOut => "no answer from the provider in time",
            Self::Oversize => "the provider's answer is too large",
            Self::Malformed => "the provider's answer is not HTTP or breaks off",
        }
    }
}
