//! Tokens without a request: jobs, the refresher, and sealing anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use ig_oauth_common::http::HttpResponse;
use ig_oauth_common::store::{AccountKey, MemoryStore, Store};
use ig_oauth_common::{AuthErrorKind, LongLived, OfflineAccess, Timestamp, UserId};
use support::Site;
use support::people::People;
use tokio::sync::Semaphore;

const DAY: u64 = 24 * 60 * 60;
const CLIENT_ID: &str = "990602627938098";
const SECRET: &str = "an obviously fake cookie secret for tests";
const NEW_SECRET: &str = "another obviously fake cookie secret";

fn site(people: &People, store: &Arc<MemoryStore>, secrets: &'static [&'static str]) -> Site {
    let (client, store) = (people.client(), Arc::clone(store));
    Site::with(|builder| {
        builder
            .long_lived(LongLived::Require)
            .http_client(client)
            .shared_store(store)
            .cookie_secrets(secrets)
    })
}

fn instance(of: &Site, people: &People, store: &Arc<MemoryStore>) -> Site {
    let (client, store) = (people.client(), Arc::clone(store));
    of.restarted(|builder| {
        builder
            .long_lived(LongLived::Require)
            .http_client(client)
            .shared_store(store)
            .cookie_secrets([SECRET])
    })
}

async fn log_in(site: &mut Site, users: impl IntoIterator<Item = u64>) {
    for user in users {
        site.cookies.clear();
        let state = site.start("").await;
        let target = format!("/auth/instagram/callback?code={user}&state={state}");
        assert_eq!(site.get(&target).await.status(), 303);
    }
}

async fn token(accounts: &OfflineAccess, user: u64) -> Option<String> {
    let token = accounts.token(&UserId::from(user)).await.unwrap();
    token.map(|token| token.access_token().expose_secret().to_owned())
}

#[tokio::test]
async fn a_job_gets_a_users_valid_token_by_id_at_any_hour() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, [7, 8]).await;
    let accounts = site.flow.offline_access().unwrap();
    assert_eq!(token(&accounts, 7).await.as_deref(), Some("FAKE.7.1"));
    assert_eq!(token(&accounts, 9).await, None);
    // Due: refreshed first. Sessions are long over by then.
    site.clock.advance(40 * DAY);
    assert_eq!(token(&accounts, 7).await.as_deref(), Some("FAKE.7.2"));
    assert_eq!(token(&accounts, 7).await.as_deref(), Some("FAKE.7.2"));
    assert_eq!(people.counts(), [1]);
    // A failure leaves the old one.
    people.refuse(8, 503, 2);
    assert_eq!(token(&accounts, 8).await.as_deref(), Some("FAKE.8.1"));
    // After its expiry there is no token.
    site.clock.advance(20 * DAY);
    assert_eq!(token(&accounts, 8).await, None);

    let listed = accounts.accounts(None, 10).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0].user_id, &listed[1].user_id), (&UserId::from(7), &UserId::from(8)));
    assert_eq!(accounts.accounts(Some(&UserId::from(7)), 10).await.unwrap().len(), 1);
    assert_eq!(accounts.revoke(&UserId::from(7)).await.unwrap(), 1);
    assert_eq!(token(&accounts, 7).await, None);

    let cookie = Site::new();
    let error = cookie.flow.offline_access().unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::Store);
}

