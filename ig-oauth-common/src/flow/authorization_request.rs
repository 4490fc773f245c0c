//! The authorization request (RFC 6749, section 4.1.1): the URL of the provider's window.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::attempt::State;
use crate::config::Settings;
use crate::scope::Scopes;

/// All but the unreserved characters of RFC 3986, section 2.3: an unescaped `#`, `&` or `+` in a
/// value would end it, split it or change it.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn query_escape(value: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(value, QUERY_VALUE)
}

/// The window's URL: the parameters of Meta's guide in its order, and last the state.
pub(crate) fn location(
    settings: &Settings,
    state: &State,
    scopes: &Scopes,
    force_reauth: Option<bool>,
) -> String {
    let url = &settings.authorize_url;
    let separator = if url.contains('?') { '&' } else { '?' };
    let mut location = format!(
        "{url}{separator}client_id={}&redirect_uri={}&scope={}&response_type=code",
        query_escape(&settings.client_id),
        query_escape(settings.redirect_uri.as_str()),
        query_escape(&scopes.to_string()),
    );
    for (name, value) in
        [("force_reauth", force_reauth), ("enable_fb_login", settings.enable_fb_login)]
    {
        if let Some(value) = value {
            let _ = write!(location, "&{name}={value}");
        }
    }
    let _ = write!(location, "&state={}", state.to_text());
    location
}
