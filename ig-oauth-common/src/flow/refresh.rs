//! Long-lived tokens are kept fresh: when a handler asks for one that is due, the provider is asked
//! for another 60 days.
//!
//! The request waits for a moment, then goes on with the token it has. Nothing is lost by a failure:
//! the old token works until its own end, and the next try comes after a wait that grows.

use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{self, Instant};

use super::Flow;
use super::exchange_places::Place;
use super::shared_refreshes::{Entry, Outcome, UnderWay};
use crate::clock::Timestamp;
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind, chain};
use crate::provider::ProviderRejection;
use crate::session::{
    self, AccountRecord, BoxedStore, Claim, MOST_WRITES, Session, Stored, unavailable,
};
use crate::token::{Lifetime, Token, TokenHash, UserId};

/// The provider refreshes no younger token
/// (<https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>).
const YOUNGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long one instance may take before another may try: longer than any call, and no longer than a
/// crashed instance should be waited for.
const LEASE: Duration = Duration::from_secs(5 * 60);

/// How long giving a claim back may take.
const RELEASE_WAIT: Duration = Duration::from_secs(5);

/// How long a new token is at hand for requests that read the old one from the store.
const KEPT_BESIDE_A_STORE: Duration = Duration::from_secs(60 * 60);

/// Whether `token` should be refreshed: 24 hours old, not expired, and near enough to its end.
pub(crate) fn is_due(ahead: Duration, token: &Token, now: Timestamp) -> bool {
    let remaining = token.remaining(now);
    token.lifetime() == Lifetime::LongLived
        && now.saturating_since(token.issued_at()) >= YOUNGEST
        && !remaining.is_zero()
        && remaining <= ahead
}

/// How long somebody waits for a refresh.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A request: for `refresh_wait`, counted from the refresh's beginning.
    Request,
    /// A job: until it ends, or should have by its deadline. That runs where the refresh does, and
    /// that runtime can be blocked.
    Job,
}

/// Why there is no new token.
#[derive(Clone)]
pub(crate) enum RefreshError {
    /// The provider calls the old one invalid.
    Dead,
    /// The account is no longer in the store.
    Gone,
    /// No configured secret opens the account as it is now.
    Unreadable,
    /// Another instance is at it, or failed a moment ago.
    Elsewhere,
    /// It failed here a moment ago, or there is no outcome in time.
    NotNow,
    /// It failed: the old token goes on.
    Failed(Arc<AuthError>),
}

impl RefreshError {
    /// The wait the provider asked for, when it named one.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Failed(error) => error.wait(),
            _ => None,
        }
    }

    /// Whether the provider answered, and no.
    fn is_rejected(&self) -> bool {
        matches!(self, Self::Failed(error)
            if error.source().is_some_and(|source| source.is::<ProviderRejection>()) && !is_death(error))
    }

    /// A sentence for the log.
    fn text(&self) -> String {
        match self {
            Self::Dead => "the provider has called the token invalid".to_owned(),
            Self::Gone => "the account is no longer in the store".to_owned(),
            Self::Unreadable => "no configured secret opens the account".to_owned(),
            Self::Elsewhere => "another instance is at it, or failed a moment ago".to_owned(),
            Self::NotNow => "a refresh failed a moment ago".to_owned(),
            Self::Failed(error) => chain(&**error),
        }
    }
}

impl From<AuthError> for RefreshError {
    fn from(error: AuthError) -> Self {
        Self::Failed(Arc::new(error))
    }
}

impl Flow {
    /// The session with a new token, when its own is due and a new one comes in time. None when its
    /// own turns out to be dead.
    pub(super) async fn keep_fresh(&self, session: Session) -> Option<Session> {
        let settings = self.settings();
        let now = settings.clock.now();
        if !is_due(settings.refresh_ahead, &session.token, now) {
            return Some(session);
        }
        let patience = Patience::Request;
        match self.refreshed(&session.token, session.account(), now, patience).await {
            Ok(token) => Some(session.with_token(token)),
            Err(RefreshError::Dead) => None,
            Err(_) => (!self.is_dead(&session.token)).then_some(session),
        }
    }

