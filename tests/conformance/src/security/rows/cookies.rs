//! Section 3: cookies, the crate's and others.

use std::time::Duration;

use crate::browser::{Jar, Origination, Response};
use crate::harness::{Adapter, App, Sessions, Settings};
use ig_oauth_fake_instagram::{Endpoint, TokenShape};
use url::Url;

use crate::security::site::{
    Attempt, CALLBACK, LOGIN, LOGOUT, Site, attempt, cookies, is_ok, is_refused, pair, removed,
    session_cookie,
};

const NAVIGATION: Origination = Origination { same_site: true, top_level_safe: true };

fn https(path: &str) -> Url {
    Url::parse(&format!("https://app.example{path}")).unwrap()
}

fn store(jar: &mut Jar, answer: &Response) {
    for line in answer.all("set-cookie") {
        jar.store(&https(CALLBACK), line.as_bytes());
    }
    assert_eq!(jar.refused, Vec::<String>::new(), "a strict jar takes every line");
}

/// Every `Set-Cookie` line of a login, a landing, a renewal and a logout.
async fn every_line(site: &Site) -> Vec<(String, u64)> {
    let mut lines = Vec::new();
    let mut take = |answer: &Response, inner: u64| {
        lines.extend(answer.all("set-cookie").into_iter().map(|line| {
            let inner = if line.contains("Max-Age=0") { 0 } else { inner };
            (line.to_owned(), inner)
        }));
    };
    let start = site.get(LOGIN, "").await;
    take(&start, 10 * 60);
    let attempt = attempt(&start);
    let landed = site.finish(&attempt).await;
    take(&landed, 14 * 24 * 60 * 60);
    let session = session_cookie(&landed).unwrap();
    site.app.advance(Duration::from_secs(2 * 24 * 60 * 60));
    take(&site.get("/", &session).await, 14 * 24 * 60 * 60);
    take(&site.send("POST", LOGOUT, &[("cookie", &session)]).await, 0);
    assert!(lines.len() >= 5, "{lines:?}");
    lines
}

pub async fn k_01_every_cookie_has_the_strictest_attributes(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        for (line, inner_expiry) in every_line(&site).await {
            let attributes: Vec<_> = line.split("; ").skip(1).collect();
            assert!(line.starts_with("__Host-ig_"), "{line}");
            for wanted in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(attributes.contains(&wanted), "{wanted} in {line}");
            }
            assert!(attributes.contains(&format!("Max-Age={inner_expiry}").as_str()), "{line}");
            assert_eq!(attributes.len(), 5, "nothing else, `Domain` least of all: {line}");
        }
    }
}

pub async fn k_02_the_cross_site_callback_and_the_page_after_it_see_their_cookies(
    adapter: &impl Adapter,
) {
    let site = Site::new(adapter).await;
    let from_provider = Origination { same_site: false, top_level_safe: true };
    let mut jar = Jar::new();
    let start = site.get(LOGIN, "").await;
    store(&mut jar, &start);
    let cookies = jar.header(&https(CALLBACK), from_provider).expect("the attempt's cookie");
    let query = format!("code={}&state={}", site.code(), attempt(&start).state);
    let landed = site.call_back(&query, &cookies).await;
    is_ok(&landed);
    store(&mut jar, &landed);
    // The redirect after a cross-site navigation is still cross-site.
    let cookies = jar.header(&https("/"), from_provider).expect("the session's cookie");
    assert_eq!(site.get("/", &cookies).await.text(), site.app.user_id());
}

pub async fn k_03_removals_are_taken_by_a_strict_jar(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let mut jar = Jar::new();
    let start = site.get(LOGIN, "").await;
    store(&mut jar, &start);
    store(&mut jar, &site.finish(&attempt(&start)).await);
    let session = jar.header(&https("/"), NAVIGATION).unwrap();
    assert!(!session.contains("ig_login"), "the attempt is gone: {session}");
    store(&mut jar, &site.send("POST", LOGOUT, &[("cookie", &session)]).await);
    assert_eq!(jar.header(&https("/"), NAVIGATION), None);
}

