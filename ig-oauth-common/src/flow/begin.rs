//! The routes, and what a request to one of them starts.

use std::fmt;
use std::future::{Future, poll_fn};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::error::AuthErrorKind;
use crate::futures::BoxFuture;
use crate::messages::Reply;

/// One of the crate's routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Starts a login.
    Login,
    /// The redirect URI: finishes a login.
    Callback,
    /// Ends a session.
    Logout,
    /// The provider reports that a user removed the app.
    Deauthorize,
    /// The provider asks for the deletion of a user's data, and the user asks for its status.
    DataDeletion,
}

/// The result of [`Flow::begin`](crate::Flow::begin).
#[derive(Debug)]
#[must_use = "a request without its reply is never answered"]
#[allow(
    clippy::exhaustive_enums,
    reason = "an adapter that does not know a way to the reply must not compile"
)]
pub enum Begin {
    /// The reply is ready.
    Done(Reply),
    /// The reply needs the provider, a store or a hook.
    Job(Job),
    /// The reply needs the request's body.
    Form(Form),
}

/// A reply that is still to be computed. It borrows nothing.
#[must_use = "a job does nothing until it is run"]
pub struct Job {
    reply: BoxFuture<'static, Reply>,
}

impl Job {
    pub(super) fn new(reply: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self { reply: Box::pin(reply) }
    }

    /// Computes the reply. Needs a Tokio runtime. Dropping the future does not stop an exchange
    /// that has begun.
    pub async fn run(self) -> Reply {
        self.reply.await
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

/// The largest body that is read, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 16 * 1024;

/// The longest wait for a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

type Answer = dyn FnOnce(Result<Vec<u8>, AuthErrorKind>) -> BoxFuture<'static, Reply> + Send;

/// A request that is checked once its body has been read. It borrows nothing.
#[must_use = "a form is judged when it is run"]
pub struct Form {
    answer: Box<Answer>,
}

impl Form {
    pub(super) fn new<F>(
        answer: impl FnOnce(Result<Vec<u8>, AuthErrorKind>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self { answer: Box::new(move |body| Box::pin(answer(body))) }
    }

    /// Reads the body, at most 16 KiB and for at most 5 seconds, and answers the request.
    /// `poll_chunk` returns the body's chunks as they arrive, and `None` at its end.
    pub async fn run<C: AsRef<[u8]>, E>(
        self,
        poll_chunk: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<C, E>>>,
    ) -> Reply {
        let body = if Handle::try_current().is_ok() {
            let read = tokio::time::timeout(BODY_TIMEOUT, read(poll_chunk)).await;
            read.unwrap_or(Err(AuthErrorKind::RequestTimeout))
        } else {
            read(poll_chunk).await
        };
        (self.answer)(body).await.protected()
    }
}

async fn read<C: AsRef<[u8]>, E>(
    mut poll_chunk: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<C, E>>>,
) -> Result<Vec<u8>, AuthErrorKind> {
    let mut body = Vec::new();
    while let Some(chunk) = poll_fn(&mut poll_chunk).await {
        let chunk = chunk.map_err(|_| AuthErrorKind::Malformed)?;
        if body.len() + chunk.as_ref().len() > MAX_BODY_BYTES {
            return Err(AuthErrorKind::PayloadTooLarge);
        }
        body.extend_from_slice(chunk.as_ref());
    }
    Ok(body)
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").finish_non_exhaustive()
    }
}
