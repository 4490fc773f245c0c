//! The callback: stale, forged, replayed, doubled, and out of place.

use std::time::Duration;

use ig_oauth_fake_instagram::{Endpoint, Fault};
use url::Url;

use crate::browser::{Browser, Response, links};
use crate::harness::{Adapter, App, Sessions, Settings};

const CALLBACK: &str = "/auth/instagram/callback";

fn is_refused(answer: &Response, code: &str) {
    assert!((400..500).contains(&answer.status), "{}", answer.describe());
    assert!(answer.text().contains(code), "no `{code}`: {}", answer.describe());
    let page = answer.text();
    let links = links(&page);
    assert!(links.iter().any(|(text, _)| text == "Try again"), "a dead end: {page}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

fn session_cookies(answer: &Response) -> usize {
    let lines = answer.all("set-cookie");
    lines.iter().filter(|line| line.contains("ig_session") && !line.contains("Max-Age=0")).count()
}

/// "Try again" starts the same login, which ends where it was headed.
async fn leads_to(app: &App, browser: &mut Browser, page: &Response, target: &str) {
    let links = links(&page.text());
    let (_, again) = links.iter().find(|(text, _)| text == "Try again").expect("a way on");
    browser.open(&app.url(again)).await;
    let landed = browser.press("Allow").await;
    assert_eq!(landed.url.path(), target);
}

pub async fn an_escaped_fragment_ends_no_login(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    for (escapes, end) in [(true, "%23_"), (false, "#_")] {
        app.provider.set_escapes_fragment(escapes);
        let mut browser = Browser::new();
        let callback = app.allowed(&mut browser, "?return_to=/page/kept").await;
        assert!(callback.ends_with(end), "{callback}");
        let landed = browser.step(&callback).await;
        assert_eq!((landed.status, landed.location()), (303, "/page/kept#"), "{end}");
        let exchange = app.provider.requests();
        let exchange = exchange.iter().rfind(|request| request.field("code").is_some()).unwrap();
        assert_eq!(exchange.field("code"), app.provider.issued_codes().last().map(String::as_str));
        assert_eq!(browser.step(&app.url("/")).await.text(), app.user_id());
    }
}

pub async fn a_stale_attempt_is_refused_and_a_fresh_one_is_not(adapter: &impl Adapter) {
    for (age, status) in [(10 * 60 - 1, 303), (10 * 60 + 1, 400)] {
        let app = App::start(adapter, Settings::new()).await;
        let mut browser = Browser::new();
        let callback = app.allowed(&mut browser, "?return_to=/page/kept").await;
        app.advance(Duration::from_secs(age));
        let answer = browser.step(&callback).await;
        assert_eq!(answer.status, status, "after {age} s");
        if status == 400 {
            is_refused(&answer, "invalid_state");
            assert_eq!(app.exchanges(), 0);
            assert!(browser.jar.named("ig_login").is_empty(), "the attempt is over");
            leads_to(&app, &mut browser, &answer, "/page/kept").await;
        }
    }
}

pub async fn forged_callbacks_never_reach_the_provider_and_leave_the_attempt_alive(
    adapter: &impl Adapter,
) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let other = app.allowed(&mut Browser::new(), "").await;
    let other_query = Url::parse(&other).unwrap().query().unwrap().to_owned();
    let wrong_state = "A".repeat(43);
    for (query, code) in [
        ("code=x", "invalid_state"),
        ("code=x&state=", "invalid_state"),
        ("code=x&state=wrong", "invalid_state"),
        (&format!("code=x&state={wrong_state}"), "invalid_state"),
        (&other_query, "invalid_state"),
        ("error=access_denied&error_description=Your+bank", "invalid_state"),
        ("error=access_denied&state=wrong", "invalid_state"),
    ] {
        let answer = browser.step(&app.url(&format!("{CALLBACK}?{query}"))).await;
        is_refused(&answer, code);
        assert!(!answer.text().contains("bank"), "unproven text is not shown");
        assert!(answer.all("set-cookie").is_empty(), "{query}: {}", answer.describe());
    }
    // Without any cookie even the right query proves nothing.
    let query = Url::parse(&callback).unwrap().query().unwrap().to_owned();
    is_refused(&app.raw("GET", &format!("{CALLBACK}?{query}"), &[]).await, "invalid_state");
    assert_eq!(app.exchanges(), 0);
    assert_eq!(browser.step(&callback).await.status, 303, "the real one still ends well");
}

pub async fn a_tampered_attempt_is_refused(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let origin = Url::parse(&app.origin).unwrap();
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "?return_to=/page/mine").await;
    let cookie = browser.jar.named("ig_login")[0].clone();
    for position in 0..cookie.value.len() {
        let mut value = cookie.value.clone().into_bytes();
        value[position] = if value[position] == b'A' { b'B' } else { b'A' };
        let value = String::from_utf8(value).unwrap();
        let mut tampered = browser.clone();
        tampered.jar.plant(&origin, &cookie.name, &value);
        is_refused(&tampered.step(&callback).await, "invalid_state");
    }
    for value in ["", "A", &cookie.value[..cookie.value.len() - 1], &format!("{}A", cookie.value)] {
        let mut tampered = browser.clone();
        tampered.jar.plant(&origin, &cookie.name, value);
        is_refused(&tampered.step(&callback).await, "invalid_state");
    }
    assert_eq!(app.exchanges(), 0);
    assert_eq!(browser.step(&callback).await.status, 303);
}