/// The attacker's attempt under other spellings of the victim's cookie name.
async fn a_misspelt_name_is_not_ours(adapter: &impl Adapter, spell: &[fn(&str) -> Vec<u8>]) {
    let site = Site::new(adapter).await;
    for spell in spell {
        let evil = site.start("?return_to=/page/evil").await;
        let query = format!("code={}&state={}", site.code(), evil.state);
        let mut cookie = spell(&evil.name);
        cookie.extend_from_slice(format!("={}", evil.value).as_bytes());
        let target = format!("{CALLBACK}?{query}");
        let answer = site.app.raw_bytes("GET", &target, &[("cookie", &cookie)]).await;
        is_refused(&answer, "invalid_state");
        // Beside the good one it does no harm, on either side.
        for evil_first in [true, false] {
            let good = site.start("?return_to=/page/good").await;
            let mut pairs = vec![good.cookie().into_bytes()];
            let mut misspelt = spell(&good.name);
            misspelt.extend_from_slice(format!("={}", evil.value).as_bytes());
            pairs.insert(usize::from(!evil_first), misspelt);
            let cookies = pairs.join(&b"; "[..]);
            let query = format!("code={}&state={}", site.code(), good.state);
            let target = format!("{CALLBACK}?{query}");
            let answer = site.app.raw_bytes("GET", &target, &[("cookie", &cookies)]).await;
            is_ok(&answer);
            assert_eq!(answer.location(), "/page/good#");
        }
    }
}

pub async fn k_04_a_siblings_cookie_without_the_prefix_is_not_ours(adapter: &impl Adapter) {
    a_misspelt_name_is_not_ours(
        adapter,
        &[
            |name| name.trim_start_matches("__Host-").into(),
            |name| name.replace("__Host-", "__host-").into(),
            |name| name.replace("__Host-", "__HOST-").into(),
            |name| name.replace("__Host-", "__Secure-").into(),
            |name| format!("{name} ").into(),
            |name| format!("\"{name}\"").into(),
        ],
    )
    .await;
}

pub async fn k_05_a_percent_encoded_name_is_another_name(adapter: &impl Adapter) {
    a_misspelt_name_is_not_ours(
        adapter,
        &[
            |name| name.replace("__Host-", "%5F%5FHost-").into(),
            |name| name.replace("__Host-", "%5f_Host-").into(),
            |name| name.replace('.', "%2e").into(),
        ],
    )
    .await;
}

pub async fn k_06_white_space_and_unicode_before_a_name_make_another_name(adapter: &impl Adapter) {
    a_misspelt_name_is_not_ours(
        adapter,
        &[
            |name| [&b"\xe2\x80\x80"[..], name.as_bytes()].concat(),
            |name| [&b"\xc2\xa0"[..], name.as_bytes()].concat(),
            // HTTP itself cuts a tab off the start of a header, so a cookie comes before it. Other
            // control characters never get past the servers.
            |name| [&b"a=1; \t"[..], name.as_bytes()].concat(),
            |name| [&b"a=1;\t"[..], name.as_bytes()].concat(),
            |name| [&b"a=1;  "[..], name.as_bytes()].concat(),
            |name| [&b"\xa0"[..], name.as_bytes()].concat(),
            |name| [&b"\xef\xbb\xbf"[..], name.as_bytes()].concat(),
        ],
    )
    .await;
}

pub async fn k_07_a_bad_byte_in_another_cookie_costs_us_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for other in [&b"a=\xff"[..], "a=\u{e9}".as_bytes(), b"\xff=\xfe", b"a=\x80\x81", b"caf\xe9"] {
        for before in [true, false] {
            let attempt = site.start("").await;
            let own = attempt.cookie().into_bytes();
            let pairs = if before { [other, &own[..]] } else { [&own[..], other] };
            let cookies = pairs.join(&b"; "[..]);
            let target = format!("{CALLBACK}?code={}&state={}", site.code(), attempt.state);
            is_ok(&site.app.raw_bytes("GET", &target, &[("cookie", &cookies)]).await);
        }
    }
}

