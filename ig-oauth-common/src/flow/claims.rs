//! What only one does at a time, or once, on all instances: claims in the store, or in this process
//! where there is none.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time;

use crate::clock::{Clock, Timestamp};
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::HookError;
use crate::provider::SignedRequest;
use crate::randomness::{Randomness, random};
use crate::store::{BoxedStore, Claim};
use crate::tasks::{Tasks, runtime};

/// How often one looks whether another has given its claim back.
const POLL: Duration = Duration::from_millis(50);

pub(crate) struct Claims {
    pub(crate) store: Arc<dyn BoxedStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) deadline: Deadline,
}

impl Claims {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long a claim holds for work of so many steps, when its owner is gone.
    pub(super) fn life(&self, steps: u32) -> Duration {
        self.deadline.0.saturating_mul(steps)
    }

    pub(super) fn new_owner(&self) -> Result<String, AuthError> {
        Ok(to_base64url(&random::<16>(&*self.randomness)?))
    }

    pub(super) async fn claim(
        &self,
        key: &str,
        owner: &str,
        until: Timestamp,
    ) -> Result<bool, AuthError> {
        let claimed = self.store.claim(Claim::new(key, owner, until), self.now());
        self.deadline.for_store(async { Ok(claimed.await?) }).await
    }

    pub(super) async fn give_back(&self, key: &str, owner: &str) {
        let given_back = self.store.claim(Claim::given_back(key, owner), self.now());
        if self.deadline.for_store(async { Ok(given_back.await?) }).await.is_err() {
            crate::trace::warning("a claim on a signed request could not be given back; it ends");
        }
    }

    /// Does `work` while nobody else does anything under this key, on any instance.
    pub(super) async fn alone<T>(
        self: &Arc<Self>,
        key: String,
        life: Duration,
        work: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        let owner = self.new_owner()?;
        let claim = async {
            loop {
                let now = self.now();
                let claim = Claim::new(&key, &owner, now.saturating_add(life));
                if self.store.claim(claim, now).await? {
                    return Ok(());
                }
                time::sleep(POLL).await;
            }
        };
        if let Err(error) = self.deadline.for_store(claim).await {
            // The store may have made it, and been late to say so. No request waits for this.
            let claims = Arc::clone(self);
            drop(self.tasks.spawn(async move { claims.give_back(&key, &owner).await }));
            return Err(error);
        }
        let done = work.await;
        self.give_back(&key, &owner).await;
        done
    }
}

/// How long one step may take.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Duration);

impl Deadline {
    /// The work of a store.
    pub(super) async fn for_store<T>(
        self,
        work: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        runtime()?;
        let late = |_| AuthError::with_source(AuthErrorKind::Store, "the store took too long");
        time::timeout(self.0, work).await.map_err(late)?
    }

    /// The work of a hook.
    pub(super) async fn for_hook<T>(
        self,
        work: impl Future<Output = Result<T, HookError>>,
    ) -> Result<T, AuthError> {
        runtime()?;
        let failed = match time::timeout(self.0, work).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => AuthError::with_source(AuthErrorKind::Hook, error),
            Err(_) => AuthError::with_source(AuthErrorKind::Hook, "the hook took too long"),
        };
        Err(failed)
    }
}

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
        let key = format!("signed-request:{}:{}", at.word(), to_base64url(&request.digest));
        let (owner, life) = (self.new_owner()?, self.life(STEPS));
        let window_end = request.taken_until;
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
        let key = format!("signed-request-first:{}", to_base64url(&request.digest));
        let is_first = self.claim(&key, at.word(), request.taken_until).await?;
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
