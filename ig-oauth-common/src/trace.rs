//! Events for the app's `tracing` subscriber. Without the feature these functions do nothing.

use crate::error::AuthErrorKind;

/// One event for each error answer of the crate, with the id that is shown on the page. `detail`
/// comes from the crate's error chains, which contain no secret and only redacted parts of the
/// request.
pub(crate) fn failure(kind: AuthErrorKind, id: &str, detail: &str) {
    #[cfg(feature = "tracing")]
    match kind {
        // Routine: pages with links to the login are often prefetched.
        AuthErrorKind::Prefetch => tracing::debug!(target: "ig_oauth", ?kind, id, detail),
        AuthErrorKind::Denied => tracing::info!(target: "ig_oauth", ?kind, id, detail),
        // Not the app's fault, and the app cannot fix it. A user who cancels could also send it.
        AuthErrorKind::AuthorizationUnavailable => {
            tracing::warn!(target: "ig_oauth", ?kind, id, detail);
        }
        _ if kind.status() >= 500 => tracing::error!(target: "ig_oauth", ?kind, id, detail),
        _ => tracing::warn!(target: "ig_oauth", ?kind, id, detail),
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (kind, id, detail);
}

/// Something works but is probably not intended.
pub(crate) fn warning(text: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "ig_oauth", "{text}");
    #[cfg(not(feature = "tracing"))]
    let _ = text;
}
