//! What an answer says about caches (RFC 9111).

use super::request::Headers;

/// What an answer says about caches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Nothing.
    Unsaid,
    /// No shared cache may keep it.
    Private,
    /// A shared cache may keep it.
    Shared,
}

/// What caches of one kind obey instead of `Cache-Control` (RFC 9213, section 2.1), the last ones
/// since before there was an RFC.
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

    /// Whether no header that a cache reads is there.
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
