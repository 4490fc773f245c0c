//! One flow against a provider that gives one answer.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ig_oauth_common::adapter::{Begin, Headers, Request};
use ig_oauth_common::hooks::{Denial, Failure, Hooks, Reply, SignedRequestVerifier};
use ig_oauth_common::http::{Clock, HttpRequest, HttpResponse};
use ig_oauth_common::{Api, ApiError, Config, Flow, LongLived, Timestamp, Token};
use ig_oauth_conformance::security::log;
use serde_json::Value;

pub(crate) const CODE: &str = "FAKE-authorization-code";
pub(crate) const CLIENT_SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
pub(crate) const TOKEN: &str = "FAKE-short-lived-token";
const LOGIN: &str = "/auth/instagram/login";
const CALLBACK: &str = "/auth/instagram/callback";
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
const START: u64 = 1_764_000_000;

/// What an answer came to.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) result: String,
    /// The events, and the error's chain where an app gets one.
    pub(crate) said: Vec<String>,
    pub(crate) seconds: Option<u64>,
    pub(crate) wait: Option<u64>,
}

/// A clock that can be moved.
#[derive(Clone)]
struct Hands(Arc<Mutex<u64>>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(*self.0.lock().expect("a clock"))
    }
}

/// Remembers how the login failed.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Option<String>>>);

impl Hooks for Failures {
    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        *self.0.lock().expect("failures") = Some(format!("{:?}", failure.kind));
        None
    }

    async fn on_denied(&self, _: Denial) -> Option<Reply> {
        *self.0.lock().expect("failures") = Some("Denied".to_owned());
        None
    }
}

struct Cookies(Option<String>);

impl Headers for Cookies {
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
        if let (Some(cookies), "cookie") = (&self.0, name) {
            visit(cookies.as_bytes());
        }
    }
}

/// The step that a request of the flow is.
fn step_of(request: &HttpRequest) -> &'static str {
    let path = request.url.split('?').next().unwrap_or_default();
    match path.rsplit('/').next() {
        Some("access_token") if request.form.is_some() => "exchange",
        Some("access_token") => "long_lived",
        Some("refresh_access_token") => "refresh",
        Some("me") => "me",
        _ => "graph",
    }
}

/// What a provider without faults answers to a step.
fn usual(step: &str) -> String {
    match step {
        "exchange" => format!(r#"{{"access_token":"{TOKEN}","user_id":17841458366137975}}"#),
        "me" => r#"{"id":"17841458366137975","user_id":"17841477965412211","username":"x"}"#.into(),
        "graph" => "{}".to_owned(),
        _ => r#"{"access_token":"FAKE-long-lived-token","expires_in":5184000}"#.to_owned(),
    }
}

fn answer(fixture: &Value) -> HttpResponse {
    let status = u16::try_from(fixture["status"].as_u64().expect("a status")).expect("a status");
    let body = fixture["body"].as_str().expect("a body").as_bytes().to_vec();
    let header = |name: &str| fixture["headers"][name].as_str().map(str::to_owned);
    let mut response = HttpResponse::new(status, body);
    response.content_type = header("content-type");
    response.usage = header("x-business-use-case-usage");
    response.retry_after_seconds = header("retry-after").and_then(|value| value.parse().ok());
    response
}

struct Site {
    flow: Flow,
    hands: Hands,
    failures: Failures,
    cookies: Cookies,
}

impl Site {
    fn new(fixture: &Value) -> Self {
        let step = fixture["step"].as_str().expect("a step").to_owned();
        let given = fixture["body"].is_string().then(|| answer(fixture));
        let api = match fixture["api"].as_str() {
            Some("basic-display") => Api::BasicDisplay,
            _ => Api::InstagramLogin,
        };
        let long_lived = match &*step {
            "long_lived" | "refresh" => LongLived::Prefer,
            _ => LongLived::Off,
        };
        let hands = Hands(Arc::new(Mutex::new(START)));
        let failures = Failures::default();
        let redirect_uri = format!("https://app.example{CALLBACK}");
        let config = Config::builder("990602627938098", CLIENT_SECRET, redirect_uri)
            .api(api)
            .long_lived(long_lived)
            .clock(hands.clone())
            .hooks(failures.clone())
            .fetch_profile(step == "profile")
            .refresh_wait(Duration::from_secs(10))
            .refresh_ahead(Duration::from_secs(59 * 24 * 60 * 60))
            .http_client(move |request: HttpRequest| {
                let asked = step_of(&request);
                let is_it = asked == step || (asked, &*step) == ("me", "profile");
                let answer = match &given {
                    Some(answer) if is_it => answer.clone(),
                    _ => HttpResponse::new(200, usual(asked).into_bytes()),
                };
                async move { Ok(answer) }
            })
            .build()
            .expect("a configuration");
        Self { flow: Flow::new(config), hands, failures, cookies: Cookies(None) }
    }

    async fn get(&mut self, path: &str, query: Option<&str>) -> Reply {
        let route = self.flow.route(path).expect("a route");
        let request = Request::new("GET", path, &self.cookies).with_query(query);
        let reply = match self.flow.begin(route, &request) {
            Begin::Done(reply) => reply,
            Begin::Job(job) => job.run().await,
            Begin::Form(_) => panic!("a GET has no form"),
        };
        let set = reply
            .headers()
            .filter(|(name, line)| *name == "set-cookie" && !line.contains("Max-Age=0"));
        let pairs: Vec<_> = set.filter_map(|(_, line)| line.split(';').next()).collect();
        if !pairs.is_empty() {
            self.cookies = Cookies(Some(pairs.join("; ")));
        }
        reply
    }

    /// Logs in, by the good callback or by this one, in which `{state}` is the state.
    async fn log_in(&mut self, callback: &str) -> Reply {
        let start = self.get(LOGIN, None).await;
        let location = start.headers().find(|(name, _)| *name == "location").expect("a location").1;
        let state = location.rsplit_once("&state=").expect("a state").1.to_owned();
        self.get(CALLBACK, Some(&callback.replace("{state}", &state))).await
    }

    async fn token(&self) -> Option<Token> {
        self.flow.attach(&self.cookies).token().await.expect("a session that reads")
    }

    /// How a login ended, and for how long its token lives.
    async fn ending(&self, reply: &Reply, outcome: &mut Outcome) {
        let failure = self.failures.0.lock().expect("failures").take();
        outcome.result = failure.unwrap_or_else(|| "login".to_owned());
        let wait = reply.headers().find(|(name, _)| *name == "retry-after");
        outcome.wait = wait.and_then(|(_, seconds)| seconds.parse().ok());
        if reply.status() == 303 {
            let token = self.token().await.expect("a session");
            outcome.seconds = Some(token.remaining(self.hands.now()).as_secs());
        }
    }
}

/// An error and its causes, as an app would log them.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn api_error(error: &ApiError, outcome: &mut Outcome) {
    outcome.result = format!("{:?}", error.kind());
    outcome.wait = error.retry_after().map(|wait| wait.as_secs());
    outcome.said.push(chain(error));
}

