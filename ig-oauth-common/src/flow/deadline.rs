//! How long one step may take: a store or a hook that hangs must not keep anybody for ever.

use std::future::Future;
use std::time::Duration;

use tokio::time;

use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::HookError;

/// How long one step may take.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Duration);

impl Deadline {
    /// The work of a store.
    pub(super) async fn for_store<T>(
        self,
        work: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        let late = |_| AuthError::with_source(AuthErrorKind::Store, "the store took too long");
        time::timeout(self.0, work).await.map_err(late)?
    }

    /// The work of a hook.
    pub(super) async fn for_hook<T>(
        self,
        work: impl Future<Output = Result<T, HookError>>,
    ) -> Result<T, AuthError> {
        let failed = match time::timeout(self.0, work).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => AuthError::with_source(AuthErrorKind::Hook, error),
            Err(_) => AuthError::with_source(AuthErrorKind::Hook, "the hook took too long"),
        };
        Err(failed)
    }
}
