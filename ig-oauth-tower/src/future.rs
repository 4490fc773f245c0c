//! The future of a response, with its states.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use ig_oauth_common::adapter::AppRequest;
use ig_oauth_common::hooks::Reply;
use pin_project_lite::pin_project;

use crate::body::{ResponseBody, append, response};
use crate::headers::HttpHeaders;

pin_project! {
    /// The future of [`InstagramOAuthService`](crate::InstagramOAuthService).
    pub struct ResponseFuture<F, R> {
        #[pin]
        state: State<F>,
        body: PhantomData<fn() -> R>,
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
        Own { future: Pin<Box<dyn Future<Output = Reply> + Send>> },
        // The flow has answered already.
        Done { reply: Option<Reply> },
    }
}

impl<F, R> ResponseFuture<F, R> {
    fn new(state: State<F>) -> Self {
        Self { state, body: PhantomData }
    }

    pub(crate) fn inner(future: F, request: Option<AppRequest>) -> Self {
        Self::new(match request {
            None => State::Inner { future },
            Some(request) => State::InnerWithSession { future, request },
        })
    }

    pub(crate) fn own(reply: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self::new(State::Own { future: Box::pin(reply) })
    }

    pub(crate) fn done(reply: Reply) -> Self {
        Self::new(State::Done { reply: Some(reply) })
    }
}

impl<F, R, B, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    R: ResponseBody<B>,
{
    type Output = Result<Response<R::Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projection::Inner { future } => future.poll(cx).map_ok(R::inner),
            Projection::InnerWithSession { future, request } => {
                let mut response = ready!(future.poll(cx))?;
                let lines = request.finish(&HttpHeaders(response.headers()));
                let lines = lines.iter().map(|(name, value)| (*name, value.as_str()));
                append(response.headers_mut(), lines);
                Poll::Ready(Ok(R::inner(response)))
            }
            Projection::Own { future } => {
                let reply = ready!(future.as_mut().poll(cx));
                Poll::Ready(Ok(response(reply, R::own)))
            }
            Projection::Done { reply } => match reply.take() {
                Some(reply) => Poll::Ready(Ok(response(reply, R::own))),
                // Polled again after completion, which no caller may do.
                None => Poll::Pending,
            },
        }
    }
}

impl<F, R> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
