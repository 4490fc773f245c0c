//! The app's own requests: the token for handlers, and the answer when there is none.

use std::fmt;
use std::sync::Arc;

use super::app_answers::Caller;
use super::failures::Refusal;
use super::flow::Flow;
use super::pages::Scene;
use crate::api::Scopes;
use crate::error::AuthError;
use crate::messages::{Headers, Reply, Request};
use crate::provider::Token;
use crate::session::{Reading, RequestSession};

/// What an adapter attaches to each request of the app: the flow, and the request's session if it
/// carries the session cookie. It is cheap to clone.
#[derive(Clone)]
pub struct AppRequest {
    flow: Flow,
    session: Option<Arc<RequestSession>>,
}

/// The scopes that a handler needs, as a type, for the adapters' `InstagramTokenWith`.
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

impl Flow {
    /// Prepares a request of the app. It reads the `Cookie` headers, and allocates only when they
    /// contain the session cookie.
    #[must_use]
    pub fn attach(&self, headers: &dyn Headers) -> AppRequest {
        let values = self.steps.sessions.values_in(headers);
        let session = (!values.is_empty()).then(|| Arc::new(RequestSession::new(values)));
        AppRequest { flow: self.clone(), session }
    }
}

impl AppRequest {
    /// The flow, for links to the login and the logout.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Whether the request carries a session cookie of the crate's: only then does
    /// [`finish`](Self::finish) have lines to append.
    #[must_use]
    pub fn has_session_cookie(&self) -> bool {
        self.session.is_some()
    }

    /// The properties of the request that its answer depends on.
    #[must_use]
    pub fn caller(&self, request: &Request<'_>) -> Caller {
        self.flow.steps.answers.caller(request)
    }

    /// The token of this request's session, if there is one.
    ///
    /// # Errors
    ///
    /// `Store` when the store does not answer, `Hook` when `accepts` fails. A failure is never
    /// treated as "not logged in".
    pub async fn token(&self) -> Result<Option<Token>, AuthError> {
        let Some(session) = &self.session else { return Ok(None) };
        let steps = &self.flow.steps;
        let token = session.open(&steps.sessions, self.read(session)).await?;
        Ok(token.map(|token| steps.deaths.watch(token)))
    }

    async fn read(&self, session: &RequestSession) -> Result<Reading, AuthError> {
        let steps = &self.flow.steps;
        Ok(match steps.sessions.read(session.values()).await? {
            Reading::Live(session) => {
                let session = steps.refreshes.keep_fresh(session).await;
                session.map_or(Reading::Nobody { remove: true }, Reading::Live)
            }
            nobody => nobody,
        })
    }

    /// The token, or the answer that leads to a login.
    ///
    /// # Errors
    ///
    /// The reply to send instead of running the handler.
    pub async fn require(&self, caller: &Caller) -> Result<Token, Reply> {
        self.optional(caller).await?.ok_or_else(|| self.login_required(caller))
    }

    /// Ends this request's session, whose token is `token`, immediately, as a logout does. The
    /// cookie is removed with the app's answer, or with the next one if shared caches may store
    /// this answer. [`Hooks::on_logout`](crate::hooks::Hooks::on_logout) is called.
    ///
    /// # Errors
    ///
    /// The reply to send instead of the handler's, when the store or the hook fails.
    pub async fn end_session(&self, caller: &Caller, token: &Token) -> Result<(), Reply> {
        let (Some(session), Some(logout)) = (&self.session, &self.flow.steps.logout) else {
            return Ok(());
        };
        match logout.end_for_app(token, session).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.refused(error, caller, Scene::Logout).await),
        }
    }

    /// Checks that the user granted all of `scopes`. If not, the answer asks for the missing ones:
    /// 403 with a link to a login that requests them, never a redirect. It is a page for a
    /// navigation, and JSON with `missing` and `login_url` otherwise.
    ///
    /// # Errors
    ///
    /// The reply to send instead of the handler's.
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
        let answers = &self.flow.steps.answers;
        Err(answers.missing_permission(caller, token.scopes(), &missing).protected())
    }

    /// The token if there is one, or the answer that reports why this cannot be determined.
    ///
    /// # Errors
    ///
    /// The reply to send instead of running the handler.
    pub async fn optional(&self, caller: &Caller) -> Result<Option<Token>, Reply> {
        match self.token().await {
            Ok(token) => Ok(token),
            Err(error) => Err(self.refused(error, caller, Scene::AppPage).await),
        }
    }

    async fn refused(&self, error: AuthError, caller: &Caller, scene: Scene) -> Reply {
        let refusal = Refusal::new(error, caller.audience).at(scene);
        self.flow.steps.failures.refuse_now(refusal).await.protected()
    }

    /// The answer when a handler needs a token and there is none.
    pub fn login_required(&self, caller: &Caller) -> Reply {
        self.flow.steps.answers.login_required(caller).protected()
    }

    /// The header lines to add to the app's answer. `answer` holds the answer's own headers.
    #[must_use]
    pub fn finish(&self, answer: &dyn Headers) -> Vec<(&'static str, String)> {
        match &self.session {
            Some(session) => session.finish(&self.flow.steps.sessions, answer),
            None => Vec::new(),
        }
    }
}

impl fmt::Debug for AppRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppRequest").field("session", &self.session).finish_non_exhaustive()
    }
}
