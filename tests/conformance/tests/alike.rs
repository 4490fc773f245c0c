//! The same requests to both adapters get the same answers.
//!
//! Both apps have one configuration, the same random bytes in the same order, a clock that stands
//! still and a provider that is a closure, so that even cookies are equal byte by byte.
//!
//! `cargo test -p ig-oauth-conformance --test alike -- --nocapture` prints how much was compared.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Mutex;

use fastrand::Rng;
use ig_oauth_common::{
    Clock, Config, HttpError, HttpRequest, HttpResponse, MemoryStore, Randomness,
    RandomnessUnavailable, Timestamp,
};
use ig_oauth_conformance::browser::{Response, send};
use ig_oauth_conformance::harness::{Adapter, Serving, Sessions, parameter};
use ig_oauth_test_adapters::{Actix, Axum};

const LOGIN: &str = "/auth/instagram/login";
const CALLBACK: &str = "/auth/instagram/callback";
const LOGOUT: &str = "/auth/instagram/logout";
const GENERATED: usize = 2500;
const PAGE: (&str, &str) = ("accept", "text/html");
const NAVIGATION: (&str, &str) = ("sec-fetch-mode", "navigate");

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000)
    }
}

struct Seeded(Mutex<Rng>);

impl Randomness for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        self.0.lock().unwrap().fill(bytes);
        Ok(())
    }
}

/// A provider that takes the code `good` and fails for `down`.
async fn provider(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let (status, body) = match request.form() {
        Some(form) if form.contains("code=good") => (200, r#"{"access_token":"FAKE","user_id":7}"#),
        Some(form) if form.contains("code=down") => (503, "<h1>out of order</h1>"),
        Some(_) => (
            400,
            r#"{"error_type":"OAuthException","code":400,"error_message":"This authorization code has been used"}"#,
        ),
        None if request.url().contains("/me/media") => (200, r#"{"data":[{"caption":"a"}]}"#),
        None => (200, r#"{"access_token":"FAKE-LONG","token_type":"bearer","expires_in":5183944}"#),
    };
    Ok(HttpResponse::new(status, body.as_bytes().to_vec()))
}

fn config(sessions: Sessions) -> Config {
    let redirect_uri = format!("https://app.example{CALLBACK}");
    let secret = "obviously-fake-app-secret-0123456789";
    let builder = Config::builder("990602627938098", secret, redirect_uri)
        .cookie_secrets(["an obviously fake cookie secret for tests"])
        .clock(Frozen)
        .randomness(Seeded(Mutex::new(Rng::with_seed(7))))
        .http_client(provider);
    let builder = match sessions {
        Sessions::Cookie => builder,
        Sessions::Store => builder.store(MemoryStore::new()),
    };
    builder.build().unwrap()
}

struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What can be compared: all but what belongs to the servers.
#[derive(Debug, PartialEq)]
struct Compared {
    status: u16,
    headers: BTreeMap<String, Vec<String>>,
    body: String,
}

impl From<&Response> for Compared {
    fn from(response: &Response) -> Self {
        let mut headers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, value) in &response.headers {
            let of_the_server = ["date", "connection", "transfer-encoding", "content-length"];
            if !of_the_server.contains(&name.as_str()) {
                let values = headers.entry(name.clone()).or_default();
                values.push(value.escape_ascii().to_string());
            }
        }
        // Only `Set-Cookie` has an order that means something.
        for (name, values) in &mut headers {
            if name != "set-cookie" {
                values.sort();
            }
        }
        Self { status: response.status, headers, body: response.body.escape_ascii().to_string() }
    }
}

/// A refusal that no app has seen: the server found the request itself wrong.
fn is_the_servers_own(response: &Response) -> bool {
    matches!(response.status, 400 | 405 | 408 | 413 | 414 | 431 | 501 | 505)
        && response.all("cache-control").is_empty()
}

struct Twins {
    axum: (String, Serving),
    actix: (String, Serving),
    compared: usize,
    refused_by_a_server: usize,
    statuses: BTreeMap<u16, usize>,
}

impl Twins {
    fn start(sessions: Sessions) -> Self {
        let serve = |adapter: &dyn Adapter| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let address = listener.local_addr().unwrap().to_string();
            (address, adapter.serve(config(sessions), listener))
        };
        let (axum, actix) = (serve(&Axum), serve(&Actix));
        let statuses = BTreeMap::new();
        Self { axum, actix, compared: 0, refused_by_a_server: 0, statuses }
    }

    /// Sends the same to both and gives the answer, which is the same.
    async fn send(&mut self, sent: &Sent) -> Response {
        let Sent { method, target, headers, body } = sent;
        let (axum, actix) = tokio::join!(
            send(&self.axum.0, method, target, headers, body),
            send(&self.actix.0, method, target, headers, body)
        );
        if is_the_servers_own(&axum) || is_the_servers_own(&actix) {
            self.refused_by_a_server += 1;
            return axum;
        }
        self.compared += 1;
        *self.statuses.entry(axum.status).or_default() += 1;
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.escape_ascii()))
            .collect();
        assert_eq!(
            Compared::from(&axum),
            Compared::from(&actix),
            "axum left, actix right: {method} {target} {headers:#?}"
        );
        axum
    }

    async fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.ask("GET", target, headers).await
    }

    async fn ask(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let mut lines = vec![("host".to_owned(), b"app.example".to_vec())];
        let given = headers.iter();
        lines.extend(given.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let (method, target) = (method.to_owned(), target.to_owned());
        self.send(&Sent { method, target, headers: lines, body: Vec::new() }).await
    }
}

