//! The end of a program: the flow's tasks for browsers that have disconnected.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::future::{Future as _, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use ig_oauth_common::Flow;
use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::{Failure, HookError, Hooks, Login, LoginDecision, Logout, Reply};
use support::{CODE, Site};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(20);

/// Holds logins back, and counts those that were let through.
#[derive(Clone)]
struct Gate {
    open: Arc<Semaphore>,
    passed: Arc<AtomicUsize>,
}

impl Gate {
    fn closed() -> Self {
        Self { open: Arc::new(Semaphore::new(0)), passed: Arc::default() }
    }

    fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

impl Hooks for Gate {
    async fn on_login(&self, _: Login) -> Result<LoginDecision, HookError> {
        self.open.acquire().await.map_err(HookError::new)?.forget();
        self.passed.fetch_add(1, Ordering::SeqCst);
        Ok(LoginDecision::accept())
    }

    async fn on_logout(&self, _: Logout) {
        panic!("a hook that panics")
    }

    /// Longer than any deadline.
    async fn on_failure(&self, _: Failure) -> Option<Reply> {
        std::future::pending().await
    }
}

fn site(gate: &Gate) -> Site {
    let hooks = gate.clone();
    Site::with(|builder| builder.hooks(hooks))
}

/// Asks for it, and leaves at the first wait.
async fn ask_and_leave(site: &Site, method: &str, target: &str) {
    let headers = [("sec-fetch-site", "same-origin")];
    let Begin::Job(job) = site.begin(method, target, &headers) else { panic!("no job") };
    let mut job = Box::pin(job.run());
    assert!(poll_fn(|cx| Poll::Ready(job.as_mut().poll(cx))).await.is_pending());
}

async fn call_back_and_leave(site: &mut Site) {
    let state = site.start("").await;
    let callback = format!("/auth/instagram/callback?code={CODE}&state={state}");
    ask_and_leave(site, "GET", &callback).await;
}

fn worker() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_flow_with_nothing_under_way_has_finished_at_once() {
    let gate = Gate::closed();
    gate.open.add_permits(1);
    let mut site = site(&gate);
    let begun = Instant::now();
    assert!(site.flow.finished().await);
    site.log_in().await;
    assert!(site.flow.finished().await);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_login_under_way_is_waited_for_by_flows_of_all_clones() {
    let gate = Gate::closed();
    let mut site = site(&gate);
    let hooks = gate.clone();
    let config = support::builder(&site.provider, &site.clock).hooks(hooks).build().unwrap();
    site.flow = Flow::new(config.clone());
    let others = [site.flow.clone(), Flow::new(config.clone()), Flow::new(config)];
    call_back_and_leave(&mut site).await;
    for flow in others {
        let mut finished = Box::pin(flow.finished());
        assert!(poll_fn(|cx| Poll::Ready(finished.as_mut().poll(cx))).await.is_pending());
    }
    gate.open.add_permits(1);
    assert!(site.flow.finished().await);
    assert_eq!(gate.passed(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_wait_ends_with_the_deadline() {
    let gate = Gate::closed();
    let mut site = site(&gate);
    call_back_and_leave(&mut site).await;
    let begun = Instant::now();
    // The hook that holds the login has one deadline, and the hook for the failure another.
    assert!(!site.flow.finished().await, "something is still under way");
    assert_eq!(begun.elapsed(), DEADLINE);
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(site.flow.finished().await);
    assert_eq!(begun.elapsed(), 2 * DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_over() {
    let mut site = site(&Gate::closed());
    ask_and_leave(&site, "POST", "/auth/instagram/logout").await;
    let begun = Instant::now();
    assert!(site.flow.finished().await);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(!site.is_logged_in().await);
}

/// The worker of a server ends, and with it whatever runs there.
#[test]
fn a_task_whose_runtime_ended_is_over() {
    let gate = Gate::closed();
    let mut site = site(&gate);
    let worker_of_it = worker();
    worker_of_it.block_on(call_back_and_leave(&mut site));
    drop(worker_of_it);
    assert!(worker().block_on(site.flow.finished()));
    assert_eq!(gate.passed(), 0, "it is lost");
}

#[test]
fn a_flow_with_a_home_finishes_there_what_began_on_a_worker_that_ended() {
    let gate = Gate::closed();
    let mut site = site(&gate);
    let config = support::builder(&site.provider, &site.clock).hooks(gate.clone()).build();
    let home = worker();
    site.flow = Flow::new(config.unwrap());
    home.block_on(async { site.flow.run_tasks_here() });
    let worker_of_it = worker();
    worker_of_it.block_on(call_back_and_leave(&mut site));
    drop(worker_of_it);
    gate.open.add_permits(1);
    assert!(home.block_on(site.flow.finished()));
    assert_eq!(gate.passed(), 1);
}

#[test]
fn a_flow_without_a_home_or_whose_home_is_gone_works_where_the_request_is() {
    for made_in in [None, Some(worker())] {
        let gate = Gate::closed();
        gate.open.add_permits(1);
        let mut site = site(&gate);
        let config = support::builder(&site.provider, &site.clock).hooks(gate.clone()).build();
        site.flow = Flow::new(config.unwrap());
        {
            let _entered = made_in.as_ref().map(|runtime| runtime.enter());
            site.flow.run_tasks_here();
        }
        drop(made_in);
        worker().block_on(async { tokio::time::timeout(DEADLINE, site.log_in()).await.unwrap() });
        assert_eq!(gate.passed(), 1);
    }
}

#[test]
fn a_home_that_is_gone_gives_way_to_the_next() {
    let gate = Gate::closed();
    let mut site = site(&gate);
    let config = support::builder(&site.provider, &site.clock).hooks(gate.clone()).build().unwrap();
    let first = worker();
    first.block_on(async { Flow::new(config.clone()).run_tasks_here() });
    drop(first);
    let home = worker();
    site.flow = Flow::new(config);
    home.block_on(async { site.flow.run_tasks_here() });
    let worker_of_it = worker();
    worker_of_it.block_on(call_back_and_leave(&mut site));
    drop(worker_of_it);
    gate.open.add_permits(1);
    assert!(home.block_on(site.flow.finished()));
    assert_eq!(gate.passed(), 1);
}
