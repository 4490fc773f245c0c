//! The received requests, for tests.

use std::fmt;
use std::sync::Arc;

use crate::fault::Endpoint;

/// A request that the simulator received.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    pub(crate) endpoint: Endpoint,
    pub(crate) connection: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) form: Vec<(String, String)>,
}

impl RecordedRequest {
    /// The endpoint that received it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// The number of its TCP connection.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, not decoded.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The first header of that name, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(present, _)| present.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// All header lines.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The fields of the body, if it is a form of either encoding.
    #[must_use]
    pub fn form(&self) -> &[(String, String)] {
        &self.form
    }

    /// The first form field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        value(&self.form, name)
    }

    /// The first query parameter of that name, decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(present, _)| present == name).map(|(_, value)| value.into_owned())
    }
}

impl RecordedRequest {
    /// The last query parameter of that name, decoded.
    pub(crate) fn last_parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(present, _)| present == name).last().map(|(_, value)| value.into_owned())
    }
}

pub(crate) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
}

/// The function that receives every request.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
