//! Who may post to our routes: pages of this site, and programs that are no browser.

use super::addresses::Addresses;
use crate::error::AuthErrorKind;
use crate::messages::Headers;

/// Who may start a login or the linking of an account.
///
/// Fetch metadata decides where there is any; else `Origin` does. A foreign page cannot leave out
/// or forge either.
pub(crate) fn check_start(
    addresses: &Addresses,
    headers: &dyn Headers,
) -> Result<(), AuthErrorKind> {
    let allowed = if headers.has("sec-fetch-site") {
        is_this_origin(headers)
    } else if headers.has("origin") {
        headers.first("origin") == Some(addresses.redirect_uri.origin())
            || has_listed_origin(addresses, headers)
    } else {
        true
    };
    if allowed { Ok(()) } else { Err(AuthErrorKind::ForbiddenContext) }
}

/// Who may log out: besides those who may start, a listed front end on a sibling host. The list says
/// where users may go, so it may end what was begun, and start nothing.
pub(crate) fn check_logout(
    addresses: &Addresses,
    headers: &dyn Headers,
) -> Result<(), AuthErrorKind> {
    let is_sibling = headers.first("sec-fetch-site") == Some("same-site");
    if is_sibling && has_listed_origin(addresses, headers) {
        return Ok(());
    }
    check_start(addresses, headers)
}

fn is_this_origin(headers: &dyn Headers) -> bool {
    matches!(headers.first("sec-fetch-site"), Some("same-origin" | "none"))
}

fn has_listed_origin(addresses: &Addresses, headers: &dyn Headers) -> bool {
    let origin = headers.first("origin");
    origin.is_some_and(|origin| {
        addresses.allowed_return_origins.iter().any(|listed| listed == origin)
    })
}
