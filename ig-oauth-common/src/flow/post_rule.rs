//! Who may post to our routes: pages of this site, and programs that are no browser.

use super::Headers;
use crate::config::Settings;
use crate::error::AuthErrorKind;

/// Fetch metadata decides where there is any; else `Origin` does. A foreign page cannot leave out
/// or forge either.
pub(crate) fn check(settings: &Settings, headers: &dyn Headers) -> Result<(), AuthErrorKind> {
    let allowed = if headers.has("sec-fetch-site") {
        matches!(headers.first("sec-fetch-site"), Some("same-origin" | "none"))
    } else if headers.has("origin") {
        headers.first("origin").is_some_and(|origin| {
            origin == settings.redirect_uri.origin()
                || settings.allowed_return_origins.iter().any(|allowed| allowed == origin)
        })
    } else {
        true
    };
    if allowed { Ok(()) } else { Err(AuthErrorKind::ForbiddenContext) }
}
