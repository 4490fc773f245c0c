//! A guard that restricts a scope to logged-in users.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{Error, ResponseError as _};

use ig_oauth_common::Scopes;

use crate::extract::require;

/// Passes only requests of logged-in users to a scope, and answers all others as
/// [`InstagramToken`](crate::InstagramToken) does.
///
/// ```
/// use actix_web::web;
/// use ig_oauth_actix::RequireInstagramToken;
///
/// let members = web::scope("/members")
///     .wrap(RequireInstagramToken::new())
///     .route("", web::get().to(async || "for members"));
/// # let _ = actix_web::App::new().service(members);
/// ```
///
/// The `InstagramOAuth` must be outside of it, because it must see the request first.
#[derive(Clone, Debug, Default)]
#[must_use = "a middleware does nothing until it is wrapped around a scope"]
pub struct RequireInstagramToken {
    scopes: Scopes,
}

impl RequireInstagramToken {
    /// A guard that needs a token, with any scopes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires all of `scopes` too, and answers other requests as
    /// [`InstagramToken::require`](crate::InstagramToken::require) does.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = scopes.into();
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for RequireInstagramToken
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = RequireInstagramTokenService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let scopes = self.scopes.clone();
        ready(Ok(RequireInstagramTokenService { service: Rc::new(service), scopes }))
    }
}

/// The service of [`RequireInstagramToken`].
#[derive(Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct RequireInstagramTokenService<S> {
    service: Rc<S>,
    scopes: Scopes,
}

impl<S, B> Service<ServiceRequest> for RequireInstagramTokenService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let token = require(request.request());
        let service = Rc::clone(&self.service);
        let scopes = self.scopes.clone();
        Box::pin(async move {
            match token.await.and_then(|token| token.require(scopes)) {
                Ok(()) => service.call(request).await.map(ServiceResponse::map_into_left_body),
                Err(rejection) => {
                    Ok(request.into_response(rejection.error_response()).map_into_right_body())
                }
            }
        })
    }
}
