//! Events for the app's `tracing` subscriber; nothing without the feature.

use crate::error::AuthErrorKind;

/// One event for each error answer of ours, with the id that also stands on the page. `detail` comes
/// from our error chains, which hold no secret and nothing of the request but what was made safe.
pub(crate) fn failure(kind: AuthErrorKind, id: &str, detail: &str) {
    #[cfg(feature = "tracing")]
    match kind {
        // Routine: pages with links to the login are prefetched all day.
        AuthErrorKind::Prefetch => tracing::debug!(target: "ig_oauth", ?kind, id, detail),
        AuthErrorKind::Denied => tracing::info!(target: "ig_oauth", ?kind, id, detail),
        // No fault of the app, and nothing it can do. Anybody who cancels could send it, too.
        AuthErrorKind::AuthorizationUnavailable => {
            tracing::warn!(target: "ig_oauth", ?kind, id, detail);
        }
        _ if kind.status() >= 500 => tracing::error!(target: "ig_oauth", ?kind, id, detail),
        _ => tracing::warn!(target: "ig_oauth", ?kind, id, detail),
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (kind, id, detail);
}

/// Something works, but deserves a look.
pub(crate) fn warning(text: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "ig_oauth", "{text}");
    #[cfg(not(feature = "tracing"))]
    let _ = text;
}
