//! Section 6: headers, errors, logs.

use crate::browser::{Response, links};
use crate::harness::{Adapter, Sessions, Settings};
use ig_oauth_common::hooks::{Denial, Failure, Hooks, Reply};
use ig_oauth_common::{AuthErrorKind, ConfigBuilder};
use ig_oauth_fake_instagram::{Endpoint, Fault};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::security::log;
use crate::security::site::{CALLBACK, LOGIN, LOGOUT, Site, is_refused, session_cookie};

pub async fn e_01_no_answer_of_ours_is_cached(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let query = format!("code={}&state={}", site.code(), attempt.state);
    let mut answers: Vec<Response> = vec![site.call_back(&query, &attempt.cookie()).await];
    for (method, path) in
        [("GET", LOGIN), ("GET", CALLBACK), ("POST", LOGOUT), ("GET", LOGOUT), ("GET", "/me")]
    {
        for headers in [&[][..], &[("if-none-match", "*")], &[("range", "bytes=0-1")]] {
            answers.push(site.send(method, path, headers).await);
        }
    }
    for answer in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.describe());
        assert!(answer.header("etag").is_none() && answer.header("last-modified").is_none());
        assert!(!matches!(answer.status, 206 | 304));
    }
}

fn reflects_nothing(page: &Response, query: &str) {
    assert!((400..500).contains(&page.status) || page.status == 500, "{}", page.describe());
    let told = page.describe();
    for part in ["alert(1)", "onload", "<img", "<evil", "javascript:", "hostile"] {
        assert!(!told.contains(part), "{part} of {query} in {told}");
    }
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
}

pub async fn e_02_nothing_of_a_request_is_reflected(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for hostile in [
        "<script>alert(1)</script>",
        "\"><svg onload=alert(1)>",
        "'><img src=hostile>",
        "javascript:hostile",
    ] {
        let text = crate::security::site::escape(hostile.as_bytes());
        let headers = [("host", "<evil>"), ("referer", hostile), ("accept", "text/html")];
        for query in [
            format!("error={text}&state={text}"),
            format!(
                "error=access_denied&error_description={text}&error_reason={text}&state={text}"
            ),
            format!("code={text}&state={text}"),
            format!("{text}={text}"),
        ] {
            let page = site.send("GET", &format!("{CALLBACK}?{query}"), &headers).await;
            reflects_nothing(&page, &query);
        }
        // Once the state is proven the provider's words are heard, and shown no more than before. (RFC
        // 6749, appendix A.7, allows no quotation mark in `error`.)
        let as_error =
            if hostile.contains('"') { "invalid_request" } else { "authorization_rejected" };
        for (query, code) in [
            (format!("error={text}"), as_error),
            (
                format!("error=access_denied&error_description={text}&error_reason={text}"),
                "access_denied",
            ),
            (format!("code={text}"), "code_rejected"),
            (format!("code=a&code={text}"), "invalid_request"),
        ] {
            let attempt = site.start("?return_to=/page/x").await;
            let target = format!("{CALLBACK}?{query}&state={}", attempt.state);
            let cookie = attempt.cookie();
            let proven = [&headers[..], &[("cookie", &cookie)]].concat();
            let page = site.send("GET", &target, &proven).await;
            assert!(page.text().contains(code), "{query}: {}", page.describe());
            reflects_nothing(&page, &query);
        }
    }
}

#[derive(Clone, Default)]
struct Denials(Arc<Mutex<Vec<Denial>>>);

impl Hooks for Denials {
    async fn on_denied(&self, denial: Denial) -> Option<Reply> {
        self.0.lock().unwrap().push(denial);
        None
    }
}

pub async fn e_03_the_providers_description_is_not_shown_unproven(adapter: &impl Adapter) {
    let denials = Denials::default();
    let hooks = denials.clone();
    let site = Site::with(adapter, Settings::new().configure(|b| b.hooks(hooks))).await;
    for state in ["", "&state=wrong"] {
        let query = format!("error=access_denied&error_description=Call+0800+123{state}");
        let page = site.call_back(&query, "").await;
        is_refused(&page, "invalid_state");
        assert!(!page.text().contains("Call"), "{}", page.text());
    }
    assert!(denials.0.lock().unwrap().is_empty(), "nor is the app told");
    // Proven it goes to the app, and no more of it than fits.
    let attempt = site.start("").await;
    let long = format!("Call{}", "%c3%a9".repeat(300));
    let query = format!("error=access_denied&error_description={long}&error_reason={long}");
    let query = format!("{query}&state={}", attempt.state);
    let page = site.call_back(&query, &attempt.cookie()).await;
    is_refused(&page, "access_denied");
    assert!(!page.text().contains("Call"), "{}", page.text());
    let denials = denials.0.lock().unwrap();
    let expected = format!("Call{}", "\u{e9}".repeat(252));
    assert_eq!(denials[0].description.as_deref(), Some(&*expected), "256 characters");
    assert_eq!(denials[0].reason.as_deref(), Some(&*expected));
}

