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
pub struct LoginStartDecision {
    pub(crate) kind: StartKind,
}

#[derive(Clone, Debug)]
pub(crate) enum StartKind {
    Proceed,
    Refuse(Option<Reply>),
}

impl LoginStartDecision {
    /// Go on to the authorization window.
    pub fn proceed() -> Self {
        Self { kind: StartKind::Proceed }
    }

    /// Answer `rejected_by_app` with our page, status 403.
    pub fn refuse() -> Self {
        Self { kind: StartKind::Refuse(None) }
    }

    /// Answer this instead.
    pub fn refuse_with(reply: Reply) -> Self {
        Self { kind: StartKind::Refuse(Some(reply)) }
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
pub struct LoginDecision {
    pub(crate) kind: LoginKind,
}

#[derive(Clone, Debug)]
pub(crate) enum LoginKind {
    Accept { landing: Option<String>, cookies: Vec<String> },
    Refuse(Option<Reply>),
}

impl LoginDecision {
    /// Keep the token and go on to where the login was headed.
    pub fn accept() -> Self {
        Self { kind: LoginKind::Accept { landing: None, cookies: Vec::new() } }
    }

    /// Keep nothing and answer `rejected_by_app` with our page, status 403.
    pub fn refuse() -> Self {
        Self { kind: LoginKind::Refuse(None) }
    }

    /// Keep nothing and answer this instead.
    pub fn refuse_with(reply: Reply) -> Self {
        Self { kind: LoginKind::Refuse(Some(reply)) }
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
        if let LoginKind::Accept { landing, .. } = &mut self.kind {
            *landing = Some(location);
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
        if let LoginKind::Accept { cookies, .. } = &mut self.kind {
            cookies.push(line);
        }
        Ok(self)
    }
}