/// `name=value` of every cookie that an answer sets.
fn cookies(response: &Response) -> Vec<String> {
    let lines = response.all("set-cookie").into_iter();
    let pairs = lines.map(|line| line.split(';').next().unwrap_or_default().to_owned());
    pairs.filter(|pair| !pair.ends_with('=')).collect()
}

/// What earlier answers gave away, for the requests to come.
#[derive(Default)]
struct Known {
    states: Vec<String>,
    cookies: Vec<String>,
}

impl Known {
    fn learn(&mut self, response: &Response) {
        self.cookies.extend(cookies(response));
        for location in response.all("location") {
            let absolute = location.starts_with("https://");
            self.states.extend(absolute.then(|| parameter(location, "state")).flatten());
        }
        // The newest are the ones that still work.
        for list in [&mut self.states, &mut self.cookies] {
            list.drain(..list.len().saturating_sub(12));
        }
    }
}

/// From the login to the logout, with every turn that a user or an attacker takes on the way.
async fn known_scenarios(twins: &mut Twins) {
    let start = twins.get(&format!("{LOGIN}?return_to=/me%3Fa%3D1"), &[PAGE, NAVIGATION]).await;
    assert_eq!(start.status, 303, "{}", start.describe());
    let attempt = cookies(&start).concat();
    let state = parameter(start.location(), "state").unwrap();
    let second = twins.get(LOGIN, &[PAGE, NAVIGATION, ("cookie", &attempt)]).await;
    let both = format!("{attempt}; {}", cookies(&second).concat());
    let second_state = parameter(second.location(), "state").unwrap();

    let callback = |query: &str| format!("{CALLBACK}?{query}");
    let good = callback(&format!("code=good&state={state}"));
    for (target, cookie, status) in [
        (callback("code=good"), both.as_str(), 400),
        (callback("code=good&state=forged"), &both, 400),
        (good.clone(), "", 400),
        (callback(&format!("code=good&code=good&state={state}")), &both, 400),
        (callback(&format!("code=good&error=x&state={state}")), &both, 400),
        (callback(&format!("state={state}")), &both, 400),
    ] {
        let answer = twins.get(&target, &[PAGE, NAVIGATION, ("cookie", cookie)]).await;
        assert_eq!(answer.status, status, "{target}: {}", answer.describe());
    }
    let prefetch = ("sec-purpose", "prefetch;prerender");
    assert_eq!(twins.get(&good, &[PAGE, prefetch, ("cookie", &both)]).await.status, 503);
    let landed = twins.get(&good, &[PAGE, NAVIGATION, ("cookie", &both)]).await;
    assert_eq!((landed.status, landed.location()), (303, "/me?a=1#"));
    let session = cookies(&landed).concat();
    assert!(session.starts_with("__Host-ig_session_"), "{session}");
    let with_session = format!("{both}; {session}");
    for cookie in [both.as_str(), &with_session] {
        twins.get(&good, &[PAGE, NAVIGATION, ("cookie", cookie)]).await;
    }
    let denied = callback(&format!("error=access_denied&error_reason=x&state={second_state}"));
    assert_eq!(twins.get(&denied, &[PAGE, NAVIGATION, ("cookie", &both)]).await.status, 403);

    for (code, status) in [("down", 503), ("bad", 400)] {
        let start = twins.get(LOGIN, &[PAGE, NAVIGATION]).await;
        let state = parameter(start.location(), "state").unwrap();
        let target = callback(&format!("code={code}&state={state}"));
        let cookie = cookies(&start).concat();
        let answer = twins.get(&target, &[PAGE, NAVIGATION, ("cookie", &cookie)]).await;
        assert_eq!(answer.status, status, "{}", answer.describe());
    }

    let user = ("cookie", session.as_str());
    assert_eq!(twins.get("/", &[user]).await.text(), "7");
    assert_eq!(twins.get("/me", &[user]).await.json()["user_id"], "7");
    assert_eq!(twins.get("/page/a%20b?c=%2F", &[user]).await.status, 200);
    assert_eq!(twins.get("/media", &[user]).await.text(), "a\n");
    assert_eq!(twins.get("/publish", &[user, PAGE, NAVIGATION]).await.status, 403);
    assert_eq!(twins.get("/cookies", &[user]).await.all("set-cookie").len(), 2);
    for target in ["/", "/me", "/page/a%20b?c=%2F", "/cached", "/plain", "/publish", "/guarded"] {
        twins.get(target, &[user, PAGE, NAVIGATION]).await;
        twins.get(target, &[]).await;
        twins.get(target, &[PAGE, NAVIGATION]).await;
        twins.get(target, &[("accept", "application/json")]).await;
        twins.get(target, &[("cookie", &format!("{session}x"))]).await;
    }
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE", "POST"] {
        for target in [LOGIN, CALLBACK, "/me", "/publish"] {
            twins.ask(method, target, &[user]).await;
        }
    }
    assert_eq!(twins.get(LOGOUT, &[user]).await.status, 405);
    let foreign = ("origin", "https://evil.example");
    assert_eq!(twins.ask("POST", LOGOUT, &[user, foreign]).await.status, 403);
    let json = ("accept", "application/json");
    assert_eq!(twins.ask("POST", LOGOUT, &[user, json]).await.status, 204);
    assert_eq!(twins.ask("POST", LOGOUT, &[user, PAGE]).await.status, 303);
    twins.get("/me", &[user]).await;
}

