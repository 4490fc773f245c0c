//! The caching headers of an answer (RFC 9111).

use super::request::Headers;

/// What the headers of an answer allow caches to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// There is no caching header.
    Unsaid,
    /// Shared caches may not store it.
    Private,
    /// Shared caches may store it.
    Shared,
}

/// Headers that caches of one kind obey instead of `Cache-Control` (RFC 9213, section 2.1). The
/// last ones are older than the RFC.
const TARGETED: &[&str] = &[
    "cdn-cache-control",
    "surrogate-control",
    "cloudflare-cdn-cache-control",
    "netlify-cdn-cache-control",
    "vercel-cdn-cache-control",
    "akamai-cache-control",
    "edge-control",
    "x-accel-expires",
    "x-litespeed-cache-control",
];

impl Caching {
    pub(crate) fn of(answer: &dyn Headers) -> Self {
        if TARGETED.iter().any(|name| Self::said_by(answer, name) == Self::Shared) {
            return Self::Shared;
        }
        Self::said_by(answer, "cache-control")
    }

    /// Whether there is no header that any cache reads.
    pub(crate) fn is_unsaid_anywhere(answer: &dyn Headers) -> bool {
        let mut names = ["cache-control", "expires", "pragma"].iter().chain(TARGETED);
        !names.any(|name| answer.has(name))
    }

    fn said_by(answer: &dyn Headers, name: &str) -> Self {
        let mut said = Self::Unsaid;
        answer.visit(name, &mut |value| {
            let mut directives = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            let is_private = |directive: &[u8]| {
                directive.eq_ignore_ascii_case(b"private")
                    || directive.eq_ignore_ascii_case(b"no-store")
            };
            if directives.any(is_private) {
                said = Self::Private;
            } else if said == Self::Unsaid {
                said = Self::Shared;
            }
        });
        said
    }
}
