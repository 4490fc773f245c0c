//! How often the store is asked: the figures of docs/deploying.md.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::time::Duration;

use ig_oauth_conformance::harness::{Adapter, Settings};
use ig_oauth_security::site::Site;
use ig_oauth_security::switched_store::SwitchedStore;
use ig_oauth_test_adapters::{Actix, Axum};

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
    let attempt = site.start("").await;
    assert_eq!(round_trips(), 0, "a login that starts");
    let session = ig_oauth_security::site::session_cookie(&site.finish(&attempt).await).unwrap();
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
    site.send("POST", "/auth/instagram/logout", &[("cookie", &session)]).await;
    assert_eq!(round_trips(), 1, "a logout");
}

#[tokio::test]
async fn the_store_is_asked_as_often_as_documented_on_axum() {
    the_store_is_asked_as_often_as_documented(&Axum).await;
}

#[tokio::test]
async fn the_store_is_asked_as_often_as_documented_on_actix() {
    the_store_is_asked_as_often_as_documented(&Actix).await;
}