#[tokio::test]
async fn an_own_id_counts_more_than_the_same_number_in_another_family() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, [7, 8]).await;
    // Account 7 is also known as 8.
    let now = Timestamp::from_unix_seconds(support::START);
    let key = AccountKey::new(CLIENT_ID, UserId::from(7));
    let mut account = store.account(&key, now).await.unwrap().unwrap();
    account.further_ids = vec![UserId::from(8), UserId::from(70)];
    store.put_account(account, None).await.unwrap();
    let accounts = site.flow.offline_access().unwrap();
    assert_eq!(token(&accounts, 8).await.as_deref(), Some("FAKE.8.1"));
    assert_eq!(token(&accounts, 70).await.as_deref(), Some("FAKE.7.1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refreshers_refresh_ten_thousand_due_tokens_once_each() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut one = site(&people, &store, &[SECRET]);
    let two = instance(&one, &people, &store);
    log_in(&mut one, 1..=10_000).await;
    one.clock.advance(40 * DAY);
    let refresher = |site: &Site| {
        let refresher = site.flow.offline_access().unwrap().refresher();
        refresher.per_minute(u32::MAX).concurrency(16).batch(500)
    };
    let (first, second) = (refresher(&one), refresher(&two));
    let (first, second) = tokio::join!(
        tokio::spawn(async move { first.run_once().await }),
        tokio::spawn(async move { second.run_once().await })
    );
    let counts = people.counts();
    assert_eq!((counts.len(), counts.iter().sum::<usize>()), (10_000, 10_000), "once each");
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.failed + second.failed, 0, "{first} / {second}");
    assert!(first.refreshed + second.refreshed >= 10_000, "{first} / {second}");
    let left = refresher(&one).run_once().await;
    assert_eq!(left.seen, 0, "{left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_refresher_killed_halfway_nothing_is_lost() {
    let gate = Arc::new(Semaphore::new(250));
    let people = People { gate: Some(Arc::clone(&gate)), ..People::default() };
    let store = Arc::new(MemoryStore::new());
    let mut one = site(&people, &store, &[SECRET]);
    log_in(&mut one, 1..=1_000).await;
    let two = instance(&one, &people, &store);
    one.clock.advance(40 * DAY);
    let refresher = |site: &Site| {
        let refresher = site.flow.offline_access().unwrap().refresher();
        refresher.per_minute(u32::MAX).concurrency(16)
    };
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
    assert!(report.skipped <= 16, "what the dead one had claimed waits for its lease: {report}");
    assert!(report.refreshed >= 1_000 - 250 - 16, "{report}");
    // The lease ends without a release.
    two.clock.advance(5 * 60);
    let report = refresher(&two).run_once().await;
    assert_eq!(report.skipped + report.failed, 0, "{report}");
    assert_eq!(refresher(&two).run_once().await.seen, 0, "none lost");
    let counts = people.counts();
    assert_eq!(counts.len(), 1_000);
    assert!(counts.iter().all(|count| (1..=2).contains(count)), "none more than twice");
}

#[tokio::test]
async fn a_report_tells_what_became_of_each_account() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, [1, 2, 3]).await;
    site.clock.advance(35 * DAY);
    log_in(&mut site, [4]).await;
    people.refuse(2, 400, 190);
    people.refuse(3, 502, 2);
    // Sealed with a secret that is no longer configured.
    let mut other = site.restarted(|builder| {
        let builder = builder.long_lived(LongLived::Require).http_client(people.client());
        builder.shared_store(Arc::clone(&store)).cookie_secrets([NEW_SECRET])
    });
    log_in(&mut other, [5]).await;
    let refresher = site.flow.offline_access().unwrap().refresher();
    let refresher = refresher.ahead(Duration::from_secs(61 * DAY)).per_minute(u32::MAX);
    let report = refresher.run_once().await;
    assert_eq!((report.seen, report.refreshed, report.too_young), (5, 1, 1), "{report}");
    assert_eq!((report.dead_accounts, report.unreadable, report.failed), (1, 1, 1), "{report}");
    assert_eq!(report.failures().collect::<Vec<_>>(), [(AuthErrorKind::Unreachable, 1)]);
    assert_eq!(report.oldest, Some(Duration::from_secs(35 * DAY)));
    // A recent failure is not retried immediately.
    let report = refresher.run_once().await;
    assert_eq!((report.skipped, report.failed), (1, 0), "{report}");
    // What is dead stays so.
    assert_eq!(report.dead_accounts, 1, "{report}");
    let totals = refresher.clone().totals();
    assert_eq!((totals.seen, totals.refreshed), (10, 1), "{totals}");
}

