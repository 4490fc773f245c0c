//! The names of the cookies of one mount.

use sha2::{Digest as _, Sha256};

use crate::encoding::to_base64url;

/// How many characters of the state are at the end of its cookie's name.
pub(crate) const STATE_CHARACTERS_IN_NAME: usize = 8;

/// The names of one mount's cookies.
///
/// Two mounts, or two ports, of one host share a cookie jar, because cookies ignore the port. The
/// names therefore contain the mount: by default six characters derived from client id and redirect
/// URI.
pub(crate) struct CookieNames {
    attempt_prefix: String,
    /// The session cookie.
    pub(crate) session: String,
    pub(super) secure: bool,
}

impl CookieNames {
    pub(crate) fn new(mount: &str, secure: bool) -> Self {
        // Browsers refuse `__Host-` without `Secure` (RFC 6265bis, 4.1.3.2), and plain http has no
        // `Secure`. Only loopback is allowed without https.
        let host = if secure { "__Host-" } else { "" };
        Self {
            attempt_prefix: format!("{host}ig_login_{mount}."),
            session: format!("{host}ig_session_{mount}"),
            secure,
        }
    }

    /// The cookie of the attempt with that state (43 characters of base64url).
    pub(crate) fn attempt(&self, state: &str) -> String {
        let suffix = state.get(..STATE_CHARACTERS_IN_NAME).unwrap_or(state);
        format!("{}{suffix}", self.attempt_prefix)
    }

    /// Whether `name` has the form that [`attempt`](Self::attempt) produces.
    pub(crate) fn is_attempt(&self, name: &[u8]) -> bool {
        name.strip_prefix(self.attempt_prefix.as_bytes()).is_some_and(|suffix| {
            suffix.len() == STATE_CHARACTERS_IN_NAME
                && suffix.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        })
    }
}

/// The default name of the mount.
pub(crate) fn derived_mount(client_id: &str, redirect_uri: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(client_id.len().to_be_bytes());
    hash.update(client_id);
    hash.update(redirect_uri);
    to_base64url(&hash.finalize())
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(6)
        .collect::<String>()
        .to_ascii_lowercase()
}
