//! The `Set-Cookie` lines of the crate's cookies.

use std::time::Duration;

use cookie::{Cookie, SameSite};

use super::names::CookieNames;

/// The longest `Max-Age` that browsers accept: 400 days (RFC 6265bis, section 5.5).
const MAX_AGE_LIMIT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl CookieNames {
    /// The line that sets `name` to `value` (base64url) for `max_age`, or for the browser session
    /// if it is `None`.
    ///
    /// The attributes are not configurable. With `Strict` the attempt's cookie would be missing on
    /// the callback, which comes from the provider's site; with `None` every form of another site
    /// would send the session.
    pub(crate) fn set(&self, name: &str, value: &str, max_age: Option<Duration>) -> String {
        let mut cookie = Cookie::build((name, value))
            .http_only(true)
            .same_site(SameSite::Lax)
            .path("/")
            .secure(self.secure);
        if let Some(max_age) = max_age {
            cookie = cookie.max_age(max_age.min(MAX_AGE_LIMIT).try_into().unwrap_or_default());
        }
        cookie.to_string()
    }

    /// The line that removes `name`. It has the same name, path and `Secure` as when it was set:
    /// browsers ignore a removal of a `__Host-` name without them (RFC 6265bis, section 5.7).
    pub(crate) fn removal(&self, name: &str) -> String {
        self.set(name, "", Some(Duration::ZERO))
    }
}
