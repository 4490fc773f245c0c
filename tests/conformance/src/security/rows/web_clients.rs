//! Section 15: who asks, as browsers, their service workers, Turbo and htmx show it.

use crate::browser::Response;
use crate::harness::{Adapter, Settings, parameter};
use ig_oauth_common::Scope;
use ig_oauth_common::hooks::Hooks;

use crate::security::log;
use crate::security::open_redirects::OPEN_REDIRECTS;
use crate::security::site::{CALLBACK, LOGIN, Site, attempt, escape, is_ok};

type Sent = &'static [(&'static str, &'static str)];

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const MODE: &str = "sec-fetch-mode";
const SITE: &str = "sec-fetch-site";
const DEST: &str = "sec-fetch-dest";

/// What a visit looks like: of today's browsers, of Firefox behind a service worker that passes it on,
/// and of browsers without Fetch Metadata.
const VISITS: &[Sent] = &[
    &[(MODE, "navigate"), (DEST, "document"), ("accept", HTML)],
    &[(MODE, "navigate"), ("accept", "application/json")],
    &[(MODE, "same-origin"), (DEST, "empty"), (SITE, "same-origin"), ("accept", HTML)],
    &[("accept", HTML)],
    &[("accept", "application/json, text/html;q=0.5")],
];

/// What only a program sends.
const PROGRAMS: &[Sent] = &[
    &[],
    &[("accept", "*/*")],
    &[("accept", "application/json")],
    &[(MODE, "same-origin"), (DEST, "empty"), (SITE, "same-origin"), ("accept", "*/*")],
    &[(MODE, "same-origin"), (DEST, "empty"), ("accept", "application/json")],
    &[(MODE, "cors"), (DEST, "empty"), ("accept", HTML)],
    &[(MODE, "navigate"), ("accept", HTML), ("hx-request", "true")],
];

/// As Turbo fetches a link.
const TURBO_LINK: Sent = &[
    (MODE, "cors"),
    (DEST, "empty"),
    (SITE, "same-origin"),
    ("accept", "text/html, application/xhtml+xml"),
];

/// As Turbo fetches the post of a form.
const TURBO_FORM: Sent = &[
    (MODE, "cors"),
    (DEST, "empty"),
    (SITE, "same-origin"),
    ("accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml"),
];

/// The same from a page of another site.
const FOREIGN_FORM: Sent = &[
    (MODE, "cors"),
    (SITE, "cross-site"),
    ("accept", "text/vnd.turbo-stream.html, text/html, application/xhtml+xml"),
];

fn with<'a>(sent: Sent, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    sent.iter().chain(more).copied().collect()
}

fn is_page(answer: &Response) -> bool {
    answer.header("content-type") == Some("text/html; charset=utf-8")
}

fn changes_nothing(answer: &Response) {
    assert!(answer.all("set-cookie").is_empty(), "{}", answer.describe());
    assert!(answer.all("location").is_empty(), "{}", answer.describe());
}

pub async fn w_01_a_person_is_known_by_one_rule_everywhere(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.failure_url("/failed"));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    let user = [("cookie", session.as_str())];
    let broken = format!("{CALLBACK}?code=x");
    for sent in VISITS {
        let guarded = site.send("GET", "/page/x", sent).await;
        assert_eq!(guarded.status, 303, "{sent:?}");
        assert_eq!(guarded.location(), format!("{LOGIN}?return_to=%2Fpage%2Fx"));
        let missing = site.send("GET", "/publish", &with(sent, &user)).await;
        assert_eq!((missing.status, is_page(&missing)), (403, true), "{sent:?}");
        let failed = site.send("GET", &broken, sent).await;
        assert_eq!(failed.status, 303, "{sent:?}: {}", failed.describe());
        assert!(failed.location().starts_with("/failed?error=invalid_state"), "{sent:?}");
    }
    for sent in PROGRAMS {
        let guarded = site.send("GET", "/page/x", sent).await;
        assert_eq!(guarded.status, 401, "{sent:?}");
        assert_eq!(guarded.json()["error"], "login_required", "{sent:?}");
        assert_eq!(guarded.json()["login_url"], LOGIN, "{sent:?}");
        changes_nothing(&guarded);
        let missing = site.send("GET", "/publish", &with(sent, &user)).await;
        assert_eq!(missing.status, 403, "{sent:?}");
        assert_eq!(missing.json()["error"], "missing_permission", "{sent:?}");
        changes_nothing(&site.send("GET", &broken, sent).await);
    }
}

