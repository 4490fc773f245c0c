//! Only a navigation may start or finish a login.
//!
//! Prefetches must not spend an attempt, and scripts, frames and subresources must not log anybody
//! in. `Sec-Fetch-Site` says nothing here: a callback comes from the provider's site by nature.

use crate::error::AuthErrorKind;
use crate::flow::Headers;

/// Headers by which browsers, and some frameworks' routers, say that nobody clicked yet.
const PREFETCH_HEADERS: &[&str] =
    &["sec-purpose", "purpose", "x-moz", "x-purpose", "next-router-prefetch"];

/// Refuses what is not a navigation.
pub(crate) fn check(headers: &dyn Headers) -> Result<(), AuthErrorKind> {
    if PREFETCH_HEADERS.iter().any(|name| says_prefetch(headers, name)) {
        return Err(AuthErrorKind::Prefetch);
    }
    // RFC 8470, section 5.1: early data can be replayed, and a code is spent once.
    if headers.has("early-data") {
        return Err(AuthErrorKind::TooEarly);
    }
    let mode = header(headers, "sec-fetch-mode");
    let destination = header(headers, "sec-fetch-dest");
    let navigation = matches!(mode, None | Some("navigate" | "same-origin"));
    // A service worker that passes a navigation on has the destination `empty`.
    let document = matches!(destination, None | Some("document" | "empty"));
    if navigation && document { Ok(()) } else { Err(AuthErrorKind::ForbiddenContext) }
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
