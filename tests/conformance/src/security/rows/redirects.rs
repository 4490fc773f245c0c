//! Section 4: where the browser is sent.

use crate::browser::{Browser, Response, links};
use crate::harness::{Adapter, App, Settings};
use url::Url;

use crate::security::open_redirects::OPEN_REDIRECTS;
use crate::security::site::{
    Attempt, CALLBACK, LOGIN, LOGOUT, Site, attempt, cookies, escape, is_ok, is_refused,
};

async fn lands_on(site: &Site, query: &str) -> Response {
    let attempt = site.start(query).await;
    let answer = site.finish(&attempt).await;
    is_ok(&answer);
    answer
}

pub async fn r_01_no_form_of_open_redirect_works(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.after_login("/default"));
    let site = Site::with(adapter, settings).await;
    let mut taken_raw = 0;
    for target in OPEN_REDIRECTS {
        let once = escape(target.as_bytes());
        let twice = escape(once.as_bytes());
        for form in [once, twice] {
            let answer = lands_on(&site, &format!("?return_to={form}")).await;
            assert_eq!(answer.location(), "/default#", "{target:?} as {form}");
        }
        // Raw, where a request line can carry it. A server may refuse what its grammar lacks.
        if target.bytes().any(|byte| byte <= b' ' || byte == b'#') {
            continue;
        }
        let start = site.get(&format!("{LOGIN}?return_to={target}"), "").await;
        if start.status == 303 {
            taken_raw += 1;
            let answer = site.finish(&attempt(&start)).await;
            is_ok(&answer);
            assert_eq!(answer.location(), "/default#", "{target:?} raw");
        } else {
            assert_eq!(start.status, 400, "{target:?} raw: {}", start.describe());
            assert!(start.all("set-cookie").is_empty());
        }
    }
    assert!(taken_raw > 55, "{taken_raw} were taken raw");
    let raw = site.get(&format!("{LOGIN}?return_to=/\\/evil.example"), "").await;
    assert_eq!(site.finish(&attempt(&raw)).await.location(), "/default#", "a raw backslash");
    let long = format!("?return_to=/{}", "a".repeat(512));
    assert_eq!(lands_on(&site, &long).await.location(), "/default#");
    let huge = site.get(&format!("{LOGIN}?return_to={}", "/a".repeat(500_000)), "").await;
    assert!(matches!(huge.status, 400 | 414 | 431), "{}", huge.describe());
    assert!(huge.all("set-cookie").is_empty());
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
    const HEADERS: [&str; 6] = [
        "referer",
        "x-forwarded-uri",
        "x-auth-request-redirect",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-prefix",
    ];
    let site = Site::new(adapter).await;
    for value in
        OPEN_REDIRECTS.iter().copied().chain(["/elsewhere", "https://app.example/elsewhere"])
    {
        let text = escape(value.as_bytes());
        // In headers, unchanged where a header can hold them; as a cookie; in the query, as a
        // parameter that the callback does not read.
        let plain = value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        let header = if plain { value } else { &text };
        let cookie = format!("return_to={text}; next={text}; state={text}");
        let mut headers: Vec<_> = HEADERS.iter().map(|name| (*name, header)).collect();
        headers.push(("cookie", &cookie));
        let query = format!("state={text}&next={text}&redirect_uri={text}&url={text}");
        let start = site.send("GET", &format!("{LOGIN}?{query}"), &headers).await;
        let attempt = attempt(&start);
        // The same at the callback, the attempt's cookie beside them.
        let query = format!("code={}&state={}&next={text}", site.code(), attempt.state);
        let cookies = format!("{cookie}; {}", attempt.cookie());
        headers.pop();
        headers.push(("cookie", &cookies));
        let answer = site.send("GET", &format!("{CALLBACK}?{query}"), &headers).await;
        is_ok(&answer);
        assert_eq!(answer.location(), "/#", "{value:?}");
        // In the state: no attempt has that one.
        let query = format!("code=a&state={text}");
        is_refused_or_malformed(&site.call_back(&query, &attempt.cookie()).await);
    }
    // In the fields of a form, which is not read whatever is in it.
    let settings = Settings::new().configure(|builder| builder.require_post(true));
    let site = Site::with(adapter, settings).await;
    for value in ["/elsewhere", "//evil.example"] {
        let text = escape(value.as_bytes());
        let form = format!("return_to={text}&next={text}");
        let headers = [
            ("host".to_owned(), site.app.address().as_bytes().to_vec()),
            ("content-type".to_owned(), b"application/x-www-form-urlencoded".to_vec()),
            ("sec-fetch-site".to_owned(), b"same-origin".to_vec()),
        ];
        let send = crate::browser::send;
        let start = send(site.app.address(), "POST", LOGIN, &headers, form.as_bytes()).await;
        let answer = site.finish(&attempt(&start)).await;
        is_ok(&answer);
        assert_eq!(answer.location(), "/#", "{value} in a form");
    }
    // An older attempt's cookie says where that one goes and no other does, by its own name or by
    // the other's.
    let site = Site::new(adapter).await;
    for old_first in [true, false] {
        let old = site.start("?return_to=/page/old").await;
        let fresh = attempt(&site.get(LOGIN, &old.cookie()).await);
        let renamed = Attempt { name: fresh.name.clone(), ..old.clone() };
        let mut pairs = vec![&old, &renamed, &fresh];
        if !old_first {
            pairs.reverse();
        }
        let query = format!("code={}&state={}", site.code(), fresh.state);
        let answer = site.call_back(&query, &cookies(pairs)).await;
        is_ok(&answer);
        assert_eq!(answer.location(), "/#");
    }
}

/// No session, no redirect: `invalid_state`, or `invalid_request` where the text does not decode.
fn is_refused_or_malformed(answer: &Response) {
    let malformed = answer.text().contains("invalid_request");
    is_refused(answer, if malformed { "invalid_request" } else { "invalid_state" });
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
        // A proxy may decode what it passes on.
        LOGIN.replace("login", "%6cogin"),
        CALLBACK.replace("/callback", "/%63allback?x"),
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
            // Begins with the app's own origin but is another one.
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
    let query = page.url.query().unwrap();
    assert!(query.starts_with("error=invalid_state&id=") && !query.contains("code="), "{query}");
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
    // The empty icon keeps browsers from asking for one.
    let text = page.text().replace("<link rel=\"icon\" href=\"data:,\">", "");
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
    let (label, again) = links(&page.text()).remove(0);
    assert_eq!(label, "Try again");
    assert!(again.starts_with(&format!("{LOGIN}?options=")), "{again}");
    let started = super::super::site::attempt(&site.get(&again, "").await);
    assert_eq!(site.finish(&started).await.location(), "/page/mine#");
    assert!(Url::parse("https://app.example").unwrap().join(LOGIN).is_ok());
}
