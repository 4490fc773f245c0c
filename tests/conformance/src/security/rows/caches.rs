//! Section 15: pages of a user in caches, and in the history after a logout.

use crate::browser::Browser;
use crate::harness::{Adapter, App, Sessions, Settings};
use ig_oauth_common::Scope;

pub async fn w_16_a_page_made_with_a_token_is_not_kept(adapter: &impl Adapter) {
    for (sessions, on) in
        [(Sessions::Cookie, true), (Sessions::Store, true), (Sessions::Cookie, false)]
    {
        let settings = Settings::new().sessions(sessions).configure(move |builder| {
            let builder = builder.optional_scopes([Scope::InstagramBusinessContentPublish]);
            if on { builder } else { builder.no_store(false) }
        });
        let app = App::start(adapter, settings).await;
        let mut browser = Browser::new();
        app.log_in(&mut browser).await;
        let expected = on.then_some("no-store");
        for path in ["/", "/me", "/page/x", "/option", "/maintained", "/publish", "/guarded"] {
            let answer = browser.step(&app.url(path)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.describe());
            assert_eq!(answer.header("cache-control"), expected, "{path}");
        }
        let cached = browser.step(&app.url("/cached")).await;
        assert_eq!(cached.all("cache-control"), ["public, max-age=60"]);
        for said in [
            "cache-control",
            "expires",
            "pragma",
            "cdn-cache-control",
            "surrogate-control",
            "akamai-cache-control",
            "edge-control",
            "x-accel-expires",
            "x-litespeed-cache-control",
        ] {
            let answer = browser.step(&app.url(&format!("/said?{said}"))).await;
            assert_eq!((answer.status, answer.header(said)), (200, Some("0")), "{said}");
            let untouched = if said == "cache-control" { Some("0") } else { None };
            assert_eq!(answer.header("cache-control"), untouched, "{said}");
        }
        let about_else = browser.step(&app.url("/said?x-other")).await;
        assert_eq!(about_else.header("cache-control"), expected, "another header says nothing");
        // No token was used.
        let plain = browser.step(&app.url("/plain")).await;
        assert_eq!((plain.text().as_str(), plain.header("cache-control")), ("plain", None));
        let anonymous = Browser::new().step(&app.url("/")).await;
        assert_eq!(
            (anonymous.text().as_str(), anonymous.header("cache-control")),
            ("anonymous", None)
        );
    }
}
