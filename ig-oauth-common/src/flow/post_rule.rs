//! Who may post to our routes: pages of this site, and programs that are no browser.

use super::Headers;
use crate::config::Settings;
use crate::error::AuthErrorKind;

/// Who may start a login or the linking of an account.
///
/// Fetch metadata decides where there is any; else `Origin` does. A foreign page cannot leave out
/// or forge either.
pub(crate) fn check_start(settings: &Settings, headers: &dyn Headers) -> Result<(), AuthErrorKind> {
    let allowed = if headers.has("sec-fetch-site") {
        is_this_origin(headers)
    } else if headers.has("origin") {
        headers.first("origin") == Some(settings.redirect_uri.origin())
            || has_listed_origin(settings, headers)
    } else {
        true
    };
    if allowed { Ok(()) } else { Err(AuthErrorKind::ForbiddenContext) }
}

/// Who may log out: besides those who may start, a listed front end on a sibling host. The list says
/// where users may go, so it may end what was begun, and start nothing.
pub(crate) fn check_logout(
    settings: &Settings,
    headers: &dyn Headers,
) -> Result<(), AuthErrorKind> {
    let is_sibling = headers.first("sec-fetch-site") == Some("same-site");
    if is_sibling && has_listed_origin(settings, headers) {
        return Ok(());
    }
    check_start(settings, headers)
}

fn is_this_origin(headers: &dyn Headers) -> bool {
    matches!(headers.first("sec-fetch-site"), Some("same-origin" | "none"))
}

fn has_listed_origin(settings: &Settings, headers: &dyn Headers) -> bool {
    let origin = headers.first("origin");
    origin
        .is_some_and(|origin| settings.allowed_return_origins.iter().any(|listed| listed == origin))
}
