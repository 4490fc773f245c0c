//! The app's own code at the turns of the flow.

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
    /// A failure with its cause, which must show no secret: it goes into the error chain.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// The app's own code at the turns of the flow. Every method has a default that changes nothing.
///
/// Write the ones you need as `async fn`. Their futures must be `Send`, and run inside the deadline of
/// the callback where one applies. A panic counts as a failure of that one request.
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
    /// Before a browser is sent to the authorization window. Where a page with a button comes first, it
    /// runs when the button is pressed: any page on the web can bring that page about.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, and no login starts.
    fn before_login(
        &self,
        start: LoginStart,
    ) -> impl Future<Output = Result<LoginStartDecision, HookError>> + Send {
        async { Ok(LoginStartDecision::proceed()) }
    }

    /// After the token came and before anything is kept.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, and nothing is kept.
    fn on_login(
        &self,
        login: Login,
    ) -> impl Future<Output = Result<LoginDecision, HookError>> + Send {
        async { Ok(LoginDecision::accept()) }
    }

    /// When the user declined, proven to come from an attempt of this browser. `Some` replaces our
    /// page.
    fn on_denied(&self, denial: Denial) -> impl Future<Output = Option<Reply>> + Send {
        async { None }
    }

    /// When one of our routes answers with an error other than a denial. `Some` replaces our page.
    fn on_failure(&self, failure: Failure) -> impl Future<Output = Option<Reply>> + Send {
        async { None }
    }

    /// When a browser logs out, after its session ended.
    fn on_logout(&self, logout: Logout) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// When the provider first calls the token of an account invalid, at a refresh or at a call of the
    /// app, after the sessions that held it have ended: a good moment to ask the user to log in again.
    /// Once for all instances with a store, though not at all where an instance dies in that very
    /// moment, so a mail that must go out is better built on the refresher's report. Without a store,
    /// once for each process that finds out.
    fn on_dead_account(&self, account: DeadAccount) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// When a user removed the app at the provider, after the store has forgotten their sessions and
    /// tokens. Look the user up by [every id](Deauthorization::user_ids), and be ready to hear of the
    /// same one twice, late, or of one you do not know: what was connected
    /// [after it](crate::SignedRequest::covers) stands.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`, status 500.
    fn on_deauthorize(
        &self,
        told: Deauthorization,
    ) -> impl Future<Output = Result<(), HookError>> + Send {
        async { Ok(()) }
    }

    /// When a user wants their data deleted, after the store has forgotten their sessions and tokens.
    /// Delete what you hold under [any of their ids](DataDeletion::user_ids), or queue that, and say
    /// which; what was connected [after the request](crate::SignedRequest::covers) stands. Without this hook
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
    ) -> impl Future<Output = Result<DeletionStatus, HookError>> + Send {
        async { Ok(DeletionStatus::Done) }
    }

    /// Whether a session of that user, started then, still counts. Asked whenever a session is
    /// opened, so keep it fast. `session_started_at` is fixed at the login; refusing what started
    /// before a moment you remember logs a user out everywhere, with cookie sessions too.
    ///
    /// # Errors
    ///
    /// An error answers `hook_failed`: nobody counts as logged in or out by accident.
    fn accepts(
        &self,
        user_id: &UserId,
        session_started_at: Timestamp,
    ) -> impl Future<Output = Result<bool, HookError>> + Send {
        async { Ok(true) }
    }
}

boxed! {
    /// [`Hooks`] behind a pointer.
    BoxedHooks of Hooks {
        fn before_login(start: LoginStart) -> Result<LoginStartDecision, HookError>;
        fn on_login(login: Login) -> Result<LoginDecision, HookError>;
        fn on_denied(denial: Denial) -> Option<Reply>;
        fn on_failure(failure: Failure) -> Option<Reply>;
        fn on_logout(logout: Logout) -> ();
        fn on_dead_account(account: DeadAccount) -> ();
        fn on_deauthorize(told: Deauthorization) -> Result<(), HookError>;
        fn on_data_deletion(told: DataDeletion) -> Result<DeletionStatus, HookError>;
        fn accepts(user_id: &'a UserId, session_started_at: Timestamp) -> Result<bool, HookError>;
    }
}
