//! What handlers take.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use ig_oauth_common::adapter::{AppRequest, Caller, middleware_missing};
use ig_oauth_common::hooks::Reply;
use ig_oauth_common::{
    Flow, LoginContext, LoginOptions, LoginOptionsError, RequiredScopes, Scopes, Token,
};

use crate::body::response;
use crate::headers::{HttpHeaders, flow_request};
use crate::plain::Attached;

/// The token of the user who makes this request.
///
/// A handler that takes it runs for logged-in users only. Others are led to the login and back when
/// they navigate, and get 401 with JSON otherwise. It dereferences to [`Token`]; portable code takes
/// `&Token`.
///
/// ```
/// use ig_oauth_tower::InstagramToken;
///
/// async fn home(token: InstagramToken) -> String {
///     format!("Hello, user {}", token.user_id())
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(home));
/// ```
#[derive(Clone, Debug)]
pub struct InstagramToken {
    token: Token,
    request: AppRequest,
    caller: Caller,
}

impl InstagramToken {
    /// The token without the wrapper.
    #[must_use]
    pub fn into_inner(self) -> Token {
        self.token
    }

    /// Goes on only when the user granted all of `scopes`. Otherwise the error, given back by the
    /// handler, answers 403 with a link to a login that asks for the missing ones: a page for a
    /// navigation, JSON for a program.
    ///
    /// ```
    /// use ig_oauth_tower::{InstagramToken, InstagramRejection, Scope};
    ///
    /// async fn publish(token: InstagramToken) -> Result<String, InstagramRejection> {
    ///     token.require([Scope::InstagramBusinessContentPublish])?;
    ///     Ok(format!("publishing for {}", token.user_id()))
    /// }
    /// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(publish));
    /// ```
    ///
    /// # Errors
    ///
    /// The answer, when a scope is missing.
    pub fn require(&self, scopes: impl Into<Scopes>) -> Result<(), InstagramRejection> {
        let granted = self.request.require_scopes(&self.caller, &self.token, &scopes.into());
        granted.map_err(InstagramRejection)
    }

    /// Ends this session, as a logout does: at once, in this process and in the store, and the cookie
    /// goes with the handler's answer, or with the next one where that answer is for shared caches.
    /// The token itself stays valid, and stays in the store for jobs; to forget it too, see
    /// `offline_access()?.revoke(…)`.
    ///
    /// ```
    /// use ig_oauth_tower::{InstagramToken, InstagramRejection};
    ///
    /// async fn delete_account(
    ///     token: InstagramToken,
    /// ) -> Result<&'static str, InstagramRejection> {
    ///     token.end_session().await?;
    ///     Ok("Goodbye.")
    /// }
    /// # let _: axum::Router = axum::Router::new().route("/delete", axum::routing::post(delete_account));
    /// ```
    ///
    /// # Errors
    ///
    /// The answer, when the store does not answer or [`Hooks::on_logout`](crate::Hooks::on_logout)
    /// fails.
    pub async fn end_session(&self) -> Result<(), InstagramRejection> {
        let ended = self.request.end_session(&self.caller, &self.token).await;
        ended.map_err(InstagramRejection)
    }
}

impl Deref for InstagramToken {
    type Target = Token;

    fn deref(&self) -> &Token {
        &self.token
    }
}

/// An [`InstagramToken`] whose user granted all scopes of `R`. A handler that takes it runs for such
/// users only; others get what [`InstagramToken::require`] answers.
///
/// ```
/// use ig_oauth_tower::{InstagramTokenWith, RequiredScopes, Scope, Scopes};
///
/// struct Publishing;
///
/// impl RequiredScopes for Publishing {
///     fn scopes() -> Scopes {
///         [Scope::InstagramBusinessContentPublish].into()
///     }
/// }
///
/// async fn publish(token: InstagramTokenWith<Publishing>) -> String {
///     format!("publishing for {}", token.user_id())
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(publish));
/// ```
pub struct InstagramTokenWith<R> {
    token: InstagramToken,
    scopes: PhantomData<fn() -> R>,
}

impl<R> InstagramTokenWith<R> {
    /// The token without the wrapper.
    #[must_use]
    pub fn into_inner(self) -> InstagramToken {
        self.token
    }
}

impl<R> Deref for InstagramTokenWith<R> {
    type Target = InstagramToken;

    fn deref(&self) -> &InstagramToken {
        &self.token
    }
}