pub async fn e_04_pages_fit_in_no_frame(adapter: &impl Adapter) {
    let site = Site::with(adapter, Settings::new().configure(|b| b.require_post(true))).await;
    for target in [CALLBACK, LOGIN, LOGOUT] {
        let page = site.get(target, "").await;
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{target}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

pub async fn e_05_every_bad_state_looks_the_same(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let query = format!("code=a&state={}", attempt.state);
    let (head, tail) = attempt.value.split_at(attempt.value.len() / 2);
    let other = if tail.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{}={head}{other}{}", attempt.name, &tail[1..]);
    let unknown_key = format!("{}=ApZZZZZZ{}", attempt.name, &attempt.value[8..]);
    let old = site.start("").await;
    let pages = [
        site.call_back("code=a", &old.cookie()).await,
        site.call_back("code=a&state=wrong", &old.cookie()).await,
        site.call_back(&query, &old.cookie()).await,
        site.call_back(&query, &changed).await,
        site.call_back(&query, &unknown_key).await,
        {
            site.app.advance(std::time::Duration::from_secs(601));
            let query = format!("code=a&state={}", old.state);
            site.call_back(&query, &old.cookie()).await
        },
    ];
    for page in &pages {
        is_refused(page, "invalid_state");
        assert_eq!(page.status, pages[0].status);
        assert_eq!(page.body.len(), pages[0].body.len());
    }
}

pub async fn e_06_every_refusal_has_a_way_on(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for query in ["", "code=a", "code=a&state=b", "error=x", "code=a&code=b", "code=%"] {
        let page = site.call_back(query, "").await;
        assert!(links(&page.text()).contains(&("Try again".to_owned(), LOGIN.to_owned())));
        let target = format!("{CALLBACK}?{query}");
        let json = site.send("GET", &target, &[("accept", "application/json")]).await;
        assert_eq!(json.header("content-type"), Some("application/json"));
        assert_eq!(json.status, page.status);
        let page = site.send("GET", &target, &[("accept", "*/*")]).await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    }
    // The link works.
    assert_eq!(site.get(LOGIN, "").await.status, 303);
}

pub async fn e_07_nothing_internal_is_told(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for fault in [
        Fault::json(
            400,
            r#"{"error_type":"OAuthException","code":400,"error_message":"INTERNAL words"}"#,
        ),
        Fault::json(500, "INTERNAL words"),
        Fault::json(200, "INTERNAL words"),
        Fault::ResetAfterRequest,
    ] {
        site.app.provider.set_fault_times(Endpoint::CodeExchange, fault, 1);
        let attempt = site.start("").await;
        let page = site.finish(&attempt).await;
        assert!(page.status >= 400);
        let text = page.describe().to_lowercase();
        for told in
            ["internal words", "oauthexception", "reqwest", "hyper", "127.0.0.1", "src/", "panick"]
        {
            assert!(!text.contains(told), "{told}: {text}");
        }
    }
}

/// Every call there is, and sessions that live to see a refresh.
fn everything(builder: ConfigBuilder) -> ConfigBuilder {
    builder.fetch_profile(true).idle_lifetime(Duration::from_secs(60 * 24 * 60 * 60))
}

/// Walks through everything that logs, with and without success.
async fn walk(site: &Site) -> Vec<String> {
    let mut secrets = Vec::new();
    let session = site.log_in().await;
    secrets.push(session.split_once('=').unwrap().1.to_owned());
    site.get("/me", &session).await;
    for query in ["", "code=MARKERCODE0123456789&state=x", "error=access_denied", "code=a&code=b"] {
        site.call_back(query, "").await;
    }
    let attempt = site.start("").await;
    secrets.push(attempt.state.clone());
    secrets.push(attempt.value.clone());
    site.call_back(&format!("code=a&state={}", attempt.state), "").await;
    let tampered = format!("{}={}", attempt.name, &attempt.value[1..]);
    site.call_back(&format!("code=a&state={}", attempt.state), &tampered).await;
    let echo = |text: &str| {
        format!(r#"{{"error_type":"OAuthException","code":400,"error_message":"{text}"}}"#)
    };
    let graph_echo = |text: &str| {
        format!(r#"{{"error":{{"message":"{text}","type":"OAuthException","code":190}}}}"#)
    };
    let faults = |token: &str| {
        [
            Fault::ResetAfterRequest,
            Fault::html(502),
            Fault::json(200, "{}"),
            Fault::json(400, echo(site.app.provider.client_secret())),
            Fault::json(400, echo("see https://evil.example/?access_token=MARKERCODE0123456789")),
            Fault::json(400, graph_echo(site.app.provider.client_secret())),
            Fault::json(400, graph_echo(&format!("no {token} here"))),
            Fault::json(200, graph_echo(token)),
        ]
    };
    for endpoint in [Endpoint::CodeExchange, Endpoint::LongLived, Endpoint::Me] {
        for fault in faults("MARKERCODE0123456789") {
            site.app.provider.set_fault_times(endpoint, fault, 1);
            let attempt = site.start("").await;
            site.finish(&attempt).await;
        }
    }
    // What is asked with the token of a session, which the answer then echoes.
    for (endpoint, path, days) in [(Endpoint::Refresh, "/me", 40), (Endpoint::Media, "/media", 1)] {
        for number in 0..faults("").len() {
            let session = site.log_in().await;
            site.app.advance(Duration::from_secs(days * 24 * 60 * 60));
            let token = site.app.provider.issued_tokens().pop().unwrap();
            let before = site.app.provider.count(endpoint);
            site.app.provider.set_fault_times(endpoint, faults(&token)[number].clone(), 1);
            site.get(path, &session).await;
            assert_eq!(site.app.provider.count(endpoint), before + 1, "{endpoint:?} was asked");
            secrets.push(session.split_once('=').unwrap().1.to_owned());
        }
    }
    secrets.extend(site.app.provider.issued_codes());
    secrets.extend(site.app.provider.issued_tokens());
    secrets.push(site.app.provider.client_secret().to_owned());
    secrets.push("MARKERCODE0123456789".to_owned());
    secrets.push("an obviously fake cookie secret for tests".to_owned());
    secrets
}

pub async fn e_08_no_secret_is_logged_at_any_level(adapter: &impl Adapter) {
    log::capture();
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let settings = Settings::new().sessions(sessions).configure(everything);
        let site = Site::with(adapter, settings).await;
        let secrets = walk(&site).await;
        let lines = log::lines();
        let ours = lines.iter().filter(|line| line.contains("ig_oauth")).count();
        assert!(ours > 10, "our events are captured: {ours}");
        for line in &lines {
            for secret in &secrets {
                assert!(!line.contains(secret.as_str()), "`{secret}` in: {line}");
            }
        }
    }
}

#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<(AuthErrorKind, String, String)>>>);

impl Hooks for Failures {
    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        let told = (failure.kind, failure.id.to_owned(), format!("{failure:?}"));
        self.0.lock().unwrap().push(told);
        None
    }
}

pub async fn e_09_no_secret_shows_in_what_hooks_can_print(adapter: &impl Adapter) {
    let failures = Failures::default();
    let hooks = failures.clone();
    let settings = Settings::new().configure(|builder| everything(builder).hooks(hooks));
    let site = Site::with(adapter, settings).await;
    let secrets = walk(&site).await;
    let failures = failures.0.lock().unwrap();
    assert!(failures.len() > 10);
    for (.., text) in failures.iter() {
        assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{text}");
    }
}

/// The token, the extractors, the layer and what they leave in a request, printed by the app.
pub async fn e_09_no_secret_shows_in_what_the_app_can_print(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let session = site.log_in().await;
        let printed = site.get("/debug", &session).await.text();
        for name in ["InstagramToken", "Maybe", "InstagramLogin", "InstagramOAuth"] {
            assert!(printed.contains(name), "{name} in {printed}");
        }
        assert!(printed.contains(&site.app.user_id()), "whose token it is may show: {printed}");
        let mut secrets = site.app.provider.issued_tokens();
        assert_eq!(secrets.len(), 2, "a short one and a long one");
        secrets.extend(site.app.provider.issued_codes());
        secrets.push(site.app.provider.client_secret().to_owned());
        secrets.push("an obviously fake cookie secret for tests".to_owned());
        secrets.push(session.split_once('=').unwrap().1.to_owned());
        for secret in secrets {
            assert!(!printed.contains(&secret), "`{secret}` in {printed}");
        }
    }
}

/// The code, an id, options, and nothing else.
pub(super) fn is_failure_at(answer: &Response, begins: &str) {
    let rest = answer.location().strip_prefix(begins).and_then(|rest| rest.strip_prefix("&id="));
    let (id, rest) = rest.and_then(|rest| rest.split_once("&options=")).expect(begins);
    let options = rest.strip_suffix('#').expect("a fragment of its own");
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let signed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    assert!(!options.is_empty() && options.bytes().all(signed), "{options}");
}

pub async fn e_12_a_failure_url_gets_a_closed_word(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.failure_url("/oops"));
    let site = Site::with(adapter, settings).await;
    let attempt = site.start("").await;
    for (query, word) in [
        (format!("error=x%26a%3Db&state={}", attempt.state), "authorization_rejected"),
        ("error=%0d%0aSet-Cookie:a=b".to_owned(), "invalid_request"),
        ("error=a%26b&error_description=%0d%0ax&state=y".to_owned(), "invalid_state"),
    ] {
        let target = format!("{CALLBACK}?{query}");
        let headers = [("accept", "text/html"), ("cookie", &*attempt.cookie())];
        let answer = site.send("GET", &target, &headers).await;
        assert_eq!(answer.status, 303, "{}", answer.describe());
        is_failure_at(&answer, &format!("/oops?error={word}"));
        assert_eq!(session_cookie(&answer), None);
    }
}
