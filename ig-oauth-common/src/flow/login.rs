//! The start of a login: one signed attempt, and off to the authorization window.

use super::authorization_request::{self, query_escape};
use super::failure::Refusal;
use super::login_options::Verified;
use super::negotiation::Audience;
use super::pending_attempts::PendingAttempts;
use super::query::Query;
use super::same_login::SameLogin;
use super::{
    Begin, Flow, Job, LoginOptions, Reply, Request, context_guard, login_options, post_rule,
};
use crate::attempt::{ATTEMPT_LIFETIME, Attempt, Binding, State};
use crate::cookie;
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::{LoginStart, StartKind};
use crate::scope::Scopes;

/// A start that passed every check, with all it needs of the request.
struct Start {
    audience: Audience,
    options: LoginOptions,
    return_to: String,
    app_data: Vec<u8>,
    context: Option<[u8; 32]>,
    pending: PendingAttempts,
    /// For a start that a foreign page brought about: the login by a button.
    by_button: Option<String>,
}

/// What a start comes to.
enum Started {
    /// Off to the authorization window.
    Login(Reply),
    /// A page whose button begins it.
    Button(Reply),
}

impl Start {
    /// What the hook is given.
    fn announced(&self) -> LoginStart {
        LoginStart { return_to: self.return_to.clone(), app_data: self.app_data.clone() }
    }

    fn login(&self) -> SameLogin {
        let options = self.options.clone().return_to(&*self.return_to);
        SameLogin { options, context: self.context }
    }
}

