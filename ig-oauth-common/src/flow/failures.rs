//! From an error to the answer: calls the hook, logs the event, and writes the page, JSON or
//! redirect.

use std::fmt::Write as _;
use std::sync::Arc;

use super::addresses::Addresses;
use super::begin::{Begin, Job};
use super::login_links::{LoginLinks, SameLogin};
use super::mode::Mode;
use super::pages::{PageWriter, Pages, Scene, Ways, Words};
use crate::encoding::to_hex;
use crate::error::{AuthError, AuthErrorKind, ErrorCode, chain};
use crate::hooks::{BoxedHooks, Failure};
use crate::local_path::with_own_fragment;
use crate::messages::{Audience, Reply};
use crate::randomness::{Randomness, random};

/// The suggested wait in seconds when the provider names none.
const RETRY_AFTER_SECONDS: u64 = 5;

pub(crate) struct Failures {
    pub(crate) pages: Pages,
    pub(crate) links: Arc<LoginLinks>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) mode: Mode,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) randomness: Arc<dyn Randomness>,
}

impl Failures {
    /// The answer to a refusal: immediately, unless a hook has to be called.
    pub(super) fn refuse(self: &Arc<Self>, refusal: Refusal) -> Begin {
        if self.hooks.is_none() {
            return Begin::Done(self.reply_without_hook(&refusal));
        }
        let failures = Arc::clone(self);
        Begin::Job(Job::new(async move { failures.refuse_now(refusal).await }))
    }

    /// The answer to a refusal, after calling the hook.
    pub(super) async fn refuse_now(&self, refusal: Refusal) -> Reply {
        let id = self.failure_id(&refusal.error);
        let Some(hooks) = &self.hooks else {
            return self.failure_reply(&refusal, &id);
        };
        let kind = refusal.error.kind();
        let failure = Failure {
            kind,
            detail: chain(&refusal.error),
            id: id.clone(),
            wants_page: refusal.audience.reads_pages(),
            languages: refusal.audience.languages,
            return_to: refusal.return_to().map(str::to_owned),
            retry_url: matches!(self.scene(&refusal), Scene::Login | Scene::Linking)
                .then(|| self.links.retry(refusal.login.as_ref(), kind)),
        };
        match hooks.on_failure(failure).await {
            Some(reply) => reply.cookies(refusal.cookies),
            None => self.failure_reply(&refusal, &id),
        }
    }

    /// The answer to a refusal without calling `on_failure`: for a denial, which is not a failure,
    /// and after a hook that hung.
    pub(super) fn reply_without_hook(&self, refusal: &Refusal) -> Reply {
        let id = self.failure_id(&refusal.error);
        self.failure_reply(refusal, &id)
    }

    /// Logs a refusal that a hook answers itself. Otherwise the log would not show which logins the
    /// app refused.
    pub(super) fn refused_by_hook(&self, error: impl Into<AuthError>) {
        self.failure_id(&error.into());
    }

    /// The pages in the client's language.
    pub(super) fn pages(&self, audience: Audience) -> PageWriter<'_> {
        self.pages.in_language_of(&audience.languages)
    }

    /// Logs the error with a random id, which is also shown on the page.
    fn failure_id(&self, error: &AuthError) -> String {
        let id = random::<8>(&*self.randomness);
        let id = id.map_or_else(|_| "no-random-id".to_owned(), |bytes| to_hex(&bytes));
        crate::trace::failure(error.kind(), &id, &chain(error));
        id
    }

    /// The scene of a refusal: with linking, a failed login is a failed connection.
    fn scene(&self, refusal: &Refusal) -> Scene {
        match refusal.scene {
            Scene::Login => self.mode.scene(),
            scene => scene,
        }
    }

    fn failure_reply(&self, refusal: &Refusal, id: &str) -> Reply {
        let Refusal { error, audience, login, cookies, allow, opens, .. } = refusal;
        let kind = error.kind();
        let scene = self.scene(refusal);
        let (pages, words) = (self.pages(*audience), refusal.words(scene));
        let is_at_a_login = matches!(scene, Scene::Login | Scene::Linking);
        let mut reply = match &self.addresses.failure_url {
            _ if audience.reads_json(kind) => {
                json_with_login_url(kind, &pages.message(words), opens.as_deref())
            }
            Some(url) if is_at_a_login && audience.is_visit() && may_redirect(kind) => {
                let options = self.links.retry_options(login.as_ref(), kind);
                let location = failure_location(url, kind, id, options.as_deref());
                Reply::empty(303).header("location", location)
            }
            _ => {
                let ways = self.ways_on(refusal, scene);
                pages.failure((kind.status(), kind.code()), words, &ways, id)
            }
        };
        if let Some(login_url) = opens.as_ref().filter(|_| audience.is_htmx()) {
            reply = reply.header("hx-redirect", login_url);
        }
        if let Some(methods) = allow {
            reply = reply.header("allow", *methods);
        }
        if kind == AuthErrorKind::LoginRequired {
            // RFC 9110, section 11.6.1 requires a challenge. Browsers show no dialog for this
            // scheme.
            let challenge = if scene == Scene::Linking {
                "InstagramLogin".to_owned()
            } else {
                format!("InstagramLogin login_url=\"{}\"", self.addresses.login_path())
            };
            reply = reply.header("www-authenticate", challenge);
        }
        if kind.code() == ErrorCode::ProviderUnavailable {
            let wait =
                error.retry_after().map_or(RETRY_AFTER_SECONDS, |wait| wait.as_secs().max(1));
            reply = reply.header("retry-after", wait.to_string());
        }
        reply.cookies(cookies.iter().cloned())
    }

    fn ways_on(&self, refusal: &Refusal, scene: Scene) -> Ways {
        let site = match scene {
            Scene::Linking => refusal.return_to().unwrap_or(&self.addresses.after_login),
            _ => &self.addresses.after_logout,
        };
        Ways {
            login: self.links.retry(refusal.login.as_ref(), refusal.error.kind()),
            logout: self.addresses.logout_path(),
            site: site.to_owned(),
        }
    }
}