/// Runs one fixture.
pub(crate) async fn run(fixture: &Value) -> Outcome {
    let mut outcome = Outcome::default();
    let step = fixture["step"].as_str().expect("a step");
    if step == "signed_request" {
        let secret = fixture["secret"].as_str().expect("a secret");
        let now = Timestamp::from_unix_seconds(fixture["now"].as_u64().expect("a time"));
        let text = fixture["signed_request"].as_str().expect("a text");
        outcome.result = match SignedRequestVerifier::new([secret]).verify(text, now) {
            Ok(request) => format!("user {}", request.user_id()),
            Err(error) => format!("{error:?}"),
        };
        return outcome;
    }
    // Events logged from here on must be this test's own.
    let _alone = ONE_AT_A_TIME.lock().await;
    let seen = log::lines().len();
    let mut site = Site::new(fixture);
    let usual = format!("code={CODE}&state={{state}}");
    let callback = fixture["query"].as_str().unwrap_or(&usual);
    let reply = site.log_in(callback).await;
    match step {
        "exchange" | "callback" | "long_lived" | "profile" => {
            site.ending(&reply, &mut outcome).await
        }
        "refresh" => {
            let before = site.token().await.expect("a session");
            *site.hands.0.lock().expect("a clock") += 2 * 24 * 60 * 60;
            // A token that the provider calls dead ends its session.
            let after = site.token().await;
            let is_new = after.as_ref().map(|after| after.issued_at() != before.issued_at());
            outcome.result = match is_new {
                Some(true) => "refreshed",
                Some(false) => "old token",
                None => "session ended",
            }
            .to_owned();
            let new = after.filter(|_| is_new == Some(true));
            outcome.seconds = new.map(|after| after.remaining(site.hands.now()).as_secs());
        }
        "me" => match site.token().await.expect("a session").profile().await {
            Ok(profile) => outcome.result = format!("profile {}", profile.username),
            Err(error) => api_error(&error, &mut outcome),
        },
        _ => match site.token().await.expect("a session").get::<Value>("17841/media", &[]).await {
            Ok(_) => outcome.result = "an answer".to_owned(),
            Err(error) => api_error(&error, &mut outcome),
        },
    }
    outcome.said.extend(log::lines().into_iter().skip(seen));
    outcome
}
