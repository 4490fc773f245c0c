//! Section 7: methods, prefetches, and what browsers do.

use crate::browser::Browser;
use crate::harness::{Adapter, App, Sessions, Settings};
use ig_oauth_fake_instagram::Endpoint;

use crate::security::counted_clock::CountedClock;
use crate::security::site::{
    Attempt, CALLBACK, LOGIN, LOGOUT, Site, is_ok, is_refused, session_cookie,
};

/// A good callback with these headers.
async fn with_headers(
    site: &Site,
    attempt: &Attempt,
    method: &str,
    headers: &[(&str, &str)],
) -> crate::browser::Response {
    let target = format!("{CALLBACK}?code={}&state={}", site.code(), attempt.state);
    let cookie = attempt.cookie();
    let mut headers = headers.to_vec();
    headers.push(("cookie", &cookie));
    site.send(method, &target, &headers).await
}

pub async fn m_01_head_and_options_have_no_effect(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    for method in ["HEAD", "OPTIONS"] {
        let login = site.send(method, LOGIN, &[]).await;
        assert_eq!((login.status, login.header("allow")), (405, Some("GET")), "{method}");
        assert!(login.all("set-cookie").is_empty() && login.all("location").is_empty());
        let callback = with_headers(&site, &attempt, method, &[]).await;
        assert_eq!((callback.status, callback.header("allow")), (405, Some("GET")), "{method}");
    }
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&attempt).await;
}

pub async fn m_02_other_methods_are_refused(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for method in
        ["PUT", "DELETE", "PATCH", "TRACE", "FOO", "get", "Post", "POST", "OPTIONS", "HEAD"]
    {
        for (path, allow) in [(LOGIN, "GET"), (CALLBACK, "GET"), (LOGOUT, "POST")] {
            if (method, path) == ("POST", LOGOUT) {
                continue;
            }
            // The request that a browser sends before a script of another origin may send its own.
            let preflight = [
                ("origin", "https://evil.example"),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "x-any"),
            ];
            let answer = site.send(method, path, &preflight).await;
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some(allow)),
                "{method} {path}"
            );
            assert!(answer.all("set-cookie").is_empty());
            let mut names = answer.headers.iter().map(|(name, _)| name.as_str());
            assert!(!names.any(|name| name.starts_with("access-control-")), "{method} {path}");
        }
    }
}

pub async fn m_03_no_script_frame_or_image_starts_a_login(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let dest = "sec-fetch-dest";
    let mode = "sec-fetch-mode";
    for (headers, status) in [
        (&[(dest, "image")][..], 403),
        (&[(dest, "iframe"), (mode, "navigate")], 403),
        (&[(dest, "frame"), (mode, "navigate")], 403),
        (&[(dest, "embed"), (mode, "navigate")], 403),
        (&[(dest, "script"), (mode, "no-cors")], 403),
        (&[(dest, "empty"), (mode, "cors")], 403),
        (&[(dest, "empty"), (mode, "no-cors")], 403),
        (&[(mode, "websocket")], 403),
        (&[(dest, "something-new")], 403),
        (&[(dest, "document"), (mode, "navigate")], 303),
        (&[(dest, "document"), (mode, "navigate"), ("sec-fetch-site", "cross-site")], 303),
        (&[(dest, "empty"), (mode, "navigate")], 303),
        (&[(dest, "empty"), (mode, "same-origin")], 303),
        (&[], 303),
    ] {
        let answer = site.send("GET", LOGIN, headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.all("set-cookie").len(), usize::from(status == 303), "{headers:?}");
    }
    let site = Site::with(adapter, Settings::new().configure(|b| b.require_post(true))).await;
    let page = site.get(LOGIN, "").await;
    assert_eq!((page.status, page.all("set-cookie").len()), (200, 0));
    for (headers, status) in [
        (&[("origin", "https://evil.example")][..], 403),
        (&[("origin", "null")], 403),
        (&[("origin", "https://app.example")], 303),
        (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], 303),
        (&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")], 403),
        (&[], 303),
    ] {
        assert_eq!(site.send("POST", LOGIN, headers).await.status, status, "{headers:?}");
    }
}

