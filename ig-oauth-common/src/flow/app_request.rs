//! The app's own requests: the token for handlers, and the answer when there is none.

use std::fmt;
use std::sync::Arc;

use super::authorization_request::query_escape;
use super::failure::{Refusal, json_reply};
use super::negotiation::{Asker, Audience};
use super::pages::Scene;
use super::query::Query;
use super::texts::Text;
use super::{
    Flow, Headers, LoginContext, LoginOptions, Reply, Request, is_allowed_url, login_options,
    protect, return_to,
};
use crate::cookie;
use crate::error::{AuthError, AuthErrorKind, ErrorCode};
use crate::scope::Scopes;
use crate::session::{self, Reading, Slot};
use crate::token::Token;

/// What an adapter attaches to a request of the app: the flow, and the request's session if it
/// carries our cookie. Cheap to clone.
#[derive(Clone)]
pub struct AppRequest {
    flow: Flow,
    slot: Option<Arc<Slot>>,
}

/// What the answer to a handler's request depends on, copied from it.
#[derive(Clone, Debug)]
pub struct Caller {
    audience: Audience,
    /// The page as the browser knows it, when a login can return to it.
    returns_to: Option<String>,
    /// The app's own user, for whom links are made.
    context: Option<LoginContext>,
    /// The link that starts a login again, when this is the visit that its failure led to.
    retry_after_failure: Option<String>,
}

impl Flow {
    /// Prepares a request of the app. Costs a look at the `Cookie` headers, and an allocation only
    /// when our session cookie is among them.
    #[must_use]
    pub fn attach(&self, headers: &dyn Headers) -> AppRequest {
        let values = cookie::values_of(headers, self.settings().cookie_names.session());
        let slot = (!values.is_empty())
            .then(|| Arc::new(Slot::new(values.into_iter().map(<[u8]>::to_vec).collect())));
        AppRequest { flow: self.clone(), slot }
    }

    /// The answer when our routes are mounted where the configuration does not have them.
    pub fn misplaced(&self) -> Reply {
        let paths = &self.settings().paths;
        setup_mistake(&format!(
            "The login routes are mounted under another path than the configuration says: login at \
             `{}`, callback at `{}`. Tell the routes the prefix they are nested under, and make \
             `login_path`, `logout_path` and the redirect URI begin with it.",
            paths.login, paths.callback,
        ))
    }

    fn caller(&self, request: &Request<'_>) -> Caller {
        let audience = Audience::of(request);
        let named = |header: &str| request.headers.first(header).and_then(|url| self.page_at(url));
        let returns_to = match audience.asker() {
            Asker::Visit | Asker::Program => self.requested_page(request),
            // A form's own address often takes posts only. Sending it again begins where it stands.
            Asker::Form | Asker::Turbo => named("referer"),
            // What was asked for is a part of the page that the browser shows.
            Asker::Htmx => named("hx-current-url"),
        };
        let retry_after_failure = self.retry_after_failure(request);
        let context = request.context.cloned();
        Caller { audience, returns_to, context, retry_after_failure }
    }

    /// Where a visit of `failure_url` brings a code of ours, the login that failed: to be sent there
    /// again without a click could go on for ever.
    fn retry_after_failure(&self, request: &Request<'_>) -> Option<String> {
        let settings = self.settings();
        let place =
            return_to::path_on(settings.redirect_uri.origin(), settings.failure_url.as_deref()?)?;
        if settings.paths.public(request.path) != place {
            return None;
        }
        let query = Query::read(request.query, &["error", "options"]).ok()?;
        ErrorCode::of_word(query.get("error").ok()??)?;
        let login = self.login_path();
        let context = request.context.and_then(super::context_hash);
        let options =
            query.get("options").ok().flatten().filter(|options| {
                login_options::verify(settings, options, context.as_ref()).is_some()
            });
        Some(match options {
            Some(options) => format!("{login}?options={options}"),
            None => login,
        })
    }

    /// The requested page, as the browser knows it.
    fn requested_page(&self, request: &Request<'_>) -> Option<String> {
        let mut target = self.settings().paths.public(request.path);
        if let Some(query) = request.query {
            target.push('?');
            target.push_str(query);
        }
        return_to::captured(&target).filter(|target| self.accepts_return_to(target))
    }

    /// The page at `url`, which a header of the browser names. The redirect URI's origin is cut off
    /// byte for byte; another one counts when it is listed.
    fn page_at(&self, url: &str) -> Option<String> {
        let settings = self.settings();
        let target = match url.strip_prefix(settings.redirect_uri.origin()) {
            Some(path) if path.starts_with('/') => return_to::captured(path)?,
            _ if is_allowed_url(url, &settings.allowed_return_origins) => url.to_owned(),
            _ => return None,
        };
        Some(target).filter(|target| self.accepts_return_to(target))
    }

