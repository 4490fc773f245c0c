//! From an error to the answer: the hook, the event, and the page, JSON or redirect.

use std::fmt::Write as _;

use super::negotiation::Audience;
use super::pages::{Scene, Ways, Words};
use super::return_to::with_own_fragment;
use super::same_login::SameLogin;
use super::{Begin, Flow, Job, Reply};
use crate::error::{AuthError, AuthErrorKind, ErrorCode, chain};
use crate::hooks::Failure;

/// The wait we suggest when the provider names none, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// An error with all that its answer needs.
pub(crate) struct Refusal {
    pub(crate) error: AuthError,
    pub(crate) audience: Audience,
    /// Where it happened. [`Scene::Login`] stands for the linking of accounts as well.
    pub(crate) scene: Scene,
    /// The login it belongs to, when that is proven.
    pub(crate) login: Option<SameLogin>,
    /// The request came without any cookie of the crate's.
    pub(crate) without_cookies: bool,
    /// `Set-Cookie` lines that go along.
    pub(crate) cookies: Vec<String>,
    /// For `method_not_allowed`.
    pub(crate) allow: Option<&'static str>,
    /// The address to open in a window, for scripts that fetched it.
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

    /// It happened elsewhere than at a login or its callback.
    pub(crate) fn at(mut self, scene: Scene) -> Self {
        self.scene = scene;
        self
    }

    pub(crate) fn without_cookies(mut self, without: bool) -> Self {
        self.without_cookies = without;
        self
    }

    pub(crate) fn allow(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    pub(crate) fn opens(mut self, login_url: String) -> Self {
        self.opens = Some(login_url);
        self
    }

    pub(crate) fn cookies(mut self, lines: Vec<String>) -> Self {
        self.cookies = lines;
        self
    }

    /// It belongs to this login, whose options are proven.
    pub(crate) fn of(mut self, login: SameLogin) -> Self {
        self.login = Some(login);
        self
    }

    pub(crate) fn return_to(&self) -> Option<&str> {
        self.login.as_ref().and_then(SameLogin::return_to)
    }

    fn words(&self, scene: Scene) -> Words {
        match self.error.kind() {
            AuthErrorKind::Busy => scene.words_when_busy(),
            _ if self.without_cookies => scene.words_without_cookies(),
            kind => scene.words(kind.code()),
        }
    }
}

impl Flow {
    /// The refusal's answer: at once, unless a hook wants to hear of it.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Begin {
        if self.settings().hooks.is_none() {
            let id = self.failure_id(&refusal.error);
            return Begin::Done(self.failure_reply(&refusal, &id));
        }
        let flow = self.clone();
        Begin::Job(Job::new(async move { flow.refuse_now(refusal).await }))
    }

    /// The refusal's answer, after the hook.
    pub(crate) async fn refuse_now(&self, refusal: Refusal) -> Reply {
        let id = self.failure_id(&refusal.error);
        let Some(hooks) = &self.settings().hooks else {
            return self.failure_reply(&refusal, &id);
        };
        let kind = refusal.error.kind();
        let failure = Failure {
            kind,
            detail: chain(&refusal.error),
            id: id.clone(),
            audience: refusal.audience,
            return_to: refusal.return_to().map(str::to_owned),
            retry_url: matches!(self.scene(&refusal), Scene::Login | Scene::Linking)
                .then(|| self.retry_link(refusal.login.as_ref(), kind)),
        };
        match hooks.on_failure(failure).await {
            Some(reply) => reply.cookies(refusal.cookies),
            None => self.failure_reply(&refusal, &id),
        }
    }

    /// The refusal's answer, of which no `on_failure` hears: a denial breaks nothing, and a hook that
    /// hangs is not asked again.
    pub(crate) fn reply_without_hook(&self, refusal: &Refusal) -> Reply {
        let id = self.failure_id(&refusal.error);
        self.failure_reply(refusal, &id)
    }

