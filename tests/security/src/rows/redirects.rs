//! Section 4: where the browser is sent.

use ig_oauth_conformance::browser::{Browser, Response, links};
use ig_oauth_conformance::harness::{Adapter, App, Settings};
use url::Url;

use crate::site::{CALLBACK, LOGIN, LOGOUT, Site, attempt, escape, is_ok, is_refused};

/// The corpus of open redirects: each of them must end on the default page.
const CORPUS: &[&str] = &[
    "//evil.example",
    "////evil.example",
    "/////evil.example/",
    "//evil.example/..",
    "//evil.example/%2e%2e",
    "///evil.example/%2f..",
    "\\/evil.example",
    "\\\\evil.example",
    "\\evil.example",
    "/\\/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "/\r\n/evil.example",
    "/\u{b}/evil.example",
    "/\u{c}/evil.example",
    "/\0/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\u{1}//evil.example",
    "\u{feff}//evil.example",
    "/%09/evil.example",
    "/%00/evil.example",
    "/%2f%2fevil.example",
    "/%2fevil.example",
    "%2f%5cevil.example",
    "/%5cevil.example",
    "//%5cevil.example",
    "//%09/evil.example",
    "%252f%252fevil.example",
    "/%252f%252fevil.example",
    "/.//evil.example",
    "/x/..//evil.example",
    "/x/../..//evil.example",
    "/x/%2e%2e//evil.example",
    "/.%2e//evil.example",
    "https:/evil.example",
    "https://evil.example",
    "https:///evil.example",
    "https:/\\evil.example",
    "http://evil.example",
    "HtTpS://evil.example",
    "https://app.example@evil.example",
    "https://app.example:443@evil.example/",
    "https://app.example%40evil.example",
    "https://app.example%2f@evil.example",
    "https://app.exampleevil.example",
    "https://evil.example?app.example",
    "https://evil.example#app.example",
    "https://evil.example\\@app.example",
    "https://evil.example\\app.example",
    "https://evil.example%5c@app.example",
    "https://evil.example\0.app.example",
    "https://[::1]/",
    "//[::ffff:127.0.0.1]/",
    "//0x7f.1/",
    "//2130706433/",
    "http:3627734734",
    "//evil.c\u{2100}.example",
    "\u{ff0f}\u{ff0f}evil.example",
    "/\u{2028}/evil.example",
    "/\u{202e}/evil.example",
    "@evil.example",
    ".evil.example",
    ";@evil.example",
    "evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "JaVaScRiPt:alert(1)",
    "java%0d%0ascript:alert(1)",
    "/javascript:alert(1)//..//evil.example",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "file:///etc/passwd",
    "filesystem:https://evil.example/temporary/x",
    "intent://evil.example#Intent;scheme=https;end",
    "view-source:https://evil.example",
    "mailto:a@evil.example",
    "ftp://evil.example/",
    "/x%0d%0aSet-Cookie:a=b",
    "/auth/instagram/login",
    "/auth/instagram/callback?code=x&state=y",
    "/auth/instagram/logout",
    "",
    "/%E2%80%8B",
    "/%E2%80%8E",
    "/%E2%80%AE",
    "/%ff",
    "/%c0%af/evil.example",
    "%",
    "/%zz",
];

async fn lands_on(site: &Site, query: &str) -> Response {
    let attempt = site.start(query).await;
    let answer = site.finish(&attempt).await;
    is_ok(&answer);
    answer
}

pub async fn r_01_no_form_of_open_redirect_works(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.after_login("/default"));
    let site = Site::with(adapter, settings).await;
    for target in CORPUS {
        let once = escape(target.as_bytes());
        let twice = escape(once.as_bytes());
        // Raw, where a request line can carry it.
        let raw = target
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$'()*+,;=%".contains(&byte));
        let raw = raw.then(|| (*target).to_owned());
        for form in [Some(once), Some(twice), raw].into_iter().flatten() {
            let answer = lands_on(&site, &format!("?return_to={form}")).await;
            assert_eq!(answer.location(), "/default#", "{target:?} as {form}");
        }
    }
    let long = format!("?return_to=/{}", "a".repeat(512));
    assert_eq!(lands_on(&site, &long).await.location(), "/default#");
    // Harmless places are kept: a refusal of those would be a bug too.
    for target in [
        "/",
        "/dash",
        "/dash?x=1&y=2",
        "/dash?x=1#top",
        "/a/b/c.html",
        "/caf%C3%A9",
        "/search?q=https://other.example/",
        "/search?next=//x",
        "/a@b",
        "/~user",
        "/a:b",
        "/x;y=1",
        "/?q=%2F%2F",
        "/?q=a%0Ab",
        // Words and emoji with joiners in them.
        "/%D9%85%DB%8C%E2%80%8C%D8%AE%D9%88%D8%A7%D9%87%D9%85",
        "/%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7",
    ] {
        let answer = lands_on(&site, &format!("?return_to={}", escape(target.as_bytes()))).await;
        let expected = if target.contains('#') { target.to_owned() } else { format!("{target}#") };
        assert_eq!(answer.location(), expected);
    }
}

