//! Refreshes every stored token before it expires.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{self, Instant};

use super::access::OfflineAccess;
use super::report::RefreshReport;
use crate::error::{AuthError, AuthErrorKind};
use crate::flow::{Patience, RefreshError, is_due};
use crate::session::Stored;
use crate::store::{AccountPage, AccountRecord};
use crate::token_facts::Lifetime;

/// The longest wait after the provider throttled.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The wait when the provider throttled and named none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);

/// Refreshes stored tokens in batches before they expire, so that the accounts of users who stay
/// away remain connected. It may run on many instances: each token is refreshed by one of them.
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
    concurrency: usize,
    per_minute: u32,
    totals: Arc<Mutex<RefreshReport>>,
}

impl Refresher {
    /// How long before its expiry a token is refreshed. Default: the configuration's
    /// [`refresh_ahead`](crate::ConfigBuilder::refresh_ahead).
    pub fn ahead(mut self, ahead: Duration) -> Self {
        self.ahead = ahead;
        self
    }

    /// How often [`run`](Self::run) makes a pass. Default: one hour. At least one second.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// How many accounts are read at a time. Default: 200.
    pub fn batch(mut self, accounts: usize) -> Self {
        self.batch = accounts.max(1);
        self
    }

    /// How many refreshes run at the same time on this instance. Default: 4.
    pub fn concurrency(mut self, refreshes: usize) -> Self {
        self.concurrency = refreshes.max(1);
        self
    }

    /// How many refreshes start per minute on this instance. Default: 600. The provider publishes
    /// no limit for refreshes. When it throttles, the pass waits as long as it asks for.
    pub fn per_minute(mut self, refreshes: u32) -> Self {
        self.per_minute = refreshes.max(1);
        self
    }

    /// The counts of all passes of this refresher and its clones, including running passes.
    #[must_use]
    pub fn totals(&self) -> RefreshReport {
        self.totals_now().clone()
    }

    /// Makes a pass now and then one per [`interval`](Self::interval), until `stop` completes.
    /// Refreshes that are running then are finished, and no new one starts. Returns the
    /// [`totals`](Self::totals).
    pub async fn run(&self, stop: impl Future<Output = ()>) -> RefreshReport {
        let stopping = Stopping::default();
        let mut passes = pin!(async {
            loop {
                self.pass(&stopping).await;
                if stopping.within(Instant::now() + self.interval).await {
                    return;
                }
            }
        });
        let mut stop = pin!(stop);
        poll_fn(|cx| {
            if !stopping.is_now() && stop.as_mut().poll(cx).is_ready() {
                stopping.0.send_replace(true);
            }
            passes.as_mut().poll(cx)
        })
        .await;
        self.totals()
    }

    /// Makes one pass over the accounts whose tokens expire soon.
    pub async fn run_once(&self) -> RefreshReport {
        self.pass(&Stopping::default()).await
    }

    async fn pass(&self, stopping: &Stopping) -> RefreshReport {
        let mut report = RefreshReport::default();
        match self.visit_all(stopping, &mut report).await {
            // A pass that ended early may have missed the oldest token.
            Ok(is_whole) if is_whole => self.totals_now().oldest = report.oldest,
            Ok(_) => {}
            Err(error) => {
                let mut part = RefreshReport::default();
                part.incomplete_passes = 1;
                part.note_failure(error.kind());
                self.count(&part, &mut report);
            }
        }
        report
    }

    /// Adds a part of a pass, to the totals too.
    fn count(&self, part: &RefreshReport, report: &mut RefreshReport) {
        report.count(part);
        report.oldest = report.oldest.max(part.oldest);
        self.totals_now().count(part);
    }

    /// Counts the result of a visit. Returns the pause that the provider asked for, if any.
    fn note(
        &self,
        visit: Result<Visit, JoinError>,
        report: &mut RefreshReport,
    ) -> Option<Duration> {
        let (mut part, pause) = visit.unwrap_or_else(|_| {
            // A client or a store panicked.
            let mut part = RefreshReport::default();
            part.note_failure(AuthErrorKind::Internal);
            (part, None)
        });
        part.seen = 1;
        self.count(&part, report);
        pause
    }