    /// The token that takes the place of a due one.
    pub(crate) async fn refreshed(
        &self,
        token: &Token,
        account: Option<&AccountRecord>,
        now: Timestamp,
        patience: Patience,
    ) -> Result<Token, RefreshError> {
        let hash = token.hash();
        let wait = self.settings().refresh_wait;
        // A refresh without a place is skipped, and counts as no failure.
        let place = match patience {
            Patience::Request => self.exchanges().take_now(),
            Patience::Job => self.exchanges().take().await,
        };
        let mut under_way = match self.refreshes().begin(hash, wait, place.is_some(), now) {
            Entry::NotNow => return Err(RefreshError::NotNow),
            Entry::Refreshed(token) => return Ok(token),
            // Nothing measures a wait without a runtime.
            Entry::UnderWay(_) if Handle::try_current().is_err() => {
                return Err(RefreshError::NotNow);
            }
            Entry::UnderWay(under_way) => {
                // Only who runs a refresh holds a place: one page can ask for a token many times.
                drop(place);
                under_way
            }
            Entry::First(sender, under_way) => {
                let (token, account) = (token.clone(), account.cloned());
                let refresh = self.clone().run_refresh(token, account, hash, sender, place);
                // Without a runtime the sender is dropped, which counts as a failure.
                if self.spawn(refresh).is_err() {
                    return Err(RefreshError::NotNow);
                }
                under_way
            }
        };
        let longest = self.settings().callback_deadline + RELEASE_WAIT;
        match under_way.outcome(patience, longest).await {
            Some(Outcome::Refreshed(token)) => Ok(token),
            Some(Outcome::Failed(error)) => Err(error),
            None => Err(RefreshError::NotNow),
        }
    }

    /// A task of its own: a request that goes away cancels nothing.
    async fn run_refresh(
        self,
        token: Token,
        account: Option<AccountRecord>,
        hash: TokenHash,
        sender: watch::Sender<Option<Outcome>>,
        _place: Option<Place>,
    ) {
        let settings = self.settings();
        let outcome = match self.refresh(&token, account.as_ref(), &hash).await {
            Ok(token) => Outcome::Refreshed(token),
            Err(error) => {
                let error = self.as_death(&token, error).await;
                if !matches!(error, RefreshError::Dead) {
                    crate::trace::warning(&format!(
                        "the old token goes on, because it is not refreshed: {}",
                        error.text()
                    ));
                }
                Outcome::Failed(error)
            }
        };
        // A store hands the new token out by itself. A cookie session learns of it at its next
        // request, which may come as late as the session lives.
        let kept = match account {
            Some(_) => KEPT_BESIDE_A_STORE,
            None => settings.idle_lifetime,
        };
        self.refreshes().finish(&hash, &outcome, kept, settings.clock.now());
        sender.send_replace(Some(outcome));
    }

    /// What the provider says of a dead token, at a refresh of it.
    async fn as_death(&self, token: &Token, error: RefreshError) -> RefreshError {
        let is_dead = match &error {
            RefreshError::Dead => true,
            RefreshError::Failed(error) => is_death(error),
            _ => false,
        };
        if !is_dead {
            return error;
        }
        self.token_died(token, &error.text()).await;
        RefreshError::Dead
    }

    /// One refresh, by one instance, until the deadline.
    async fn refresh(
        &self,
        token: &Token,
        account: Option<&AccountRecord>,
        hash: &TokenHash,
    ) -> Result<Token, RefreshError> {
        let settings = self.settings();
        let deadline = Instant::now() + settings.callback_deadline;
        let (Some(store), Some(account)) = (&settings.store, account) else {
            let asked = async { Ok(self.ask_for_another(token, &[]).await?) };
            return within(deadline, asked).await;
        };
        let key = format!("refresh:{}", to_base64url(hash));
        let owner = to_base64url(&settings.random::<16>()?);
        let now = settings.clock.now();
        let claim = Claim::new(&*key, &*owner, now.saturating_add(LEASE));
        let claimed = async { Ok(store.claim(claim, now).await.map_err(unavailable)?) };
        if !within(deadline, claimed).await? {
            return Err(self.why_elsewhere(token, account, &**store).await);
        }
        let ended = within(deadline, self.refresh_stored(token, account, &**store)).await;
        let wait = match &ended {
            Err(error) if error.is_rejected() => Some(self.refreshes().wait_after(hash, error)),
            _ => None,
        };
        // What fails here ends with the lease.
        let given_back = async {
            match wait {
                // The provider would say the same to every instance: they wait together.
                Some(wait) => {
                    let now = settings.clock.now();
                    let claim = Claim::new(&*key, &*owner, now.saturating_add(wait));
                    store.claim(claim, now).await.map(|_| ())
                }
                None => store.release(&key, &owner).await,
            }
        };
        let _ = time::timeout(RELEASE_WAIT, given_back).await;
        ended
    }