#[tokio::test]
async fn the_age_of_the_oldest_falls_when_that_one_is_refreshed_and_leaves_out_the_expired() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, [1]).await;
    site.clock.advance(20 * DAY);
    log_in(&mut site, [2]).await;
    // A one-hour token beside them.
    let mut short = site.restarted(|builder| {
        let builder = builder.long_lived(LongLived::Off).http_client(people.client());
        builder.shared_store(Arc::clone(&store)).cookie_secrets([SECRET])
    });
    log_in(&mut short, [3]).await;
    let refresher = site.flow.offline_access().unwrap().refresher().per_minute(u32::MAX);
    let refresher = refresher.ahead(Duration::from_secs(30 * DAY));
    let report = refresher.run_once().await;
    assert_eq!((report.seen, report.short_lived), (1, 1), "{report}");
    people.refuse(1, 502, 2);
    site.clock.advance(15 * DAY);
    let report = refresher.run_once().await;
    assert_eq!((report.seen, report.failed, report.expired), (2, 1, 1), "{report}");
    assert_eq!(refresher.totals().oldest, Some(Duration::from_secs(35 * DAY)));
    people.refusals.lock().unwrap().clear();
    site.clock.advance(60);
    assert_eq!(refresher.run_once().await.refreshed, 1);
    // The next pass finds no account that is valid and due.
    let report = refresher.run_once().await;
    assert_eq!((report.seen, report.expired, report.oldest), (1, 1, None), "{report}");
    assert_eq!(refresher.totals().oldest, None);
}

#[tokio::test]
async fn the_counts_of_a_pass_are_seen_while_it_runs() {
    let gate = Arc::new(Semaphore::new(3));
    let people = People { gate: Some(Arc::clone(&gate)), ..People::default() };
    let store = Arc::new(MemoryStore::new());
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, 1..=10).await;
    site.clock.advance(40 * DAY);
    let refresher = site.flow.offline_access().unwrap().refresher();
    let refresher = refresher.per_minute(u32::MAX).concurrency(1);
    let watched = refresher.clone();
    let running = tokio::spawn(async move { refresher.run_once().await });
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(watched.totals().refreshed, 3, "the fourth waits at the gate");
    assert!(!running.is_finished());
    gate.add_permits(7);
    assert_eq!(running.await.unwrap().refreshed, 10);
    let totals = watched.totals();
    assert_eq!((totals.seen, totals.refreshed), (10, 10), "nothing is counted twice: {totals}");
}

/// Two accounts are known by one further id, as when a user connected anew under another app-scoped
/// id: the one that still works counts.
#[tokio::test]
async fn an_account_that_expired_does_not_hide_a_valid_one_of_the_same_id() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, [1]).await;
    site.clock.advance(50 * DAY);
    log_in(&mut site, [2]).await;
    let now = Timestamp::from_unix_seconds(support::START + 50 * DAY);
    for user in [1, 2] {
        let key = AccountKey::new(CLIENT_ID, UserId::from(user));
        let mut account = store.account(&key, now).await.unwrap().unwrap();
        account.further_ids = vec![UserId::from(70)];
        store.put_account(account, None).await.unwrap();
    }
    site.clock.advance(20 * DAY);
    let accounts = site.flow.offline_access().unwrap();
    assert_eq!(token(&accounts, 70).await.as_deref(), Some("FAKE.2.1"));
    // An own id belongs to one account only, even when its token has expired.
    assert_eq!(token(&accounts, 1).await, None);
}