fn pick<'a>(random: &mut Rng, from: &[&'a str]) -> &'a str {
    from[random.usize(..from.len())]
}

fn target(random: &mut Rng, known: &Known) -> String {
    let path = match random.u8(..20) {
        0..6 => LOGIN,
        6..12 => CALLBACK,
        12..14 => LOGOUT,
        14..16 => "/me",
        16 => "/publish",
        17 => "/",
        _ => pick(
            random,
            &[
                "/auth/instagram/login/",
                "/auth/instagram//login",
                "//auth/instagram/login",
                "/auth/instagram/%6cogin",
                "/auth/instagram/login%2f",
                "/auth/instagram/login;a=b",
                "/auth/instagram/x/../login",
                "/AUTH/instagram/login",
                "/auth/instagram/callback%20",
                "/auth/instagram",
                "/me/",
            ],
        ),
    };
    let mut target = path.to_owned();
    if random.u8(..5) == 0 {
        return target;
    }
    for index in 0..random.usize(1..5) {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(pick(
            random,
            &[
                "code",
                "state",
                "error",
                "error_reason",
                "error_description",
                "return_to",
                "hop",
                "options",
                "scope",
                "%63ode",
                "co+de",
                "",
                "state%00",
                "STATE",
            ],
        ));
        if random.u8(..10) > 0 {
            target.push('=');
        }
        let value = match random.u8(..10) {
            0..4 if !known.states.is_empty() => {
                known.states[random.usize(..known.states.len())].clone()
            }
            4..6 => "good".to_owned(),
            6 => "x".repeat(random.usize(..5000)),
            _ => pick(
                random,
                &[
                    "",
                    "down",
                    "bad",
                    "good#_",
                    "good%23_",
                    "access_denied",
                    "%",
                    "%zz",
                    "%ff%fe",
                    "%0d%0aset-cookie:a=b",
                    "a+b",
                    "/me",
                    "//evil.example",
                    "/%5cevil.example",
                    "https://evil.example/",
                    "/me?x=%26y",
                    "1",
                    "\"<script>",
                    "a=b=c",
                    ";",
                    "?",
                ],
            )
            .to_owned(),
        };
        target.push_str(&value);
    }
    target
}

