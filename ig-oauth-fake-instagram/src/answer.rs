//! HTTP responses.

use serde_json::json;

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json; charset=UTF-8", body)
    }

    pub(crate) fn page(status: u16, html: impl Into<String>) -> Self {
        let mut answer = Self::new(status, "text/html; charset=utf-8", html);
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                      frame-ancestors 'none'";
        answer.headers.push(("content-security-policy", policy.to_owned()));
        answer.headers.push(("cache-control", "no-store".to_owned()));
        answer
    }

    pub(crate) fn redirect(status: u16, location: impl Into<String>) -> Self {
        let headers = vec![("location", location.into()), ("cache-control", "no-store".to_owned())];
        Self { status, headers, body: String::new() }
    }

    /// The token endpoint's error format (Meta's guide, "Sample Rejected Response").
    pub(crate) fn oauth_error(message: &str) -> Self {
        let body = json!({ "error_type": "OAuthException", "code": 400, "error_message": message });
        Self::json(400, body.to_string())
    }

    /// The Graph API's error format
    /// (<https://developers.facebook.com/docs/graph-api/guides/error-handling>).
    pub(crate) fn graph_error(status: u16, code: u32, message: &str) -> Self {
        Self::graph(status, code, None, "OAuthException", message)
    }

    pub(crate) fn throttled(minutes: u64) -> Self {
        let message = "Application request limit reached";
        let mut answer = Self::graph_error(400, 4, message);
        let usage = json!({ "17841400000000000": [{
            "type": "instagram",
            "call_count": 100,
            "total_cputime": 25,
            "total_time": 25,
            "estimated_time_to_regain_access": minutes,
        }] });
        answer.headers.push(("x-business-use-case-usage", usage.to_string()));
        answer
    }

    pub(crate) fn graph(
        status: u16,
        code: u32,
        subcode: Option<u32>,
        kind: &str,
        message: &str,
    ) -> Self {
        let mut error = json!({ "message": message, "type": kind, "code": code, "fbtrace_id": "FAKE-TRACE-ID" });
        if let (Some(subcode), Some(fields)) = (subcode, error.as_object_mut()) {
            fields.insert("error_subcode".to_owned(), json!(subcode));
        }
        Self::json(status, json!({ "error": error }).to_string())
    }
}