impl Flow {
    pub(super) fn begin_login(&self, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        let refuse = |kind: AuthErrorKind| self.refuse(Refusal::new(kind, audience));
        let settings = self.settings();
        let context = request.context.and_then(super::context_hash);
        // Linking takes posts of strangers too: they are told to log in.
        let may_post = settings.require_post || settings.linking || context.is_some();
        if request.method != "GET" && !(request.method == "POST" && may_post) {
            let methods = if may_post { "GET, POST" } else { "GET" };
            let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience);
            return self.refuse(refusal.allow(methods));
        }
        if let Err(kind) = context_guard::check(request.headers) {
            let refusal = Refusal::new(kind, audience);
            return self.refuse(match kind {
                AuthErrorKind::ForbiddenContext => refusal.opens(self.login_to_open(request)),
                _ => refusal,
            });
        }
        if settings.linking && context.is_none() {
            return self.refuse(self.stranger(audience));
        }
        let is_post = request.method == "POST";
        if is_post && let Err(kind) = post_rule::check_start(settings, request.headers) {
            return refuse(kind);
        }
        let query = match Query::read(request.query, &["return_to", "options"]) {
            Ok(query) => query,
            Err(kind) => return refuse(kind),
        };
        // What is not proven to be a place of ours is not an error of the user's: it is ignored.
        let return_to = query.get("return_to").ok().flatten();
        let return_to = return_to.filter(|target| self.accepts_return_to(target));
        let given = query.get("options").unwrap_or(Some(""));
        let options =
            given.and_then(|text| login_options::verify(settings, text, context.as_ref()));
        let (options, renewed) = match options {
            Some(Verified::Fresh(options)) => (Some(options), None),
            // An old link starts nothing. Its button does, with what it was made for.
            Some(Verified::Old(options)) => {
                (None, self.sign_again(&SameLogin { options, context }))
            }
            None => (None, None),
        };
        let stale_options = given.is_some() && options.is_none();
        // A link is proof of the user's will only when it was made for this user.
        let link_is_proof = options.is_some() && context.is_some();
        if stale_options || (may_post && !is_post && !link_is_proof) {
            let kept = renewed.as_deref().or(given.filter(|_| options.is_some()));
            let action = self.login_action(return_to, kept);
            return Begin::Done(self.pages(audience).login_button(&action, may_post));
        }
        let options = options.unwrap_or_default();
        let target = options.return_to.as_deref().filter(|target| self.accepts_return_to(target));
        let start = Start {
            audience,
            return_to: target.or(return_to).unwrap_or(&settings.after_login).to_owned(),
            options,
            app_data: request.context.map(|context| context.app_data.clone()).unwrap_or_default(),
            context,
            pending: PendingAttempts::of(settings, request.headers),
            by_button: is_cross_site(request).then(|| self.login_action(return_to, given)),
        };
        let (login, announced) = (start.login(), start.announced());
        match self.start(start) {
            // The hook hears of logins that begin. Any page can bring a button about.
            Ok(Started::Login(reply)) if settings.hooks.is_some() => {
                let flow = self.clone();
                Begin::Job(Job::new(async move {
                    flow.unless_refused(audience, login, announced, reply).await
                }))
            }
            Ok(Started::Login(reply) | Started::Button(reply)) => Begin::Done(reply),
            Err(error) => self.refuse(Refusal::new(error, audience).of(login)),
        }
    }

    /// Nobody of the app's is logged in, so there is nobody to link an account to.
    fn stranger(&self, audience: Audience) -> Refusal {
        let detail = "accounts are linked to a user of the app, and the request carries no bound \
                      LoginContext: is the app's session middleware outside of this one?";
        Refusal::new(AuthError::with_source(AuthErrorKind::LoginRequired, detail), audience)
    }

    /// `reply`, which sends the browser to the window, unless the hook has something against it.
    async fn unless_refused(
        self,
        audience: Audience,
        login: SameLogin,
        announced: LoginStart,
        reply: Reply,
    ) -> Reply {
        let Some(hooks) = &self.settings().hooks else {
            return reply;
        };
        let error = match hooks.before_login(announced).await.map(|decision| decision.kind) {
            Ok(StartKind::Proceed) => return reply,
            Ok(StartKind::Refuse(Some(reply))) => {
                self.refused_by_hook(AuthErrorKind::RejectedByApp);
                return reply;
            }
            Ok(StartKind::Refuse(None)) => AuthErrorKind::RejectedByApp.into(),
            Err(error) => AuthError::with_source(AuthErrorKind::Hook, error),
        };
        self.refuse_now(Refusal::new(error, audience).of(login)).await
    }

    fn start(&self, start: Start) -> Result<Started, AuthError> {
        let settings = self.settings();
        let state = State::random(&*settings.randomness)
            .map_err(|error| AuthError::with_source(AuthErrorKind::Internal, error))?;
        let scopes = self.requested_scopes(&start.options.scopes);
        let attempt = Attempt {
            state,
            issued_at: settings.clock.now(),
            return_to: start.return_to,
            extra_scopes: start.options.scopes.to_string(),
            force_reauth: start.options.force_reauth,
            app_data: start.app_data,
            context: start.context,
            is_cross_site: start.by_button.is_some(),
        };
        let names = &settings.cookie_names;
        let name = names.attempt(&state.to_text());
        let binding = Binding {
            cookie_name: &name,
            client_id: &settings.client_id,
            redirect_uri: settings.redirect_uri.as_str(),
        };
        let value = attempt.sign(&settings.keyring, &binding);
        let room = start.pending.make_room(settings, name.len() + value.len() + 1);
        // A foreign page must not end what the user has under way. The user may, by the button.
        if let Some(action) = start.by_button.filter(|_| room.ends_the_users_own) {
            let by_post = settings.require_post || settings.linking || start.context.is_some();
            return Ok(Started::Button(self.pages(start.audience).login_button(&action, by_post)));
        }
        let force_reauth = start.options.force_reauth.or(settings.force_reauth);
        let location = authorization_request::location(settings, &state, &scopes, force_reauth);
        let reply = Reply::empty(303)
            .header("location", location)
            .cookies([cookie::set_cookie(names, &name, &value, Some(ATTEMPT_LIFETIME))])
            .cookies(room.removals);
        Ok(Started::Login(reply))
    }

    /// All scopes that a login asks for: required, optional, and those of its options.
    pub(super) fn requested_scopes(&self, extra: &Scopes) -> Scopes {
        let settings = self.settings();
        let mut scopes = settings.required_scopes.clone();
        scopes.extend(settings.optional_scopes.iter().cloned());
        scopes.extend(extra.iter().cloned());
        scopes
    }

    /// The address of this very login, without what no login would take from it.
    fn login_to_open(&self, request: &Request<'_>) -> String {
        let Ok(query) = Query::read(request.query, &["return_to", "options"]) else {
            return self.login_path();
        };
        let return_to = query.get("return_to").ok().flatten();
        let context = request.context.and_then(super::context_hash);
        let options = query.get("options").ok().flatten().filter(|options| {
            login_options::verify(self.settings(), options, context.as_ref()).is_some()
        });
        self.login_action(return_to.filter(|target| self.accepts_return_to(target)), options)
    }

    fn login_action(&self, return_to: Option<&str>, options: Option<&str>) -> String {
        let mut action = self.login_path();
        let mut separator = '?';
        for (name, value) in [("return_to", return_to), ("options", options)] {
            if let Some(value) = value {
                action.push(separator);
                action.push_str(name);
                action.push('=');
                action.push_str(&query_escape(value).to_string());
                separator = '&';
            }
        }
        action
    }
}

/// A page of another site brought this about. Browsers that do not say so are not counted.
fn is_cross_site(request: &Request<'_>) -> bool {
    request.headers.first("sec-fetch-site") == Some("cross-site")
}
