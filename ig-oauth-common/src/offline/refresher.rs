//! Keeps every stored token alive, ahead of its end.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use super::access::OfflineAccess;
use super::report::RefreshReport;
use crate::error::{AuthError, AuthErrorKind};
use crate::flow::{Patience, RefreshError, is_due};
use crate::session::Stored;
use crate::store::{AccountPage, AccountRecord, unavailable};
use crate::token_facts::{Lifetime, UserId};

/// Longest wait after the provider throttled.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The wait when the provider throttled and named none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);

/// Refreshes stored tokens in batches before they end, so that users who stay away keep their
/// accounts connected. Safe on many instances at once: each token is refreshed by one of them.
///
/// ```
/// # use ig_oauth_common::OfflineAccess;
/// # async fn run(accounts: OfflineAccess, shutdown: tokio::sync::oneshot::Receiver<()>) {
/// let refresher = accounts.refresher();
/// let metrics = refresher.clone(); // metrics.totals() at any time
/// let totals = refresher.run(async { shutdown.await.ok(); }).await;
/// println!("{totals}");
/// # drop(metrics);
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a refresher does nothing until it runs"]
pub struct Refresher {
    accounts: OfflineAccess,
    ahead: Duration,
    interval: Duration,
    batch: usize,
    at_once: usize,
    per_minute: u32,
    totals: Arc<Mutex<RefreshReport>>,
}

impl Refresher {
    pub(super) fn new(accounts: OfflineAccess) -> Self {
        let ahead = accounts.refreshes.ahead();
        Self {
            accounts,
            ahead,
            interval: Duration::from_secs(60 * 60),
            batch: 200,
            at_once: 4,
            per_minute: 600,
            totals: Arc::default(),
        }
    }

    /// How long before its end a token is refreshed. Unless set, the configuration's
    /// [`refresh_ahead`](crate::ConfigBuilder::refresh_ahead).
    pub fn ahead(mut self, ahead: Duration) -> Self {
        self.ahead = ahead;
        self
    }

    /// How often [`run`](Self::run) makes a pass: an hour unless set, a second at least.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// How many accounts are read at a time: 200 unless set.
    pub fn batch(mut self, accounts: usize) -> Self {
        self.batch = accounts.max(1);
        self
    }

    /// How many refreshes run at once on this instance: 4 unless set.
    pub fn at_once(mut self, refreshes: usize) -> Self {
        self.at_once = refreshes.max(1);
        self
    }

    /// How many refreshes begin in a minute on this instance: 600 unless set. The provider publishes
    /// no limit for refreshes; where it says "too many", the pass waits as long as it asks.
    pub fn per_minute(mut self, refreshes: u32) -> Self {
        self.per_minute = refreshes.max(1);
        self
    }

    /// The counts of all passes of this refresher and its clones, also of those under way.
    #[must_use]
    pub fn totals(&self) -> RefreshReport {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a pass now and one each [`interval`](Self::interval), until `stop` is over. Refreshes
    /// that are under way then are finished, and no further one begins. Gives the
    /// [`totals`](Self::totals).
    pub async fn run(&self, stop: impl Future<Output = ()>) -> RefreshReport {
        let stopping = Stopping::new();
        let mut passes = pin!(async {
            loop {
                self.pass(&stopping).await;
                if stopping.within(Instant::now() + self.interval).await {
                    return;
                }
            }
        });
        let mut stop = pin!(stop);
        let mut has_stopped = false;
        poll_fn(|cx| {
            if !has_stopped && stop.as_mut().poll(cx).is_ready() {
                has_stopped = true;
                stopping.stop();
            }
            passes.as_mut().poll(cx)
        })
        .await;
        self.totals()
    }

    /// Makes one pass over the accounts whose tokens end soon.
    pub async fn run_once(&self) -> RefreshReport {
        self.pass(&Stopping::new()).await
    }

    async fn pass(&self, stopping: &Stopping) -> RefreshReport {
        let mut report = RefreshReport::default();
        let ended = self.visit_all(stopping, &mut report).await;
        if let Err(error) = &ended {
            self.count(&RefreshReport::interrupted(error.kind()), &mut report);
        }
        // A pass that was cut short may have missed the oldest.
        if let Ok(Ended::Whole) = ended {
            self.totals.lock().unwrap_or_else(PoisonError::into_inner).oldest = report.oldest;
        }
        report
    }

    /// Counts a part of a pass, at once for those who watch.
    fn count(&self, part: &RefreshReport, report: &mut RefreshReport) {
        report.count(part);
        report.oldest = report.oldest.max(part.oldest);
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).count(part);
    }

    /// Counts a visit. A pause, when the provider asked for one.
    fn note(&self, visit: Visited, report: &mut RefreshReport) -> Option<Duration> {
        let mut part = RefreshReport::default();
        let pause = note(visit, &mut part);
        self.count(&part, report);
        pause
    }