pub async fn k_08_duplicates_of_our_name_are_tried_up_to_a_bound(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    // Bad in nothing but its signature, so that each one costs a check.
    let bad = |attempt: &Attempt| attempt.forged().cookie();
    for (count_of_bad, good_last, works) in
        [(1, true, true), (1, false, true), (3, true, true), (4, true, false), (4, false, true)]
    {
        let attempt = site.start("").await;
        let mut cookies = vec![bad(&attempt); count_of_bad];
        cookies.insert(if good_last { count_of_bad } else { 0 }, attempt.cookie());
        let query = format!("code={}&state={}", site.code(), attempt.state);
        let answer = site.call_back(&query, &cookies.join("; ")).await;
        if works {
            is_ok(&answer);
        } else {
            is_refused(&answer, "invalid_state");
        }
    }
    // In headers of their own, as HTTP/2 may send them.
    for good_first in [false, true] {
        let attempt = site.start("").await;
        let target = format!("{CALLBACK}?code={}&state={}", site.code(), attempt.state);
        let mut pairs = [bad(&attempt), attempt.cookie()];
        if good_first {
            pairs.reverse();
        }
        let headers = [("cookie", &*pairs[0]), ("cookie", &*pairs[1])];
        is_ok(&site.send("GET", &target, &headers).await);
    }
}

pub async fn k_09_malformed_cookies_hide_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let long_name = format!("{}=1", "n".repeat(10_000));
    let many = ";".repeat(10_000);
    for other in
        [";;;", "=v", "x", "x=\"q\\\"", "x=\"unterminated", "$Version=1", &long_name, &many, "; ;"]
    {
        for before in [true, false] {
            let attempt = site.start("").await;
            let own = attempt.cookie();
            let cookies =
                if before { format!("{other}; {own}") } else { format!("{own}; {other}") };
            let query = format!("code={}&state={}", site.code(), attempt.state);
            is_ok(&site.call_back(&query, &cookies).await);
        }
    }
}

pub async fn k_10_a_flood_of_cookies_is_bounded(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let real = site.start("").await;
    let prefix = real.name.split('.').next().unwrap();
    let junk: Vec<_> = (0..500).map(|index| format!("{prefix}.{index:08}=x")).collect();
    let others: Vec<_> = (0..3_000).map(|index| format!("c{index}=x")).collect();
    let forged: Vec<_> = (0..500).map(|number| real.forged_for(number)).collect();
    // Cookies that were read and are not attempts are removed. Recognizing a forged one takes a
    // signature check, so their number is the number of checks.
    for (flood, most_removed, least_removed) in
        [(junk.join("; "), 24, 24), (others.join("; "), 0, 0), (cookies(&forged), 8, 8)]
    {
        let start = site.get(LOGIN, &flood).await;
        assert_eq!(start.status, 303);
        let removed = removed(&start).len();
        assert!((least_removed..=most_removed).contains(&removed), "{removed} removals");
        let head: usize =
            start.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        assert!(head < 8_000, "{head} bytes of headers");
        let attempt = attempt(&start);
        let query = format!("code={}&state={}", site.code(), attempt.state);
        is_ok(&site.call_back(&query, &format!("{flood}; {}", attempt.cookie())).await);
    }
}

pub async fn k_11_attempts_do_not_pile_up(adapter: &impl Adapter) {
    // Eight small ones reach the bound of number, and large ones that of bytes.
    for (return_to, most) in [("/".to_owned(), 8), (format!("/{}", "a".repeat(500)), 3)] {
        let site = Site::new(adapter).await;
        let mut jar = Jar::new();
        let mut newest = Vec::new();
        for round in 0..200 {
            let cookies = jar.header(&https(LOGIN), NAVIGATION).unwrap_or_default();
            assert!(cookies.len() <= 2_560, "{} bytes in round {round}", cookies.len());
            let start = site.get(&format!("{LOGIN}?return_to={return_to}"), &cookies).await;
            store(&mut jar, &start);
            newest.push(attempt(&start));
            site.app.advance(Duration::from_secs(1));
            // The newest stay, as many as fit.
            let kept = jar.named("ig_login").len();
            assert_eq!(kept, newest.len().min(most), "attempts in round {round}");
            let cookies = jar.header(&https(LOGIN), NAVIGATION).unwrap();
            let expected = newest.iter().rev().take(most);
            assert!(expected.clone().all(|attempt| cookies.contains(&attempt.cookie())), "{round}");
        }
        site.is_alive(&newest[newest.len() - most]).await;
    }
}

