//! What the flow asks the outside for: the HTTP client with a request and a response of this crate, so
//! that any client fits; the time; and random bytes.

use std::error::Error;
use std::fmt;

pub use crate::clock::{Clock, SystemClock};
use crate::futures::boxed;
pub use crate::randomness::{Randomness, RandomnessUnavailable, SystemRandomness};

/// Sends one HTTP request to the provider.
///
/// Implement `send` as `async fn`. Its future must be `Send`.
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
/// - Never follow a redirect: the request carries a secret. Return the 3xx response.
/// - Never retry: a code can be used only once, and without a response it may still have been used.
/// - Read at most [`HttpRequest::max_response_bytes`] of the body, counted after decompression.
///   Beyond that, fail with [`HttpErrorKind::Oversize`].
/// - Fail with [`HttpErrorKind::TimedOut`] after a timeout that you choose. The flow has its own
///   deadline too.
/// - Do not put the URL or the body into errors and logs: both can contain secrets.
pub trait HttpClient: Send + Sync + 'static {
    /// Sends `request` and reads the complete response.
    ///
    /// # Errors
    ///
    /// When there is no complete response. A response with an error status is not an error here.
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
    /// An [`HttpClient`] as a trait object.
    BoxedHttpClient of HttpClient {
        fn send(request: HttpRequest) -> Result<HttpResponse, HttpError>;
    }
}

/// A request to the provider. `Debug` shows neither the query nor the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The complete URL. In the provider's GET calls its query contains secrets.
    pub url: String,
    /// The body of a POST, to be sent as `application/x-www-form-urlencoded`. It contains secrets.
    /// If it is `None`, the request is a GET.
    pub form: Option<String>,
    /// The most bytes of the response's body to read.
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

/// The provider's response. `Debug` does not show the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The value of `Content-Type`. Errors mention it when JSON was expected.
    pub content_type: Option<String>,
    /// The wait of `Retry-After`, in seconds. If the header has a date, this is the difference
    /// between that date and the `Date` header.
    pub retry_after_seconds: Option<u64>,
    /// The value of `X-Business-Use-Case-Usage`, which names the wait after too many calls
    /// (<https://developers.facebook.com/docs/graph-api/overview/rate-limiting>).
    pub usage: Option<String>,
}

impl HttpResponse {
    /// A response with this status and body.
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

/// Why there is no complete response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// No connection, or it was lost.
    Unreachable,
    /// No response in time.
    TimedOut,
    /// The body is larger than allowed.
    Oversize,
    /// The response is not HTTP, or incomplete.
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

    /// A failure of that kind with its cause, which must not show the URL or the body.
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