#[tokio::test(start_paused = true)]
async fn refreshes_are_paced_and_a_throttled_pass_waits_as_asked() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, 1..=61).await;
    site.clock.advance(40 * DAY);
    let refresher = site.flow.offline_access().unwrap().refresher().per_minute(60).concurrency(1);
    let begun = tokio::time::Instant::now();
    assert_eq!(refresher.run_once().await.refreshed, 61);
    assert_eq!(begun.elapsed().as_secs(), 60, "one a second");

    log_in(&mut site, 101..=103).await;
    site.clock.advance(40 * DAY);
    let body = br#"{"error":{"message":"x","type":"OAuthException","code":4}}"#.to_vec();
    let mut refusal = HttpResponse::new(400, body);
    refusal.retry_after_seconds = Some(300);
    people.refusals.lock().unwrap().insert("101".to_owned(), refusal);
    people.refreshes.lock().unwrap().clear();
    let before = tokio::time::Instant::now();
    let report = refresher.clone().per_minute(u32::MAX).run_once().await;
    assert_eq!(report.failed, 1, "{report}");
    assert_eq!(before.elapsed().as_secs(), 300);
}

#[tokio::test]
async fn a_refresher_that_is_stopped_finishes_what_it_began_and_begins_nothing() {
    let gate = Arc::new(Semaphore::new(0));
    let people = People { gate: Some(Arc::clone(&gate)), ..People::default() };
    let store = Arc::new(MemoryStore::new());
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, 1..=100).await;
    site.clock.advance(40 * DAY);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let refresher = site.flow.offline_access().unwrap().refresher();
    let refresher = refresher.per_minute(u32::MAX).concurrency(4);
    let running =
        tokio::spawn(
            async move { refresher.run(async { stopped.await.unwrap_or_default() }).await },
        );
    // Four wait at the gate; a fifth finds no room.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(1_000);
    let totals = running.await.unwrap();
    assert_eq!((totals.seen, totals.refreshed), (4, 4), "{totals}");
    assert_eq!(people.counts().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refresher_makes_a_pass_each_interval_until_it_is_stopped() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&people, &store, &[SECRET]);
    log_in(&mut site, [1]).await;
    let refresher = site.flow.offline_access().unwrap().refresher();
    let refresher = refresher.ahead(Duration::from_secs(61 * DAY)).per_minute(u32::MAX);
    let stop = tokio::time::sleep(Duration::from_secs(3 * 60 * 60 + 1));
    // Too young each time, so each pass sees it again: immediately, and after one, two and three
    // hours.
    assert_eq!(refresher.run(stop).await.too_young, 4);
}

#[tokio::test]
async fn sealing_anew_resumes_where_it_stopped_and_frees_the_old_secret() {
    let (people, store) = (People::default(), Arc::new(MemoryStore::new()));
    let mut old = site(&people, &store, &[SECRET]);
    log_in(&mut old, 1..=25).await;
    let both = old.restarted(|builder| {
        let builder = builder.http_client(people.client()).shared_store(Arc::clone(&store));
        builder.cookie_secrets([NEW_SECRET, SECRET])
    });
    let accounts = both.flow.offline_access().unwrap();
    let (mut after, mut resealed, mut steps) = (None, 0, 0);
    loop {
        let report = accounts.reseal(after.as_ref(), 10).await.unwrap();
        resealed += report.resealed;
        steps += 1;
        match report.resume_after {
            Some(user_id) => after = Some(user_id),
            None => break,
        }
    }
    assert_eq!((resealed, steps), (25, 4));
    assert_eq!(accounts.reseal(None, 100).await.unwrap().resealed, 0, "nothing is done twice");
    let new = both.restarted(|builder| {
        let builder = builder.http_client(people.client()).shared_store(Arc::clone(&store));
        builder.cookie_secrets([NEW_SECRET])
    });
    let accounts = new.flow.offline_access().unwrap();
    for user in 1..=25 {
        assert_eq!(token(&accounts, user).await, Some(format!("FAKE.{user}.1")));
    }
    // A record whose secret is no longer configured is unchanged and reported.
    let lost = old.restarted(|builder| {
        let builder = builder.http_client(people.client()).shared_store(Arc::clone(&store));
        builder.cookie_secrets([SECRET])
    });
    let report = lost.flow.offline_access().unwrap().reseal(None, 100).await.unwrap();
    assert_eq!((report.seen, report.resealed, report.unreadable), (25, 0, 25));
}