pub async fn r_02_no_other_carrier_says_where_to_go(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for name in [
        "referer",
        "x-forwarded-uri",
        "x-auth-request-redirect",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-prefix",
    ] {
        for value in ["//evil.example", "https://evil.example/", "/elsewhere"] {
            let start = site.send("GET", LOGIN, &[(name, value)]).await;
            let attempt = attempt(&start);
            let target = format!("{CALLBACK}?code={}&state={}", site.code(), attempt.state);
            let headers = [("cookie", &*attempt.cookie()), (name, value)];
            let answer = site.send("GET", &target, &headers).await;
            is_ok(&answer);
            assert_eq!(answer.location(), "/#", "{name}: {value}");
        }
    }
}

pub async fn r_03_a_target_given_twice_is_not_used(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for query in ["return_to=/a&return_to=//evil.example", "return_to=//evil.example&return_to=/a"]
    {
        let answer = site.get(&format!("{LOGIN}?{query}"), "").await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.all("set-cookie").is_empty());
    }
    for query in ["?return_to[]=/a", "?return_to%5b%5d=/a", "?Return_To=/a"] {
        assert_eq!(lands_on(&site, query).await.location(), "/#", "{query}");
    }
}

pub async fn r_04_paths_that_a_url_parser_turns_into_hosts_are_not_used(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for target in
        ["/.//evil.example", "/x/..//evil.example", "/%2e%2e//evil.example", "/./\\evil.example"]
    {
        let answer = lands_on(&site, &format!("?return_to={}", escape(target.as_bytes()))).await;
        assert_eq!(answer.location(), "/#", "{target}");
    }
}

pub async fn r_05_bytes_that_browsers_strip_are_not_used(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for target in ["/%09/evil", "/%0a/evil", "/\t/evil", "/\n/evil", "/a\tb", "/a?b\tc", "/a#b\nc"]
    {
        let answer = lands_on(&site, &format!("?return_to={}", escape(target.as_bytes()))).await;
        assert!(answer.location().bytes().all(|byte| byte.is_ascii_graphic()), "{target:?}");
        assert_eq!(answer.location(), "/#", "{target:?}");
    }
}

pub async fn r_06_no_header_can_be_added(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for target in
        ["/x%0d%0aSet-Cookie:a=b", "/x\r\nSet-Cookie:a=b", "/\u{560a}\u{560d}Set-Cookie:a=b"]
    {
        for form in [escape(target.as_bytes()), escape(escape(target.as_bytes()).as_bytes())] {
            let answer = lands_on(&site, &format!("?return_to={form}")).await;
            assert_eq!(answer.all("location").len(), 1);
            assert!(!answer.describe().contains("a=b"), "{}", answer.describe());
        }
    }
}

pub async fn r_07_no_login_ends_at_the_login(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for target in [
        LOGIN.to_owned(),
        format!("{LOGIN}?return_to=/x"),
        format!("{CALLBACK}?x"),
        LOGOUT.to_owned(),
        format!("https://app.example{LOGIN}"),
    ] {
        let answer = lands_on(&site, &format!("?return_to={}", escape(target.as_bytes()))).await;
        assert_eq!(answer.location(), "/#", "{target}");
    }
}

pub async fn r_08_only_listed_origins_are_left_for(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| {
        builder.allowed_return_origins([
            "https://ok.example",
            "https://app.example",
            // Begins with our own origin and is another one.
            "https://app.example:8443",
        ])
    });
    let site = Site::with(adapter, settings).await;
    for (target, allowed) in [
        ("https://ok.example", true),
        ("https://ok.example/", true),
        ("https://ok.example/a?b#c", true),
        ("https://ok.example?b", true),
        ("https://app.example/dash", true),
        ("https://app.example", true),
        ("https://app.example?b", true),
        ("https://app.example#c", true),
        ("https://app.example:8443", true),
        ("https://app.example:8443/x", true),
        ("https://app.example:8443?b", true),
        (&format!("https://app.example:8443{LOGIN}"), true),
        ("https://app.example:8444/x", false),
        ("https://app.example.evil/x", false),
        (&format!("https://app.example{LOGIN}"), false),
        (&format!("https://app.example{LOGIN}?b"), false),
        (&format!("https://app.example{LOGOUT}#c"), false),
        ("https://ok.example.evil", false),
        ("https://okxexample", false),
        ("http://ok.example", false),
        ("https://ok.example:444", false),
        ("https://ok.example:443", false),
        ("https://u@ok.example", false),
        ("https://sub.ok.example", false),
        ("https://OK.example", false),
        ("https://ok.example//evil", false),
        ("https://ok.example/%2f%2fevil", false),
        ("https://ok.example\\@evil.example", false),
        ("https://ok.example@evil.example", false),
        ("//ok.example", false),
    ] {
        let answer = lands_on(&site, &format!("?return_to={}", escape(target.as_bytes()))).await;
        let stays = answer.location().starts_with(target);
        assert_eq!(stays, allowed, "{target}: {}", answer.location());
        assert!(stays || answer.location() == "/#", "{target}: {}", answer.location());
    }
}

