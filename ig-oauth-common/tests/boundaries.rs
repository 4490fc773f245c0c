//! The rules of the flow at their edges, below HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use ig_oauth_common::LoginOptions;
use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::Reply;
use support::{REDIRECT_URI, START, Site, body, header, state_of};

const LOGIN: &str = "/auth/instagram/login";
const LOGOUT: &str = "/auth/instagram/logout";

#[tokio::test]
async fn every_way_to_say_prefetch_starts_nothing() {
    for (name, value, status) in [
        ("sec-purpose", "prefetch", 503),
        ("sec-purpose", "prefetch;prerender", 503),
        ("purpose", "Prefetch", 503),
        ("x-moz", "prefetch", 503),
        ("x-purpose", "preview", 503),
        ("next-router-prefetch", "1", 503),
        ("next-router-prefetch", "0", 303),
        ("sec-purpose", "something-else", 303),
        ("purpose", "1", 303),
    ] {
        let reply = Site::new().send("GET", LOGIN, &[(name, value)]).await;
        assert_eq!(reply.status(), status, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_link_of_another_instance_may_be_a_minute_ahead_and_no_more() {
    for (made_at, used_at, starts) in [
        (START + 60, START, true),
        (START + 61, START, false),
        (START + 3_600, START, false),
        (START, START + 600, true),
        (START, START + 601, false),
    ] {
        let mut site = Site::new();
        site.clock.set(made_at);
        let link = site.flow.login_url(&LoginOptions::new().return_to("/x"), None).unwrap();
        site.clock.set(used_at);
        let status = if starts { 303 } else { 200 };
        assert_eq!(site.get(&link).await.status(), status, "made {made_at}, used {used_at}");
    }
}

#[tokio::test]
async fn a_link_overrides_the_setting_in_both_directions() {
    for (setting, option) in [(true, false), (false, true)] {
        let mut site = Site::with(|builder| builder.force_reauth(setting));
        let link = site.flow.login_url(&LoginOptions::new().force_reauth(option), None).unwrap();
        let location = header(&site.get(&link).await, "location").unwrap().to_owned();
        assert!(location.contains(&format!("force_reauth={option}&")), "{location}");
    }
}

#[tokio::test]
async fn the_page_or_the_json_is_what_was_preferred() {
    for (accept, kind) in [
        ("text/*, application/json;q=0.5", "text/html; charset=utf-8"),
        ("application/*, text/html;q=0.5", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
        ("application/json, */*;q=0.1", "application/json"),
    ] {
        let target = "/auth/instagram/callback?code=x";
        let reply = Site::new().send("GET", target, &[("accept", accept)]).await;
        assert_eq!(header(&reply, "content-type"), Some(kind), "{accept}");
    }
}

#[tokio::test]
async fn a_page_says_what_happened() {
    let mut site = Site::new();
    site.provider.answers(
        400,
        r#"{"error_type":"OAuthException","code":400,"error_message":"Matching code was not found or was already used"}"#,
    );
    let state = site.start("").await;
    let page = body(&site.call_back(&state).await);
    assert!(page.contains("Instagram did not accept it."), "{page}");
}

#[tokio::test]
async fn only_visits_are_led_to_the_failure_url() {
    let visit = [("sec-fetch-mode", "navigate"), ("accept", "text/html")];
    let failing = || Site::with(|builder| builder.failure_url("/failed?x=1#here"));
    let refused = failing().send("GET", "/auth/instagram/callback?code=x", &visit).await;
    let location = header(&refused, "location").unwrap();
    assert!(location.starts_with("/failed?x=1&error=invalid_state&id="), "{location}");
    assert!(location.contains("&options=") && location.ends_with("#here"), "{location}");
    let prefetch = [visit[0], visit[1], ("purpose", "prefetch")];
    for (method, headers, status) in [("DELETE", &visit[..], 405), ("GET", &prefetch, 503)] {
        let reply = failing().send(method, LOGIN, headers).await;
        assert_eq!((reply.status(), header(&reply, "location")), (status, None));
    }
}

#[tokio::test]
async fn only_this_site_and_listed_origins_may_post() {
    for (name, value, status) in [
        ("origin", "https://app.example", 303),
        ("origin", "https://ok.example", 303),
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 303),
        ("sec-fetch-site", "cross-site", 403),
        ("x-no-browser", "1", 303),
    ] {
        let mut site = Site::with(|to| to.allowed_return_origins(["https://ok.example"]));
        let reply = site.send("POST", LOGOUT, &[(name, value)]).await;
        assert_eq!(reply.status(), status, "{name}: {value}");
    }
}

/// What a cookie takes up in a `Cookie` header, as the bound of 2,560 bytes counts it.
fn bytes(cookies: &std::collections::BTreeMap<String, String>) -> usize {
    cookies.iter().map(|(name, value)| name.len() + value.len() + 1).sum()
}

/// The attempts that stay after three logins that return to paths of `first` bytes and a fourth to one
/// of `last`, and what all four take up.
async fn four_attempts(first: usize, last: usize) -> (usize, usize) {
    let mut site = Site::new();
    let mut all = 0;
    for length in [first, first, first, last] {
        let mut alone = Site::new();
        let query = format!("?return_to=/{}", "x".repeat(length - 1));
        alone.start(&query).await;
        all += bytes(&alone.cookies);
        site.start(&query).await;
        site.clock.advance(1);
    }
    (site.cookies.len(), all)
}

#[tokio::test]
async fn attempts_fill_2560_bytes_to_the_last_and_never_more() {
    let (mut fits, mut is_over) = (0, 0);
    for first in [340, 341, 342, 343] {
        for last in 300..=500 {
            let (staying, all) = four_attempts(first, last).await;
            let expected = if all <= 2_560 { 4 } else { 3 };
            assert_eq!(staying, expected, "{all} bytes");
            fits += usize::from(all == 2_560);
            is_over += usize::from(all == 2_561);
        }
    }
    assert!(fits > 0 && is_over > 0, "both sides of the edge were met: {fits}, {is_over}");
}

#[tokio::test]
async fn eight_attempts_stay_and_no_ninth() {
    let mut site = Site::new();
    for _ in 0..12 {
        site.start("").await;
        site.clock.advance(1);
    }
    assert_eq!(site.cookies.len(), 8);
}

fn removed(reply: &Reply) -> Vec<&str> {
    let lines = reply.headers().filter(|(name, _)| *name == "set-cookie").map(|(_, line)| line);
    lines.filter(|line| line.contains("Max-Age=0")).collect()
}

#[tokio::test]
async fn a_name_that_came_twice_is_not_removed_with_its_bad_half() {
    let mut site = Site::new();
    let reply = site.get(LOGIN).await;
    assert!(header(&reply, "location").unwrap().contains("redirect_uri="), "{REDIRECT_URI}");
    assert_eq!(state_of(&reply).len(), 43);
    let (name, value) = site.cookies.pop_first().unwrap();
    for cookies in [format!("{name}=bad; {name}={value}"), format!("{name}={value}; {name}=bad")] {
        let reply = match site.begin("GET", LOGIN, &[("cookie", &cookies)]) {
            Begin::Done(reply) => reply,
            other => panic!("{other:?}"),
        };
        assert_eq!(removed(&reply), Vec::<&str>::new(), "{cookies}");
    }
    let Begin::Done(reply) = site.begin("GET", LOGIN, &[("cookie", &format!("{name}=bad"))]) else {
        panic!("no hook, no job")
    };
    assert_eq!(removed(&reply).len(), 1, "alone it goes");
}