    /// Leaves the event of a refusal that a hook words in its own way: a log that lacks the refusals
    /// of the app's own making would be no account of who was turned away.
    pub(crate) fn refused_by_hook(&self, error: impl Into<AuthError>) {
        self.failure_id(&error.into());
    }

    /// Logs the error, under a random id that also goes on the page.
    fn failure_id(&self, error: &AuthError) -> String {
        let id = self.settings().random::<8>().map_or_else(
            |_| "no-random-id".to_owned(),
            |bytes| bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
        );
        crate::trace::failure(error.kind(), &id, &chain(error));
        id
    }

    /// Where it happened: a login of an app that links accounts is the linking of one.
    fn scene(&self, refusal: &Refusal) -> Scene {
        match refusal.scene {
            Scene::Login if self.settings().linking => Scene::Linking,
            scene => scene,
        }
    }

    fn failure_reply(&self, refusal: &Refusal, id: &str) -> Reply {
        let Refusal { error, audience, login, cookies, allow, opens, .. } = refusal;
        let kind = error.kind();
        let settings = self.settings();
        let scene = self.scene(refusal);
        let (pages, words) = (self.pages(*audience), refusal.words(scene));
        let is_at_a_login = matches!(scene, Scene::Login | Scene::Linking);
        let mut reply = match &settings.failure_url {
            _ if audience.reads_json(kind) => {
                json_with_login_url(kind, &pages.message(words), opens.as_deref())
            }
            Some(url) if is_at_a_login && audience.is_visit() && may_redirect(kind) => {
                let options = self.retry_options(login.as_ref(), kind);
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
            // RFC 9110, section 11.6.1 wants a challenge. No browser shows a dialogue for this one.
            let challenge = if scene == Scene::Linking {
                "InstagramLogin".to_owned()
            } else {
                format!("InstagramLogin login_url=\"{}\"", self.login_path())
            };
            reply = reply.header("www-authenticate", challenge);
        }
        if kind.code() == ErrorCode::ProviderUnavailable {
            let wait = error.wait().map_or(RETRY_AFTER_SECONDS, |wait| wait.as_secs().max(1));
            reply = reply.header("retry-after", wait.to_string());
        }
        reply.cookies(cookies.iter().cloned())
    }

    fn ways_on(&self, refusal: &Refusal, scene: Scene) -> Ways {
        let settings = self.settings();
        let site = match scene {
            Scene::Linking => refusal.return_to().unwrap_or(&settings.after_login),
            _ => &settings.after_logout,
        };
        Ways {
            login: self.retry_link(refusal.login.as_ref(), refusal.error.kind()),
            logout: self.logout_path(),
            site: site.to_owned(),
        }
    }
}

/// Prefetches, replays and wrong methods are no visit that could be led anywhere, and a callback that
/// finds no place has to come again itself.
fn may_redirect(kind: AuthErrorKind) -> bool {
    !matches!(
        kind,
        AuthErrorKind::Prefetch
            | AuthErrorKind::TooEarly
            | AuthErrorKind::MethodNotAllowed
            | AuthErrorKind::ForbiddenContext
            | AuthErrorKind::MiddlewareMissing
            // Its way on is this very address.
            | AuthErrorKind::Busy
    )
}

/// `failure_url` with the code, the id of the log's line, and what starts the login again: nothing
/// that comes from outside, and no page of the app's in the clear.
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

/// An error for programs: its code, and a message for whoever reads it.
pub(crate) fn json_reply(kind: AuthErrorKind, message: &str) -> Reply {
    json_with_login_url(kind, message, None)
}

fn json_with_login_url(kind: AuthErrorKind, message: &str, login_url: Option<&str>) -> Reply {
    let mut body = serde_json::json!({ "error": kind.code().as_str(), "message": message });
    if let (Some(login_url), Some(members)) = (login_url, body.as_object_mut()) {
        members.insert("login_url".to_owned(), login_url.into());
    }
    Reply::empty(kind.status())
        .header("content-type", "application/json")
        .body(body.to_string().into_bytes())
}
