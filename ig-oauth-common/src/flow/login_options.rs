//! What one login does differently, and what a failed one was asked for.

use crate::api::Scopes;
use crate::attempt::Attempt;
use crate::error::AuthErrorKind;
use crate::messages::BindingHash;

/// What one login does differently.
///
/// ```
/// use ig_oauth_common::{LoginOptions, Scope};
///
/// let options = LoginOptions::new()
///     .return_to("/inbox")
///     .scopes([Scope::InstagramBusinessManageMessages])
///     .force_reauth(true);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct LoginOptions {
    pub(crate) return_to: Option<String>,
    pub(crate) force_reauth: Option<bool>,
    pub(crate) scopes: Scopes,
}

impl LoginOptions {
    /// Everything as configured.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the login ends: a path of this site, or a URL of an allowed origin, and none of the
    /// login's own routes. At most 512 bytes.
    pub fn return_to(mut self, target: impl Into<String>) -> Self {
        self.return_to = Some(target.into());
        self
    }

    /// Whether users must enter their credentials again, and so can choose another account.
    pub fn force_reauth(mut self, force: bool) -> Self {
        self.force_reauth = Some(force);
        self
    }

    /// Scopes to ask for besides the configured ones. The user may leave them out.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = scopes.into();
        self
    }
}

/// Options that no login can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
#[non_exhaustive]
pub struct LoginOptionsError {
    field: &'static str,
    problem: String,
}

impl LoginOptionsError {
    pub(crate) fn unbound() -> Self {
        let problem = "is missing or not bound: linking needs `LoginContext::bound_to` your user";
        Self { field: "context", problem: problem.to_owned() }
    }

    pub(crate) fn return_to() -> Self {
        let problem = "is neither a page of this site nor a URL of an origin in \
                       `allowed_return_origins`: name one of at most 512 bytes that is none of the \
                       login's own routes";
        Self { field: "return_to", problem: problem.to_owned() }
    }

    pub(super) fn scopes(problem: String) -> Self {
        Self { field: "scopes", problem }
    }
}

/// What a login was asked for, proven to be so, and the app's user for whom it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct SameLogin {
    pub(crate) options: LoginOptions,
    pub(crate) binding: Option<BindingHash>,
}

impl SameLogin {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let options = LoginOptions {
            return_to: Some(attempt.return_to.clone()),
            force_reauth: attempt.force_reauth,
            scopes: attempt.extra_scopes.parse().unwrap_or_default(),
        };
        Self { options, binding: attempt.binding }
    }

    pub(crate) fn return_to(&self) -> Option<&str> {
        self.options.return_to.as_deref()
    }

    /// For a retry after `kind`: who was refused needs the chance to be somebody else, and would
    /// otherwise be sent back at once as the one they are.
    pub(super) fn after(mut self, kind: AuthErrorKind) -> Self {
        if kind == AuthErrorKind::RejectedByApp {
            self.options.force_reauth = Some(true);
        }
        self
    }
}
