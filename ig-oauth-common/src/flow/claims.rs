//! What only one does at a time, or once, on all instances: claims in the store, or in this process
//! where there is none.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time;

use super::deadline::Deadline;
use crate::clock::{Clock, Timestamp};
use crate::encoding::to_base64url;
use crate::error::AuthError;
use crate::randomness::{Randomness, random};
use crate::store::{BoxedStore, Claim, unavailable};
use crate::tasks::Tasks;

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
        self.deadline.for_store(async { claimed.await.map_err(unavailable) }).await
    }

    pub(super) async fn give_back(&self, key: &str, owner: &str) {
        let release = async { self.store.release(key, owner).await.map_err(unavailable) };
        if self.deadline.for_store(release).await.is_err() {
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
                if self.store.claim(claim, now).await.map_err(unavailable)? {
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
