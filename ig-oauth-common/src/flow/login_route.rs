//! The start of a login: creates a signed attempt and redirects to the authorization window.

use std::sync::Arc;

use super::addresses::Addresses;
use super::authorization::AuthorizationRequests;
use super::begin::{Begin, Job};
use super::failures::{Failures, Refusal};
use super::fetch_metadata;
use super::login_links::{LoginLinks, LoginOptions, SameLogin, Verified};
use super::mode::Mode;
use crate::attempt::{Attempt, Attempts, PendingAttempts};
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::{BoxedHooks, LoginStart};
use crate::messages::{Audience, BindingHash, Query, Reply, Request};

const PARAMETERS: &[&str] = &["return_to", "options"];

pub(crate) struct LoginRoute {
    pub(crate) failures: Arc<Failures>,
    pub(crate) links: Arc<LoginLinks>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) requests: Arc<AuthorizationRequests>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) requires_post: bool,
    pub(crate) mode: Mode,
}

/// A start that passed every check, with the data it needs from the request.
struct Start {
    audience: Audience,
    options: LoginOptions,
    return_to: String,
    app_data: Vec<u8>,
    binding: Option<BindingHash>,
    pending: PendingAttempts,
    /// If a page of another site started the login: the target of a button that starts it.
    by_button: Option<String>,
}

/// The result of a start.
enum Started {
    /// A redirect to the authorization window.
    Login(Reply),
    /// A page with a button that starts the login.
    Button(Reply),
}

impl Start {
    fn login(&self) -> SameLogin {
        let options = self.options.clone().return_to(&*self.return_to);
        SameLogin { options, binding: self.binding }
    }
}

impl LoginRoute {
    pub(super) fn begin(self: &Arc<Self>, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        let binding = request.binding();
        if let Err(refusal) = self.check(request, audience, binding.as_ref()) {
            return self.failures.refuse(*refusal);
        }
        let query = match Query::read(request.query, PARAMETERS) {
            Ok(query) => query,
            Err(kind) => return self.failures.refuse(Refusal::new(kind, audience)),
        };
        // An unproven `return_to` is not the user's error, so it is ignored.
        let return_to = self.return_to(&query);
        let given = query.get("options").unwrap_or(Some(""));
        let verified = given.and_then(|text| self.links.verify(text, binding.as_ref()));
        let (options, renewed) = match verified {
            Some(Verified::Fresh(options)) => (Some(options), None),
            // An expired link starts nothing by itself. Its page has a button with the link's
            // options.
            Some(Verified::Old(options)) => {
                (None, self.links.sign_again(&SameLogin { options, binding }))
            }
            None => (None, None),
        };
        let stale_options = given.is_some() && options.is_none();
        // A link proves the user's intent only if it was made for this user.
        let link_is_proof = options.is_some() && binding.is_some();
        let by_post = self.takes_posts(binding.as_ref());
        if stale_options || (by_post && request.method != "POST" && !link_is_proof) {
            let kept = renewed.as_deref().or(given.filter(|_| options.is_some()));
            let action = self.links.action(return_to, kept);
            return Begin::Done(self.button(audience, &action, by_post));
        }
        let options = options.unwrap_or_default();
        let target = options.return_to.as_deref().filter(|target| self.addresses.accept(target));
        self.run(Start {
            audience,
            return_to: target.or(return_to).unwrap_or(&self.addresses.after_login).to_owned(),
            options,
            app_data: request.context.map(|context| context.app_data.clone()).unwrap_or_default(),
            binding,
            pending: self.attempts.pending(request.headers),
            by_button: is_cross_site(request).then(|| self.links.action(return_to, given)),
        })
    }

