//! The login that a failure belongs to, and the link that starts it again.

use super::{Flow, LoginOptions, login_options};
use crate::attempt::Attempt;
use crate::error::AuthErrorKind;
use crate::scope::Scopes;

/// What a login was asked for, proven to be so, and the app's user for whom it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct SameLogin {
    pub(crate) options: LoginOptions,
    pub(crate) context: Option<[u8; 32]>,
}

impl SameLogin {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let options = LoginOptions {
            return_to: Some(attempt.return_to.clone()),
            force_reauth: attempt.force_reauth,
            scopes: attempt.extra_scopes.parse().unwrap_or_default(),
        };
        Self { options, context: attempt.context }
    }

    pub(crate) fn return_to(&self) -> Option<&str> {
        self.options.return_to.as_deref()
    }

    /// For a retry after `kind`: who was refused needs the chance to be somebody else, and would
    /// otherwise be sent back at once as the one they are.
    fn after(mut self, kind: AuthErrorKind) -> Self {
        if kind == AuthErrorKind::RejectedByApp {
            self.options.force_reauth = Some(true);
        }
        self
    }
}

impl Flow {
    /// The link that starts the same login again: as far as today's configuration allows, and the
    /// plain login where nothing is proven.
    pub(crate) fn retry_link(&self, login: Option<&SameLogin>, kind: AuthErrorKind) -> String {
        let login = login.cloned().unwrap_or_default().after(kind);
        let LoginOptions { return_to, force_reauth, scopes } = &login.options;
        let usual = return_to.as_deref().is_none_or(|target| target == self.settings().after_login);
        if usual && force_reauth.is_none() && scopes.is_empty() && login.context.is_none() {
            return self.login_path();
        }
        match self.sign_again(&login) {
            Some(signed) => format!("{}?options={signed}", self.login_path()),
            None => self.login_path(),
        }
    }

    /// The signed options of the same login, for `failure_url`.
    pub(crate) fn retry_options(
        &self,
        login: Option<&SameLogin>,
        kind: AuthErrorKind,
    ) -> Option<String> {
        self.sign_again(&login.cloned().unwrap_or_default().after(kind))
    }

    /// Options newly signed, without what the configuration no longer allows.
    pub(crate) fn sign_again(&self, login: &SameLogin) -> Option<String> {
        let LoginOptions { return_to, force_reauth, scopes } = &login.options;
        let settings = self.settings();
        let allowed = scopes.iter().filter(|scope| scope.refusal(settings.api).is_none());
        let options = LoginOptions {
            return_to: return_to.clone().filter(|target| self.accepts_return_to(target)),
            force_reauth: *force_reauth,
            scopes: allowed.cloned().collect::<Scopes>(),
        };
        login_options::sign(settings, &options, login.context.as_ref()).ok()
    }
}