fn generated(random: &mut Rng, known: &Known) -> Sent {
    let target = target(random, known);
    let method = match random.u8(..10) {
        // The apps' own `/` is for GET on both; what other methods get there is the frameworks'.
        _ if target.starts_with("/?") || target == "/" => "GET",
        0..7 => "GET",
        7 => "POST",
        _ => pick(random, &["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "get"]),
    };
    let mut headers = vec![("host".to_owned(), b"app.example".to_vec())];
    let mut header = |name: &str, value: &str| {
        headers.push((name.to_owned(), value.as_bytes().to_vec()));
    };
    for _ in 0..random.usize(..3) {
        let mut pairs = Vec::new();
        for _ in 0..random.usize(1..5) {
            let pair = match random.u8(..6) {
                0..4 if !known.cookies.is_empty() => {
                    let mut pair = known.cookies[random.usize(..known.cookies.len())].clone();
                    match random.u8(..12) {
                        0 => {
                            pair.pop();
                        }
                        1 => pair.insert(random.usize(..pair.len()), 'A'),
                        2 => pair = format!(" {pair} "),
                        _ => {}
                    }
                    pair
                }
                4 => pick(random, &["a=b", "a", "=", "", "\u{e9}=\u{e9}", "__Host-ig_session_"])
                    .to_owned(),
                _ => format!("__Host-ig_login_x.{}=y", random.u32(..)),
            };
            pairs.push(pair);
        }
        header("cookie", &pairs.join(pick(random, &["; ", ";", ";;"])));
    }
    for _ in 0..random.usize(..4) {
        let (name, values): (&str, &[&str]) = match random.u8(..14) {
            0..3 => {
                ("accept", &["text/html", "application/json", "*/*", "text/html;q=0, */*", "x"])
            }
            3..5 => ("sec-fetch-mode", &["navigate", "cors", "no-cors", "same-origin", "\u{ff}"]),
            5 => ("sec-fetch-dest", &["document", "iframe", "image", "empty"]),
            6 => ("sec-fetch-site", &["same-origin", "cross-site", "none", "same-site"]),
            7 => ("origin", &["null", "https://app.example", "https://evil.example", ""]),
            8 => ("sec-purpose", &["prefetch", "prefetch;prerender", "x"]),
            9 => ("early-data", &["1", "0"]),
            10 => ("x-forwarded-host", &["evil.example"]),
            11 => ("content-type", &["application/x-www-form-urlencoded", "text/plain"]),
            12 => ("x-requested-with", &["XMLHttpRequest"]),
            _ => ("purpose", &["prefetch", "x"]),
        };
        header(name, pick(random, values));
    }
    let body = match method {
        "POST" if random.bool() => b"return_to=%2Fme&a=b".to_vec(),
        _ => Vec::new(),
    };
    Sent { method: method.to_owned(), target, headers, body }
}

#[allow(clippy::print_stdout, reason = "the command's output")]
async fn both_answer_alike(sessions: Sessions) {
    let mut twins = Twins::start(sessions);
    known_scenarios(&mut twins).await;
    let (known_requests, refused) = (twins.compared, twins.refused_by_a_server);
    assert_eq!(refused, 0, "the known scenarios reach both apps");

    let mut random = Rng::with_seed(1_800_000_000);
    let mut known = Known::default();
    for _ in 0..GENERATED {
        let sent = generated(&mut random, &known);
        let answer = twins.send(&sent).await;
        known.learn(&answer);
    }
    println!(
        "{sessions:?}: {known_requests} known and {} generated requests answered alike; {} refused by \
         a server itself; statuses {:?}",
        twins.compared - known_requests,
        twins.refused_by_a_server,
        twins.statuses
    );
    assert!(twins.refused_by_a_server * 20 < GENERATED, "under 5 % never reach the apps");
    for status in [200, 303, 400, 401, 403, 405, 503] {
        assert!(twins.statuses.contains_key(&status), "no request was answered {status}");
    }
}

#[tokio::test]
async fn both_adapters_answer_alike_with_sessions_in_the_cookie() {
    both_answer_alike(Sessions::Cookie).await;
}

#[tokio::test]
async fn both_adapters_answer_alike_with_sessions_in_a_store() {
    both_answer_alike(Sessions::Store).await;
}
