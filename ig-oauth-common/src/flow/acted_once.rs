//! The same signed request at the same callback acts once, until its window ends.
//!
//! The format has no number used once, so whoever holds a request could send it again and undo what
//! the user connected since. A removal and a deletion within one second are the same text, and a
//! deletion must never be lost: so each callback counts for itself.

use super::{Flow, Route, platform};
use crate::clock::Timestamp;
use crate::encoding::to_base64url;
use crate::error::AuthError;
use crate::provider::SignedRequest;
use crate::session::{BoxedStore, Claim, unavailable};

/// Deadlines that acting on a request may take: the claim, the revocation, the hook, and giving the
/// claim back have one each. An instance that dies holds its claim that long.
const STEPS: u32 = 4;

/// How a request was acted on.
pub(super) enum Acted {
    /// For good: it is not acted on again.
    Settled,
    /// It may come again, and is acted on again then.
    Open,
}

impl Flow {
    /// Acts on the request, unless that was done at this callback before. One that comes while
    /// another is under way waits for it.
    pub(super) async fn act_once(
        &self,
        at: Route,
        request: SignedRequest,
        act: impl AsyncFnOnce(SignedRequest) -> Result<Acted, AuthError>,
    ) -> Result<(), AuthError> {
        let settings = self.settings();
        let digest = to_base64url(request.digest());
        let key = format!("signed-request:{}:{digest}", word(at));
        let owner = to_base64url(&settings.random::<16>()?);
        let life = settings.callback_deadline.saturating_mul(STEPS);
        let window_end = settings.signed_requests.taken_until(&request);
        let act = async {
            let until = settings.clock.now().saturating_add(life);
            if !self.claim_in_time(&key, &owner, until).await? {
                return Ok(());
            }
            let acted = act(request).await;
            match acted {
                Ok(Acted::Settled) => {
                    // What was done is done: a store that fails now makes a repeat act again, once.
                    if self.claim_in_time(&key, &owner, window_end).await.is_err() {
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
        at: Route,
        request: SignedRequest,
        act: impl FnOnce(SignedRequest) -> F,
    ) -> Result<T, AuthError>
    where
        F: Future<Output = Result<T, AuthError>> + Send + 'static,
        T: Send + 'static,
    {
        let settings = self.settings();
        let digest = to_base64url(request.digest());
        let key = format!("signed-request-first:{digest}");
        let window_end = settings.signed_requests.taken_until(&request);
        let is_first = self.claim_in_time(&key, word(at), window_end).await?;
        let request = if is_first { request } else { request.without_skew() };
        let task = tokio::spawn(act(request));
        let acted = task.await.map_err(platform::panicked).and_then(|acted| acted);
        if acted.is_err() && is_first {
            self.give_back(&key, word(at)).await;
        }
        acted
    }

    async fn claim_in_time(
        &self,
        key: &str,
        owner: &str,
        until: Timestamp,
    ) -> Result<bool, AuthError> {
        let claim = Claim::new(key, owner, until);
        let claimed = self.claims().claim(claim, self.settings().clock.now());
        self.in_time(async { claimed.await.map_err(unavailable) }).await
    }

    /// Where claims are kept: in the store, for all instances, or in this process.
    pub(super) fn claims(&self) -> &dyn BoxedStore {
        match &self.settings().store {
            Some(store) => &**store,
            None => &self.shared.state.claims,
        }
    }
}

const fn word(at: Route) -> &'static str {
    match at {
        Route::DataDeletion => "data-deletion",
        _ => "deauthorize",
    }
}
