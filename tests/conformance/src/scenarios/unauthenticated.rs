//! Requests of the app without a token.

use std::time::Duration;

use url::Url;

use crate::browser::Browser;
use crate::harness::{Adapter, App, Sessions, Settings};

pub async fn a_navigation_is_led_to_the_login(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    for headers in [
        &[("accept", "text/html,*/*;q=0.8")][..],
        &[("accept", "*/*"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
    ] {
        let answer = app.raw("GET", "/page/x?y=1", headers).await;
        assert_eq!(answer.status, 303, "{headers:?}");
        assert_eq!(answer.location(), "/auth/instagram/login?return_to=%2Fpage%2Fx%3Fy%3D1");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // A place that no login may end at is left out.
    let answer = app.raw("GET", "/page//evil.example", &[("accept", "text/html")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/auth/instagram/login"));
}

pub async fn a_program_gets_json_that_says_where_to_log_in(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    for (method, headers) in [
        ("GET", &[][..]),
        ("GET", &[("accept", "application/json")]),
        ("GET", &[("accept", "text/html"), ("sec-fetch-mode", "cors")]),
        ("POST", &[("accept", "text/html"), ("sec-fetch-mode", "cors")]),
    ] {
        let answer = app.raw(method, "/me", headers).await;
        assert_eq!(answer.status, 401, "{method} {headers:?}");
        assert_eq!(answer.json()["error"], "login_required");
        assert_eq!(answer.json()["login_url"], "/auth/instagram/login");
        assert!(answer.json()["message"].is_string());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.header("www-authenticate").is_some());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.all("location"), Vec::<&str>::new());
    }
}

pub async fn other_paths_pass_through_untouched(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    for cookies in [None, Some("other=1"), Some("ig_session_x=1; a=\u{e9}")] {
        let headers: Vec<_> = cookies.into_iter().map(|value| ("cookie", value)).collect();
        let answer = app.raw("GET", "/plain", &headers).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "plain"));
        for ours in ["set-cookie", "cache-control", "referrer-policy", "x-content-type-options"] {
            assert_eq!(answer.all(ours), Vec::<&str>::new(), "{ours}");
        }
    }
    let answer = browser.step(&app.url("/plain")).await;
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "with a session too");
    for path in [
        "/auth/instagram/callback/",
        "//auth/instagram/callback",
        "/auth/instagram/CALLBACK",
        "/auth/instagram/%63allback",
        "/auth/instagram/callback;x",
        "/auth/instagram/login/",
    ] {
        let answer = app.raw("GET", &format!("{path}?code=a&state=b"), &[]).await;
        assert_eq!(answer.status, 404, "{path} is not ours");
    }
}

pub async fn a_broken_or_expired_session_counts_as_none(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, Settings::new().sessions(sessions)).await;
        let mut browser = Browser::new();
        app.log_in(&mut browser).await;
        let cookie = browser.jar.named("ig_session")[0].clone();
        let origin = Url::parse(&app.origin).unwrap();
        for position in [0, 3, 9, cookie.value.len() / 2, cookie.value.len() - 2] {
            let mut value = cookie.value.clone().into_bytes();
            value[position] = if value[position] == b'A' { b'B' } else { b'A' };
            let mut broken = browser.clone();
            broken.jar.plant(&origin, &cookie.name, std::str::from_utf8(&value).unwrap());
            let answer = broken.step(&app.url("/")).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, "anonymous"), "{position}");
        }
        for value in
            ["", "x", &cookie.value[..cookie.value.len() - 4], &format!("{}AAAA", cookie.value)]
        {
            let mut broken = browser.clone();
            broken.jar.plant(&origin, &cookie.name, value);
            let answer = broken.step(&app.url("/")).await;
            assert_eq!((answer.status, answer.text().as_str()), (200, "anonymous"), "{value:.9}");
            assert!(broken.jar.named("ig_session").is_empty(), "a useless cookie goes: {value:.9}");
        }
        let expired = browser.clone();
        app.advance(Duration::from_secs(15 * 24 * 60 * 60));
        let answer = expired.clone().step(&app.url("/")).await;
        assert_eq!(answer.text(), "anonymous", "{sessions:?}");
    }
}