/// Prefetches, replays and wrong methods are not visits that could be redirected, and a callback
/// that finds no place must be sent again itself.
fn may_redirect(kind: AuthErrorKind) -> bool {
    !matches!(
        kind,
        AuthErrorKind::Prefetch
            | AuthErrorKind::TooEarly
            | AuthErrorKind::MethodNotAllowed
            | AuthErrorKind::ForbiddenContext
            | AuthErrorKind::MiddlewareMissing
            // The link on its page is its own address.
            | AuthErrorKind::Busy
    )
}

/// `failure_url` with the error code, the id of the log line, and the options that start the login
/// again. It contains no external input, and no plain text of the app's pages.
fn failure_location(url: &str, kind: AuthErrorKind, id: &str, options: Option<&str>) -> String {
    let (target, fragment) = url.split_once('#').unwrap_or((url, ""));
    let separator = if target.contains('?') { '&' } else { '?' };
    let mut location = format!("{target}{separator}error={}&id={id}", kind.code());
    if let Some(options) = options {
        let _ = write!(location, "&options={options}");
    }
    let _ = write!(location, "#{fragment}");
    with_own_fragment(&location).into_owned()
}

/// A JSON error: its code for programs, and a message for the person who reads it.
pub(super) fn json_with_login_url(
    kind: AuthErrorKind,
    message: &str,
    login_url: Option<&str>,
) -> Reply {
    let mut body = serde_json::json!({ "error": kind.code().as_str(), "message": message });
    if let (Some(login_url), Some(members)) = (login_url, body.as_object_mut()) {
        members.insert("login_url".to_owned(), login_url.into());
    }
    Reply::json(kind.status(), &body)
}

/// An error with everything that its answer needs.
pub(crate) struct Refusal {
    pub(crate) error: AuthError,
    pub(crate) audience: Audience,
    /// Where it happened. [`Scene::Login`] includes the linking of accounts.
    pub(crate) scene: Scene,
    /// The login that it belongs to, if that is proven.
    pub(crate) login: Option<SameLogin>,
    /// The request had none of the crate's cookies.
    pub(crate) without_cookies: bool,
    /// `Set-Cookie` lines to send with the answer.
    pub(crate) cookies: Vec<String>,
    /// For `method_not_allowed`.
    pub(crate) allow: Option<&'static str>,
    /// The address to open in a window, for a login that a script fetched.
    pub(crate) opens: Option<String>,
}

impl Refusal {
    pub(crate) fn new(error: impl Into<AuthError>, audience: Audience) -> Self {
        Self {
            error: error.into(),
            audience,
            scene: Scene::Login,
            login: None,
            without_cookies: false,
            cookies: Vec::new(),
            allow: None,
            opens: None,
        }
    }

    /// Sets where it happened, if not at a login or its callback.
    pub(crate) fn at(mut self, scene: Scene) -> Self {
        self.scene = scene;
        self
    }

    pub(crate) fn cookies(mut self, lines: Vec<String>) -> Self {
        self.cookies = lines;
        self
    }

    /// Sets the login that it belongs to, whose options are proven.
    pub(crate) fn of(mut self, login: SameLogin) -> Self {
        self.login = Some(login);
        self
    }

    pub(crate) fn return_to(&self) -> Option<&str> {
        self.login.as_ref().and_then(SameLogin::return_to)
    }

    pub(super) fn words(&self, scene: Scene) -> Words {
        match self.error.kind() {
            AuthErrorKind::Busy => scene.words_when_busy(),
            _ if self.without_cookies => scene.words_without_cookies(),
            kind => scene.words(kind.code()),
        }
    }
}
