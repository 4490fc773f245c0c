//! Access checks by Fetch Metadata and its substitutes: only a navigation may start or finish a
//! login, and only pages of this site and clients that are not browsers may POST.
//!
//! Prefetches must not use up an attempt, and scripts, frames and subresources must not log a user
//! in. `Sec-Fetch-Site` is not checked for navigations: a callback always comes from the provider's
//! site.

use super::addresses::Addresses;
use crate::error::AuthErrorKind;
use crate::messages::Headers;

/// Headers with which browsers and some frameworks' routers mark a request without a click.
const PREFETCH_HEADERS: &[&str] =
    &["sec-purpose", "x-sec-purpose", "purpose", "x-moz", "x-purpose", "next-router-prefetch"];

/// Refuses requests that are not navigations.
pub(crate) fn check_navigation(headers: &dyn Headers) -> Result<(), AuthErrorKind> {
    if PREFETCH_HEADERS.iter().any(|name| says_prefetch(headers, name)) {
        return Err(AuthErrorKind::Prefetch);
    }
    // RFC 8470, section 5.1: early data can be replayed, and a code can be used only once.
    if headers.has("early-data") {
        return Err(AuthErrorKind::TooEarly);
    }
    // Browsers send cookies but no Fetch Metadata with a WebSocket handshake, so any page could
    // start a login with one. htmx fetches parts of a page, even in browsers without Fetch
    // Metadata.
    if is_websocket_handshake(headers) || headers.has("hx-request") {
        return Err(AuthErrorKind::ForbiddenContext);
    }
    let mode = header(headers, "sec-fetch-mode");
    let destination = header(headers, "sec-fetch-dest");
    let navigation = matches!(mode, None | Some("navigate" | "same-origin"));
    // A navigation that a service worker passes on has the destination `empty`.
    let document = matches!(destination, None | Some("document" | "empty"));
    if navigation && document { Ok(()) } else { Err(AuthErrorKind::ForbiddenContext) }
}

/// RFC 6455, section 4.1. `Upgrade` is a list, and each entry may have a version (RFC 9110, section 7.8).
fn is_websocket_handshake(headers: &dyn Headers) -> bool {
    let mut found = headers.has("sec-websocket-key");
    headers.visit("upgrade", &mut |value| {
        found |= value.split(|byte| *byte == b',').any(|protocol| {
            let name = protocol.split(|byte| *byte == b'/').next().unwrap_or_default();
            name.trim_ascii().eq_ignore_ascii_case(b"websocket")
        });
    });
    found
}

fn says_prefetch(headers: &dyn Headers, name: &str) -> bool {
    let mut found = false;
    headers.visit(name, &mut |value| {
        let value = value.to_ascii_lowercase();
        let says = |word: &[u8]| value.windows(word.len()).any(|window| window == word);
        found |= says(b"prefetch")
            || says(b"prerender")
            || says(b"preview")
            || (name == "next-router-prefetch" && value != b"0");
    });
    found
}

/// The header's value, or a value that no rule allows when it is present but not text.
fn header<'h>(headers: &'h dyn Headers, name: &str) -> Option<&'h str> {
    headers.has(name).then(|| headers.first(name).unwrap_or("unreadable").trim())
}

/// Whether the request may start a login or the linking of an account.
///
/// Fetch Metadata decides if present; otherwise `Origin` does. A page of another site can neither
/// omit nor forge both.
pub(crate) fn check_start(
    addresses: &Addresses,
    headers: &dyn Headers,
) -> Result<(), AuthErrorKind> {
    let allowed = if headers.has("sec-fetch-site") {
        is_this_origin(headers)
    } else if headers.has("origin") {
        headers.first("origin") == Some(&*addresses.redirect_uri.origin)
            || has_listed_origin(addresses, headers)
    } else {
        true
    };
    if allowed { Ok(()) } else { Err(AuthErrorKind::ForbiddenContext) }
}

/// Whether the request may log out: the same requests as for a start, and those of a listed front
/// end on a sibling host. The list names where users may be sent, so such a page may end a session
/// but not start a login.
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
