//! The app's own code, called at the steps of a login.

mod events;
mod login;

use std::error::Error;

pub use events::{DataDeletion, DeadAccount, Deauthorization, Denial, Failure, Logout};
pub(crate) use login::{Accepted, Refused};
pub use login::{Login, LoginDecision, LoginStart, LoginStartDecision};

pub use crate::messages::{InvalidHeader, InvalidStatus, Languages, Reply};
pub use crate::provider::{SignedRequest, SignedRequestError, SignedRequestVerifier};
pub use crate::store::DeletionStatus;

use crate::clock::Timestamp;
use crate::futures::boxed;
use crate::token_facts::UserId;

/// A hook could not do its work. The browser gets `hook_failed`, status 500.
#[derive(Debug, thiserror::Error)]
#[error("the hook could not do its work")]
pub struct HookError(#[source] Box<dyn Error + Send + Sync>);

impl HookError {
    /// A failure with its cause. The cause must show no secret: it becomes part of the error chain.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// The app's own code, called at the steps of a login. Every method has a default that changes
/// nothing.
///
/// Implement the methods you need as `async fn`. Their futures must be `Send`. They run within the
/// callback's deadline where one applies. A panic fails only the request that caused it.
///
/// ```
/// use ig_oauth_common::hooks::{HookError, Hooks, Login, LoginDecision};
///
/// struct InviteOnly;
///
/// impl Hooks for InviteOnly {
///     async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
///         let invited = login.token.user_id().as_str() == "17841458366137975";
///         Ok(if invited { LoginDecision::accept() } else { LoginDecision::refuse() })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(note = "hooks in an `Arc` go to `shared_hooks`")]
#[allow(unused_variables, reason = "what does nothing looks at nothing")]
pub trait Hooks: Send + Sync + 'static {
    /// Called before a browser is redirected to the authorization window. If a page with a button
    /// comes first, it is called when the button is pressed, because any page on the web can open
    /// that page.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, and the login does not start.
    fn before_login(
        &self,
        start: LoginStart,
    ) -> impl Future<Output = Result<LoginStartDecision, HookError>> + Send {
        async { Ok(LoginStartDecision::proceed()) }
    }

    /// Called when the token has been received and before anything is stored.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, and nothing is stored.
    fn on_login(
        &self,
        login: Login,
    ) -> impl Future<Output = Result<LoginDecision, HookError>> + Send {
        async { Ok(LoginDecision::accept()) }
    }

    /// Called when the user declined, with the state proven to belong to an attempt of this
    /// browser. `Some` replaces the crate's page.
    fn on_denied(&self, denial: Denial) -> impl Future<Output = Option<Reply>> + Send {
        async { None }
    }

    /// Called when one of the crate's routes answers with an error other than a denial. `Some`
    /// replaces the crate's page.
    fn on_failure(&self, failure: Failure) -> impl Future<Output = Option<Reply>> + Send {
        async { None }
    }

    /// Called when a browser logs out, after its session ended.
    fn on_logout(&self, logout: Logout) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Called when the provider first reports an account's token as invalid, at a refresh or at a
    /// call of the app, after the sessions with that token have ended: a good time to ask the user
    /// to log in again. With a store it is called once for all instances, or not at all if the
    /// instance stops at that moment, so base a mail that must be sent on the refresher's report.
    /// Without a store it is called once for each process that learns of it.
    fn on_dead_account(&self, account: DeadAccount) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Called when a user removed the app at the provider, after the store has deleted their
    /// sessions and tokens. Look the user up by [every id](Deauthorization::user_ids). The request
    /// can be repeated, late, or about an unknown user. Keep what was connected
    /// [after it](crate::hooks::SignedRequest::covers).
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, status 500.
    fn on_deauthorize(
        &self,
        deauthorization: Deauthorization,
    ) -> impl Future<Output = Result<(), HookError>> + Send {
        async { Ok(()) }
    }

    /// Called when a user wants their data deleted, after the store has deleted their sessions and
    /// tokens. Delete what you hold under [any of their ids](DataDeletion::user_ids) or queue the
    /// deletion, and return which you did. Keep what was connected
    /// [after the request](crate::hooks::SignedRequest::covers). Without this hook the request counts as
    /// done. With a store, a request that is already being handled does not call the hook again;
    /// without one it can.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, status 500, without a confirmation code. The deletion is not
    /// confirmed, and the provider or its user asks again.
    fn on_data_deletion(
        &self,
        deletion: DataDeletion,
    ) -> impl Future<Output = Result<DeletionStatus, HookError>> + Send {
        async { Ok(DeletionStatus::Done) }
    }

    /// Whether a session of that user, started at that time, is still valid. It is called whenever
    /// a session is opened, so keep it fast. `session_started_at` does not change after the login.
    /// Refuse sessions that started before a time you store to log a user out everywhere, including
    /// cookie sessions.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, so that a failure counts neither as logged in nor as logged
    /// out.
    fn accepts(
        &self,
        user_id: &UserId,
        session_started_at: Timestamp,
    ) -> impl Future<Output = Result<bool, HookError>> + Send {
        async { Ok(true) }
    }
}

boxed! {
    /// [`Hooks`] as a trait object.
    BoxedHooks of Hooks {
        fn before_login(start: LoginStart) -> Result<LoginStartDecision, HookError>;
        fn on_login(login: Login) -> Result<LoginDecision, HookError>;
        fn on_denied(denial: Denial) -> Option<Reply>;
        fn on_failure(failure: Failure) -> Option<Reply>;
        fn on_logout(logout: Logout) -> ();
        fn on_dead_account(account: DeadAccount) -> ();
        fn on_deauthorize(deauthorization: Deauthorization) -> Result<(), HookError>;
        fn on_data_deletion(deletion: DataDeletion) -> Result<DeletionStatus, HookError>;
        fn accepts(user_id: &'a UserId, session_started_at: Timestamp) -> Result<bool, HookError>;
    }
}
