//! Work that only one instance does at a time, or once: by claims in the store, or in this process
//! if there is no store.

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

/// How often a waiting instance checks whether the claim was released.
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

    /// How long a claim for work of `steps` steps holds if its owner stops.
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

    /// Runs `work` while no other work with this key runs, on any instance.
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
            // The store may have recorded the claim and answered too late. No request waits for
            // this release.
            let claims = Arc::clone(self);
            drop(self.tasks.spawn(async move { claims.give_back(&key, &owner).await }));
            return Err(error);
        }
        let done = work.await;
        self.give_back(&key, &owner).await;
        done
    }
}

/// The longest time for one step.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Duration);

impl Deadline {
    /// Applies the deadline to an operation of the store.
    pub(super) async fn for_store<T>(
        self,
        work: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        runtime()?;
        let late = |_| AuthError::with_source(AuthErrorKind::Store, "the store took too long");
        time::timeout(self.0, work).await.map_err(late)?
    }

    /// Applies the deadline to a hook.
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

/// The number of deadlines that acting on a request may take: one each for the claim, the
/// revocation, the hook, and releasing the claim. An instance that stops holds its claim that long.
const STEPS: u32 = 4;

/// The route that received a signed request.
#[derive(Clone, Copy)]
pub(super) enum PlatformCallback {
    Deauthorization,
    DataDeletion,
}

impl PlatformCallback {
    const fn word(self) -> &'static str {
        match self {
            Self::Deauthorization => "deauthorize",
            Self::DataDeletion => "data-deletion",
        }
    }
}

/// The result of acting on a request.
pub(super) enum Handled {
    /// Done. A repeated request is ignored.
    Settled,
    /// Not done. A repeated request is acted on again.
    Open,
}

impl Claims {
    /// Acts on the request, unless this route has done so before. A request that arrives while the
    /// same one is being acted on waits for it.
    pub(super) async fn act_once(
        self: &Arc<Self>,
        at: PlatformCallback,
        request: SignedRequest,
        act: impl AsyncFnOnce(SignedRequest) -> Result<Handled, AuthError>,
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
                Ok(Handled::Settled) => {
                    // The work is done. If the store fails now, a repeated request is acted on once
                    // more.
                    if self.claim(&key, &owner, window_end).await.is_err() {
                        crate::trace::warning(
                            "a signed request was acted on, and could not be marked as done",
                        );
                    }
                }
                Ok(Handled::Open) | Err(_) => self.give_back(&key, &owner).await,
            }
            acted.map(drop)
        };
        self.alone(format!("{key}:turn"), life, act).await
    }

    /// Runs `act` in its own task, because a hook may panic. If the other route received the same
    /// text first, the request covers no clock skew: otherwise it would delete newer data.
    pub(super) async fn act_at<F, T>(
        &self,
        at: PlatformCallback,
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

/// The task that ran a hook was lost.
pub(super) fn panicked() -> AuthError {
    AuthError::with_source(AuthErrorKind::Hook, "the hook panicked")
}
