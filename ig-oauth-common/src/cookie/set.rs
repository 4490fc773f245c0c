//! The `Set-Cookie` lines of our cookies.

use std::time::Duration;

use cookie::{Cookie, SameSite};

use super::names::CookieNames;

/// Longest `Max-Age` a browser keeps: 400 days (RFC 6265bis, section 5.5).
const MAX_AGE_LIMIT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl CookieNames {
    /// The line that sets `name` to `value` (base64url) for `max_age`, or until the browser ends when
    /// there is none.
    ///
    /// The attributes are not settings. `Strict` would lose the attempt on the callback, which comes
    /// from the provider's site; `None` would send the session with every foreign form.
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

    /// The line that removes `name`. Name, path and `Secure` are those it was set with: for a `__Host-`
    /// name a browser ignores a removal without them (RFC 6265bis, section 5.7).
    pub(crate) fn removal(&self, name: &str) -> String {
        self.set(name, "", Some(Duration::ZERO))
    }
}
