//! Keeps long-lived tokens valid: when a handler asks for a token that is due, it is refreshed for
//! another 60 days.
//!
//! The request waits for a short time, then continues with its old token. A failure loses nothing:
//! the old token works until its expiry, and the wait before the next attempt increases.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{self, Instant};

use super::deaths::Deaths;
use super::exchange_places::{ExchangePlaces, Place};
use super::shared_refreshes::{Entry, Outcome, RefreshError, SharedRefreshes, UnderWay};
use super::successor;
use crate::clock::{Clock, Timestamp};
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind};
use crate::provider::{Provider, Token};
use crate::randomness::{Randomness, random};
use crate::session::{Accounts, MOST_WRITES, Session, Sessions, Stored, contended};
use crate::store::{AccountRecord, Claim};
use crate::tasks::Tasks;
use crate::token_facts::{Lifetime, TokenHash, UserId};

/// The provider does not refresh younger tokens
/// (<https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>).
const YOUNGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a claim lasts before another instance may try: longer than any call, and short enough
/// to wait for a crashed instance.
const LEASE: Duration = Duration::from_secs(5 * 60);

/// How long releasing a claim may take.
const RELEASE_WAIT: Duration = Duration::from_secs(5);

/// How long a new token is kept in memory for requests that read the old one from the store.
const KEPT_BESIDE_A_STORE: Duration = Duration::from_secs(60 * 60);

/// Whether `token` should be refreshed: at least 24 hours old, not expired, and close enough to its
/// expiry.
pub(crate) fn is_due(ahead: Duration, token: &Token, now: Timestamp) -> bool {
    let remaining = token.remaining(now);
    token.lifetime() == Lifetime::LongLived
        && now.saturating_duration_since(token.issued_at()) >= YOUNGEST
        && !remaining.is_zero()
        && remaining <= ahead
}

/// How long the caller waits for a refresh.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A request waits for `refresh_wait`, counted from the start of the refresh.
    Request,
    /// A job waits until the refresh ends or its deadline has passed. The refresh measures its own
    /// deadline in its own runtime, which can be blocked.
    Job,
}

pub(crate) struct Refreshes {
    pub(crate) provider: Arc<Provider>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) deaths: Arc<Deaths>,
    pub(crate) exchanges: Arc<ExchangePlaces>,
    pub(crate) shared: SharedRefreshes,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) ahead: Duration,
    pub(crate) wait: Duration,
    pub(crate) deadline: Duration,
    /// How long a new token is kept in memory for a cookie session: as long as the session can be
    /// idle.
    pub(crate) kept_for_cookies: Duration,
}

impl Refreshes {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn ahead(&self) -> Duration {
        self.ahead
    }

    /// The session, with a new token if its token was due and the refresh ended in time. `None`
    /// when the provider reports its token as invalid.
    pub(super) async fn keep_fresh(self: &Arc<Self>, session: Session) -> Option<Session> {
        if !is_due(self.ahead, &session.token, self.now()) {
            return Some(session);
        }
        match self.refreshed(&session.token, session.account(), Patience::Request).await {
            Ok(token) => Some(session.with_token(token)),
            Err(RefreshError::Dead) => None,
            Err(_) => (!self.sessions.is_dead(&session.token)).then_some(session),
        }
    }

    /// A new token in place of `token`, by a refresh that all callers in this process share.
    pub(crate) async fn refreshed(
        self: &Arc<Self>,
        token: &Token,
        account: Option<&AccountRecord>,
        patience: Patience,
    ) -> Outcome {
        let hash = token.hash();
        // A refresh that gets no place is skipped. That does not count as a failure.
        let place = match patience {
            Patience::Request => self.exchanges.take_now(),
            Patience::Job => self.exchanges.take().await,
        };
        let under_way = match self.shared.begin(hash, self.wait, place.is_some(), self.now()) {
            Entry::NotNow => return Err(RefreshError::NotNow),
            Entry::Refreshed(token) => return Ok(token),
            // Without a runtime there is no timer to limit the wait.
            Entry::UnderWay(_) if Handle::try_current().is_err() => {
                return Err(RefreshError::NotNow);
            }
            Entry::UnderWay(under_way) => {
                // Only the task that runs a refresh holds a place: one page can ask for a token
                // many times.
                drop(place);
                under_way
            }
            Entry::First(sender, under_way) => {
                let (token, account) = (token.clone(), account.cloned());
                let run = Arc::clone(self).run(token, account, hash, sender, place);
                // Without a runtime the sender is dropped, which counts as a failure.
                if self.tasks.spawn(run).is_err() {
                    return Err(RefreshError::NotNow);
                }
                under_way
            }
        };
        let longest = self.deadline + RELEASE_WAIT;
        under_way.outcome(patience, longest).await.unwrap_or(Err(RefreshError::NotNow))
    }

    /// Runs in its own task, so that the new token is not lost when the client disconnects.
    async fn run(
        self: Arc<Self>,
        token: Token,
        account: Option<AccountRecord>,
        hash: TokenHash,
        sender: watch::Sender<Option<Outcome>>,
        place: Option<Place>,
    ) {
        let outcome = self.refresh(&token, account.as_ref(), &hash).await;
        drop(place);
        let outcome = match outcome {
            Err(error) if error.is_death() => {
                self.deaths.end(&token, &error.text()).await;
                Err(RefreshError::Dead)
            }
            outcome => outcome.inspect_err(|error| {
                let why = error.text();
                crate::trace::warning(&format!(
                    "the old token goes on, because it is not refreshed: {why}"
                ));
            }),
        };
        // With a store, later requests read the new token from it. A cookie session gets it at its
        // next request, which may come at any time until the session's idle lifetime ends.
        let kept = if account.is_some() { KEPT_BESIDE_A_STORE } else { self.kept_for_cookies };
        self.shared.finish(&hash, &outcome, kept, self.now());
        sender.send_replace(Some(outcome));
    }

