//! The app's own code at the turns of the flow.

use std::error::Error;
use std::fmt;

use crate::clock::Timestamp;
use crate::error::AuthErrorKind;
use crate::flow::{Audience, InvalidHeader, Languages, Reply};
use crate::gone::{DataDeletion, DeadAccount, Deauthorization};
use crate::provider::Profile;
use crate::provider::http::BoxFuture;
use crate::session::DeletionStatus;
use crate::token::{Token, UserId};

/// A hook could not do its work. The browser gets `hook_failed`, status 500.
#[derive(Debug)]
pub struct HookError(Box<dyn Error + Send + Sync>);

impl HookError {
    /// A failure with its cause, which must show no secret: it goes into the error chain.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the hook could not do its work")
    }
}

impl Error for HookError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = &*self.0;
        Some(source)
    }
}

/// A login is about to start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginStart {
    pub(crate) return_to: String,
    pub(crate) app_data: Vec<u8>,
}

impl LoginStart {
    /// Where the login will end.
    #[must_use]
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// The app data of the request's [`LoginContext`](crate::LoginContext), if any.
    #[must_use]
    pub fn app_data(&self) -> &[u8] {
        &self.app_data
    }
}

/// What [`Hooks::before_login`] decides.
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
    pub(crate) token: Token,
    pub(crate) profile: Option<Profile>,
    pub(crate) return_to: String,
    pub(crate) app_data: Vec<u8>,
}

impl Login {
    /// The token, with the user id and the granted scopes.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The profile, with [`fetch_profile`](crate::ConfigBuilder::fetch_profile) on and when the
    /// provider gave it.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// Where the browser goes next, unless the decision names another page.
    #[must_use]
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// The app data that the login started with.
    #[must_use]
    pub fn app_data(&self) -> &[u8] {
        &self.app_data
    }
}

/// What [`Hooks::on_login`] decides.
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

/// The user said no in the authorization window.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Denial {
    pub(crate) return_to: String,
    pub(crate) reason: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) app_data: Vec<u8>,
    pub(crate) retry_url: String,
    pub(crate) audience: Audience,
}

impl Denial {
    /// Where the login was headed.
    #[must_use]
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// The link that starts the same login again, with everything it was asked for. It works for ten
    /// minutes, and shows a button after that.
    #[must_use]
    pub fn retry_url(&self) -> &str {
        &self.retry_url
    }

    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    #[must_use]
    pub fn is_for_a_person(&self) -> bool {
        self.audience.reads_pages()
    }

    /// The languages the reader asks for.
    #[must_use]
    pub fn languages(&self) -> &Languages {
        self.audience.languages()
    }

    /// The provider's `error_reason`, such as `user_denied`: text from outside, at most 256
    /// characters. Escape it before you show it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The provider's `error_description`, decoded: text from outside, at most 256 characters.
    /// Escape it before you show it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The app data that the login started with.
    #[must_use]
    pub fn app_data(&self) -> &[u8] {
        &self.app_data
    }
}

/// Something went wrong on one of our routes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    pub(crate) kind: AuthErrorKind,
    pub(crate) detail: String,
    pub(crate) id: String,
    pub(crate) audience: Audience,
    pub(crate) return_to: Option<String>,
    pub(crate) retry_url: Option<String>,
}

impl Failure {
    /// What went wrong. Count by it.
    #[must_use]
    pub fn kind(&self) -> AuthErrorKind {
        self.kind
    }

    /// The error with its causes in one line, without any secret: for logs, not for users.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// A random id that also stands on the page, so that a user's report finds its log line.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the login was headed, when it is a login that failed and an attempt of this browser
    /// proves it.
    #[must_use]
    pub fn return_to(&self) -> Option<&str> {
        self.return_to.as_deref()
    }

    /// The link that starts the login again, with everything it was asked for where that is proven.
    /// None where no login failed, as at a logout.
    #[must_use]
    pub fn retry_url(&self) -> Option<&str> {
        self.retry_url.as_deref()
    }

    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    #[must_use]
    pub fn is_for_a_person(&self) -> bool {
        self.audience.reads_pages()
    }

    /// The languages the reader asks for.
    #[must_use]
    pub fn languages(&self) -> &Languages {
        self.audience.languages()
    }
}

/// A user logs out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logout {
    pub(crate) user_id: Option<UserId>,
}