    /// With the claim in hand: what the account holds by now counts, not what was read before.
    async fn refresh_stored(
        &self,
        token: &Token,
        account: &AccountRecord,
        store: &dyn BoxedStore,
    ) -> Result<Token, RefreshError> {
        let settings = self.settings();
        let (mut present, kept) = self.present(account, store).await?;
        match kept {
            Stored::Unreadable => return Err(RefreshError::Unreadable),
            Stored::Dead(_) => return Err(RefreshError::Dead),
            // Another instance was faster, or the user logged in again.
            Stored::Live(kept) if !is_same(&kept, token) => return Ok(kept),
            Stored::Live(_) => {}
        }
        let successor = self.ask_for_another(token, &present.further_ids).await?;
        for _ in 0..MOST_WRITES {
            if session::replace_token(settings, store, &present, &successor).await? {
                return Ok(successor);
            }
            // Sealed anew meanwhile, which changes the record and not its token; or marked as dead,
            // which a successor refutes.
            let (record, kept) = self.present(account, store).await?;
            match kept {
                Stored::Unreadable => return Err(RefreshError::Unreadable),
                Stored::Live(kept) if !is_same(&kept, token) => return Ok(kept),
                Stored::Dead(kept) if !is_same(&kept, token) => return Err(RefreshError::Dead),
                Stored::Live(_) | Stored::Dead(_) => {}
            }
            present = record;
        }
        let contended = "the account's record changes all the time";
        Err(AuthError::with_source(AuthErrorKind::Store, contended).into())
    }

    /// Who has the claim may have found the token dead since this instance read it.
    async fn why_elsewhere(
        &self,
        token: &Token,
        account: &AccountRecord,
        store: &dyn BoxedStore,
    ) -> RefreshError {
        match self.present(account, store).await {
            Ok((_, Stored::Dead(kept))) if is_same(&kept, token) => RefreshError::Dead,
            _ => RefreshError::Elsewhere,
        }
    }

    /// The account as the store has it now, and its token.
    async fn present(
        &self,
        account: &AccountRecord,
        store: &dyn BoxedStore,
    ) -> Result<(AccountRecord, Stored), RefreshError> {
        let settings = self.settings();
        let present = store.account(&account.key, settings.clock.now()).await;
        let present = present.map_err(unavailable)?.ok_or(RefreshError::Gone)?;
        let kept = session::open_account(settings, &present);
        Ok((present, kept))
    }

    async fn ask_for_another(
        &self,
        token: &Token,
        further_ids: &[UserId],
    ) -> Result<Token, AuthError> {
        let settings = self.settings();
        let asked_at = settings.clock.now();
        let answer = settings.provider.refresh(token.access_token()).await?;
        self.successor(token, further_ids, answer, asked_at).await
    }
}

/// Whether two are one token. The provider may answer a refresh with the string it got: only the
/// time of its issue is new then.
fn is_same(one: &Token, other: &Token) -> bool {
    one.issued_at() == other.issued_at()
        && one.access_token().expose_secret() == other.access_token().expose_secret()
}

/// Whether the provider calls the token invalid.
fn is_death(error: &AuthError) -> bool {
    let rejection = error.source().and_then(|source| source.downcast_ref::<ProviderRejection>());
    rejection.is_some_and(ProviderRejection::is_death)
}

async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, RefreshError>>,
) -> Result<T, RefreshError> {
    match time::timeout_at(deadline, work).await {
        Ok(ended) => ended,
        Err(_) => Err(AuthError::from(AuthErrorKind::TimedOut).into()),
    }
}

impl UnderWay {
    /// The outcome, if it comes before the wait is over, which is none longer than `longest`.
    async fn outcome(&mut self, patience: Patience, longest: Duration) -> Option<Outcome> {
        let outcome = self.outcome.wait_for(Option::is_some);
        let wait_until = match patience {
            Patience::Request => self.wait_until,
            Patience::Job => Instant::now() + longest,
        };
        time::timeout_at(wait_until, outcome).await.ok()?.ok()?.clone()
    }
}
