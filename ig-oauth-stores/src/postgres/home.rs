//! Where the work is done.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use crate::engine::POSTGRESQL;
use crate::error::Failure;

/// The runtime in which the store was made. Connections live there and are used there, not where they
/// are needed: an Actix worker's runtime can be blocked by a handler or gone, and what it had taken
/// from the pool would serve nobody else. Nor does a caller who goes away cut a conversation short,
/// which would cost its connection.
pub(super) struct Home(Handle);

impl Home {
    pub(super) fn new() -> Self {
        Self(Handle::current())
    }

    /// Does the work, whether or not anybody still waits for it.
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
            // That runtime is gone: better here than nowhere.
            Some(work) => work.await,
            // Nobody knows how far it came, so it is not begun again.
            None => Err(Failure::new(POSTGRESQL, "the runtime of the store has stopped")),
        }
    }
}

fn take<F>(work: &Mutex<Option<F>>) -> Option<F> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}