pub async fn an_attempt_of_another_browser_is_refused(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let (mut one, mut other) = (Browser::new(), Browser::new());
    let callback_of_one = app.allowed(&mut one, "").await;
    let callback_of_other = app.allowed(&mut other, "").await;
    is_refused(&other.step(&callback_of_one).await, "invalid_state");
    is_refused(&one.step(&callback_of_other).await, "invalid_state");
    assert_eq!(app.exchanges(), 0);
    assert_eq!(one.step(&callback_of_one).await.status, 303);
    assert_eq!(other.step(&callback_of_other).await.status, 303);
}

pub async fn malformed_callbacks_are_refused_and_leave_the_attempt_alive(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let state = crate::harness::parameter(&callback, "state").unwrap();
    let state = format!("state={state}");
    let long_code = "a".repeat(1_025);
    for query in [
        String::new(),
        state.clone(),
        format!("code=&{state}"),
        format!("code&{state}"),
        format!("error=&{state}"),
        format!("code=a&code=b&{state}"),
        format!("code=a&%63ode=b&{state}"),
        format!("code=a&{state}&state=evil"),
        format!("code=a&error=access_denied&{state}"),
        format!("code=%23_&{state}"),
        format!("code=%&{state}"),
        format!("code=%zz&{state}"),
        format!("code=%ff&{state}"),
        format!("code=a%00b&{state}"),
        format!("code=a%0d%0ab&{state}"),
        format!("code={long_code}&{state}"),
        format!("code[]=a&{state}"),
        format!("access_token=evil&user_id=1&{state}"),
        format!("code=a;{state}"),
    ] {
        let answer = browser.step(&app.url(&format!("{CALLBACK}?{query}"))).await;
        let code = if query.starts_with("code=a;") { "invalid_state" } else { "invalid_request" };
        is_refused(&answer, code);
        assert!(answer.all("set-cookie").is_empty(), "{query}");
    }
    assert_eq!(app.exchanges(), 0);
    let extended = callback.replace('?', "?&utm=x&&access_token=evil&foo=bar&");
    assert_eq!(browser.step(&extended).await.status, 303, "unknown parameters are ignored");
}

pub async fn a_replayed_callback_lands_softly_without_a_second_exchange(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, Settings::new().sessions(sessions)).await;
        let mut browser = Browser::new();
        let callback = app.allowed(&mut browser, "?return_to=/page/there").await;
        let attempt = browser.jar.clone();
        let first = browser.step(&callback).await;
        assert_eq!(first.location(), "/page/there#");
        // The back button: the attempt's cookie has been removed, and its target with it.
        let again = browser.step(&callback).await;
        assert_eq!((again.status, again.location()), (303, "/#"), "{sessions:?}");
        assert_eq!(session_cookies(&again), 0, "no second session");
        // A replay that still has the attempt's cookie knows the target.
        let kept = attempt.named("ig_login")[0].clone();
        browser.jar.plant(&Url::parse(&app.origin).unwrap(), &kept.name, &kept.value);
        let again = browser.step(&callback).await;
        assert_eq!((again.status, again.location()), (303, "/page/there#"), "{sessions:?}");
        assert_eq!(session_cookies(&again), 0, "no second session");
        assert_eq!(app.exchanges(), 1);
    }
}

pub async fn a_replayed_callback_without_a_session_asks_to_start_again(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, Settings::new().sessions(sessions)).await;
        let mut browser = Browser::new();
        let callback = app.allowed(&mut browser, "").await;
        let mut thief = browser.clone();
        assert_eq!(browser.step(&callback).await.status, 303);
        is_refused(&thief.step(&callback).await, "code_rejected");
        assert!(thief.jar.named("ig_session").is_empty());
        assert_eq!(app.exchanges(), 1);
    }
}