    async fn refresh(
        &self,
        token: &Token,
        account: Option<&AccountRecord>,
        hash: &TokenHash,
    ) -> Outcome {
        let until = Instant::now() + self.deadline;
        match (self.sessions.accounts(), account) {
            (Some(accounts), Some(account)) => {
                self.refresh_claimed(token, account, hash, accounts, until).await
            }
            _ => within(until, async { Ok(self.ask_for_another(token, &[]).await?) }).await,
        }
    }

    /// Only one instance refreshes the token of an account.
    async fn refresh_claimed(
        &self,
        token: &Token,
        account: &AccountRecord,
        hash: &TokenHash,
        accounts: &Accounts,
        until: Instant,
    ) -> Outcome {
        let key = format!("refresh:{}", to_base64url(hash));
        let owner = to_base64url(&random::<16>(&*self.randomness).map_err(AuthError::from)?);
        let claim = |claim: Claim| async {
            Ok::<_, AuthError>(accounts.store.claim(claim, self.now()).await?)
        };
        let held = |wait| Claim::new(&*key, &*owner, self.now().saturating_add(wait));
        if !within(until, async { Ok(claim(held(LEASE)).await?) }).await? {
            return Err(self.why_elsewhere(token, account, accounts).await);
        }
        let ended = within(until, self.refresh_stored(token, account, accounts)).await;
        // A rejection would be the same for every instance, so all of them wait. Otherwise the claim
        // is released. If this call fails, the claim ends with its lease.
        let after = match &ended {
            Err(error) if error.is_rejected() => held(self.shared.wait_after(hash, error)),
            _ => Claim::given_back(&*key, &*owner),
        };
        let _ = time::timeout(RELEASE_WAIT, claim(after)).await;
        ended
    }

    /// Puts the new token into the account. On success the store has it.
    async fn refresh_stored(
        &self,
        token: &Token,
        account: &AccountRecord,
        accounts: &Accounts,
    ) -> Outcome {
        let present = accounts.present(&account.key).await?;
        let (mut present, kept) = present.ok_or(RefreshError::AccountDeleted)?;
        match kept {
            Stored::Unreadable => return Err(RefreshError::Unreadable),
            Stored::Dead(_) => return Err(RefreshError::Dead),
            // Another instance was faster, or the user logged in again.
            Stored::Live(kept) if !is_same(&kept, token) => return Ok(kept),
            Stored::Live(_) => {}
        }
        let successor = self.ask_for_another(token, &present.further_ids).await?;
        for _ in 0..MOST_WRITES {
            if accounts.replace_token(&present, &successor).await? {
                return Ok(successor);
            }
            // The record changed but not its token: it was encrypted again, or marked as dead,
            // which the new token disproves.
            let changed = accounts.present(&account.key).await?;
            let (record, kept) = changed.ok_or(RefreshError::AccountDeleted)?;
            match kept {
                Stored::Unreadable => return Err(RefreshError::Unreadable),
                Stored::Live(kept) if !is_same(&kept, token) => return Ok(kept),
                Stored::Dead(kept) if !is_same(&kept, token) => return Err(RefreshError::Dead),
                Stored::Live(_) | Stored::Dead(_) => {}
            }
            present = record;
        }
        Err(contended().into())
    }

    /// Another instance is refreshing. It may have learned that the token is dead.
    async fn why_elsewhere(
        &self,
        token: &Token,
        account: &AccountRecord,
        accounts: &Accounts,
    ) -> RefreshError {
        match accounts.present(&account.key).await {
            Ok(Some((_, Stored::Dead(kept)))) if is_same(&kept, token) => RefreshError::Dead,
            _ => RefreshError::Elsewhere,
        }
    }

    async fn ask_for_another(
        &self,
        token: &Token,
        further_ids: &[UserId],
    ) -> Result<Token, AuthError> {
        let asked_at = self.now();
        let answer = self.provider.refresh(token.access_token()).await?;
        successor::of(&self.provider, token, further_ids, answer, asked_at).await
    }
}

fn is_same(one: &Token, other: &Token) -> bool {
    one.issued_at() == other.issued_at()
        && one.access_token().expose_secret() == other.access_token().expose_secret()
}

async fn within<T>(
    until: Instant,
    work: impl Future<Output = Result<T, RefreshError>>,
) -> Result<T, RefreshError> {
    match time::timeout_at(until, work).await {
        Ok(ended) => ended,
        Err(_) => Err(AuthError::from(AuthErrorKind::TimedOut).into()),
    }
}

impl UnderWay {
    /// `None` when it took too long or its task was lost.
    async fn outcome(mut self, patience: Patience, longest: Duration) -> Option<Outcome> {
        let wait_until = match patience {
            Patience::Request => self.wait_until,
            Patience::Job => Instant::now() + longest,
        };
        let outcome = self.outcome.wait_for(Option::is_some);
        time::timeout_at(wait_until, outcome).await.ok()?.ok()?.clone()
    }
}
