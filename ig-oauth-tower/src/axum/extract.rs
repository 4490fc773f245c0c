//! The extractors.

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

/// The token of the user who sends this request.
///
/// A handler with it runs only for logged-in users. Other navigations are redirected to the login
/// and back, and other requests get 401 with JSON. It dereferences to [`Token`]; code for several
/// frameworks takes `&Token`.
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
    /// The plain token.
    #[must_use]
    pub fn into_inner(self) -> Token {
        self.token
    }

    /// Checks that the user granted all of `scopes`. If not, return the error from the handler: it
    /// answers 403 with a link to a login that asks for the missing scopes, as a page for a
    /// navigation and as JSON for a program.
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

    /// Ends this session immediately, as a logout does, in this process and in the store. The
    /// cookie is removed with the handler's answer, or with the next one if shared caches may store
    /// this answer. The token remains valid, and remains in the store for background jobs. To
    /// delete it too, see `offline_access()?.revoke(…)`.
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
    /// The answer, when the store fails or [`Hooks::on_logout`](crate::hooks::Hooks::on_logout) fails.
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

/// An [`InstagramToken`] whose user granted all scopes of `R`. A handler with it runs only for such
/// users; other requests get the answer of [`InstagramToken::require`].
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
    /// The token without the scopes' type.
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

/// The token of the user who sends this request, if there is one.
///
/// `Option<InstagramToken>` does the same here; this type exists in both adapters. With either, a
/// store outage is an error and never "not logged in".
#[derive(Clone, Debug)]
pub struct MaybeInstagramToken(Option<Token>);

impl MaybeInstagramToken {
    /// The token, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.0.as_ref()
    }

    /// The plain token, if there is one.
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

/// Links to the login and the logout, for pages. It needs no logged-in user.
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

    /// A link to the login with options, valid for ten minutes. If this request has a bound
    /// [`LoginContext`], the link is valid only for that context.
    ///
    /// # Errors
    ///
    /// When an option is invalid.
    pub fn login_url(&self, options: &LoginOptions) -> Result<String, LoginOptionsError> {
        self.flow.login_url(options, self.context.as_ref())
    }
}

/// Why a handler with a token did not run. It is the answer to the request.
///
/// A handler that takes `Result<InstagramToken, InstagramRejection>` receives it and can
/// answer differently.
#[derive(Clone, Debug)]
pub struct InstagramRejection(Reply);

impl InstagramRejection {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status()
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

/// The request as the layer attached it, or the answer that the layer is missing.
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
