//! The flow as adapters and apps see it: it holds the steps and passes each request to its step.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::addresses::Addresses;
use super::app_answers::AppAnswers;
use super::begin::{Begin, Job, Route};
use super::callback_route::CallbackRoute;
use super::deaths::Deaths;
use super::deletions::Deletions;
use super::failures::Failures;
use super::login_links::{LoginLinks, LoginOptions, LoginOptionsError};
use super::login_route::LoginRoute;
use super::logout_route::LogoutRoute;
use super::platform_route::PlatformRoute;
use super::refreshes::Refreshes;
use crate::error::{AuthError, AuthErrorKind};
use crate::messages::{LoginContext, Reply, Request};
use crate::session::Sessions;
use crate::store::DeletionStatus;
use crate::tasks::Tasks;
use crate::token_facts::UserId;

/// The login flow of one configuration. It is cheap to clone. All clones share their state and
/// limits, and so do all flows of clones of one [`Config`](crate::Config).
#[derive(Clone)]
pub struct Flow {
    pub(crate) steps: Arc<Steps>,
}

/// The steps of one configuration.
pub(crate) struct Steps {
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) links: Arc<LoginLinks>,
    pub(crate) failures: Arc<Failures>,
    pub(crate) login: Arc<LoginRoute>,
    pub(crate) callback: Arc<CallbackRoute>,
    /// `None` with linking: users stay logged in to the app.
    pub(crate) logout: Option<Arc<LogoutRoute>>,
    pub(crate) platform: Arc<PlatformRoute>,
    pub(crate) deletions: Arc<Deletions>,
    pub(crate) answers: AppAnswers,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) refreshes: Arc<Refreshes>,
    pub(crate) deaths: Arc<Deaths>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) deadline: Duration,
}

impl Flow {
    /// Which of the crate's routes `path` is. The path is compared as received, without decoding or
    /// normalization.
    #[must_use]
    pub fn route(&self, path: &str) -> Option<Route> {
        self.paths().find(|(_, own)| *own == path).map(|(route, _)| route)
    }

    /// The paths of the crate's routes, as this server sees them.
    pub fn paths(&self) -> impl Iterator<Item = (Route, &str)> {
        let addresses = &self.steps.addresses;
        let logout = self.steps.logout.is_some().then_some(&addresses.logout);
        [
            (Route::Login, Some(&addresses.login)),
            (Route::Callback, Some(&addresses.callback)),
            (Route::Logout, logout),
            (Route::Deauthorize, addresses.deauthorize.as_ref()),
            (Route::DataDeletion, addresses.data_deletion.as_ref()),
        ]
        .into_iter()
        .filter_map(|(route, path)| Some((route, path?.as_str())))
    }

    /// The same paths for a router that is nested at `prefix`, with the prefix removed. A trailing
    /// slash of the prefix is ignored.
    ///
    /// A path outside the prefix cannot be reached under it. It is returned whole, so that a visit
    /// gets the explanation of [`misplaced`](Self::misplaced).
    pub fn paths_under(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let prefix = prefix.trim_end_matches('/');
        self.paths().map(move |(_, path)| {
            path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')).unwrap_or(path)
        })
    }

    /// Checks a request to one of the routes. The result does not borrow from the request.
    pub fn begin(&self, route: Route, request: &Request<'_>) -> Begin {
        let steps = &self.steps;
        let begun = match (route, &steps.logout) {
            (Route::Login, _) => steps.login.begin(request),
            (Route::Callback, _) => steps.callback.begin(request),
            (Route::Logout, Some(logout)) => logout.begin(request),
            // `route` never returns it in this mode.
            (Route::Logout, None) => Begin::Done(self.misplaced()),
            (Route::Deauthorize, _) => steps.platform.begin_deauthorization(request),
            (Route::DataDeletion, _) => steps.platform.begin_deletion(request),
        };
        match begun {
            Begin::Done(reply) => Begin::Done(reply.protected()),
            Begin::Job(job) => Begin::Job(Job::new(async move { job.run().await.protected() })),
            Begin::Form(form) => Begin::Form(form),
        }
    }

    /// The answer when the routes are mounted at other paths than the configured ones.
    pub fn misplaced(&self) -> Reply {
        self.steps.answers.misplaced()
    }

