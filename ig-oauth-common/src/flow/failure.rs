//! From an error to the answer: the hook, the event, and the page, JSON or redirect.

use super::authorization_request::query_escape;
use super::negotiation::Audience;
use super::return_to::with_own_fragment;
use super::{Begin, Flow, Job, Reply};
use crate::error::{AuthError, AuthErrorKind, ErrorCode, chain};
use crate::hooks::Failure;

/// The wait we suggest when the provider names none, in seconds.
const RETRY_AFTER_SECONDS: u64 = 5;

/// An error with all that its answer needs.
pub(crate) struct Refusal {
    pub(crate) error: AuthError,
    pub(crate) audience: Audience,
    /// Where the login was headed, when that is proven.
    pub(crate) return_to: Option<String>,
    /// `Set-Cookie` lines that go along.
    pub(crate) cookies: Vec<String>,
    /// For `method_not_allowed`.
    pub(crate) allow: Option<&'static str>,
    /// The address to open in a window, for scripts that fetched it.
    pub(crate) opens: Option<String>,
    /// Whether it happened to somebody who logs in, and not to the provider's own calls.
    pub(crate) is_about_a_login: bool,
}

impl Refusal {
    pub(crate) fn new(error: impl Into<AuthError>, audience: Audience) -> Self {
        let error = error.into();
        let (return_to, cookies, allow, opens) = (None, Vec::new(), None, None);
        Self { error, audience, return_to, cookies, allow, opens, is_about_a_login: true }
    }

    /// The answer speaks of no login and leads to none.
    pub(crate) fn about_no_login(mut self) -> Self {
        self.is_about_a_login = false;
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

    pub(crate) fn return_to(mut self, return_to: &str) -> Self {
        self.return_to = Some(return_to.to_owned());
        self
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
        let failure =
            Failure { kind: refusal.error.kind(), detail: chain(&refusal.error), id: id.clone() };
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

    fn failure_reply(&self, refusal: &Refusal, id: &str) -> Reply {
        let Refusal { error, audience, return_to, cookies, allow, opens, is_about_a_login } =
            refusal;
        let kind = error.kind();
        let settings = self.settings();
        let is_the_apps_login = settings.linking && kind == AuthErrorKind::LoginRequired;
        let mut reply = match &settings.failure_url {
            _ if !is_about_a_login && audience.reads_json(kind) => {
                json_reply(kind, &self.pages().message_about_no_login(kind))
            }
            _ if !is_about_a_login => self.pages().error_about_no_login(kind, id),
            _ if audience.reads_json(kind) => {
                json_with_login_url(kind, &self.pages().message(kind), opens.as_deref())
            }
            Some(url) if audience.is_visit() && may_redirect(kind) => {
                Reply::empty(303).header("location", failure_location(url, kind))
            }
            // Whoever links accounts logs in to the app first, and only the app knows where.
            _ if is_the_apps_login => self.pages().error(kind, None, id),
            // The callback itself, by the one URL that reflects nothing of it.
            _ if kind == AuthErrorKind::Busy => self.pages().error(kind, Some(""), id),
            _ => self.pages().error(kind, Some(&self.try_again(return_to.as_deref())), id),
        };
        if let Some(login_url) = opens.as_ref().filter(|_| audience.is_htmx()) {
            reply = reply.header("hx-redirect", login_url);
        }
        if let Some(methods) = allow {
            reply = reply.header("allow", *methods);
        }
        if kind == AuthErrorKind::LoginRequired {
            // RFC 9110, section 11.6.1 wants a challenge. No browser shows a dialogue for this one.
            let challenge = if is_the_apps_login {
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

    /// The link that starts over: our own login path and nothing that came from outside unproven.
    pub(crate) fn try_again(&self, return_to: Option<&str>) -> String {
        let login = self.login_path();
        match return_to {
            Some(target) if target != self.settings().after_login => {
                format!("{login}?return_to={}", query_escape(target))
            }
            _ => login,
        }
    }
}

/// Prefetches, replays and wrong methods are no visit that could be led anywhere.
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

/// `failure_url` with the code, and nothing else that could come from outside.
fn failure_location(url: &str, kind: AuthErrorKind) -> String {
    let (target, fragment) = url.split_once('#').unwrap_or((url, ""));
    let separator = if target.contains('?') { '&' } else { '?' };
    let location = format!("{target}{separator}error={}#{fragment}", kind.code());
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