    /// Asks for scopes that the user has not granted, besides the `granted` ones: the new token has
    /// what its own login asked for, and would be without the extras of an earlier one.
    fn missing_permission(&self, caller: &Caller, granted: &Scopes, missing: Scopes) -> Reply {
        let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
        let api = self.settings().api;
        let mut scopes: Scopes =
            granted.iter().filter(|scope| scope.refusal(api).is_none()).cloned().collect();
        scopes.extend(missing.iter().cloned());
        // The configured ones are asked for by every login.
        let scopes = scopes.without(&self.requested_scopes(&Scopes::new()));
        let mut options = LoginOptions::new().scopes(scopes);
        options.return_to.clone_from(&caller.returns_to);
        let link = self.login_url(&options, caller.context.as_ref());
        let link = link.or_else(|_| {
            // The granted ones may be too many for a link.
            let options = LoginOptions { scopes: missing, ..options };
            self.login_url(&options, caller.context.as_ref())
        });
        // A scope of another API cannot be asked for; a plain login then says what can.
        let link = link.unwrap_or_else(|_| self.login_path());
        if caller.audience.reads_pages() {
            return self.pages(caller.audience).missing_permission(&names, &link);
        }
        let kind = AuthErrorKind::MissingPermission;
        let body = serde_json::json!({
            "error": kind.code().as_str(),
            "message": self.pages(caller.audience).text(Text::ProgramNeedsPermission),
            "missing": names,
            "login_url": link,
        });
        Reply::empty(kind.status())
            .header("content-type", "application/json")
            .body(body.to_string().into_bytes())
    }

    /// Leads a visit to the login and back, asks for a form to be sent again, and tells programs.
    fn login_required(&self, caller: &Caller) -> Reply {
        if self.settings().linking {
            // To connect an account would not help: the next visit would end here again.
            return setup_mistake(
                "In linking mode nobody is logged in with Instagram, so no request has a token of its \
                 own. Take the accounts that your own user connected, and \
                 `flow().offline_access()?.token(&account)`.",
            );
        }
        let login = self.login_path();
        let link = match &caller.returns_to {
            Some(target) => format!("{login}?return_to={}", query_escape(target)),
            None => login.clone(),
        };
        if caller.audience.is_visit() && caller.retry_after_failure.is_none() {
            return Reply::empty(303).header("location", link);
        }
        let kind = AuthErrorKind::LoginRequired;
        let pages = self.pages(caller.audience);
        let reply = if caller.audience.reads_pages() {
            match &caller.retry_after_failure {
                Some(retry) if caller.audience.is_visit() => {
                    pages.login_required(Scene::AppPage.words(kind.code()), retry)
                }
                _ => pages.login_required(Scene::AppPage.words_about_a_form(), &link),
            }
        } else {
            let body = serde_json::json!({
                "error": kind.code().as_str(),
                "message": pages.text(Text::ProgramNeedsLogin),
                "login_url": login,
            });
            Reply::empty(kind.status())
                .header("content-type", "application/json")
                .body(body.to_string().into_bytes())
        };
        let reply =
            if caller.audience.is_htmx() { reply.header("hx-redirect", link) } else { reply };
        // RFC 9110, section 11.6.1 wants a challenge. No browser shows a dialogue for this one.
        reply.header("www-authenticate", format!("InstagramLogin login_url=\"{login}\""))
    }
}

/// The scopes that a handler needs, as a type: for the adapters' `InstagramTokenWith`.
///
/// ```
/// use ig_oauth_common::{RequiredScopes, Scope, Scopes};
///
/// struct Publishing;
///
/// impl RequiredScopes for Publishing {
///     fn scopes() -> Scopes {
///         [Scope::InstagramBusinessContentPublish].into()
///     }
/// }
/// ```
pub trait RequiredScopes {
    /// All of them must be granted.
    fn scopes() -> Scopes;
}

impl AppRequest {
    /// The flow, for links to the login and the logout.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// The session of this request, when it carries our cookie.
    #[must_use]
    pub fn slot(&self) -> Option<&Slot> {
        self.slot.as_deref()
    }

    /// What the answer will depend on.
    #[must_use]
    pub fn caller(&self, request: &Request<'_>) -> Caller {
        self.flow.caller(request)
    }

