//! The faults that a test can set.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::watch;

use crate::answer::Answer;

/// One of the provider's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The authorization window.
    Authorize,
    /// `POST /oauth/access_token`.
    CodeExchange,
    /// `GET /access_token`.
    LongLived,
    /// `GET /refresh_access_token`.
    Refresh,
    /// `GET /me`.
    Me,
    /// `GET /me/media` and `GET /{user-id}/media`.
    Media,
    /// `GET /{user-id}` and `GET /{media-id}`.
    Node,
    /// Any other path.
    Other,
}

/// What an endpoint does instead of its normal response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this response.
    Status {
        /// The HTTP status.
        status: u16,
        /// The complete body.
        body: String,
        /// The `Content-Type`.
        content_type: String,
    },
    /// Reports too many calls, with the usage header that names the wait
    /// (<https://developers.facebook.com/docs/graph-api/overview/rate-limiting>).
    Throttled {
        /// The estimated wait, in minutes.
        minutes: u64,
    },
    /// Answers 200 without a body.
    Empty,
    /// Waits, then answers normally.
    Latency(Duration),
    /// Redirects.
    Redirect {
        /// The HTTP status.
        status: u16,
        /// The `Location`.
        location: String,
    },
    /// Never answers.
    NeverAnswer,
    /// Resets the connection before the request is read.
    ResetBeforeRequest,
    /// Reads the complete request, then resets the connection.
    ResetAfterRequest,
    /// Sends exactly these bytes, which need not be HTTP, and closes the connection.
    Raw(Vec<u8>),
    /// Sends these bytes, then repeats `byte`, waiting `pause` before each, until the client
    /// disconnects or 64 MiB were sent.
    Drip {
        /// What is sent first, usually the headers.
        start: Vec<u8>,
        /// What is repeated.
        repeated: Vec<u8>,
        /// The wait before each repetition.
        pause: Duration,
    },
}

impl Fault {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Status { status, body: body.into(), content_type: "application/json".to_owned() }
    }

    /// A gateway's HTML response.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let body = format!("<html><body><h1>{status}</h1></body></html>");
        Self::Status { status, body, content_type: "text/html".to_owned() }
    }

    /// A page instead of a response, as Instagram sends to servers that it blocks: 403 and HTML.
    #[must_use]
    pub fn block_page() -> Self {
        let body = "<!DOCTYPE html>\n<html lang=\"en\" class=\"no-js logged-in client-root\">\n\
                    <head><meta charset=\"utf-8\"><title>Page Not Found &bull; Instagram</title>\
                    </head><body>Sorry, this page isn't available.</body></html>";
        Self::Status {
            status: 403,
            body: body.to_owned(),
            content_type: "text/html; charset=utf-8".to_owned(),
        }
    }

    /// A block with the message of Instagram's own API: "Please wait a few minutes".
    #[must_use]
    pub fn please_wait() -> Self {
        let message = "Please wait a few minutes before you try again.";
        Self::json(403, serde_json::json!({ "message": message, "status": "fail" }).to_string())
    }

    /// The token is invalid: code 190, with the subcode for the reason (458: the user removed the
    /// app, 460: the password was changed, 463: it expired) if any.
    #[must_use]
    pub fn dead_token(subcode: Option<u32>) -> Self {
        let why = match subcode {
            Some(458) => "The user has not authorized application",
            Some(460) => "The session has been invalidated because the user changed their password",
            Some(463) => "Session has expired",
            _ => "The session is invalid because the user logged out",
        };
        let message = format!("Error validating access token: {why}");
        Self::graph_error(400, 190, subcode, "OAuthException", &message)
    }

    /// Meta has disabled the app: status 200 with code 200.
    #[must_use]
    pub fn app_deactivated() -> Self {
        let message = "API access deactivated. To reactivate, go to the app dashboard.";
        Self::graph_error(200, 200, None, "OAuthException", message)
    }

    /// "Unsupported request - method type: get": usually the app has Standard Access and the
    /// account has no role in it.
    #[must_use]
    pub fn unsupported_request() -> Self {
        let message = "Unsupported request - method type: get";
        Self::graph_error(400, 100, None, "IGApiException", message)
    }

    fn graph_error(
        status: u16,
        code: u32,
        subcode: Option<u32>,
        kind: &str,
        message: &str,
    ) -> Self {
        Self::json(status, Answer::graph(status, code, subcode, kind, message).body)
    }
}

impl Fault {
    /// Whether it takes over the connection instead of sending an HTTP response.
    pub(crate) fn is_raw(&self) -> bool {
        matches!(
            self,
            Self::ResetBeforeRequest | Self::ResetAfterRequest | Self::Raw(_) | Self::Drip { .. }
        )
    }
}

/// Responses that are held back until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it lets the answers go"]
pub struct Held {
    _release: watch::Sender<()>,
}

/// What a call waits on.
#[derive(Clone, Debug)]
pub(crate) struct Gate(watch::Receiver<()>);

impl Gate {
    /// Returns when the [`Held`] is dropped.
    pub(crate) async fn opened(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

/// The present faults, and the endpoints whose responses are held back.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    of: HashMap<Endpoint, (Fault, Option<u32>)>,
    gates: HashMap<Endpoint, Gate>,
}

impl Faults {
    pub(crate) fn set(&mut self, endpoint: Endpoint, fault: Fault, times: Option<u32>) {
        self.of.insert(endpoint, (fault, times));
    }

    pub(crate) fn clear(&mut self) {
        self.of.clear();
    }

    pub(crate) fn hold(&mut self, endpoint: Endpoint) -> Held {
        let (release, receiver) = watch::channel(());
        self.gates.insert(endpoint, Gate(receiver));
        Held { _release: release }
    }

    /// What the next call has to wait on, if its response is held back.
    pub(crate) fn gate(&self, endpoint: Endpoint) -> Option<Gate> {
        self.gates.get(&endpoint).cloned()
    }

    /// Whether any endpoint has a fault that takes over connections.
    pub(crate) fn any_raw(&self) -> bool {
        self.of.values().any(|(fault, times)| fault.is_raw() && *times != Some(0))
    }

    /// The fault of the next call.
    pub(crate) fn peek(&self, endpoint: Endpoint) -> Option<&Fault> {
        let (fault, times) = self.of.get(&endpoint)?;
        (*times != Some(0)).then_some(fault)
    }

    /// The fault of the next call. It counts as one of its times.
    pub(crate) fn take(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let (fault, times) = self.of.get_mut(&endpoint)?;
        match times {
            None => Some(fault.clone()),
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                Some(fault.clone())
            }
        }
    }
}