    async fn visit_all(
        &self,
        stopping: &Stopping,
        report: &mut RefreshReport,
    ) -> Result<Ended, AuthError> {
        let accounts = &self.accounts.accounts;
        let before = accounts.now().saturating_add(self.ahead);
        let gap = Duration::from_secs(60) / self.per_minute;
        let mut next_start = Instant::now();
        let mut after = None;
        let mut running = JoinSet::new();
        let ended = 'pass: loop {
            let page = AccountPage::new(accounts.client_id(), self.batch).after(after.as_ref());
            let batch = match accounts.store().accounts(page.expiring_before(before)).await {
                Ok(batch) => batch,
                Err(error) => break Err(unavailable(error)),
            };
            let Some(last) = batch.last() else { break Ok(Ended::Whole) };
            after = Some(last.key.clone());
            for account in batch {
                while running.len() >= self.at_once {
                    let visit = running.join_next().await;
                    if let Some(pause) = visit.and_then(|visit| self.note(visit, report)) {
                        next_start = next_start.max(Instant::now() + pause);
                    }
                }
                if stopping.within(next_start).await {
                    break 'pass Ok(Ended::Stopped);
                }
                next_start = next_start.max(Instant::now()) + gap;
                running.spawn(self.accounts.clone().visit(account, self.ahead));
            }
        };
        while let Some(visit) = running.join_next().await {
            self.note(visit, report);
        }
        ended
    }
}

/// How a pass ended.
enum Ended {
    Whole,
    /// It was time to stop.
    Stopped,
}

/// What became of one account.
struct Visit {
    user_id: UserId,
    age: Duration,
    ending: Ending,
}

/// An error is a client or a store that panicked.
type Visited = Result<Visit, tokio::task::JoinError>;

enum Ending {
    Refreshed,
    TooYoung,
    ShortLived,
    Expired,
    Dead,
    Unreadable,
    Left,
    Failed(Arc<AuthError>),
}

impl OfflineAccess {
    /// What keeps every stored token alive.
    pub fn refresher(&self) -> Refresher {
        Refresher::new(self.clone())
    }

    async fn visit(self, account: AccountRecord, ahead: Duration) -> Visit {
        let now = self.accounts.now();
        let age = now.saturating_since(account.issued_at);
        let ending = match self.open(&account) {
            Stored::Unreadable => Ending::Unreadable,
            Stored::Dead(_) => Ending::Dead,
            Stored::Live(token) if token.expires_at() <= now => Ending::Expired,
            Stored::Live(token) if token.lifetime() == Lifetime::ShortLived => Ending::ShortLived,
            Stored::Live(token) if !is_due(ahead, &token, now) => Ending::TooYoung,
            Stored::Live(token) => {
                match self.refreshes.refreshed(&token, Some(&account), Patience::Job).await {
                    Ok(_) => Ending::Refreshed,
                    Err(RefreshError::Dead) => Ending::Dead,
                    Err(RefreshError::Unreadable) => Ending::Unreadable,
                    Err(RefreshError::Failed(error)) => Ending::Failed(error),
                    Err(_) if matches!(self.open(&account), Stored::Dead(_)) => Ending::Dead,
                    Err(_) => Ending::Left,
                }
            }
        };
        Visit { user_id: account.key.user_id().clone(), age, ending }
    }
}

fn note(visit: Visited, report: &mut RefreshReport) -> Option<Duration> {
    report.seen += 1;
    let Ok(visit) = visit else {
        report.fail(AuthErrorKind::Internal);
        return None;
    };
    if !matches!(visit.ending, Ending::Expired | Ending::Dead) {
        report.oldest = Some(visit.age);
    }
    match visit.ending {
        Ending::Refreshed => report.refreshed += 1,
        Ending::TooYoung => report.too_young += 1,
        Ending::ShortLived => report.short_lived += 1,
        Ending::Expired => report.expired += 1,
        Ending::Dead => report.note_dead(visit.user_id),
        Ending::Unreadable => report.note_unreadable(visit.user_id),
        Ending::Left => report.left += 1,
        Ending::Failed(error) => match (error.kind(), error.rejection()) {
            (AuthErrorKind::Throttled, Some(_)) => {
                report.fail(error.kind());
                return Some(error.wait().unwrap_or(DEFAULT_PAUSE).min(LONGEST_PAUSE));
            }
            (kind, _) => report.fail(kind),
        },
    }
    None
}

/// Whether to stop.
struct Stopping(watch::Sender<bool>);

impl Stopping {
    fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until `moment`, or until it is time to stop: whether it is.
    async fn within(&self, moment: Instant) -> bool {
        let mut receiver = self.0.subscribe();
        // A timer takes a millisecond even when it is over.
        if moment <= Instant::now() {
            return *receiver.borrow();
        }
        let stopped = receiver.wait_for(|stopped| *stopped);
        time::timeout_at(moment, stopped).await.is_ok()
    }
}