    fn totals_now(&self) -> MutexGuard<'_, RefreshReport> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Visits the accounts whose tokens expire soon. Returns whether it visited all of them.
    async fn visit_all(
        &self,
        stopping: &Stopping,
        report: &mut RefreshReport,
    ) -> Result<bool, AuthError> {
        let accounts = &self.accounts.accounts;
        let before = accounts.now().saturating_add(self.ahead);
        let gap = Duration::from_secs(60) / self.per_minute;
        let mut next_start = Instant::now();
        let mut after = None;
        let mut running = JoinSet::new();
        let ended = 'pass: loop {
            let page = AccountPage::new(&accounts.client_id, self.batch).after(after.as_ref());
            let batch = match accounts.store.accounts(page.expiring_before(before)).await {
                Ok(batch) => batch,
                Err(error) => break Err(error.into()),
            };
            let Some(last) = batch.last() else { break Ok(true) };
            after = Some(last.key.clone());
            for account in batch {
                while running.len() >= self.concurrency {
                    let visit = running.join_next().await;
                    if let Some(pause) = visit.and_then(|visit| self.note(visit, report)) {
                        next_start = next_start.max(Instant::now() + pause);
                    }
                }
                if stopping.within(next_start).await {
                    break 'pass Ok(false);
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

/// The result for one account, and the wait that the provider asks for.
type Visit = (RefreshReport, Option<Duration>);

impl OfflineAccess {
    /// The job that refreshes every stored token.
    pub fn refresher(&self) -> Refresher {
        Refresher {
            accounts: self.clone(),
            ahead: self.refreshes.ahead(),
            interval: Duration::from_secs(60 * 60),
            batch: 200,
            concurrency: 4,
            per_minute: 600,
            totals: Arc::default(),
        }
    }

    async fn visit(self, account: AccountRecord, ahead: Duration) -> Visit {
        let now = self.accounts.now();
        let user_id = account.key.user_id();
        let (mut part, mut pause) = (RefreshReport::default(), None);
        match self.accounts.open(&account) {
            Stored::Unreadable => part.note_unreadable(user_id),
            Stored::Dead(_) => part.note_dead(user_id),
            Stored::Live(token) if token.expires_at() <= now => part.expired = 1,
            Stored::Live(token) if token.lifetime() == Lifetime::ShortLived => part.short_lived = 1,
            Stored::Live(token) if !is_due(ahead, &token, now) => part.too_young = 1,
            Stored::Live(token) => {
                match self.refreshes.refreshed(&token, Some(&account), Patience::Job).await {
                    Ok(_) => part.refreshed = 1,
                    Err(RefreshError::Dead) => part.note_dead(user_id),
                    Err(RefreshError::Unreadable) => part.note_unreadable(user_id),
                    Err(RefreshError::Failed(error)) => {
                        part.note_failure(error.kind());
                        if error.kind() == AuthErrorKind::Throttled && error.rejection().is_some() {
                            pause = Some(
                                error.retry_after().unwrap_or(DEFAULT_PAUSE).min(LONGEST_PAUSE),
                            );
                        }
                    }
                    Err(_) if matches!(self.accounts.open(&account), Stored::Dead(_)) => {
                        part.note_dead(user_id);
                    }
                    Err(_) => part.skipped = 1,
                }
            }
        }
        if part.expired + part.dead_accounts == 0 {
            part.oldest = Some(now.saturating_duration_since(account.issued_at));
        }
        (part, pause)
    }
}

/// Whether the refresher should stop.
#[derive(Default)]
struct Stopping(watch::Sender<bool>);

impl Stopping {
    fn is_now(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until `moment` or until the refresher should stop. Returns whether it should.
    async fn within(&self, moment: Instant) -> bool {
        // A timer takes a millisecond even for a time in the past.
        if moment <= Instant::now() {
            return self.is_now();
        }
        let mut receiver = self.0.subscribe();
        let stopped = receiver.wait_for(|stopped| *stopped);
        time::timeout_at(moment, stopped).await.is_ok()
    }
}
