//! What hooks learn about a login, and what they decide about it.

use crate::messages::{InvalidHeader, Reply};
use crate::provider::{Profile, Token};

/// A login is about to start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginStart {
    /// Where the login will end.
    pub return_to: String,
    /// The app data of the request's [`LoginContext`](crate::LoginContext), if any.
    pub app_data: Vec<u8>,
}

/// What [`Hooks::before_login`](crate::hooks::Hooks::before_login) decides.
#[derive(Clone, Debug)]
#[must_use]
pub struct LoginStartDecision(pub(crate) Result<(), Refused>);

/// The app refuses a login, with its own answer or the crate's page.
pub(crate) type Refused = Option<Reply>;

impl LoginStartDecision {
    /// Continues to the authorization window.
    pub fn proceed() -> Self {
        Self(Ok(()))
    }

    /// Answers `rejected_by_app` with the crate's page, status 403.
    pub fn refuse() -> Self {
        Self(Err(None))
    }

    /// Answers with `reply` instead.
    pub fn refuse_with(reply: Reply) -> Self {
        Self(Err(Some(reply)))
    }
}

/// A login has succeeded, and nothing is stored yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The token, with the user id and the granted scopes.
    pub token: Token,
    /// The profile, when [`fetch_profile`](crate::ConfigBuilder::fetch_profile) is on and the
    /// provider returned it.
    pub profile: Option<Profile>,
    /// Where the browser is sent next, unless the decision names another page.
    pub return_to: String,
    /// The app data that the login started with.
    pub app_data: Vec<u8>,
}

/// What [`Hooks::on_login`](crate::hooks::Hooks::on_login) decides.
#[derive(Clone, Debug)]
#[must_use]
pub struct LoginDecision(pub(crate) Result<Accepted, Refused>);

/// The app accepts a login.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) landing: Option<String>,
    pub(crate) cookies: Vec<String>,
}

impl LoginDecision {
    /// Keeps the token and continues to `return_to`.
    pub fn accept() -> Self {
        Self(Ok(Accepted::default()))
    }

    /// Keeps nothing and answers `rejected_by_app` with the crate's page, status 403.
    pub fn refuse() -> Self {
        Self(Err(None))
    }

    /// Keeps nothing and answers with `reply`.
    pub fn refuse_with(reply: Reply) -> Self {
        Self(Err(Some(reply)))
    }

    /// Redirects to `location` instead: a public path or a complete URL. It is not checked against
    /// the allowed origins, so the app must make sure that it is safe. Has no effect on a refusal.
    ///
    /// # Errors
    ///
    /// When it contains a byte that is not allowed in a URL.
    pub fn redirect_to(mut self, location: impl Into<String>) -> Result<Self, InvalidHeader> {
        let location = location.into();
        drop(Reply::see_other(location.as_str())?);
        if let Ok(accepted) = &mut self.0 {
            accepted.landing = Some(location);
        }
        Ok(self)
    }

    /// Adds a `Set-Cookie` line of the app's own, such as its own session. Has no effect on a
    /// refusal.
    ///
    /// # Errors
    ///
    /// When the line contains a byte that is not allowed in a header.
    pub fn with_cookie(mut self, line: impl Into<String>) -> Result<Self, InvalidHeader> {
        let line = line.into();
        drop(Reply::empty(200).with_header("set-cookie", line.as_str())?);
        if let Ok(accepted) = &mut self.0 {
            accepted.cookies.push(line);
        }
        Ok(self)
    }
}
