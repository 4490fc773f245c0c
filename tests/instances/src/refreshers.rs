//! Ten thousand tokens, two refreshers.

#[path = "../../../ig-oauth-common/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use ig_oauth_common::{ConfigBuilder, LongLived, Refresher, Store};
use support::Site;
use support::people::People;
use tokio::sync::Semaphore;

use crate::engine::{COOKIE_SECRET, Engine};

const DAY: u64 = 24 * 60 * 60;

/// As many as the issue of one process names.
const MANY: u64 = 10_000;

fn on(
    people: &People,
    store: Arc<dyn Store>,
) -> impl FnOnce(ConfigBuilder) -> ConfigBuilder + use<> {
    let client = people.client();
    move |builder| {
        let builder = builder.long_lived(LongLived::Require).http_client(client);
        builder.store(store).cookie_secrets([COOKIE_SECRET])
    }
}

async fn log_in(site: &mut Site, users: impl IntoIterator<Item = u64>) {
    for user in users {
        site.cookies.clear();
        let state = site.start("").await;
        let target = format!("/auth/instagram/callback?code={user}&state={state}");
        assert_eq!(site.get(&target).await.status(), 303);
    }
}

fn refresher(site: &Site) -> Refresher {
    let refresher = site.flow.offline_access().unwrap().refresher();
    refresher.per_minute(u32::MAX).at_once(8).batch(500)
}

/// Each instance with connections of its own, both at once: each token is refreshed exactly once.
pub async fn two_refreshers_refresh_ten_thousand_due_tokens_once_each(engine: &Engine, name: &str) {
    let people = People::default();
    let mut one = Site::with(on(&people, engine.store().await));
    let two = one.restarted(on(&people, engine.store().await));
    log_in(&mut one, 1..=MANY).await;
    one.clock.advance(40 * DAY);
    let (first, second) = (refresher(&one), refresher(&two));
    let (first, second) = tokio::join!(
        tokio::spawn(async move { first.run_once().await }),
        tokio::spawn(async move { second.run_once().await })
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    println!("{name}, first refresher: {first}");
    println!("{name}, second refresher: {second}");
    let counts = people.counts();
    assert_eq!(counts.len() as u64, MANY);
    assert!(counts.iter().all(|count| *count == 1), "exactly once each");
    assert_eq!(first.failed + second.failed, 0);
    let left = refresher(&one).run_once().await;
    assert_eq!(left.seen, 0, "{left}");
}

/// One refresher dies in the middle of its batch: no token is lost, none is refreshed more than twice.
pub async fn with_one_refresher_killed_nothing_is_lost(engine: &Engine, name: &str) {
    let gate = Arc::new(Semaphore::new(250));
    let people = People { gate: Some(Arc::clone(&gate)), ..People::default() };
    let mut one = Site::with(on(&people, engine.store().await));
    log_in(&mut one, 1..=1_000).await;
    let two = one.restarted(on(&people, engine.store().await));
    one.clock.advance(40 * DAY);
    // A runtime of its own, so that the death takes its refreshes along.
    let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let doomed = doomed.unwrap();
    let first = refresher(&one);
    doomed.spawn(async move { first.run_once().await });
    while people.counts().len() < 250 {
        tokio::task::yield_now().await;
    }
    doomed.shutdown_background();
    gate.add_permits(10_000);
    let report = refresher(&two).run_once().await;
    println!("{name}, the other one went on: {report}");
    // The lease of what the dead one had claimed ends by itself.
    two.clock.advance(5 * 60);
    let report = refresher(&two).run_once().await;
    println!("{name}, after the lease: {report}");
    assert_eq!(report.left + report.failed, 0, "{report}");
    assert_eq!(refresher(&two).run_once().await.seen, 0, "none lost");
    let counts = people.counts();
    assert_eq!(counts.len(), 1_000);
    assert!(counts.iter().all(|count| (1..=2).contains(count)), "none more than twice");
}