/// An app whose logins need the user's own click, or are the linking of accounts.
struct Quiet;

impl Hooks for Quiet {}

pub async fn w_02_a_fetched_login_link_is_left_for_the_browser_to_open(adapter: &impl Adapter) {
    for change in [0, 1, 2] {
        let settings = Settings::new().configure(move |builder| match change {
            0 => builder,
            1 => builder.require_post(true),
            _ => builder.linking(true).hooks(Quiet),
        });
        let site = Site::with(adapter, settings).await;
        let user = [("cookie", "app_user=ann")];
        let signed = site.send("GET", "/link", &user).await.text();
        for (target, opened) in [
            (LOGIN.to_owned(), LOGIN.to_owned()),
            (
                format!("{LOGIN}?return_to=/page/x?y=1"),
                format!("{LOGIN}?return_to=%2Fpage%2Fx%3Fy%3D1"),
            ),
            (format!("{LOGIN}?return_to=//evil.example"), LOGIN.to_owned()),
            (format!("{LOGIN}?options=forged"), LOGIN.to_owned()),
            (signed.clone(), signed.clone()),
        ] {
            let answer = site.send("GET", &target, &with(TURBO_LINK, &user)).await;
            assert_eq!(answer.status, 403, "{target}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "{target}");
            assert_eq!(answer.json()["error"], "forbidden_context");
            assert_eq!(answer.json()["login_url"], opened.as_str());
            changes_nothing(&answer);
        }
        for sent in [TURBO_LINK, &[("accept", HTML)], &[(MODE, "navigate"), ("accept", HTML)]] {
            let preview = with(sent, &[("x-sec-purpose", "prefetch")]);
            let answer = site.send("GET", LOGIN, &preview).await;
            assert_eq!((answer.status, is_page(&answer)), (503, false), "{preview:?}");
            changes_nothing(&answer);
        }
    }
}

/// Where an answer sends htmx, and which page the login would end at.
fn hx_redirect(answer: &Response) -> (String, Option<String>) {
    let target = answer.header("hx-redirect").expect("HX-Redirect").to_owned();
    let return_to = parameter(&format!("https://app.example{target}"), "return_to");
    (target, return_to)
}

pub async fn w_03_htmx_is_led_to_the_login_and_back_to_its_page(adapter: &impl Adapter) {
    const FRONT: &str = "https://front.example";
    let settings = Settings::new().configure(|builder| builder.allowed_return_origins([FRONT]));
    let site = Site::with(adapter, settings).await;
    let ask = async |url: &[u8]| {
        let headers = [("hx-request", &b"true"[..]), ("hx-current-url", url)];
        let answer = site.app.raw_bytes("GET", "/page/part", &headers).await;
        assert_eq!(answer.status, 401, "{}", answer.describe());
        assert_eq!(answer.json()["error"], "login_required");
        changes_nothing(&answer);
        hx_redirect(&answer)
    };
    for target in OPEN_REDIRECTS {
        if target.bytes().any(|byte| byte < b' ') {
            continue;
        }
        for url in [(*target).to_owned(), format!("https://app.example{target}")] {
            assert_eq!(ask(url.as_bytes()).await.0, LOGIN, "{url:?}");
        }
    }
    for target in [
        "/",
        "/dash?x=1&y=2",
        "/dash?x=1#top",
        "/caf%C3%A9",
        "/search?q=https://other.example/",
        "/search?next=//x",
        "/?q=a%0Ab",
    ] {
        let (_, return_to) = ask(format!("https://app.example{target}").as_bytes()).await;
        assert_eq!(return_to.as_deref(), Some(target));
    }
    for (url, expected) in [
        ("https://front.example/a?b=1", Some("https://front.example/a?b=1")),
        ("https://other.example/a", None),
        ("http://app.example/a", None),
        ("https://app.example.evil.example/a", None),
        ("https://front.example.evil.example/a", None),
        ("/a", None),
    ] {
        assert_eq!(ask(url.as_bytes()).await.1.as_deref(), expected, "{url}");
    }
    // A boosted link to the login, also where a browser sends no Fetch Metadata.
    let signed = site.get("/link", "").await.text();
    for (target, opened) in [
        (LOGIN.to_owned(), LOGIN),
        (format!("{LOGIN}?return_to=/page/x"), "/auth/instagram/login?return_to=%2Fpage%2Fx"),
        (format!("{LOGIN}?return_to=//evil.example"), LOGIN),
        (format!("{LOGIN}?options=forged"), LOGIN),
        (signed.clone(), &signed),
    ] {
        for sent in [&[][..], TURBO_LINK, &[(MODE, "navigate")]] {
            let more =
                [("hx-request", "true"), ("hx-current-url", "https://app.example/elsewhere")];
            let answer = site.send("GET", &target, &with(sent, &more)).await;
            assert_eq!(answer.status, 403, "{target}");
            assert_eq!(answer.header("hx-redirect"), Some(opened));
            changes_nothing(&answer);
        }
    }
}

pub async fn w_07_a_form_sent_after_the_session_ended_gets_a_page(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for sent in VISITS.iter().chain([&TURBO_FORM]) {
        for (referer, link) in [
            (
                "https://app.example/page/form?x=1",
                format!("{LOGIN}?return_to=%2Fpage%2Fform%3Fx%3D1"),
            ),
            ("https://evil.example/page/form", LOGIN.to_owned()),
        ] {
            let answer = site.send("POST", "/me", &with(sent, &[("referer", referer)])).await;
            assert_eq!((answer.status, is_page(&answer)), (401, true), "{sent:?}");
            assert!(answer.text().contains(&format!("href=\"{link}\"")), "{}", answer.text());
            for words in ["Nothing was saved", "Log in", "send it again", "login_required"] {
                assert!(answer.text().contains(words), "{words}: {}", answer.text());
            }
            assert!(answer.header("www-authenticate").is_some());
            changes_nothing(&answer);
        }
    }
    for sent in PROGRAMS.iter().chain([&TURBO_LINK, &FOREIGN_FORM]) {
        let answer = site.send("POST", "/me", sent).await;
        assert_eq!(answer.status, 401, "{sent:?}");
        assert_eq!(answer.json()["error"], "login_required", "{sent:?}");
        changes_nothing(&answer);
    }
    // A form that starts a login and cannot: a page, and no redirect that loses what was sent.
    let settings =
        Settings::new().configure(|builder| builder.require_post(true).failure_url("/failed"));
    let site = Site::with(adapter, settings).await;
    let form = with(VISITS[0], &[(SITE, "same-origin")]);
    let long = format!("{LOGIN}?return_to={}", "a".repeat(9_000));
    let answer = site.send("POST", &long, &form).await;
    assert_eq!((answer.status, is_page(&answer)), (400, true), "{}", answer.describe());
    changes_nothing(&answer);
}

pub async fn w_10_a_prefetch_is_routine_in_the_log(adapter: &impl Adapter) {
    log::capture();
    let site = Site::new(adapter).await;
    for header in ["sec-purpose", "x-sec-purpose", "purpose"] {
        let answer = site.send("GET", LOGIN, &[(header, "prefetch")]).await;
        assert_eq!(answer.status, 503, "{header}");
        changes_nothing(&answer);
    }
    let lines = log::lines();
    let prefetches: Vec<_> = lines.iter().filter(|line| line.contains("kind=Prefetch")).collect();
    assert!(prefetches.len() >= 3, "{prefetches:?}");
    for line in prefetches {
        assert!(line.starts_with("DEBUG") || line.starts_with("INFO"), "{line}");
    }
}

pub async fn w_11_a_long_or_odd_address_is_returned_to(adapter: &impl Adapter) {
    let settings = Settings::new()
        .configure(|builder| builder.optional_scopes([Scope::InstagramBusinessContentPublish]));
    let site = Site::with(adapter, settings).await;
    let long = format!("/page/x?q={}", "a".repeat(600));
    for (target, captured) in [
        (&*long, "/page/x"),
        ("/page/x?q=100%", "/page/x?q=100%25"),
        ("/page/x?q=100%&r=%zz", "/page/x?q=100%25&r=%25zz"),
        ("/page/x?q=`a`", "/page/x?q=%60a%60"),
        ("/page/x?q=a\\b", "/page/x?q=a%5Cb"),
        ("/page/x?q=a%0Ab", "/page/x?q=a%0Ab"),
        ("/guarded?q=100%", "/guarded?q=100%25"),
        ("/page/x?q=[1]", "/page/x?q=[1]"),
    ] {
        let answer = site.send("GET", target, VISITS[0]).await;
        assert_eq!(answer.status, 303, "{target}");
        let login = format!("https://app.example{}", answer.location());
        assert_eq!(parameter(&login, "return_to").as_deref(), Some(captured), "{target}");
        let started = attempt(&site.get(answer.location(), "").await);
        let landed = site.finish(&started).await;
        is_ok(&landed);
        assert_eq!(landed.location(), format!("{captured}#"));
    }
    // Nothing about a path is mended, and what a link says keeps its grammar.
    let long_path = format!("/page/{}", "a".repeat(600));
    for target in [
        "/page//evil.example?q=100%",
        "/page/a%2Fb",
        "/page/a%5Cb",
        "/page/100%25",
        // Too long for an attempt's cookie, and no shorter page is the one that was asked for.
        &long_path,
    ] {
        let answer = site.send("GET", target, VISITS[0]).await;
        assert_eq!((answer.status, answer.location()), (303, LOGIN), "{target}");
    }
    for target in ["/page/x?q=100%", "/page/x?q=`", &*long] {
        let query = format!("?return_to={}", escape(target.as_bytes()));
        let started = site.start(&query).await;
        assert_eq!(site.finish(&started).await.location(), "/#", "{target}");
    }
}

pub async fn v_05_a_websocket_handshake_starts_and_ends_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let started = site.start("").await;
    let callback = format!("{CALLBACK}?code={}&state={}", site.code(), started.state);
    let cookie = started.cookie();
    for handshake in [
        &[("upgrade", "websocket")][..],
        &[("upgrade", "WebSocket")],
        &[("upgrade", "h2c, websocket/13")],
        &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")],
        &[
            ("upgrade", "websocket"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
            ("origin", "https://evil.example"),
            ("cookie", &cookie),
        ],
    ] {
        for target in [LOGIN, &callback] {
            let answer = site.send("GET", target, handshake).await;
            assert_eq!(answer.status, 403, "{target} {handshake:?}: {}", answer.describe());
            assert!(answer.text().contains("forbidden_context"));
            changes_nothing(&answer);
        }
    }
    assert_eq!(site.exchanges(), 0);
    let cleartext = site.send("GET", LOGIN, &[("upgrade", "h2c")]).await;
    assert_eq!((cleartext.status, cleartext.all("set-cookie").len()), (303, 1));
    site.is_alive(&started).await;
}