impl Logout {
    /// Who logs out: none when the browser had no valid session.
    #[must_use]
    pub fn user_id(&self) -> Option<&UserId> {
        self.user_id.as_ref()
    }
}

/// The app's own code at the turns of the flow. Every method has a default that changes nothing.
///
/// Futures run inside the deadline of the callback where one applies. A panic counts as a failure of
/// that one request.
///
/// ```
/// use ig_oauth_common::{BoxFuture, HookError, Hooks, Login, LoginDecision};
///
/// struct InviteOnly;
///
/// impl Hooks for InviteOnly {
///     fn on_login(&self, login: Login) -> BoxFuture<'_, Result<LoginDecision, HookError>> {
///         Box::pin(async move {
///             let invited = login.token().user_id().as_str() == "17841458366137975";
///             Ok(if invited { LoginDecision::accept() } else { LoginDecision::refuse() })
///         })
///     }
/// }
/// ```
pub trait Hooks: Send + Sync + 'static {
    /// Before a browser is sent to the authorization window.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, and no login starts.
    fn before_login(
        &self,
        start: LoginStart,
    ) -> BoxFuture<'_, Result<LoginStartDecision, HookError>> {
        let _ = start;
        Box::pin(async { Ok(LoginStartDecision::proceed()) })
    }

    /// After the token came and before anything is kept.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, and nothing is kept.
    fn on_login(&self, login: Login) -> BoxFuture<'_, Result<LoginDecision, HookError>> {
        let _ = login;
        Box::pin(async { Ok(LoginDecision::accept()) })
    }

    /// When the user declined, proven to come from an attempt of this browser. `Some` replaces our
    /// page.
    fn on_denied(&self, denial: Denial) -> BoxFuture<'_, Option<Reply>> {
        let _ = denial;
        Box::pin(async { None })
    }

    /// When one of our routes answers with an error other than a denial. `Some` replaces our page.
    fn on_failure(&self, failure: Failure) -> BoxFuture<'_, Option<Reply>> {
        let _ = failure;
        Box::pin(async { None })
    }

    /// When a browser logs out, after its session ended.
    fn on_logout(&self, logout: Logout) -> BoxFuture<'_, ()> {
        let _ = logout;
        Box::pin(async {})
    }

    /// When the provider first calls the token of an account invalid, at a refresh or at a call of the
    /// app, after the sessions that held it have ended: a good moment to ask the user to log in again.
    /// Once for all instances with a store, though not at all where an instance dies in that very
    /// moment, so a mail that must go out is better built on the refresher's report. Without a store,
    /// once for each process that finds out.
    fn on_dead_account(&self, account: DeadAccount) -> BoxFuture<'_, ()> {
        let _ = account;
        Box::pin(async {})
    }

    /// When a user removed the app at the provider, after the store has forgotten their sessions and
    /// tokens. Look the user up by [every id](Deauthorization::user_ids), and be ready to hear of the
    /// same one twice, late, or of one you do not know: what was connected
    /// [after it](Deauthorization::covers) stands.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, status 500.
    fn on_deauthorize(&self, told: Deauthorization) -> BoxFuture<'_, Result<(), HookError>> {
        let _ = told;
        Box::pin(async { Ok(()) })
    }

    /// When a user wants their data deleted, after the store has forgotten their sessions and tokens.
    /// Delete what you hold under [any of their ids](DataDeletion::user_ids), or queue that, and say
    /// which; what was connected [after the request](DataDeletion::covers) stands. Without this hook
    /// the request counts as done. With a store a request that is in hand is not told twice; without
    /// one it can be.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, status 500, without a confirmation: nothing is said to be
    /// deleted, and the provider or its user asks again.
    fn on_data_deletion(
        &self,
        told: DataDeletion,
    ) -> BoxFuture<'_, Result<DeletionStatus, HookError>> {
        let _ = told;
        Box::pin(async { Ok(DeletionStatus::Done) })
    }

    /// Whether a session of that user, started then, still counts. Asked whenever a session is
    /// opened, so keep it fast. `session_started_at` is fixed at the login; refusing what started
    /// before a moment you remember logs a user out everywhere, with cookie sessions too.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`: nobody counts as logged in or out by accident.
    fn accepts<'a>(
        &'a self,
        user_id: &'a UserId,
        session_started_at: Timestamp,
    ) -> BoxFuture<'a, Result<bool, HookError>> {
        let _ = (user_id, session_started_at);
        Box::pin(async { Ok(true) })
    }
}