pub async fn k_12_a_token_that_no_cookie_holds_fails_before_the_redirect(adapter: &impl Adapter) {
    let many: Vec<_> = (0..12).map(|index| format!("{}_{index}", "scope".repeat(16))).collect();
    let many = format!("instagram_business_basic,{}", many.join(","));
    for (bytes, permissions, sessions, status) in [
        (2_048, "instagram_business_basic", Sessions::Cookie, 303),
        // The provider is not at fault, and waiting does not help: such an app needs a store.
        (2_048, many.as_str(), Sessions::Cookie, 500),
        (2_048, many.as_str(), Sessions::Store, 303),
        (4_096, "instagram_business_basic", Sessions::Store, 503),
        (4_096, "instagram_business_basic", Sessions::Cookie, 503),
    ] {
        let settings = Settings::new()
            .sessions(sessions)
            .configure(|builder| builder.long_lived(ig_oauth_common::LongLived::Off));
        let site = Site::with(adapter, settings).await;
        let token = "t".repeat(bytes);
        let body =
            format!(r#"{{"access_token":"{token}","user_id":1,"permissions":"{permissions}"}}"#);
        site.app.provider.set_token_shape(TokenShape::Verbatim(body));
        let attempt = site.start("").await;
        let answer = site.finish(&attempt).await;
        assert_eq!(answer.status, status, "{bytes} {sessions:?}");
        if status == 303 {
            is_ok(&answer);
            let cookie = session_cookie(&answer).unwrap();
            assert!(cookie.len() <= 3_073, "{} bytes", cookie.len());
        } else {
            assert_eq!(session_cookie(&answer), None);
        }
    }
}

pub async fn k_13_names_and_values_are_plain(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        for (line, _) in every_line(&site).await {
            let (name, value) = pair(&line);
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            assert!(name.bytes().all(plain) && value.bytes().all(plain), "{line}");
            assert!(!name.contains(&site.app.user_id()), "no user in a name");
        }
    }
}

pub async fn k_14_leftovers_do_not_stop_a_login_and_are_cleared(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let old = site.start("").await;
    let prefix = old.name.split('.').next().unwrap();
    let cut = &old.value[..old.value.len() / 2];
    let old_version = format!("B{}", &old.value[1..]);
    for leftover in ["garbage", "", "AAAA", cut, old_version.as_str()] {
        let name = format!("{prefix}.leftover");
        let leftovers = format!("{name}={leftover}");
        let start = site.get(LOGIN, &leftovers).await;
        let fresh = attempt(&start);
        assert_eq!(removed(&start), [name], "{leftover}: {}", start.describe());
        let query = format!("code={}&state={}", site.code(), fresh.state);
        is_ok(&site.call_back(&query, &format!("{leftovers}; {}", fresh.cookie())).await);
    }
    // What cannot be verified never pushes out a good attempt.
    let good = site.start("").await;
    let flood: Vec<_> = (0..20).map(|index| format!("{prefix}.flood{index:03}={cut}")).collect();
    let start = site.get(LOGIN, &format!("{}; {}", flood.join("; "), good.cookie())).await;
    assert!(!removed(&start).contains(&good.name), "{}", start.describe());
    // Nor does what is right in all but its signature, newer than the good one or as old.
    for seconds in [0, 1] {
        let good = site.start("").await;
        site.app.advance(Duration::from_secs(seconds));
        let newer = site.start("").await;
        let mut forged: Vec<_> = (0..8).map(|number| newer.forged_for(number)).collect();
        forged.push(newer.forged());
        let first = site.get(LOGIN, &cookies(forged.iter().chain([&good]))).await;
        let gone = removed(&first);
        assert_eq!(gone.len(), 8, "{}", first.describe());
        assert!(!gone.contains(&good.name), "{}", first.describe());
        // The next login finds out about the rest.
        forged.retain(|forged| !gone.contains(&forged.name));
        let second = site.get(LOGIN, &cookies(forged.iter().chain([&good]))).await;
        let names: Vec<_> = forged.iter().map(|forged| forged.name.clone()).collect();
        assert_eq!(removed(&second), names);
        site.is_alive(&good).await;
    }
    // Under one name, as another path or port of the host can plant it, a removal would take both.
    for bad in ["garbage".to_owned(), good.forged().value, old_version] {
        let bad = Attempt { value: bad, ..good.clone() };
        for pairs in [[&bad, &good], [&good, &bad]] {
            let start = site.get(LOGIN, &cookies(pairs)).await;
            assert_eq!(removed(&start), Vec::<String>::new(), "{}", bad.value);
        }
    }
    site.is_alive(&good).await;
}