const PREFETCHES: &[(&str, &str)] = &[
    ("sec-purpose", "prefetch"),
    ("sec-purpose", "prefetch;prerender"),
    ("sec-purpose", "prefetch;anonymous-client-ip"),
    ("purpose", "prefetch"),
    ("x-moz", "prefetch"),
    ("x-purpose", "preview"),
    ("next-router-prefetch", "1"),
];

pub async fn m_04_a_prefetched_login_starts_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for header in PREFETCHES {
        let answer = site.send("GET", LOGIN, &[*header]).await;
        assert_eq!(answer.status, 503, "{header:?}");
        assert!(answer.all("set-cookie").is_empty() && answer.all("location").is_empty());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

pub async fn m_05_a_prefetched_callback_spends_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    for header in PREFETCHES {
        let answer = with_headers(&site, &attempt, "GET", &[*header]).await;
        assert_eq!(answer.status, 503, "{header:?}");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&attempt).await;
}

pub async fn m_06_a_callback_in_a_frame_or_subresource_is_refused(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    for destination in ["iframe", "frame", "image", "object", "embed", "script", "worker"] {
        let header = [("sec-fetch-dest", destination)];
        let answer = with_headers(&site, &attempt, "GET", &header).await;
        is_refused(&answer, "forbidden_context");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&attempt).await;
}

pub async fn m_07_only_this_site_logs_out(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let session = site.log_in().await;
        let cookie = ("cookie", session.as_str());
        assert_eq!(site.send("GET", LOGOUT, &[cookie]).await.status, 405);
        for header in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://app.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "x"),
        ] {
            let answer = site.send("POST", LOGOUT, &[cookie, header]).await;
            assert_eq!(answer.status, 403, "{header:?}");
            assert!(answer.all("set-cookie").is_empty(), "{header:?}");
        }
        assert_eq!(site.get("/", &session).await.text(), site.app.user_id(), "still logged in");
        for header in [("origin", "https://app.example"), ("sec-fetch-site", "same-origin")] {
            let session = site.log_in().await;
            let answer = site.send("POST", LOGOUT, &[("cookie", &session), header]).await;
            assert_eq!(answer.status, 303, "{header:?}");
            assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
            // The cookie goes; where there is a store, so does what a copy of it would open.
            if sessions == Sessions::Store {
                assert_eq!(site.get("/", &session).await.text(), "anonymous");
            }
        }
    }
}

pub async fn m_08_the_back_button_lands_softly(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "?return_to=/page/x").await;
    browser.step(&callback).await;
    let again = browser.step(&callback).await;
    assert_eq!((again.status, again.location()), (303, "/#"));
    assert_eq!(session_cookie(&again), None);
    let visitor = Browser::new().step(&callback).await;
    is_refused(&visitor, "invalid_state");
    assert_eq!(app.exchanges(), 1);
}

pub async fn m_09_a_doubled_callback_lands_twice_and_exchanges_once(adapter: &impl Adapter) {
    let clock = CountedClock::default();
    let counted = clock.clone();
    let settings = Settings::new().configure(|builder| builder.clock(counted));
    let app = App::start(adapter, settings).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "?return_to=/page/x").await;
    let held = app.provider.hold(Endpoint::CodeExchange);
    let reads = clock.reads();
    let (mut one, mut other) = (browser.clone(), browser);
    let both_wait = async move {
        clock.until_callbacks_wait(2, reads).await;
        drop(held);
    };
    let (one, other, ()) = tokio::join!(one.step(&callback), other.step(&callback), both_wait);
    for answer in [one, other] {
        assert_eq!((answer.status, answer.location()), (303, "/page/x#"));
    }
    assert_eq!(app.exchanges(), 1);
}

pub async fn m_10_a_link_scanner_spoils_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let query = format!("code={}&state={}", site.code(), attempt.state);
    let target = format!("{CALLBACK}?{query}");
    let scanner = [("user-agent", "MailScanner/1.0 (+https://scanner.example)")];
    is_refused(&site.send("GET", &target, &scanner).await, "invalid_state");
    is_ok(&site.call_back(&query, &attempt.cookie()).await);
}
