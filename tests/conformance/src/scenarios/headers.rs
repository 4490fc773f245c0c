//! The headers that every answer of the crate has, and those that none has.

use url::Url;

use crate::browser::{Browser, Response};
use crate::harness::{Adapter, App, Sessions, Settings};

const LOGIN: &str = "/auth/instagram/login";
const CALLBACK: &str = "/auth/instagram/callback";
const LOGOUT: &str = "/auth/instagram/logout";

pub async fn every_answer_of_ours_is_private_and_not_sniffed(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let landed = browser.step(&callback).await;
    let mut answers: Vec<(String, Response)> = vec![("landing".to_owned(), landed)];
    for (method, path) in [
        ("GET", LOGIN),
        ("GET", CALLBACK),
        ("GET", "/auth/instagram/callback?error=access_denied"),
        ("POST", LOGIN),
        ("POST", LOGOUT),
        ("GET", LOGOUT),
        ("OPTIONS", CALLBACK),
        ("GET", "/me"),
    ] {
        answers.push((format!("{method} {path}"), app.raw(method, path, &[]).await));
        let cached = [("if-none-match", "*"), ("range", "bytes=0-3")];
        let again = app.raw(method, path, &cached).await;
        assert!(!matches!(again.status, 206 | 304), "{method} {path}");
    }
    for (what, answer) in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
        // A page with a form lets the browser say where the form stands.
        let policy =
            if what == "GET /auth/instagram/logout" { "same-origin" } else { "no-referrer" };
        assert_eq!(answer.header("referrer-policy"), Some(policy), "{what}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
        for none in ["etag", "last-modified", "access-control-allow-origin"] {
            assert_eq!(answer.header(none), None, "{what}");
        }
    }
}

pub async fn pages_run_no_script_and_fit_in_no_frame(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let hostile = "%22%3E%3Csvg%20onload=alert(1)%3E";
    for path in [
        format!("{CALLBACK}?error={hostile}&error_description={hostile}&state={hostile}"),
        format!("{CALLBACK}?code={hostile}&state={hostile}"),
        format!("{LOGOUT}?x={hostile}"),
    ] {
        let page = app.raw("GET", &path, &[("accept", "text/html")]).await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        let policy = page.header("content-security-policy").unwrap();
        let window = Url::parse(&app.provider.authorize_url()).unwrap().origin();
        let form_action = format!("form-action 'self' {}", window.ascii_serialization());
        for directive in [
            "default-src 'none'",
            "style-src 'sha256-",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            &form_action,
        ] {
            assert!(policy.contains(directive), "{directive} in {policy}");
        }
        let text = page.text();
        assert!(!text.contains("svg"), "nothing is reflected: {text}");
        assert!(!text.contains("<script"));
        assert!(!text.contains("src="), "nothing is loaded");
        let json = app.raw("GET", &path, &[("accept", "application/json")]).await;
        assert_eq!(json.status, page.status);
        assert!(json.json()["error"].is_string());
        assert!(json.json()["message"].is_string());
        assert!(!json.text().contains("svg"));
    }
}

pub async fn other_methods_are_refused_without_side_effect(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let callback_url = Url::parse(&callback).unwrap();
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "FOO", "get"] {
        let login = app.raw(method, LOGIN, &[]).await;
        assert_eq!((login.status, login.header("allow")), (405, Some("GET")), "{method}");
        assert!(login.all("set-cookie").is_empty());
        let answer = browser.hop(method, &callback_url, &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")), "{method}");
        let logout = app.raw(method, LOGOUT, &[]).await;
        assert_eq!((logout.status, logout.header("allow")), (405, Some("POST")), "{method}");
    }
    for path in [LOGIN, CALLBACK] {
        assert_eq!(app.raw("POST", path, &[]).await.status, 405);
    }
    let overridden = app.raw("GET", LOGOUT, &[("x-http-method-override", "POST")]).await;
    assert_eq!(overridden.status, 405);
    assert_eq!(app.exchanges(), 0);
    assert_eq!(browser.step(&callback).await.status, 303, "the attempt is alive");
}

pub async fn a_prefetched_login_starts_nothing(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    for (name, value, status) in [
        ("sec-purpose", "prefetch;prerender", 503),
        ("purpose", "prefetch", 503),
        ("early-data", "1", 425),
        ("sec-fetch-dest", "iframe", 403),
        ("sec-fetch-mode", "no-cors", 403),
    ] {
        let answer = app.raw("GET", LOGIN, &[(name, value)]).await;
        assert_eq!(answer.status, status, "{name}: {value}");
        assert!(answer.all("set-cookie").is_empty(), "{name}: {value}");
        assert!(answer.all("location").is_empty(), "{name}: {value}");
    }
}

/// The browser sees the code in the callback's own URL, and no secret anywhere else.
pub async fn no_secret_reaches_the_browser(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, Settings::new().sessions(sessions)).await;
        let mut browser = Browser::new();
        browser.open(&app.url("/me")).await;
        let mut seen: Vec<Response> = browser.page().hops.clone();
        browser.press("Allow").await;
        seen.extend(browser.page().hops.clone());
        seen.push(browser.step(&app.url("/")).await);
        seen.push(browser.fetch_json("GET", &app.url("/me")).await);
        let mut secrets = app.provider.issued_tokens();
        assert_eq!(secrets.len(), 2, "a short-lived and a long-lived token");
        secrets.push(app.provider.client_secret().to_owned());
        for answer in &seen {
            let text = answer.describe();
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
            let from_provider = text.contains("#_");
            for code in app.provider.issued_codes() {
                assert!(from_provider || !text.contains(&code), "{text}");
            }
        }
        assert!(seen.iter().any(|answer| answer.text().contains(&app.user_id())));
    }
}

/// The code, an id, options, the fragment, and nothing else.
fn is_failure_at(answer: &Response, begins: &str) {
    let rest = answer.location().strip_prefix(begins).and_then(|rest| rest.strip_prefix("&id="));
    let (id, rest) = rest.and_then(|rest| rest.split_once("&options=")).expect(begins);
    let options = rest.strip_suffix("#top").expect("the fragment");
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let signed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    assert!(!options.is_empty() && options.bytes().all(signed), "{options}");
}

pub async fn failure_url_gets_the_code_an_id_and_signed_options(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.failure_url("/oops?from=login#top"));
    let app = App::start(adapter, settings).await;
    let navigation = [("accept", "text/html")];
    let target =
        format!("{CALLBACK}?error=access_denied&error_description=a%0d%0ab%26c%23d&state=x");
    let answer = app.raw("GET", &target, &navigation).await;
    assert_eq!(answer.status, 303);
    is_failure_at(&answer, "/oops?from=login&error=invalid_state");
    let mut browser = Browser::new();
    let callback = app.decided(&mut browser, "", "cancel").await;
    let answer = browser.step(&callback).await;
    is_failure_at(&answer, "/oops?from=login&error=access_denied");
    assert!(browser.jar.named("ig_login").is_empty());
    let json = app.raw("GET", &target, &[("accept", "application/json")]).await;
    assert_eq!((json.status, json.json()["error"].as_str()), (400, Some("invalid_state")));
}
