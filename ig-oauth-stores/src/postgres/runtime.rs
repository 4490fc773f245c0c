//! The runtime that runs the store's operations.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use crate::engine::POSTGRESQL;
use crate::error::Failure;

/// The runtime in which the store was created. Connections live and are used in it and not in the
/// caller's runtime: that of an Actix worker can be blocked by a handler or have ended, and a
/// connection that it had taken from the pool would serve nobody else. Also, a caller that is
/// cancelled does not interrupt an operation, which would cost its connection.
pub(super) struct StoreRuntime(Handle);

impl StoreRuntime {
    pub(super) fn new() -> Self {
        Self(Handle::current())
    }

    /// Runs `work` to its end, even if the caller is cancelled.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send + 'static,
        T: Send + 'static,
    {
        let work = Arc::new(Mutex::new(Some(work)));
        let there = Arc::clone(&work);
        let done = self.0.spawn(async move {
            let work = take(&there)?;
            Some(work.await)
        });
        if let Ok(Some(answer)) = done.await {
            return answer;
        }
        match take(&work) {
            // That runtime has ended, so the caller's runtime is used.
            Some(work) => work.await,
            // It is unknown how far the work came, so it is not started again.
            None => Err(Failure::new(POSTGRESQL, "the runtime of the store has stopped")),
        }
    }
}

fn take<F>(work: &Mutex<Option<F>>) -> Option<F> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}
