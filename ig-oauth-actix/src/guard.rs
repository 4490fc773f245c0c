//! A whole scope for logged-in users only.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{Error, ResponseError as _};

use crate::extract::{InstagramTokenRejection, attached, caller};

/// Lets only requests of logged-in users through to a scope, and answers all others as
/// [`InstagramToken`](crate::InstagramToken) would.
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
/// The `InstagramOAuth` goes outside of it, as it must see the request first.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a middleware does nothing until it is wrapped around a scope"]
#[non_exhaustive]
pub struct RequireInstagramToken;

impl RequireInstagramToken {
    /// The guard.
    pub fn new() -> Self {
        Self
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
        ready(Ok(RequireInstagramTokenService { service: Rc::new(service) }))
    }
}

/// The service that [`RequireInstagramToken`] makes.
#[derive(Debug)]
#[must_use = "a service does nothing until it is called"]
pub struct RequireInstagramTokenService<S> {
    service: Rc<S>,
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
        let asked = attached(request.request())
            .map(|attached| (caller(&attached, request.request()), attached));
        let service = Rc::clone(&self.service);
        Box::pin(async move {
            let admitted = match asked {
                Ok((caller, attached)) => {
                    attached.require(&caller).await.map_err(InstagramTokenRejection::from)
                }
                Err(rejection) => Err(rejection),
            };
            match admitted {
                Ok(_) => service.call(request).await.map(ServiceResponse::map_into_left_body),
                Err(rejection) => {
                    Ok(request.into_response(rejection.error_response()).map_into_right_body())
                }
            }
        })
    }
}
