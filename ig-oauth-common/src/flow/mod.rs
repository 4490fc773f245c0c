//! The flow: a request comes in, a reply goes out.
//!
//! [`Flow::route`] says whether a path is ours, [`Flow::begin`] judges the request and either has the
//! reply or a [`Job`] that will, and [`AppRequest`] serves the app's own handlers. Adapters translate
//! requests and replies and hold no rule.

mod acted_once;
mod app_request;
mod authorization_request;
mod authorization_response;
#[cfg(test)]
mod bounded_work;
mod callback;
mod completion;
mod confirmation_code;
mod consumed_states;
mod context_guard;
mod death;
mod deletion;
mod exchange_places;
mod failure;
mod form;
mod languages;
mod login;
mod login_options;
mod logout;
mod negotiation;
mod pages;
mod pending_attempts;
mod platform;
mod post_rule;
mod query;
pub(crate) mod refresh;
mod reply;
mod request;
mod return_to;
mod revocation;
mod same_login;
mod shared_refreshes;
mod shared_state;
mod successor;
mod tasks;
mod texts;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

pub use app_request::{AppRequest, Caller, RequiredScopes, middleware_missing};
pub use form::Form;
pub use languages::Languages;
pub use login_options::{LoginOptions, LoginOptionsError};
pub(crate) use negotiation::Audience;
pub use reply::{InvalidHeader, InvalidStatus, Reply};
pub use request::{AppDataTooLong, Headers, LoginContext, Request};
pub(crate) use return_to::{is_allowed_url, is_local_path, is_plain_path, path_on};
pub use texts::{Text, Texts};
pub(crate) use texts::{Translations, site_name};

use crate::config::{Config, Settings};
use crate::cookie;
use crate::futures::BoxFuture;
use crate::session::Tombstones;
use consumed_states::ConsumedStates;
use exchange_places::ExchangePlaces;
use pages::{Pages, Writer};
use shared_refreshes::SharedRefreshes;
pub(crate) use shared_state::SharedState;
use tasks::Home;

/// The login flow of one configuration. Cheap to clone. All clones share what they remember and their
/// bounds, and so do all flows of clones of one [`Config`].
#[derive(Clone)]
pub struct Flow {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Arc<Settings>,
    pages: Pages,
    state: Arc<SharedState>,
    /// Where tasks run, if not where the request is.
    home: Option<Home>,
}

/// One of our paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Starts a login.
    Login,
    /// The redirect URI: finishes a login.
    Callback,
    /// Ends a session.
    Logout,
    /// The provider tells that a user removed the app.
    Deauthorize,
    /// The provider asks for a user's data to be deleted, and the user how far that has come.
    DataDeletion,
}

/// What [`Flow::begin`] gives.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "a reply is there, or it is not yet")]
pub enum Begin {
    /// The reply.
    Done(Reply),
    /// The reply takes the provider, a store or a hook.
    Job(Job),
    /// The reply takes the request's body.
    Form(Form),
}

/// A reply under way. It owns all it needs.
#[must_use = "a job does nothing until it is run"]
pub struct Job {
    reply: BoxFuture<'static, Reply>,
}

impl Job {
    fn new(reply: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self { reply: Box::pin(reply) }
    }

