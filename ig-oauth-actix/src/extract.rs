//! The extractors.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use ig_oauth_common::adapter::{AppRequest, Caller, middleware_missing};
use ig_oauth_common::hooks::Reply;
use ig_oauth_common::{
    Flow, LoginContext, LoginOptions, LoginOptionsError, RequiredScopes, Scopes, Token,
};

use crate::headers::{ActixHeaders, flow_request};
use crate::plain::AttachedRequest as _;
use crate::response::response;

/// The token of the user who sends this request.
///
/// A handler with it runs only for logged-in users. Other navigations are redirected to the login
/// and back, and other requests get 401 with JSON. It dereferences to [`Token`]; code for several
/// frameworks takes `&Token`.
///
/// ```
/// use ig_oauth_actix::InstagramToken;
///
/// async fn home(token: InstagramToken) -> String {
///     format!("Hello, user {}", token.user_id())
/// }
/// # let _ = actix_web::App::new().route("/", actix_web::web::get().to(home));
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
    /// use ig_oauth_actix::{InstagramToken, InstagramRejection, Scope};
    ///
    /// async fn publish(token: InstagramToken) -> Result<String, InstagramRejection> {
    ///     token.require([Scope::InstagramBusinessContentPublish])?;
    ///     Ok(format!("publishing for {}", token.user_id()))
    /// }
    /// # let _ = actix_web::App::new().route("/", actix_web::web::get().to(publish));
    /// ```
    ///
    /// # Errors
    ///
    /// The answer, when a scope is missing.
    pub fn require(&self, scopes: impl Into<Scopes>) -> Result<(), InstagramRejection> {
        let granted = self.request.require_scopes(&self.caller, &self.token, &scopes.into());
        granted.map_err(InstagramRejection::refusal)
    }

    /// Ends this session immediately, as a logout does, in this process and in the store. The
    /// cookie is removed with the handler's answer, or with the next one if shared caches may store
    /// this answer. The token remains valid, and remains in the store for background jobs. To
    /// delete it too, see `offline_access()?.revoke(…)`.
    ///
    /// ```
    /// use ig_oauth_actix::{InstagramToken, InstagramRejection};
    ///
    /// async fn delete_account(
    ///     token: InstagramToken,
    /// ) -> Result<&'static str, InstagramRejection> {
    ///     token.end_session().await?;
    ///     Ok("Goodbye.")
    /// }
    /// # let _ = actix_web::App::new().route("/delete", actix_web::web::post().to(delete_account));
    /// ```
    ///
    /// # Errors
    ///
    /// The answer, when the store fails or [`Hooks::on_logout`](crate::hooks::Hooks::on_logout) fails.
    pub async fn end_session(&self) -> Result<(), InstagramRejection> {
        let ended = self.request.end_session(&self.caller, &self.token).await;
        ended.map_err(InstagramRejection::refusal)
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
/// use ig_oauth_actix::{InstagramTokenWith, RequiredScopes, Scope, Scopes};
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
/// # let _ = actix_web::App::new().route("/", actix_web::web::get().to(publish));
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
/// Use this instead of `Option<InstagramToken>`: actix's `Option` discards every error and only
/// logs it. A store outage and a missing middleware then look like an anonymous visitor; with this
/// type they are answered with 503 and 500. The same is true of `Either<InstagramToken, T>`.
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
pub struct InstagramRejection {
    reply: Reply,
}

impl InstagramRejection {
    pub(crate) fn refusal(reply: Reply) -> Self {
        Self { reply }
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.reply.status()
    }
}

impl fmt::Display for InstagramRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no Instagram token: answered {}", self.reply.status())
    }
}

impl std::error::Error for InstagramRejection {}

impl ResponseError for InstagramRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        response(self.reply.clone())
    }
}

pub(crate) type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, InstagramRejection>>>>;

/// The request as the middleware attached it, or the answer that the middleware is missing.
pub(crate) fn attached(request: &HttpRequest) -> Result<AppRequest, InstagramRejection> {
    let attached = request.instagram();
    attached.ok_or_else(|| InstagramRejection::refusal(middleware_missing("InstagramOAuth")))
}

fn caller(attached: &AppRequest, request: &HttpRequest) -> Caller {
    let context = request.extensions().get::<LoginContext>().cloned();
    let headers = ActixHeaders(request.headers());
    attached.caller(&flow_request(request.method(), request.uri(), &headers, context.as_ref()))
}

/// Everything is read from the request before the first await, because its extensions are in a
/// `RefCell`.
fn optional(
    request: &HttpRequest,
) -> impl Future<Output = Result<(AppRequest, Caller, Option<Token>), InstagramRejection>> + use<> {
    let attached = attached(request).map(|attached| {
        let caller = caller(&attached, request);
        (attached, caller)
    });
    async {
        let (attached, caller) = attached?;
        match attached.optional(&caller).await {
            Ok(token) => Ok((attached, caller, token)),
            Err(reply) => Err(InstagramRejection::refusal(reply)),
        }
    }
}

pub(crate) fn require(
    request: &HttpRequest,
) -> impl Future<Output = Result<InstagramToken, InstagramRejection>> + use<> {
    let token = optional(request);
    async {
        match token.await? {
            (request, caller, Some(token)) => Ok(InstagramToken { token, request, caller }),
            (request, caller, None) => {
                Err(InstagramRejection::refusal(request.login_required(&caller)))
            }
        }
    }
}

impl FromRequest for InstagramToken {
    type Error = InstagramRejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(require(request))
    }
}

impl<R: RequiredScopes + 'static> FromRequest for InstagramTokenWith<R> {
    type Error = InstagramRejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = require(request);
        Box::pin(async {
            let token = token.await?;
            token.require(R::scopes())?;
            Ok(Self { token, scopes: PhantomData })
        })
    }
}

impl FromRequest for MaybeInstagramToken {
    type Error = InstagramRejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let token = optional(request);
        Box::pin(async {
            let (_, _, token) = token.await?;
            Ok(Self(token))
        })
    }
}

impl FromRequest for InstagramLogin {
    type Error = InstagramRejection;
    type Future = std::future::Ready<Result<Self, InstagramRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let context = request.extensions().get::<LoginContext>().cloned();
        let login =
            attached(request).map(|attached| Self { flow: attached.flow().clone(), context });
        std::future::ready(login)
    }
}