pub async fn r_09_what_the_callback_says_about_the_target_is_ignored(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("?return_to=/page/mine").await;
    let query = format!("return_to=//evil.example&code={}&state={}", site.code(), attempt.state);
    let answer = site.call_back(&query, &attempt.cookie()).await;
    assert_eq!(answer.location(), "/page/mine#");
}

pub async fn r_10_redirects_are_303(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.require_post(true));
    let site = Site::with(adapter, settings).await;
    let posted = site.send("POST", LOGIN, &[]).await;
    assert_eq!(posted.status, 303, "a 307 would post the form to the provider");
    let site = Site::new(adapter).await;
    let start = site.get(LOGIN, "").await;
    assert_eq!(start.status, 303);
    assert_eq!(site.finish(&attempt(&start)).await.status, 303);
    assert_eq!(site.send("POST", LOGOUT, &[]).await.status, 303);
    assert_eq!(site.send("GET", "/me", &[("accept", "text/html")]).await.status, 303);
}

pub async fn r_11_every_landing_has_a_fragment_of_its_own(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.failure_url("/oops"));
    let app = App::start(adapter, settings).await;
    for decision in ["allow", "cancel"] {
        let mut browser = Browser::new();
        let callback = app.decided(&mut browser, "", decision).await;
        let answer = browser.step(&callback).await;
        assert!(answer.location().ends_with('#'), "{decision}: {}", answer.location());
    }
    let mut browser = Browser::new();
    browser.open(&app.url("/me")).await;
    let page = browser.press("Allow").await;
    assert_eq!(page.url.fragment(), Some(""), "and so the provider's `#_` is gone");
}

pub async fn r_12_the_code_does_not_stay_in_the_address_bar(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    browser.open(&app.url("/page/x")).await;
    let page = browser.press("Allow").await;
    assert!(page.url.query().is_none(), "{}", page.url);
    let settings = Settings::new().configure(|builder| builder.failure_url("/plain"));
    let app = App::start(adapter, settings).await;
    let mut browser = Browser::new();
    let page = browser.open(&app.url(&format!("{CALLBACK}?code=x&state=y"))).await;
    assert_eq!(page.url.query(), Some("error=invalid_state"));
    // Without such a URL the page stays, uncached and without a referrer.
    let app = App::start(adapter, Settings::new()).await;
    let page = app.raw("GET", &format!("{CALLBACK}?code=x&state=y"), &[]).await;
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
}

pub async fn r_13_the_callback_leaks_no_referrer(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let landed = site.finish(&attempt).await;
    let page = site.call_back("code=x&state=y", "").await;
    for answer in [&landed, &page] {
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
    let text = page.text();
    for loads in ["src=", "<link", "url(", "@import", "<script", "<iframe"] {
        assert!(!text.contains(loads), "{loads}: {text}");
    }
}

pub async fn r_14_try_again_leads_to_our_login_and_nowhere_else(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for target in ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/\"><script>"] {
        let page = site
            .call_back(&format!("code=x&state=y&return_to={}", escape(target.as_bytes())), "")
            .await;
        is_refused(&page, "invalid_state");
        assert_eq!(links(&page.text()), [("Try again".to_owned(), LOGIN.to_owned())]);
    }
    // A proven target is kept.
    let attempt = site.start("?return_to=/page/mine").await;
    let query = format!("error=access_denied&state={}", attempt.state);
    let page = site.call_back(&query, &attempt.cookie()).await;
    let expected = format!("{LOGIN}?return_to=%2Fpage%2Fmine");
    assert_eq!(links(&page.text()), [("Try again".to_owned(), expected)]);
    assert!(Url::parse("https://app.example").unwrap().join(LOGIN).is_ok());
}