    /// Runs it. Needs a Tokio runtime. Dropping the future does not stop an exchange that has begun.
    pub async fn run(self) -> Reply {
        self.reply.await
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl Flow {
    /// The flow of `config`.
    ///
    /// With a store, and inside of a Tokio runtime, the first flow of a configuration looks in the
    /// background whether the newest stored account opens with the configured secrets, and logs a
    /// warning if not. See [`OfflineAccess::can_read_accounts`](crate::OfflineAccess::can_read_accounts).
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::made(config, None)
    }

    fn made(config: Config, home: Option<Home>) -> Self {
        let settings = config.settings;
        let pages = Pages::new(&settings);
        let shared = Shared { settings, pages, state: config.state, home };
        let flow = Self { shared: Arc::new(shared) };
        flow.check_secrets_at_start();
        flow
    }

    /// Which of our routes `path` is, compared as received: nothing is decoded, cut off or merged.
    #[must_use]
    pub fn route(&self, path: &str) -> Option<Route> {
        let paths = &self.settings().paths;
        if path == paths.login {
            Some(Route::Login)
        } else if path == paths.callback {
            Some(Route::Callback)
        } else if path == paths.logout {
            // Linking leaves the app's users logged in to the app, so there is no way out of ours.
            (!self.settings().linking).then_some(Route::Logout)
        } else if paths.deauthorize.as_deref() == Some(path) {
            Some(Route::Deauthorize)
        } else if paths.data_deletion.as_deref() == Some(path) {
            Some(Route::DataDeletion)
        } else {
            None
        }
    }

    /// Our paths, as this server sees them.
    pub fn paths(&self) -> impl Iterator<Item = (Route, &str)> {
        let paths = &self.settings().paths;
        let logout = (!self.settings().linking).then_some(paths.logout.as_str());
        [
            (Route::Login, Some(paths.login.as_str())),
            (Route::Callback, Some(paths.callback.as_str())),
            (Route::Logout, logout),
            (Route::Deauthorize, paths.deauthorize.as_deref()),
            (Route::DataDeletion, paths.data_deletion.as_deref()),
        ]
        .into_iter()
        .filter_map(|(route, path)| Some((route, path?)))
    }

    /// Our paths for a router that is nested at `prefix`, which is cut off. A slash at its end is of no
    /// matter.
    ///
    /// A path outside the prefix cannot be reached under it. It is given whole, so that a visit, which
    /// [`misplaced`](Self::misplaced) answers, says what is wrong.
    pub fn paths_under(&self, prefix: &str) -> impl Iterator<Item = &str> {
        let prefix = prefix.trim_end_matches('/');
        self.paths().map(move |(_, path)| {
            path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')).unwrap_or(path)
        })
    }

    /// Judges a request to one of our routes. What it borrows ends here.
    pub fn begin(&self, route: Route, request: &Request<'_>) -> Begin {
        let begun = match route {
            Route::Login => self.begin_login(request),
            Route::Callback => self.begin_callback(request),
            Route::Logout => self.begin_logout(request),
            Route::Deauthorize | Route::DataDeletion => self.begin_platform(route, request),
        };
        match begun {
            Begin::Done(reply) => Begin::Done(protect(reply)),
            Begin::Job(job) => Begin::Job(Job::new(async move { protect(job.run().await) })),
            Begin::Form(form) => Begin::Form(form),
        }
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
        let context = context.and_then(context_hash);
        if self.settings().linking && context.is_none() {
            return Err(LoginOptionsError::unbound());
        }
        let target = options.return_to.as_deref().filter(|target| !target.is_empty());
        if target.is_some_and(|target| !self.accepts_return_to(target)) {
            return Err(LoginOptionsError::return_to());
        }
        let signed = login_options::sign(self.settings(), options, context.as_ref())?;
        Ok(format!("{}?options={signed}", self.login_path()))
    }

    /// The login path as the browser knows it. For links and buttons.
    #[must_use]
    pub fn login_path(&self) -> String {
        let paths = &self.settings().paths;
        paths.public(&paths.login)
    }

    /// The logout path as the browser knows it. For the `action` of a form with method `post`.
    #[must_use]
    pub fn logout_path(&self) -> String {
        let paths = &self.settings().paths;
        paths.public(&paths.logout)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The pages in the language of this reader.
    fn pages(&self, audience: Audience) -> Writer<'_> {
        self.shared.pages.in_one_of(audience.languages())
    }

    fn consumed(&self) -> &ConsumedStates {
        &self.shared.state.consumed
    }

    fn exchanges(&self) -> &ExchangePlaces {
        &self.shared.state.exchanges
    }

    fn refreshes(&self) -> &SharedRefreshes {
        &self.shared.state.refreshes
    }

    fn tombstones(&self) -> &Tombstones {
        &self.shared.state.tombstones
    }

    fn session_values(&self, request: &Request<'_>) -> Vec<Vec<u8>> {
        let name = self.settings().cookie_names.session();
        cookie::values_of(request.headers, name).into_iter().map(<[u8]>::to_vec).collect()
    }

    /// Whether a login may end at `target`: a path of this site or a URL of an allowed origin, and
    /// none of our own routes, which would go round in circles.
    fn accepts_return_to(&self, target: &str) -> bool {
        let settings = self.settings();
        if !is_local_path(target) && !is_allowed_url(target, &settings.allowed_return_origins) {
            return false;
        }
        let path = path_on(settings.redirect_uri.origin(), target);
        path.is_none_or(|path| !settings.paths.are_at(path))
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("client_id", &self.settings().client_id)
            .field("redirect_uri", &self.settings().redirect_uri.as_str())
            .finish_non_exhaustive()
    }
}

/// The hash that an attempt keeps of the app's own user.
fn context_hash(context: &LoginContext) -> Option<[u8; 32]> {
    let binding = context.binding.as_ref()?;
    let mut hash = Sha256::new();
    hash.update(b"ig-oauth login context");
    hash.update(binding);
    Some(hash.finalize().into())
}

/// The headers of every answer of ours, a hook's included: it depends on cookies and may set some,
/// and its URL may hold a code.
fn protect(reply: Reply) -> Reply {
    reply
        .forced_header("cache-control", "no-store")
        .default_header("referrer-policy", "no-referrer")
        .forced_header("x-content-type-options", "nosniff")
}