    /// Checks method, context, the app's user, and the origin of a POST, in this order.
    fn check(
        &self,
        request: &Request<'_>,
        audience: Audience,
        binding: Option<&BindingHash>,
    ) -> Result<(), Box<Refusal>> {
        let takes_posts = self.takes_posts(binding);
        if request.method != "GET" && !(request.method == "POST" && takes_posts) {
            let methods = if takes_posts { "GET, POST" } else { "GET" };
            let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience);
            return Err(Box::new(Refusal { allow: Some(methods), ..refusal }));
        }
        fetch_metadata::check_navigation(request.headers).map_err(|kind| {
            let refusal = Refusal::new(kind, audience);
            let opens =
                (kind == AuthErrorKind::ForbiddenContext).then(|| self.login_to_open(request));
            Box::new(Refusal { opens, ..refusal })
        })?;
        if self.mode.binds_every_attempt() && binding.is_none() {
            let detail = "accounts are linked to a user of the app, and the request carries no bound \
                          LoginContext: is the app's session middleware outside of this one?";
            let error = AuthError::with_source(AuthErrorKind::LoginRequired, detail);
            return Err(Box::new(Refusal::new(error, audience)));
        }
        if request.method == "POST" {
            fetch_metadata::check_start(&self.addresses, request.headers)
                .map_err(|kind| Box::new(Refusal::new(kind, audience)))?;
        }
        Ok(())
    }

    /// Linking accepts POSTs of anonymous visitors too: their answer says that they have to log in.
    fn takes_posts(&self, binding: Option<&BindingHash>) -> bool {
        self.requires_post || self.mode.binds_every_attempt() || binding.is_some()
    }

    fn return_to<'q>(&self, query: &'q Query<'_>) -> Option<&'q str> {
        query.get("return_to").ok().flatten().filter(|target| self.addresses.accept(target))
    }

    fn button(&self, audience: Audience, action: &str, by_post: bool) -> Reply {
        self.failures.pages(audience).login_button(self.mode.button(), action, by_post)
    }

    fn run(self: &Arc<Self>, start: Start) -> Begin {
        let (audience, login) = (start.audience, start.login());
        let announced =
            LoginStart { return_to: start.return_to.clone(), app_data: start.app_data.clone() };
        match self.start(start) {
            // The hook is called only for logins that start. Any page can open the page with the
            // button.
            Ok(Started::Login(reply)) if self.hooks.is_some() => {
                let route = Arc::clone(self);
                Begin::Job(Job::new(async move {
                    let error = match route.ask_hook(announced).await {
                        Ok(None) => return reply,
                        Ok(Some(own)) => return own,
                        Err(error) => error,
                    };
                    route.failures.refuse_now(Refusal::new(error, audience).of(login)).await
                }))
            }
            Ok(Started::Login(reply) | Started::Button(reply)) => Begin::Done(reply),
            Err(error) => self.failures.refuse(Refusal::new(error, audience).of(login)),
        }
    }

    /// The hook's own answer, if there is one.
    async fn ask_hook(&self, announced: LoginStart) -> Result<Option<Reply>, AuthError> {
        let Some(hooks) = &self.hooks else { return Ok(None) };
        match hooks.before_login(announced).await.map(|decision| decision.0) {
            Ok(Ok(())) => Ok(None),
            Ok(Err(Some(reply))) => {
                self.failures.refused_by_hook(AuthErrorKind::RejectedByApp);
                Ok(Some(reply))
            }
            Ok(Err(None)) => Err(AuthErrorKind::RejectedByApp.into()),
            Err(error) => Err(AuthError::with_source(AuthErrorKind::Hook, error)),
        }
    }

    fn start(&self, start: Start) -> Result<Started, AuthError> {
        let Start { options, binding, pending, by_button, .. } = start;
        let attempt = Attempt {
            state: self.attempts.new_state()?,
            issued_at: self.attempts.now(),
            return_to: start.return_to,
            extra_scopes: options.scopes.to_string(),
            force_reauth: options.force_reauth,
            app_data: start.app_data,
            binding,
            is_cross_site: by_button.is_some(),
        };
        let (name, value) = self.attempts.cookie(&attempt);
        let room = self.attempts.make_room(pending, name.len() + value.len() + 1);
        // A page of another site must not end the user's pending attempts. The user may, with the
        // button.
        if let Some(action) = by_button.filter(|_| room.ends_the_users_own) {
            let by_post = self.takes_posts(binding.as_ref());
            return Ok(Started::Button(self.button(start.audience, &action, by_post)));
        }
        let location =
            self.requests.location(&attempt.state, &options.scopes, options.force_reauth);
        let reply = Reply::empty(303)
            .header("location", location)
            .cookies([self.attempts.line(&name, &value)])
            .cookies(room.removals);
        Ok(Started::Login(reply))
    }

    /// The address to open in a window, for a login that a script fetched. It keeps the proven
    /// parameters.
    fn login_to_open(&self, request: &Request<'_>) -> String {
        let Ok(query) = Query::read(request.query, PARAMETERS) else {
            return self.addresses.login_path();
        };
        let binding = request.binding();
        let options = query.get("options").ok().flatten();
        let options =
            options.filter(|options| self.links.verify(options, binding.as_ref()).is_some());
        self.links.action(self.return_to(&query), options)
    }
}

/// Whether a page of another site caused the request.
fn is_cross_site(request: &Request<'_>) -> bool {
    request.headers.first("sec-fetch-site") == Some("cross-site")
}