    /// The token of this request's session, if there is one.
    ///
    /// # Errors
    ///
    /// `Store` when the store does not answer, `Hook` when `accepts` fails: never "nobody is logged
    /// in" by accident.
    pub async fn token(&self) -> Result<Option<Token>, AuthError> {
        match &self.slot {
            Some(slot) => {
                let flow = &self.flow;
                let token = slot.open(flow.settings(), flow.tombstones(), self.read(slot)).await?;
                Ok(token.map(|token| flow.watch(token)))
            }
            None => Ok(None),
        }
    }

    async fn read(&self, slot: &Slot) -> Result<Reading, AuthError> {
        Ok(
            match session::read(self.flow.settings(), self.flow.tombstones(), slot.values()).await?
            {
                Reading::Live(session) => {
                    let session = self.flow.keep_fresh(session).await;
                    session.map_or(Reading::Nobody { remove: true }, Reading::Live)
                }
                nobody => nobody,
            },
        )
    }

    /// The token, or the answer that leads to one.
    ///
    /// # Errors
    ///
    /// The reply to send instead of running the handler.
    pub async fn require(&self, caller: &Caller) -> Result<Token, Reply> {
        self.optional(caller).await?.ok_or_else(|| self.login_required(caller))
    }

    /// Ends this request's session, whose token is `token`, as a logout does: at once, and the removal
    /// of its cookie goes along with the app's answer, or with the next one where that answer may be
    /// kept by shared caches. [`Hooks::on_logout`](crate::Hooks::on_logout) hears of it.
    ///
    /// # Errors
    ///
    /// The reply to send instead of what the handler would do, when the store or the hook fails.
    pub async fn end_session(&self, caller: &Caller, token: &Token) -> Result<(), Reply> {
        let Some(slot) = &self.slot else { return Ok(()) };
        match self.flow.end_for_app(token, slot).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let refusal = Refusal::new(error, caller.audience).at(Scene::Logout);
                Err(protect(self.flow.refuse_now(refusal).await))
            }
        }
    }

    /// Whether the user granted all of `scopes`, or the answer that asks for the missing ones: 403,
    /// with a link to a login that asks again, and never a redirect there. A page for a navigation,
    /// JSON with `missing` and `login_url` otherwise.
    ///
    /// # Errors
    ///
    /// The reply to send instead of what the handler would do.
    pub fn require_scopes(
        &self,
        caller: &Caller,
        token: &Token,
        scopes: &Scopes,
    ) -> Result<(), Reply> {
        let missing = scopes.without(token.scopes());
        if missing.is_empty() {
            return Ok(());
        }
        Err(protect(self.flow.missing_permission(caller, token.scopes(), missing)))
    }

    /// The token if there is one, or the answer that says why nobody knows.
    ///
    /// # Errors
    ///
    /// The reply to send instead of running the handler.
    pub async fn optional(&self, caller: &Caller) -> Result<Option<Token>, Reply> {
        match self.token().await {
            Ok(token) => Ok(token),
            Err(error) => {
                let refusal = Refusal::new(error, caller.audience).at(Scene::AppPage);
                Err(protect(self.flow.refuse_now(refusal).await))
            }
        }
    }

    /// The answer when a handler needs a token and there is none.
    pub fn login_required(&self, caller: &Caller) -> Reply {
        protect(self.flow.login_required(caller))
    }

    /// Keeps an answer of [`optional`](Self::optional) that the framework has lost on the way to the
    /// handler, so that the adapter can send it instead of what the handler says in ignorance.
    pub fn swallow(&self, reply: Reply) {
        if let Some(slot) = &self.slot {
            slot.fail(reply);
        }
    }

    /// Takes the answer that the framework has lost, if it did and no later look had a better one:
    /// then the app knew who it was, and what it did must not be denied.
    #[must_use]
    pub fn take_swallowed(&self) -> Option<Reply> {
        self.slot.as_ref().and_then(|slot| slot.take_failure())
    }

    /// The header lines to append to the app's answer, whose own headers are `answer`.
    #[must_use]
    pub fn finish(&self, answer: &dyn Headers) -> Vec<(&'static str, String)> {
        match &self.slot {
            Some(slot) => slot.finish(self.flow.settings(), self.flow.tombstones(), answer),
            None => Vec::new(),
        }
    }
}

impl fmt::Debug for AppRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppRequest").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// The answer when a handler wants a token and `middleware`, by the name its user knows, is not
/// there.
pub fn middleware_missing(middleware: &str) -> Reply {
    setup_mistake(&format!("Can't extract the Instagram token. Is `{middleware}` enabled?"))
}

/// For the developer: a 500 that says what to change.
fn setup_mistake(message: &str) -> Reply {
    protect(json_reply(AuthErrorKind::MiddlewareMissing, message))
}
