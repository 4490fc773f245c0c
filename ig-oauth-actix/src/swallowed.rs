//! Errors that actix's `Option` swallows.
//!
//! `Option<InstagramToken>` makes "nobody is logged in" of a store that is down. It drops the error in
//! the middle of the extraction, and so differs from all that lets an app decide: a `Result` reaches
//! the handler, an error that answers the request is asked for its response, and an extractor of the
//! app's own has the error after the extraction has ended.
//!
//! `Either<InstagramToken, T>` keeps the error while it tries the other side, as an extractor of the
//! app's own may, and so cannot be told from one: `MaybeInstagramToken` warns of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use ig_oauth_common::{AppRequest, Reply};
use pin_project_lite::pin_project;

use crate::extract::InstagramTokenRejection;

/// The answer of a store or hook that failed. When it is dropped before anybody had it, the request
/// is answered with it after all.
pub(crate) struct Failure {
    request: AppRequest,
    reply: Reply,
    was_seen: AtomicBool,
}

impl Failure {
    pub(crate) fn new(request: AppRequest, reply: Reply) -> Self {
        Self { request, reply, was_seen: AtomicBool::new(false) }
    }

    pub(crate) fn see(&self) {
        self.was_seen.store(true, Ordering::Relaxed);
    }
}

impl Drop for Failure {
    fn drop(&mut self) {
        if !*self.was_seen.get_mut() {
            self.request.swallow(self.reply.clone());
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("was_seen", &self.was_seen).finish_non_exhaustive()
    }
}

pin_project! {
    /// An extraction that knows whether its error outlives it.
    pub(crate) struct Extraction<F> {
        #[pin]
        future: F,
        error: HandedOver,
    }
}

impl<F> Extraction<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future, error: HandedOver(Weak::new()) }
    }
}

impl<F, T> Future for Extraction<F>
where
    F: Future<Output = Result<T, InstagramTokenRejection>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let extracted = ready!(this.future.poll(cx));
        if let Err(rejection) = &extracted {
            this.error.0 = rejection.failure().map(Arc::downgrade).unwrap_or_default();
        }
        Poll::Ready(extracted)
    }
}

struct HandedOver(Weak<Failure>);

impl Drop for HandedOver {
    fn drop(&mut self) {
        if let Some(failure) = self.0.upgrade() {
            failure.see();
        }
    }
}