impl<R> fmt::Debug for InstagramTokenWith<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InstagramTokenWith").field(&self.token).finish()
    }
}

/// The token of the user who makes this request, if there is one.
///
/// `Option<InstagramToken>` does the same here; this form exists in both adapters. A store that is
/// down is an error in either form, never "nobody is logged in".
#[derive(Clone, Debug)]
pub struct MaybeInstagramToken(Option<Token>);

impl MaybeInstagramToken {
    /// The token, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.0.as_ref()
    }

    /// The token without the wrapper.
    #[must_use]
    pub fn into_inner(self) -> Option<Token> {
        self.0
    }
}

impl Deref for MaybeInstagramToken {
    type Target = Option<Token>;

    fn deref(&self) -> &Option<Token> {
        &self.0
    }
}

/// Links to the login and the logout, for pages. Needs no logged-in user.
#[derive(Clone, Debug)]
pub struct InstagramLogin {
    flow: Flow,
    context: Option<LoginContext>,
}

impl InstagramLogin {
    /// The path that starts a login, for a link.
    #[must_use]
    pub fn login_path(&self) -> String {
        self.flow.login_path()
    }

    /// The path that ends a session, for the `action` of a form with method `post`.
    #[must_use]
    pub fn logout_path(&self) -> String {
        self.flow.logout_path()
    }

    /// A link to the login with options, good for ten minutes, and for this request's
    /// [`LoginContext`] only when there is a bound one.
    ///
    /// # Errors
    ///
    /// When the options are none that a login can have.
    pub fn login_url(&self, options: &LoginOptions) -> Result<String, LoginOptionsError> {
        self.flow.login_url(options, self.context.as_ref())
    }
}

/// Why a handler with a token did not run; answers the request instead.
///
/// A handler that takes `Result<InstagramToken, InstagramRejection>` has it in hand and answers
/// as it likes.
#[derive(Clone, Debug)]
pub struct InstagramRejection(Reply);

impl InstagramRejection {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// The text of the answer's body.
    #[must_use]
    pub fn body_text(&self) -> String {
        String::from_utf8_lossy(self.0.body_bytes()).into_owned()
    }
}

impl fmt::Display for InstagramRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no Instagram token: answered {}", self.0.status())
    }
}

impl std::error::Error for InstagramRejection {}

impl IntoResponse for InstagramRejection {
    fn into_response(self) -> Response {
        response(self.0, Body::from)
    }
}

/// The request that the layer has seen, or the answer that asks for the layer.
pub(super) fn attached(extensions: &http::Extensions) -> Result<AppRequest, InstagramRejection> {
    let attached = extensions.get::<Attached>().map(|Attached(request)| request.clone());
    attached.ok_or_else(|| InstagramRejection(middleware_missing("InstagramOAuthLayer")))
}

pub(super) async fn require(parts: &Parts) -> Result<InstagramToken, InstagramRejection> {
    let request = attached(&parts.extensions)?;
    let caller = caller(&request, parts);
    let token = request.require(&caller).await.map_err(InstagramRejection)?;
    Ok(InstagramToken { token, request, caller })
}

async fn optional(parts: &Parts) -> Result<Option<InstagramToken>, InstagramRejection> {
    let request = attached(&parts.extensions)?;
    let caller = caller(&request, parts);
    let token = request.optional(&caller).await.map_err(InstagramRejection)?;
    Ok(token.map(|token| InstagramToken { token, request, caller }))
}

fn caller(request: &AppRequest, parts: &Parts) -> Caller {
    let headers = HttpHeaders(&parts.headers);
    request.caller(&flow_request(&parts.method, &parts.uri, &headers, &parts.extensions))
}

impl<S: Send + Sync> FromRequestParts<S> for InstagramToken {
    type Rejection = InstagramRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        require(parts).await
    }
}

impl<S: Send + Sync, R: RequiredScopes> FromRequestParts<S> for InstagramTokenWith<R> {
    type Rejection = InstagramRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let token = require(parts).await?;
        token.require(R::scopes())?;
        Ok(Self { token, scopes: PhantomData })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for InstagramToken {
    type Rejection = InstagramRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        optional(parts).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeInstagramToken {
    type Rejection = InstagramRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(optional(parts).await?.map(InstagramToken::into_inner)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for InstagramLogin {
    type Rejection = InstagramRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let flow = attached(&parts.extensions)?.flow().clone();
        Ok(Self { flow, context: parts.extensions.get::<LoginContext>().cloned() })
    }
}
