//! What hooks see of a login, and what they decide about it.

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

/// What [`Hooks::before_login`](crate::Hooks::before_login) decides.
#[derive(Clone, Debug)]
#[must_use]
pub struct LoginStartDecision(pub(crate) Result<(), Refused>);

/// The app refuses a login, with an answer of its own or the usual page.
pub(crate) type Refused = Option<Reply>;

impl LoginStartDecision {
    /// Go on to the authorization window.
    pub fn proceed() -> Self {
        Self(Ok(()))
    }

    /// Answer `rejected_by_app` with our page, status 403.
    pub fn refuse() -> Self {
        Self(Err(None))
    }

    /// Answer this instead.
    pub fn refuse_with(reply: Reply) -> Self {
        Self(Err(Some(reply)))
    }
}

/// A login has succeeded, and nothing of it is kept yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The token, with the user id and the granted scopes.
    pub token: Token,
    /// The profile, with [`fetch_profile`](crate::ConfigBuilder::fetch_profile) on and when the
    /// provider gave it.
    pub profile: Option<Profile>,
    /// Where the browser goes next, unless the decision names another page.
    pub return_to: String,
    /// The app data that the login started with.
    pub app_data: Vec<u8>,
}

/// What [`Hooks::on_login`](crate::Hooks::on_login) decides.
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
    /// Keep the token and go on to where the login was headed.
    pub fn accept() -> Self {
        Self(Ok(Accepted::default()))
    }

    /// Keep nothing and answer `rejected_by_app` with our page, status 403.
    pub fn refuse() -> Self {
        Self(Err(None))
    }

    /// Keep nothing and answer this instead.
    pub fn refuse_with(reply: Reply) -> Self {
        Self(Err(Some(reply)))
    }

    /// Go to `location` instead, which the app vouches for: a public path or a whole URL. Without
    /// meaning on a refusal.
    ///
    /// # Errors
    ///
    /// When it holds a byte that no URL may hold.
    pub fn landing_on(mut self, location: impl Into<String>) -> Result<Self, InvalidHeader> {
        let location = location.into();
        drop(Reply::see_other(location.as_str())?);
        if let Ok(accepted) = &mut self.0 {
            accepted.landing = Some(location);
        }
        Ok(self)
    }

    /// Add a `Set-Cookie` line of the app's own, such as its own session. Without meaning on a
    /// refusal.
    ///
    /// # Errors
    ///
    /// When the line holds a byte that no header may hold.
    pub fn with_cookie(mut self, line: impl Into<String>) -> Result<Self, InvalidHeader> {
        let line = line.into();
        drop(Reply::empty(200).with_header("set-cookie", line.as_str())?);
        if let Ok(accepted) = &mut self.0 {
            accepted.cookies.push(line);
        }
        Ok(self)
    }
}
