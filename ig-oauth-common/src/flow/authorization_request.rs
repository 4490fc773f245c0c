//! The authorization request (RFC 6749, section 4.1.1): the URL of the provider's window.

use std::fmt::Write as _;

use crate::api::Scopes;
use crate::attempt::State;
use crate::encoding::query_escape;

/// What every authorization request of a configuration asks for.
pub(crate) struct AuthorizationRequests {
    pub(crate) authorize_url: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) required_scopes: Scopes,
    pub(crate) optional_scopes: Scopes,
    pub(crate) force_reauth: Option<bool>,
    pub(crate) enable_fb_login: Option<bool>,
}

impl AuthorizationRequests {
    /// The scopes of a login: the configured ones, and those that its own options add.
    pub(super) fn scopes(&self, extra: &Scopes) -> Scopes {
        let mut scopes = self.required_scopes.clone();
        scopes.extend(self.optional_scopes.iter().cloned());
        scopes.extend(extra.iter().cloned());
        scopes
    }

    /// The required scopes that were not granted.
    pub(super) fn missing(&self, granted: &Scopes) -> Scopes {
        self.required_scopes.without(granted)
    }

    /// The window's URL: the parameters of Meta's guide in its order, and last the state.
    pub(super) fn location(
        &self,
        state: &State,
        extra: &Scopes,
        force_reauth: Option<bool>,
    ) -> String {
        let url = &self.authorize_url;
        let separator = if url.contains('?') { '&' } else { '?' };
        let mut location = format!(
            "{url}{separator}client_id={}&redirect_uri={}&scope={}&response_type=code",
            query_escape(&self.client_id),
            query_escape(&self.redirect_uri),
            query_escape(&self.scopes(extra).to_string()),
        );
        let force_reauth = force_reauth.or(self.force_reauth);
        for (name, value) in
            [("force_reauth", force_reauth), ("enable_fb_login", self.enable_fb_login)]
        {
            if let Some(value) = value {
                let _ = write!(location, "&{name}={value}");
            }
        }
        let _ = write!(location, "&state={}", state.to_text());
        location
    }
}