    /// A link to the login with options that the app chooses, valid for ten minutes. With a
    /// [bound](LoginContext::bound_to) [`LoginContext`], it works only for that user of the app.
    ///
    /// # Errors
    ///
    /// When an option is invalid, or when accounts are [linked](crate::ConfigBuilder::linking) and
    /// the context is not bound.
    pub fn login_url(
        &self,
        options: &LoginOptions,
        context: Option<&LoginContext>,
    ) -> Result<String, LoginOptionsError> {
        let binding = context.and_then(|context| context.binding);
        self.steps.links.url(options, binding.as_ref())
    }

    /// The login path as the browser sees it. For links and buttons.
    #[must_use]
    pub fn login_path(&self) -> String {
        self.steps.addresses.login_path()
    }

    /// The logout path as the browser sees it. For the `action` of a form with method `post`.
    #[must_use]
    pub fn logout_path(&self) -> String {
        self.steps.addresses.logout_path()
    }

    /// Ends all sessions of a user, given any of the user's ids, on every instance. Their next
    /// request asks them to log in again. Their account and its token stay in the store. Returns
    /// how many sessions there were.
    ///
    /// # Errors
    ///
    /// `Store` when the store fails, and when there is none, because cookie sessions live in
    /// browsers. Without a store, [`Hooks::accepts`](crate::hooks::Hooks::accepts) can refuse every
    /// session that started before now.
    pub async fn log_out_everywhere(&self, user_id: &UserId) -> Result<u64, AuthError> {
        let Some(accounts) = self.steps.sessions.accounts() else {
            let cure =
                "sessions live in cookies; set a `store`, or refuse them by `Hooks::accepts`";
            return Err(AuthError::with_source(AuthErrorKind::Store, cure));
        };
        accounts.end_sessions_of(user_id).await
    }
}

impl Flow {
    /// Records the progress of a deletion that [`on_data_deletion`](crate::hooks::Hooks::on_data_deletion)
    /// left `Queued`, for its status page. Returns whether the confirmation code is one that the
    /// crate issued. It may be called before the hook has returned. A status of `Done` does not
    /// change when `Queued` is reported later. A status of `Queued` becomes `Failed` when the hook
    /// fails, so that the request can be repeated.
    ///
    /// Concurrent reports, on any instance, are not lost: when the status changes meanwhile, it is
    /// read again. A call takes up to one
    /// [`callback_deadline`](crate::ConfigBuilder::callback_deadline). If its future is dropped
    /// earlier, report again.
    ///
    /// # Errors
    ///
    /// `Store` when there is no store, when it does not answer in time, or when other reports keep
    /// changing the status. `Internal` outside of a Tokio runtime.
    pub async fn report_deletion(
        &self,
        confirmation_code: &str,
        status: DeletionStatus,
    ) -> Result<bool, AuthError> {
        self.steps.deletions.report(confirmation_code, status).await
    }

    /// Waits until no task of the flow is running: for the end of a program, after its server has
    /// stopped. Returns whether all tasks have ended.
    ///
    /// A server's graceful shutdown waits for open connections. A login whose browser has
    /// disconnected has no connection, and its code is already used; the same holds for a
    /// deauthorization, a logout and a refresh. Tasks of all clones of the
    /// [`Config`](crate::Config) count.
    ///
    /// This takes at most the [`callback_deadline`](crate::ConfigBuilder::callback_deadline) (20
    /// s). Give the program that much more time before it is killed.
    pub async fn finished(&self) -> bool {
        self.steps.tasks.finished(self.steps.deadline).await
    }

    /// Runs all later tasks of the flow in the current Tokio runtime, if there is one. This is for
    /// frameworks whose workers each have a runtime, such as actix-web. Without it, a login whose
    /// browser has disconnected ends when its worker stops.
    ///
    /// The runtime should run as long as the flow is used, as the one of `main` does. Once it has
    /// ended, tasks run in the runtime of the request until another runtime calls this. If several
    /// running runtimes call it, the first one counts, for all clones of the
    /// [`Config`](crate::Config).
    pub fn run_tasks_here(&self) {
        self.steps.tasks.run_here();
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("client_id", &self.steps.links.client_id)
            .field("redirect_uri", &self.steps.addresses.redirect_uri.text)
            .finish_non_exhaustive()
    }
}
