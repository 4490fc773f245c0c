//! What can be made to go wrong.

use std::collections::HashMap;
use std::time::Duration;

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
    /// Anything else.
    Other,
}

/// What an endpoint does instead of its work.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Answers this.
    Status {
        /// The HTTP status.
        status: u16,
        /// The whole body.
        body: String,
        /// The `Content-Type`.
        content_type: String,
    },
    /// Answers 200 without a body.
    Empty,
    /// Waits, then does its work.
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
}

impl Fault {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Status { status, body: body.into(), content_type: "application/json".to_owned() }
    }

    /// A gateway's HTML answer.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let body = format!("<html><body><h1>{status}</h1></body></html>");
        Self::Status { status, body, content_type: "text/html".to_owned() }
    }
}

/// The faults that are switched on.
#[derive(Debug, Default)]
pub(crate) struct Faults(HashMap<Endpoint, (Fault, Option<u32>)>);

impl Faults {
    pub(crate) fn set(&mut self, endpoint: Endpoint, fault: Fault, times: Option<u32>) {
        self.0.insert(endpoint, (fault, times));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of the next call, which counts as one of its times.
    pub(crate) fn take(&mut self, endpoint: Endpoint) -> Option<Fault> {
        let (fault, times) = self.0.get_mut(&endpoint)?;
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
