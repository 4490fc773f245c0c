//! A refresh during other writes to the same account, and the coordination of instances.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{ConfigBuilder, LongLived, UserId};
use support::Site;
use support::issuer::{COOKIE_SECRET, DAY, Issuer, Mode, Sessions, USER, site, text, token};
use support::people::People;

const NEW_SECRET: &str = "another obviously fake cookie secret";

/// A logged-in browser whose token is due, and the same browser at another instance.
async fn two_instances(issuer: &Issuer, secrets: &'static [&'static str]) -> (Site, Site) {
    let store = Arc::new(MemoryStore::new());
    let shared = |builder: ConfigBuilder| {
        builder
            .shared_store(Arc::clone(&store))
            .idle_lifetime(Duration::from_secs(60 * DAY))
            .cookie_secrets(secrets)
    };
    let mut one = site(issuer, Sessions::Cookie, shared);
    one.log_in().await;
    one.clock.advance(40 * DAY);
    let two = one.restarted(|builder| {
        shared(builder.long_lived(LongLived::Require).http_client(issuer.client()))
    });
    (one, two)
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// The provider may answer a refresh with the string it was given.
#[tokio::test]
async fn a_token_that_keeps_its_string_is_refreshed_each_time_it_is_due() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let issuer = Issuer::new();
        issuer.same_string.store(true, Ordering::SeqCst);
        let mut site = site(&issuer, sessions, |builder| {
            builder
                .session_lifetime(Duration::from_secs(365 * DAY))
                .idle_lifetime(Duration::from_secs(60 * DAY))
        });
        site.log_in().await;
        for refreshes in 1..=3 {
            site.clock.advance(35 * DAY);
            assert_eq!(text(&token(&mut site).await), "FAKE-LONG-1");
            assert_eq!(issuer.refreshes(), refreshes, "{sessions:?}");
            site.clock.advance(5 * DAY);
            assert!(site.is_logged_in().await);
            assert_eq!(issuer.refreshes(), refreshes, "{sessions:?}: it is not due yet");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refreshers_refresh_tokens_that_keep_their_string_once_each() {
    let people = People { same_string: true, ..People::default() };
    let store = Arc::new(MemoryStore::new());
    let with = |builder: ConfigBuilder| {
        builder
            .long_lived(LongLived::Require)
            .http_client(people.client())
            .shared_store(Arc::clone(&store))
            .cookie_secrets([COOKIE_SECRET])
    };
    let mut one = Site::with(with);
    for user in 1..=1_000 {
        one.cookies.clear();
        let state = one.start("").await;
        let target = format!("/auth/instagram/callback?code={user}&state={state}");
        assert_eq!(one.get(&target).await.status(), 303);
    }
    let two = one.restarted(with);
    one.clock.advance(40 * DAY);
    let pass = |site: &Site| {
        let refresher = site.flow.offline_access().unwrap().refresher();
        // All are read before the first is refreshed.
        let refresher = refresher.per_minute(u32::MAX).concurrency(16).batch(1_000);
        tokio::spawn(async move { refresher.run_once().await })
    };
    let (first, second) = (pass(&one), pass(&two));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let counts = people.counts();
    assert_eq!((counts.len(), counts.iter().sum::<usize>()), (1_000, 1_000), "once each");
    assert_eq!(first.failed + second.failed, 0, "{first} / {second}");
}

/// Another instance seals all records anew while the provider is asked.
#[tokio::test]
async fn a_new_token_is_kept_though_the_record_was_sealed_anew_meanwhile() {
    let issuer = Issuer::new();
    let store = Arc::new(MemoryStore::new());
    let with = |secrets: &'static [&'static str]| {
        let (store, client) = (Arc::clone(&store), issuer.client());
        move |builder: ConfigBuilder| {
            builder
                .long_lived(LongLived::Require)
                .http_client(client)
                .shared_store(store)
                .cookie_secrets(secrets)
        }
    };
    let mut old = Site::with(with(&[COOKIE_SECRET]));
    old.log_in().await;
    old.clock.advance(40 * DAY);
    let both = old.restarted(with(&[NEW_SECRET, COOKIE_SECRET]));
    let accounts = both.flow.offline_access().unwrap();
    issuer.set(Mode::Waits);
    let asking = {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.token(&UserId::from(USER)).await })
    };
    until(|| issuer.refreshes() == 1).await;
    assert_eq!(accounts.reseal(None, 10).await.unwrap().resealed, 1);
    issuer.gate.add_permits(1);
    let token = asking.await.unwrap().unwrap().unwrap();
    assert_eq!(text(&token), "FAKE-LONG-2");
    // It is in the store: another instance finds it, by the new secret alone.
    let new = both.restarted(with(&[NEW_SECRET]));
    let kept = new.flow.offline_access().unwrap().token(&UserId::from(USER)).await.unwrap();
    assert_eq!(kept.as_ref().map(text), Some("FAKE-LONG-2"));
    assert_eq!(issuer.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_given_up_leaves_the_token_to_other_instances() {
    let issuer = Issuer::new();
    let (mut one, mut two) = two_instances(&issuer, &[COOKIE_SECRET]).await;
    issuer.set(Mode::Waits);
    assert_eq!(text(&token(&mut one).await), "FAKE-LONG-1");
    // Past the deadline of 20 s, and long before the end of the claim.
    tokio::time::sleep(Duration::from_secs(21)).await;
    issuer.set(Mode::Works);
    assert_eq!(text(&token(&mut two).await), "FAKE-LONG-2");
    assert_eq!(issuer.refreshes(), 2);
}

/// Ten instances would otherwise ask ten times a minute for what the provider refuses.
#[tokio::test]
async fn instances_wait_together_after_the_provider_said_no() {
    let issuer = Issuer::new();
    let (mut one, mut two) = two_instances(&issuer, &[COOKIE_SECRET]).await;
    issuer.set(Mode::Rejects);
    for _ in 0..3 {
        assert_eq!(text(&token(&mut one).await), "FAKE-LONG-1");
        assert_eq!(text(&token(&mut two).await), "FAKE-LONG-1");
    }
    assert_eq!(issuer.refreshes(), 1);
    one.clock.advance(59);
    token(&mut two).await;
    assert_eq!(issuer.refreshes(), 1);
    // The first wait is over: one of them asks, and both wait for twice as long.
    one.clock.advance(1);
    token(&mut one).await;
    token(&mut two).await;
    assert_eq!(issuer.refreshes(), 2);
    one.clock.advance(119);
    token(&mut one).await;
    token(&mut two).await;
    assert_eq!(issuer.refreshes(), 2);
    // A failure that is not a response of the provider does not make other instances wait.
    let issuer = Issuer::new();
    let (mut one, mut two) = two_instances(&issuer, &[COOKIE_SECRET]).await;
    issuer.set(Mode::Fails);
    token(&mut one).await;
    issuer.set(Mode::Works);
    assert_eq!(text(&token(&mut two).await), "FAKE-LONG-2");
}
