//! The future of a response, with its states.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use ig_oauth_common::adapter::AppRequest;
use ig_oauth_common::hooks::Reply;
use pin_project_lite::pin_project;

use crate::headers::ActixHeaders;
use crate::response::{append, response};

pin_project! {
    /// The future of [`InstagramOAuthService`](crate::InstagramOAuthService).
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = Projection]
    enum State<F> {
        // The app answers, and the request has no session cookie: the common case.
        Inner { #[pin] future: F },
        // The app answers, and the session may need a cookie in the answer.
        InnerWithSession { #[pin] future: F, request: AppRequest },
        // The flow answers asynchronously: only on the crate's routes, so the cost of boxing does
        // not matter.
        Own { request: Option<ServiceRequest>, future: Pin<Box<dyn Future<Output = Reply>>> },
        // The flow has answered already.
        Done { answer: Option<(ServiceRequest, Reply)> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn inner(future: F, request: Option<AppRequest>) -> Self {
        let state = match request {
            None => State::Inner { future },
            Some(request) => State::InnerWithSession { future, request },
        };
        Self { state }
    }

    pub(crate) fn own(
        request: ServiceRequest,
        reply: impl Future<Output = Reply> + 'static,
    ) -> Self {
        Self { state: State::Own { request: Some(request), future: Box::pin(reply) } }
    }

    pub(crate) fn done(request: ServiceRequest, reply: Reply) -> Self {
        Self { state: State::Done { answer: Some((request, reply)) } }
    }
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projection::Inner { future } => {
                future.poll(cx).map_ok(ServiceResponse::map_into_left_body)
            }
            Projection::InnerWithSession { future, request } => {
                // If an inner middleware returns `Err`, there is no response to add the cookie to.
                // It is sent with the next answer.
                let mut answer = ready!(future.poll(cx))?;
                let lines = request.finish(&ActixHeaders(answer.headers()));
                let lines = lines.iter().map(|(name, value)| (*name, value.as_str()));
                append(answer.headers_mut(), lines);
                Poll::Ready(Ok(answer.map_into_left_body()))
            }
            // The crate's answers are `Ok`, so that outer middlewares, such as CORS and loggers,
            // still run.
            Projection::Own { request, future } => {
                let reply = ready!(future.as_mut().poll(cx));
                match request.take() {
                    Some(request) => Poll::Ready(Ok(own(request, reply))),
                    None => Poll::Pending,
                }
            }
            Projection::Done { answer } => match answer.take() {
                Some((request, reply)) => Poll::Ready(Ok(own(request, reply))),
                // Polled again after completion, which no caller may do.
                None => Poll::Pending,
            },
        }
    }
}

fn own<B>(request: ServiceRequest, reply: Reply) -> ServiceResponse<EitherBody<B>> {
    request.into_response(response(reply)).map_into_right_body()
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
