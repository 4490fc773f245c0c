//! A request as the flow sees it: borrowed from the framework, and copied only where it must live
//! longer.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The user that an attempt or a link is bound to, as a hash of the identity that the app gave.
pub(crate) type BindingHash = [u8; 32];

/// The most app data of a login, in bytes: a cookie has to hold it.
pub(crate) const MAX_APP_DATA_BYTES: usize = 256;

/// The headers of a request or response, by name and as raw bytes.
///
/// Adapters implement it for their framework's map. Values are bytes and not text, so that an
/// invalid byte in another cookie does not hide the crate's cookies.
pub trait Headers {
    /// Visits each value of the header `name` (lower case), in the order received.
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8]));

    /// The first value of the header `name`, if it is text.
    fn first<'h>(&'h self, name: &str) -> Option<&'h str> {
        let mut first = None;
        self.visit(name, &mut |value| {
            if first.is_none() {
                first = Some(value);
            }
        });
        first.and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Whether the header `name` is present, text or not.
    fn has(&self, name: &str) -> bool {
        let mut found = false;
        self.visit(name, &mut |_| found = true);
        found
    }
}

/// A borrowed view of one request.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a dyn Headers,
    pub(crate) context: Option<&'a LoginContext>,
}

/// Without the query and the headers: a callback's hold the code and the state.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    /// A request with its method, its path as received (not decoded) and its headers.
    #[must_use]
    pub fn new(method: &'a str, path: &'a str, headers: &'a dyn Headers) -> Self {
        Self { method, path, query: None, headers, context: None }
    }

    /// The path as received.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Sets the query as received, without its `?`.
    #[must_use]
    pub fn with_query(mut self, query: Option<&'a str>) -> Self {
        self.query = query;
        self
    }

    /// The app's own user, if the request names one.
    pub(crate) fn binding(&self) -> Option<BindingHash> {
        self.context.and_then(|context| context.binding)
    }

    /// Sets the app's context of its own user.
    #[must_use]
    pub fn with_context(mut self, context: Option<&'a LoginContext>) -> Self {
        self.context = context;
        self
    }
}

/// What an app with its own login says about a request: its user, and data that its hook receives
/// when the login ends.
///
/// The app puts it into the request's extensions, in its own session middleware. An attempt that
/// starts with a bound context can be finished only with the same one, so one user cannot finish
/// another's login.
#[derive(Clone)]
pub struct LoginContext {
    pub(crate) binding: Option<BindingHash>,
    pub(crate) app_data: Vec<u8>,
}

impl LoginContext {
    /// A context bound to the app's own user or session, by any bytes that identify it. Only their
    /// hash is stored.
    #[must_use]
    pub fn bound_to(identity: impl AsRef<[u8]>) -> Self {
        let hash = Sha256::new_with_prefix("ig-oauth login context").chain_update(identity);
        Self { binding: Some(hash.finalize().into()), app_data: Vec::new() }
    }

    /// A context with app data only.
    #[must_use]
    pub fn unbound() -> Self {
        Self { binding: None, app_data: Vec::new() }
    }

    /// Adds up to 256 bytes, which the hook of the finished login receives. The user can read them,
    /// but not change them.
    ///
    /// # Errors
    ///
    /// When there are more than 256 bytes.
    pub fn with_app_data(mut self, data: impl Into<Vec<u8>>) -> Result<Self, AppDataTooLong> {
        let data = data.into();
        if data.len() > MAX_APP_DATA_BYTES {
            return Err(AppDataTooLong { bytes: data.len() });
        }
        self.app_data = data;
        Ok(self)
    }
}

impl std::fmt::Debug for LoginContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginContext")
            .field("bound", &self.binding.is_some())
            .field("app_data_bytes", &self.app_data.len())
            .finish()
    }
}

/// App data of more than 256 bytes: a cookie has to hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the app data has {bytes} bytes; at most {MAX_APP_DATA_BYTES} fit, so keep the data in your \
     own store and pass its key"
)]
#[non_exhaustive]
pub struct AppDataTooLong {
    bytes: usize,
}
