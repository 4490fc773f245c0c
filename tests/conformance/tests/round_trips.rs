//! How often the store is asked: the figures of docs/deploying.md; and what a request does without.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::time::Duration;

use ig_oauth_common::hooks::Hooks;
use ig_oauth_conformance::apps::{Actix, Axum};
use ig_oauth_conformance::harness::{Adapter, Settings};
use ig_oauth_conformance::security::site::Site;
use ig_oauth_conformance::security::switched_store::SwitchedStore;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn the_store_is_asked_as_often_as_documented(adapter: &impl Adapter) {
    let store = SwitchedStore::new();
    let asked = store.clone();
    let mut before = 0;
    let mut round_trips = move || {
        let now = asked.calls();
        now - std::mem::replace(&mut before, now)
    };
    let settings = Settings::new().configure(|builder| {
        builder
            .store(store)
            .cookie_secrets(["an obviously fake cookie secret for tests"])
            .idle_lifetime(60 * DAY)
    });
    let site = Site::with(adapter, settings).await;
    site.get("/plain", "").await;
    assert_eq!(round_trips(), 1, "a process that starts: does the newest account open?");
    let attempt = site.start("").await;
    assert_eq!(round_trips(), 0, "a login that starts");
    let session =
        ig_oauth_conformance::security::site::session_cookie(&site.finish(&attempt).await).unwrap();
    assert_eq!(round_trips(), 2, "a login that ends: claim the state, begin the session");
    site.get("/plain", &session).await;
    site.get("/", "").await;
    assert_eq!(round_trips(), 0, "who asks for no token, and who has no session");
    site.get("/me", &session).await;
    assert_eq!(round_trips(), 1, "a handler with a token");
    site.app.advance(7 * DAY);
    site.get("/me", &session).await;
    assert_eq!(round_trips(), 2, "the same after a tenth of the idle lifetime: seen again");
    site.app.advance(25 * DAY);
    site.get("/me", &session).await;
    let refresh = round_trips();
    assert_eq!(refresh, 6, "session, claim, account, replace, release; seen again");
    let attempt = site.start("").await;
    let query = format!("code={}&state={}", site.code(), attempt.state);
    let cookies = format!("{}; {session}", attempt.cookie());
    let again = site.call_back(&query, &cookies).await;
    assert_eq!(round_trips(), 3, "a login in the place of another: that one's session ends, too");
    let session = ig_oauth_conformance::security::site::session_cookie(&again).unwrap();
    site.send("POST", "/auth/instagram/logout", &[("cookie", &session)]).await;
    assert_eq!(round_trips(), 1, "a logout");
}

/// Hooks with nothing in them.
struct Listening;

impl Hooks for Listening {}

async fn a_logout_that_hooks_hear_of_asks_whose_session_it_is(adapter: &impl Adapter) {
    let store = SwitchedStore::new();
    let asked = store.clone();
    let settings = Settings::new().configure(|builder| {
        let builder = builder.store(store).hooks(Listening);
        builder.cookie_secrets(["an obviously fake cookie secret for tests"])
    });
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    let before = asked.calls();
    site.send("POST", "/auth/instagram/logout", &[("cookie", &session)]).await;
    assert_eq!(asked.calls() - before, 2, "look the session up, end it");
}

#[tokio::test]
async fn a_logout_that_hooks_hear_of_asks_whose_session_it_is_on_axum() {
    a_logout_that_hooks_hear_of_asks_whose_session_it_is(&Axum).await;
}

#[tokio::test]
async fn a_logout_that_hooks_hear_of_asks_whose_session_it_is_on_actix() {
    a_logout_that_hooks_hear_of_asks_whose_session_it_is(&Actix).await;
}

#[tokio::test]
async fn the_store_is_asked_as_often_as_documented_on_axum() {
    the_store_is_asked_as_often_as_documented(&Axum).await;
}

#[tokio::test]
async fn the_store_is_asked_as_often_as_documented_on_actix() {
    the_store_is_asked_as_often_as_documented(&Actix).await;
}

/// Noting that a session was seen, and sealing its token by a newer key, are for later requests.
async fn a_store_that_only_reads_serves_who_is_logged_in(adapter: &impl Adapter) {
    const OLD: &str = "an obviously fake cookie secret for tests";
    const NEW: &str = "another obviously fake cookie secret";
    let store = SwitchedStore::new();
    let with = |secrets: &'static [&'static str]| {
        let store = store.clone();
        Settings::new().configure(move |builder| builder.store(store).cookie_secrets(secrets))
    };
    let site = Site::with(adapter, with(&[OLD])).await;
    let session = site.log_in().await;
    let rotated = Site::with(adapter, with(&[NEW, OLD])).await;
    store.set_read_only(true);
    for site in [&site, &rotated] {
        site.app.advance(2 * DAY);
        let answer = site.get("/me", &session).await;
        assert_eq!(answer.status, 200, "{}", answer.describe());
        assert!(answer.all("set-cookie").is_empty(), "the cookie outlives no record");
    }
    store.set_read_only(false);
    let answer = site.get("/me", &session).await;
    assert_eq!(answer.all("set-cookie").len(), 1, "the next one tries again");
    // Reading fails: it cannot be known whether the visitor is logged in.
    store.set_off(true);
    assert_eq!(site.get("/me", &session).await.status, 503);
}

#[tokio::test]
async fn a_store_that_only_reads_serves_who_is_logged_in_on_axum() {
    a_store_that_only_reads_serves_who_is_logged_in(&Axum).await;
}

#[tokio::test]
async fn a_store_that_only_reads_serves_who_is_logged_in_on_actix() {
    a_store_that_only_reads_serves_who_is_logged_in(&Actix).await;
}