pub async fn k_15_the_apps_own_cookies_stay_beside_ours(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let session = site.log_in().await;
    site.app.advance(Duration::from_secs(2 * 24 * 60 * 60));
    let answer = site.get("/cookies", &session).await;
    let lines = answer.all("set-cookie");
    assert_eq!(lines.len(), 3, "{}", answer.describe());
    assert_eq!(lines[..2], ["one=1; Path=/", "two=2; Path=/"]);
    assert!(lines[2].starts_with("__Host-ig_session"));
}

pub async fn k_17_a_cookie_never_rides_on_an_answer_that_may_be_cached(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let session = site.log_in().await;
    site.app.advance(Duration::from_secs(2 * 24 * 60 * 60));
    let answer = site.get("/cached", &session).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"), "the app's word stays");
    assert!(answer.all("set-cookie").is_empty(), "the renewal waits: {}", answer.describe());
    let answer = site.get("/", &session).await;
    assert_eq!(answer.all("set-cookie").len(), 1);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // A refreshed token waits likewise.
    let settings = Settings::new()
        .configure(|builder| builder.idle_lifetime(Duration::from_secs(60 * 24 * 60 * 60)));
    let refreshing = Site::with(adapter, settings).await;
    let due = refreshing.log_in().await;
    refreshing.app.advance(Duration::from_secs(40 * 24 * 60 * 60));
    let answer = refreshing.get("/cached", &due).await;
    assert!(answer.all("set-cookie").is_empty(), "{}", answer.describe());
    assert_eq!(refreshing.app.provider.count(Endpoint::Refresh), 1);
    let answer = refreshing.get("/", &due).await;
    assert_eq!(answer.all("set-cookie").len(), 1);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(refreshing.app.provider.count(Endpoint::Refresh), 1, "it was kept");
    for (method, path) in [("GET", LOGIN), ("GET", CALLBACK), ("POST", LOGOUT)] {
        let answer = site.send(method, path, &[("cookie", &session)]).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

/// The same over plain http on loopback, where the prefix and `Secure` cannot be.
pub async fn h_05_plain_http_is_for_loopback_and_has_other_cookie_names(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let start = app.raw("GET", LOGIN, &[]).await;
    let line = start.header("set-cookie").unwrap();
    assert!(line.starts_with("ig_login_") && !line.contains("Secure"), "{line}");
    let secret = "FAKE-app-secret-of-more-than-32-bytes";
    for uri in ["http://app.example/callback", "http://127.0.0.1.evil.example/callback"] {
        let error = ig_oauth_common::Config::builder("1", secret, uri).build().unwrap_err();
        assert_eq!(error.field(), "redirect_uri");
    }
    // Its attempts are worth nothing to an app on https, nor the other way round: neither as they are,
    // nor under the name that the other one looks for.
    let site = Site::new(adapter).await;
    assert_eq!(app.provider.client_secret(), site.app.provider.client_secret(), "the same keys");
    let on_loopback = async || attempt(&app.raw("GET", LOGIN, &[]).await);
    let name_at = |example: &Attempt, state: &str| {
        let (prefix, _) = example.name.rsplit_once('.').unwrap();
        format!("{prefix}.{}", &state[..8])
    };
    let (loopback, secure) = (on_loopback().await, site.start("").await);
    for name in [loopback.name.clone(), name_at(&secure, &loopback.state)] {
        let query = format!("code={}&state={}", site.code(), loopback.state);
        let cookie = format!("{name}={}", loopback.value);
        is_refused(&site.call_back(&query, &cookie).await, "invalid_state");
    }
    for name in [secure.name.clone(), name_at(&loopback, &secure.state)] {
        let target = format!("{CALLBACK}?code={}&state={}", site.code(), secure.state);
        let cookie = format!("{name}={}", secure.value);
        let answer = app.raw("GET", &target, &[("cookie", &cookie)]).await;
        is_refused(&answer, "invalid_state");
    }
    assert_eq!((app.exchanges(), site.exchanges()), (0, 0));
    // Each of them is good where it was made.
    site.is_alive(&secure).await;
    let code = app.provider.issue_code(&app.url(CALLBACK), "instagram_business_basic");
    let target = format!("{CALLBACK}?code={code}&state={}", loopback.state);
    is_ok(&app.raw("GET", &target, &[("cookie", &loopback.cookie())]).await);
}
