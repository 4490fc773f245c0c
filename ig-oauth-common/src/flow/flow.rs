//! The flow as adapters and apps see it: it ties the steps together, and hands each request to its own.

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

/// The login flow of one configuration. Cheap to clone. All clones share what they remember and their
/// bounds, and so do all flows of clones of one [`Config`](crate::Config).
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
    /// None where accounts are linked: users stay logged in to the app.
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
    /// Which of the crate's routes `path` is, compared as received: nothing is decoded, cut off or
    /// merged.
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

    /// The same paths for a router that is nested at `prefix`, which is cut off. A slash at its end is of
    /// no matter.
    ///
    /// A path outside the prefix cannot be reached under it. It is given whole, so that a visit, which
    /// [`misplaced`](Self::misplaced) answers, says what is wrong.
    pub fn paths_under(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let prefix = prefix.trim_end_matches('/');
        self.paths().map(move |(_, path)| {
            path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')).unwrap_or(path)
        })
    }

    /// Judges a request to one of the routes. What it borrows ends here.
    pub fn begin(&self, route: Route, request: &Request<'_>) -> Begin {
        let steps = &self.steps;
        let begun = match (route, &steps.logout) {
            (Route::Login, _) => steps.login.begin(request),
            (Route::Callback, _) => steps.callback.begin(request),
            (Route::Logout, Some(logout)) => logout.begin(request),
            // `route` names none.
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

    /// The answer when the routes are mounted where the configuration does not have them.
    pub fn misplaced(&self) -> Reply {
        self.steps.answers.misplaced()
    }

    /// A link to the login with options of the app's choosing, good for ten minutes. With a
    /// [`LoginContext`] that is bound, it works for that user of the app only.
    ///
    /// # Errors
    ///
    /// When the options are none that a login can have, or accounts are
    /// [linked](crate::ConfigBuilder::linking) and the context is not bound.
    pub fn login_url(
        &self,
        options: &LoginOptions,
        context: Option<&LoginContext>,
    ) -> Result<String, LoginOptionsError> {
        let binding = context.and_then(|context| context.binding);
        self.steps.links.url(options, binding.as_ref())
    }

    /// The login path as the browser knows it. For links and buttons.
    #[must_use]
    pub fn login_path(&self) -> String {
        self.steps.addresses.login_path()
    }

    /// The logout path as the browser knows it. For the `action` of a form with method `post`.
    #[must_use]
    pub fn logout_path(&self) -> String {
        self.steps.addresses.logout_path()
    }

    /// Ends all sessions of a user, known by any id of theirs, on every instance: they are asked to
    /// log in again with their next request. Their account and its token stay in the store. How many
    /// sessions there were.
    ///
    /// # Errors
    ///
    /// `Store` when the store fails, and when there is none: cookie sessions live in browsers. There,
    /// [`Hooks::accepts`](crate::Hooks::accepts) can refuse every session that started before now.
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
    /// Notes how far a deletion has come that [`on_data_deletion`](crate::Hooks::on_data_deletion)
    /// left `Queued`, for its status page. Whether the code is one of the crate's. It may be called
    /// before the hook has returned. What is `Done` stays done when `Queued` is reported after it; what
    /// is `Queued` becomes `Failed` when the hook fails, so that the request can come again.
    ///
    /// Of several at once, on any instance, none is lost: a status that changes meanwhile is read again.
    /// It takes up to one [`callback_deadline`](crate::ConfigBuilder::callback_deadline); when its
    /// future is dropped before, report again.
    ///
    /// # Errors
    ///
    /// `Store` when there is no store, it does not answer in time, or others change the status all the
    /// time. `Internal` outside of a Tokio runtime.
    pub async fn report_deletion(
        &self,
        confirmation_code: &str,
        status: DeletionStatus,
    ) -> Result<bool, AuthError> {
        self.steps.deletions.report(confirmation_code, status).await
    }

    /// Waits until no task of the flow is under way: for the end of a program, after its server has
    /// stopped. Whether none is.
    ///
    /// A server's graceful shutdown waits for connections. A login whose browser hung up has none any
    /// more, and its code is spent; a deauthorization, a logout and a refresh go on in the same way.
    /// Tasks of all clones of the [`Config`](crate::Config) count.
    ///
    /// This takes no longer than the [`callback_deadline`](crate::ConfigBuilder::callback_deadline)
    /// (20 s). The program should be allowed to run that much longer before it is killed.
    pub async fn finished(&self) -> bool {
        self.steps.tasks.finished(self.steps.deadline).await
    }

    /// Runs the flow's further tasks in this Tokio runtime, if there is one: for a framework whose
    /// workers are runtimes of their own, as actix-web's are. A worker that stops has no connection
    /// left, and a login whose browser hung up would end with it.
    ///
    /// That runtime should run as long as the flow is used, as the one of `main` does; once it has
    /// ended, tasks run where requests are, until another one calls this. Of several that run the first
    /// one counts, for all clones of the [`Config`](crate::Config).
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
