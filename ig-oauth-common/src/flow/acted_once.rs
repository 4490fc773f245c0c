//! The same signed request at the same callback acts once, until its window ends.
//!
//! The format has no number used once, so anybody who holds a request could send it again and undo what
//! the user connected since. A removal and a deletion within one second are the same text, and a
//! deletion must never be lost: so each callback counts for itself.

use std::future::Future;
use std::sync::Arc;

use super::claims::Claims;
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind};
use crate::provider::SignedRequest;

/// Deadlines that acting on a request may take: the claim, the revocation, the hook, and giving the
/// claim back have one each. An instance that dies holds its claim that long.
const STEPS: u32 = 4;

/// Where a signed request came in.
#[derive(Clone, Copy)]
pub(super) enum At {
    Deauthorization,
    DataDeletion,
}

impl At {
    const fn word(self) -> &'static str {
        match self {
            Self::Deauthorization => "deauthorize",
            Self::DataDeletion => "data-deletion",
        }
    }
}

/// How a request was acted on.
pub(super) enum Acted {
    /// For good: it is not acted on again.
    Settled,
    /// It may come again, and is acted on again then.
    Open,
}

impl Claims {
    /// Acts on the request, unless that was done at this callback before. One that comes while
    /// another is under way waits for it.
    pub(super) async fn act_once(
        self: &Arc<Self>,
        at: At,
        request: SignedRequest,
        act: impl AsyncFnOnce(SignedRequest) -> Result<Acted, AuthError>,
    ) -> Result<(), AuthError> {
        let key = format!("signed-request:{}:{}", at.word(), to_base64url(request.digest()));
        let (owner, life) = (self.new_owner()?, self.life(STEPS));
        let window_end = request.taken_until();
        let act = async {
            if !self.claim(&key, &owner, self.now().saturating_add(life)).await? {
                return Ok(());
            }
            let acted = act(request).await;
            match acted {
                Ok(Acted::Settled) => {
                    // What was done is done: a store that fails now makes a repeat act again, once.
                    if self.claim(&key, &owner, window_end).await.is_err() {
                        crate::trace::warning(
                            "a signed request was acted on, and could not be marked as done",
                        );
                    }
                }
                Ok(Acted::Open) | Err(_) => self.give_back(&key, &owner).await,
            }
            acted.map(drop)
        };
        self.alone(format!("{key}:turn"), life, act).await
    }

    /// Does `act` in a task of its own, which a hook may make panic. What the request covers has no
    /// skew when the other callback had the same text first: it would reach what is newer.
    pub(super) async fn act_at<F, T>(
        &self,
        at: At,
        request: SignedRequest,
        act: impl FnOnce(SignedRequest) -> F,
    ) -> Result<T, AuthError>
    where
        F: Future<Output = Result<T, AuthError>> + Send + 'static,
        T: Send + 'static,
    {
        let key = format!("signed-request-first:{}", to_base64url(request.digest()));
        let is_first = self.claim(&key, at.word(), request.taken_until()).await?;
        let request = if is_first { request } else { request.without_skew() };
        let acted = match self.tasks.spawn(act(request))?.await {
            Ok(acted) => acted,
            Err(_) => Err(panicked()),
        };
        if acted.is_err() && is_first {
            self.give_back(&key, at.word()).await;
        }
        acted
    }
}

/// The task that ran a hook is lost.
pub(super) fn panicked() -> AuthError {
    AuthError::with_source(AuthErrorKind::Hook, "the hook panicked")
}
