//! The session's cookie: its lifetime and its `Set-Cookie` lines.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::cookie::CookieNames;
use crate::error::{AuthError, AuthErrorKind};
use crate::provider::Token;

/// The longest session cookie, name and value, in bytes. Browsers accept 4,096 including the
/// attributes.
const MAX_COOKIE_BYTES: usize = 3_072;

/// The settings of a session's lifetime.
pub(crate) struct SessionCookie {
    pub(crate) names: Arc<CookieNames>,
    pub(crate) lifetime: Duration,
    pub(crate) idle_lifetime: Duration,
    pub(crate) ends_with_browser: bool,
}

impl SessionCookie {
    /// When a session ends: at the earliest of its lifetime, its idle lifetime, and its token's
    /// expiry. It is derived and not stored, so that a shorter lifetime in the configuration
    /// applies immediately.
    pub(super) fn ends_at(
        &self,
        started_at: Timestamp,
        seen_at: Timestamp,
        token: &Token,
    ) -> Timestamp {
        started_at
            .saturating_add(self.lifetime)
            .min(seen_at.saturating_add(self.idle_lifetime))
            .min(token.expires_at())
    }

    /// Whether to record that a session last seen at `seen_at` was seen again: after a tenth of the
    /// idle lifetime, not at each request.
    pub(super) fn is_touch_due(&self, seen_at: Timestamp, now: Timestamp) -> bool {
        now.saturating_duration_since(seen_at) >= self.idle_lifetime / 10
    }

    pub(super) fn line(&self, value: &str, max_age: Duration) -> Result<String, AuthError> {
        if self.names.session.len() + value.len() > MAX_COOKIE_BYTES {
            return Err(AuthErrorKind::OversizeSession.into());
        }
        let max_age = (!self.ends_with_browser).then_some(max_age);
        Ok(self.names.set(&self.names.session, value, max_age))
    }
}
