//! Who may ask, by Fetch Metadata and what stands in for it: only a navigation may start or finish a
//! login, and only pages of this site and programs that are no browser may post.
//!
//! Prefetches must not spend an attempt, and scripts, frames and subresources must not log anybody
//! in. `Sec-Fetch-Site` says nothing here: a callback comes from the provider's site by nature.

use super::addresses::Addresses;
use crate::error::AuthErrorKind;
use crate::messages::Headers;

/// Headers by which browsers, and some frameworks' routers, say that nobody clicked yet.
const PREFETCH_HEADERS: &[&str] =
    &["sec-purpose", "x-sec-purpose", "purpose", "x-moz", "x-purpose", "next-router-prefetch"];

/// Refuses what is not a navigation.
pub(crate) fn check_navigation(headers: &dyn Headers) -> Result<(), AuthErrorKind> {
    if PREFETCH_HEADERS.iter().any(|name| says_prefetch(headers, name)) {
        return Err(AuthErrorKind::Prefetch);
    }
    // RFC 8470, section 5.1: early data can be replayed, and a code is spent once.
    if headers.has("early-data") {
        return Err(AuthErrorKind::TooEarly);
    }
    // Browsers send no Fetch Metadata with the handshake of a WebSocket, and cookies they do: any page
    // could start a login by one. htmx fetches parts of a page, also where a browser says nothing.
    if is_websocket_handshake(headers) || headers.has("hx-request") {
        return Err(AuthErrorKind::ForbiddenContext);
    }
    let mode = header(headers, "sec-fetch-mode");
    let destination = header(headers, "sec-fetch-dest");
    let navigation = matches!(mode, None | Some("navigate" | "same-origin"));
    // A service worker that passes a navigation on has the destination `empty`.
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

/// The header's value, and something no rule allows when it is there but not text.
fn header<'h>(headers: &'h dyn Headers, name: &str) -> Option<&'h str> {
    headers.has(name).then(|| headers.first(name).unwrap_or("unreadable").trim())
}

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
        headers.first("origin") == Some(&*addresses.redirect_uri.origin)
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
