//! Ten thousand tokens, two refreshers.

use ig_oauth_common::http::HttpClient;
use ig_oauth_common::{ConfigBuilder, LongLived, Refresher};

use crate::engine::{Engine, Keep};
use crate::support::Site;
use crate::support::people::People;

const DAY: u64 = 24 * 60 * 60;

/// After so long all tokens of fresh logins are due.
pub(crate) const UNTIL_DUE: u64 = 40 * DAY;

/// Users who have logged in.
pub(crate) const MANY: u64 = 10_000;

/// Refreshes that one refresher has under way at a time.
pub(crate) const AT_ONCE: usize = 8;

pub(crate) fn on<C: HttpClient>(
    client: C,
    store: Keep,
) -> impl FnOnce(ConfigBuilder) -> ConfigBuilder {
    move |builder| {
        let builder = builder.long_lived(LongLived::Require).http_client(client);
        store.used_by(builder)
    }
}

pub(crate) async fn log_in(site: &mut Site, users: impl IntoIterator<Item = u64>) {
    for user in users {
        site.cookies.clear();
        let state = site.start("").await;
        let target = format!("/auth/instagram/callback?code={user}&state={state}");
        assert_eq!(site.get(&target).await.status(), 303);
    }
}

pub(crate) fn refresher(site: &Site) -> Refresher {
    let refresher = site.flow.offline_access().unwrap().refresher();
    refresher.per_minute(u32::MAX).concurrency(AT_ONCE).batch(500)
}

/// Two instances with separate connections run at the same time: each token is refreshed exactly
/// once.
pub async fn two_refreshers_refresh_ten_thousand_due_tokens_once_each(engine: &Engine, name: &str) {
    let people = People::default();
    let mut one = Site::with(on(people.client(), engine.store().await));
    let two = one.restarted(on(people.client(), engine.store().await));
    log_in(&mut one, 1..=MANY).await;
    one.clock.advance(UNTIL_DUE);
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