pub async fn identical_callbacks_share_one_exchange_and_one_answer(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, Settings::new().sessions(sessions)).await;
        let mut browser = Browser::new();
        let callback = app.allowed(&mut browser, "?return_to=/page/there").await;
        // Slow enough that all callers arrive while the exchange is under way.
        let slow = Fault::Latency(Duration::from_secs(2));
        app.provider.set_fault(Endpoint::CodeExchange, slow);
        let callers: Vec<_> = (0..20)
            .map(|_| {
                let (mut browser, callback) = (browser.clone(), callback.clone());
                tokio::spawn(async move { browser.step(&callback).await })
            })
            .collect();
        let mut answers = Vec::new();
        for caller in callers {
            answers.push(caller.await.unwrap());
        }
        assert_eq!(app.exchanges(), 1, "{sessions:?}");
        let cookies = answers[0].all("set-cookie");
        assert_eq!(session_cookies(&answers[0]), 1);
        for answer in &answers {
            assert_eq!((answer.status, answer.location()), (303, "/page/there#"));
            assert_eq!(answer.all("set-cookie"), cookies, "the very same session");
        }
    }
}

pub async fn a_prefetched_callback_spends_nothing(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let url = Url::parse(&callback).unwrap();
    for (name, value, status) in [
        ("sec-purpose", "prefetch", 503),
        ("sec-purpose", "prefetch;prerender", 503),
        ("purpose", "prefetch", 503),
        ("x-moz", "prefetch", 503),
        ("x-purpose", "preview", 503),
        ("next-router-prefetch", "1", 503),
        ("early-data", "1", 425),
    ] {
        let answer = browser.hop("GET", &url, &[(name, value)]).await;
        assert_eq!(answer.status, status, "{name}: {value}");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert_eq!(app.exchanges(), 0);
    assert_eq!(browser.step(&callback).await.status, 303);
}

pub async fn a_callback_in_a_frame_or_script_is_refused(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let url = Url::parse(&callback).unwrap();
    for headers in [
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")][..],
        &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
        &[("sec-fetch-mode", "websocket")],
    ] {
        let answer = browser.hop("GET", &url, headers).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(answer.text().contains("forbidden_context"));
    }
    assert_eq!(app.exchanges(), 0);
    // A service worker passes a navigation on with an empty destination.
    let worker = [("sec-fetch-mode", "same-origin"), ("sec-fetch-dest", "empty")];
    assert_eq!(browser.hop("GET", &url, &worker).await.status, 303);
}

pub async fn a_failing_provider_is_told_apart_and_the_next_login_works(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let error = |message: &str| {
        format!(r#"{{"error_type":"OAuthException","code":400,"error_message":"{message}"}}"#)
    };
    for (fault, status, code) in [
        (Fault::html(502), 503, "provider_unavailable"),
        (Fault::Empty, 503, "provider_unavailable"),
        (Fault::json(200, "{}"), 503, "provider_unavailable"),
        (Fault::json(200, "[]"), 503, "provider_unavailable"),
        (Fault::json(200, r#"{"access_token":"","user_id":1}"#), 503, "provider_unavailable"),
        (Fault::json(200, r#"{"access_token":"FAKE","user_id":1.5}"#), 503, "provider_unavailable"),
        (Fault::json(200, error("Invalid authorization code")), 400, "code_rejected"),
        (Fault::json(429, "{}"), 503, "provider_unavailable"),
        (Fault::json(400, error("Invalid platform app")), 500, "provider_rejected"),
        (Fault::json(400, error("This authorization code has been used")), 400, "code_rejected"),
        (Fault::Redirect { status: 307, location: app.url("/plain") }, 503, "provider_unavailable"),
    ] {
        let mut browser = Browser::new();
        let callback = app.allowed(&mut browser, "").await;
        let before = app.exchanges();
        app.provider.set_fault_times(Endpoint::CodeExchange, fault.clone(), 1);
        let answer = browser.step(&callback).await;
        assert_eq!(answer.status, status, "{fault:?}: {}", answer.describe());
        assert!(answer.text().contains(code), "{fault:?}");
        let has_wait = answer.header("retry-after").is_some();
        assert_eq!(has_wait, code == "provider_unavailable", "{fault:?}");
        assert_eq!(app.exchanges(), before + 1, "exactly one exchange: {fault:?}");
        assert!(browser.jar.named("ig_session").is_empty(), "{fault:?}");
        assert!(browser.jar.named("ig_login").is_empty(), "{fault:?}");
        app.log_in(&mut browser).await;
    }
}
