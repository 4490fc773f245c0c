//! The flow's answer: status, ordered headers, body.

use std::borrow::Cow;
use std::fmt;

/// A complete HTTP answer that is independent of any framework, so that one hook serves both
/// adapters.
///
/// `Debug` shows the status and the names of the headers, not their values.
#[derive(Clone)]
#[must_use]
pub struct Reply {
    status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    body: Vec<u8>,
}

/// A header that HTTP does not allow: the name is not a token, or the value has a control byte or a
/// byte outside ASCII (RFC 9110, section 5).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header `{name}` has {problem}")]
#[non_exhaustive]
pub struct InvalidHeader {
    name: String,
    problem: &'static str,
}

/// A status outside 200 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} is not a final HTTP status; use one from 200 to 599")]
#[non_exhaustive]
pub struct InvalidStatus {
    status: u16,
}

impl Reply {
    /// An empty answer with that status.
    ///
    /// # Errors
    ///
    /// When the status is not between 200 and 599.
    pub fn new(status: u16) -> Result<Self, InvalidStatus> {
        match status {
            200..=599 => Ok(Self::empty(status)),
            _ => Err(InvalidStatus { status }),
        }
    }

    /// 303 See Other: the browser continues with a GET of `location`.
    ///
    /// # Errors
    ///
    /// When `location` contains a byte that is not allowed in a URL. Percent-encode it.
    ///
    /// ```
    /// use ig_oauth_common::hooks::Reply;
    ///
    /// let reply = Reply::see_other("/welcome")?;
    /// assert_eq!(reply.status(), 303);
    /// assert!(Reply::see_other("/a\r\nb").is_err());
    /// # Ok::<(), ig_oauth_common::hooks::InvalidHeader>(())
    /// ```
    pub fn see_other(location: impl Into<String>) -> Result<Self, InvalidHeader> {
        let location = location.into();
        if !location.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidHeader {
                name: "location".to_owned(),
                problem: "a byte that no URL may hold; percent-encode it",
            });
        }
        Ok(Self::empty(303).header("location", location))
    }

    /// An HTML page. Escape the values that you put into it.
    ///
    /// # Errors
    ///
    /// When `status` is not between 200 and 599.
    pub fn html(status: u16, page: impl Into<String>) -> Result<Self, InvalidStatus> {
        Ok(Self::new(status)?.content("text/html; charset=utf-8", page))
    }

    /// Plain text.
    ///
    /// # Errors
    ///
    /// When `status` is not between 200 and 599.
    pub fn text(status: u16, text: impl Into<String>) -> Result<Self, InvalidStatus> {
        Ok(Self::new(status)?.content("text/plain; charset=utf-8", text))
    }

    /// Adds a header line. Lines with the same name are all kept.
    ///
    /// # Errors
    ///
    /// When HTTP does not allow the name or the value.
    pub fn with_header(
        self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, InvalidHeader> {
        let (name, value) = (name.into().to_ascii_lowercase(), value.into());
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(InvalidHeader { name, problem: "a name that is not a token" });
        }
        if !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(InvalidHeader { name, problem: "a control byte or a byte outside ASCII" });
        }
        Ok(self.header(name, value))
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header lines in order, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, by value.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// JSON of the crate's own.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::empty(status).content("application/json", body.to_string())
    }

    /// Adds the security headers of every answer of the crate, including a hook's own.
    pub(crate) fn protected(mut self) -> Self {
        self.headers
            .retain(|(name, _)| name != "cache-control" && name != "x-content-type-options");
        let has_policy = self.headers.iter().any(|(name, _)| name == "referrer-policy");
        let reply = self.header("cache-control", "no-store");
        let reply = if has_policy { reply } else { reply.header("referrer-policy", "no-referrer") };
        reply.header("x-content-type-options", "nosniff")
    }

    /// For values that the crate made and that are known to be valid.
    pub(crate) fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body and its media type.
    pub(crate) fn content(self, media_type: &'static str, body: impl Into<String>) -> Self {
        Self { body: body.into().into_bytes(), ..self }.header("content-type", media_type)
    }

    pub(crate) fn cookies(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.headers.extend(lines.into_iter().map(|line| (Cow::Borrowed("set-cookie"), line)));
        self
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
