//! The answers to requests of the app that have no token, or a token that lacks a scope.

use std::sync::Arc;

use super::addresses::Addresses;
use super::authorization::AuthorizationRequests;
use super::failures::{Failures, json_with_login_url};
use super::login_links::{LoginLinks, LoginOptions};
use super::mode::Mode;
use super::pages::Scene;
use super::texts::Text;
use crate::api::{Api, Scopes};
use crate::encoding::query_escape;
use crate::error::{AuthErrorKind, ErrorCode};
use crate::messages::{Audience, BindingHash, ClientKind, Query, Reply, Request};

/// The properties of a request that its answer depends on.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(super) audience: Audience,
    /// The page, as the browser sees it, if a login can return to it.
    returns_to: Option<String>,
    /// The app's own user, for whom links are made.
    binding: Option<BindingHash>,
    /// The link that starts a login again, when this request is the visit of `failure_url` after a
    /// failure.
    retry_after_failure: Option<String>,
}

pub(crate) struct AppAnswers {
    pub(crate) failures: Arc<Failures>,
    pub(crate) links: Arc<LoginLinks>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) requests: Arc<AuthorizationRequests>,
    pub(crate) api: Api,
    pub(crate) mode: Mode,
}

impl AppAnswers {
    pub(super) fn caller(&self, request: &Request<'_>) -> Caller {
        let audience = Audience::of(request);
        let named = |header: &str| {
            request.headers.first(header).and_then(|url| self.addresses.page_at(url))
        };
        let returns_to = match audience.client_kind {
            ClientKind::Visit | ClientKind::Program => self.addresses.requested_page(request),
            // A form's target often accepts only POST. The login returns to the page that contains
            // the form.
            ClientKind::Form | ClientKind::Turbo => named("referer"),
            // The requested URL is only a part of the page that the browser shows.
            ClientKind::Htmx => named("hx-current-url"),
        };
        let retry_after_failure = self.retry_after_failure(request);
        Caller { audience, returns_to, binding: request.binding(), retry_after_failure }
    }

    /// The link that starts the failed login again, when this is a visit of `failure_url` with an
    /// error code. Redirecting it to the login without a click could cause an endless loop.
    fn retry_after_failure(&self, request: &Request<'_>) -> Option<String> {
        if !self.addresses.is_failure_page(request) {
            return None;
        }
        let query = Query::read(request.query, &["error", "options"]).ok()?;
        ErrorCode::of_word(query.get("error").ok()??)?;
        let binding = request.binding();
        let options = query.get("options").ok().flatten();
        let options =
            options.filter(|options| self.links.verify(options, binding.as_ref()).is_some());
        Some(match options {
            Some(options) => self.links.with_options(options),
            None => self.addresses.login_path(),
        })
    }

    /// The answer when the routes are mounted at other paths than the configured ones.
    pub(super) fn misplaced(&self) -> Reply {
        setup_mistake(&format!(
            "The login routes are mounted under another path than the configuration says: login at \
             `{}`, callback at `{}`. Tell the routes the prefix they are nested under, and make \
             `login_path`, `logout_path` and the redirect URI begin with it.",
            self.addresses.login, self.addresses.callback,
        ))
    }

    /// Asks for scopes that the user has not granted, together with the `granted` ones: a new token
    /// has only the scopes of its own login, and would lack the extra scopes of an earlier one.
    pub(super) fn missing_permission(
        &self,
        caller: &Caller,
        granted: &Scopes,
        missing: &Scopes,
    ) -> Reply {
        let mut scopes: Scopes =
            granted.iter().filter(|scope| self.api.refuses(scope).is_none()).cloned().collect();
        scopes.extend(missing.iter().cloned());
        // Every login requests the configured scopes.
        let scopes = scopes.without(&self.requests.scopes(&Scopes::new()));
        let mut options = LoginOptions::new().scopes(scopes);
        options.return_to.clone_from(&caller.returns_to);
        let binding = caller.binding.as_ref();
        let link = self.links.url(&options, binding);
        let link = link.or_else(|_| {
            // All granted scopes may be too long for a link.
            let options = LoginOptions { scopes: missing.clone(), ..options };
            self.links.url(&options, binding)
        });
        // A scope of another API cannot be requested. The plain login then reports which scopes
        // can.
        let link = link.unwrap_or_else(|_| self.addresses.login_path());
        if caller.audience.reads_pages() {
            return self.failures.pages(caller.audience).missing_permission(missing, &link);
        }
        let kind = AuthErrorKind::MissingPermission;
        let body = serde_json::json!({
            "error": kind.code().as_str(),
            "message": self.failures.pages(caller.audience).text(Text::ProgramNeedsPermission),
            "missing": missing,
            "login_url": link,
        });
        Reply::json(kind.status(), &body)
    }

    /// Redirects a navigation to the login and back, asks a user to send a form again, and answers
    /// API clients with 401.
    pub(super) fn login_required(&self, caller: &Caller) -> Reply {
        if self.mode == Mode::Linking {
            // Connecting an account would not help: the next visit would end here again.
            return setup_mistake(
                "In linking mode nobody is logged in with Instagram, so no request has a token of its \
                 own. Take the accounts that your own user connected, and \
                 `flow().offline_access()?.token(&account)`.",
            );
        }
        let login = self.addresses.login_path();
        let link = match &caller.returns_to {
            Some(target) => format!("{login}?return_to={}", query_escape(target)),
            None => login.clone(),
        };
        if caller.audience.is_visit() && caller.retry_after_failure.is_none() {
            return Reply::empty(303).header("location", link);
        }
        let kind = AuthErrorKind::LoginRequired;
        let pages = self.failures.pages(caller.audience);
        let reply = if caller.audience.reads_pages() {
            match &caller.retry_after_failure {
                Some(retry) if caller.audience.is_visit() => {
                    pages.login_required(Scene::AppPage.words(kind.code()), retry)
                }
                _ => pages.login_required(Scene::AppPage.words_about_a_form(), &link),
            }
        } else {
            json_with_login_url(kind, pages.text(Text::ProgramNeedsLogin), Some(&login))
        };
        let reply =
            if caller.audience.is_htmx() { reply.header("hx-redirect", link) } else { reply };
        // RFC 9110, section 11.6.1 requires a challenge. Browsers show no dialog for this scheme.
        reply.header("www-authenticate", format!("InstagramLogin login_url=\"{login}\""))
    }
}

/// The answer when a handler needs a token and the middleware is missing. `middleware` is its
/// public name.
pub fn middleware_missing(middleware: &str) -> Reply {
    setup_mistake(&format!("Can't extract the Instagram token. Is `{middleware}` enabled?"))
}

/// For the developer: a 500 that names what to change.
fn setup_mistake(message: &str) -> Reply {
    json_with_login_url(AuthErrorKind::MiddlewareMissing, message, None).protected()
}
