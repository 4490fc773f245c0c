//! A flow in-process: handwritten requests, a provider that is a closure, a clock that tests move.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

pub mod issuer;
pub mod people;
pub mod yielding;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ig_oauth_common::adapter::{Begin, Headers, Request};
use ig_oauth_common::hooks::Reply;
use ig_oauth_common::http::{Clock, HttpClient, HttpRequest, HttpResponse};
use ig_oauth_common::{Config, ConfigBuilder, Flow, LoginContext, LongLived, Timestamp};

pub const CLIENT_SECRET: &str = "FAKE-client-secret-MARKER-0123456789";
pub const ACCESS_TOKEN: &str = "FAKE-access-token-MARKER";
pub const CODE: &str = "FAKE-authorization-code-MARKER";
pub const REDIRECT_URI: &str = "https://app.example/auth/instagram/callback";
pub const START: u64 = 1_800_000_000;

#[derive(Clone)]
pub struct MovableClock(Arc<AtomicU64>);

impl MovableClock {
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// A provider that answers each code exchange with what is set, and counts.
#[derive(Clone)]
pub struct Provider {
    pub answer: Arc<Mutex<(u16, String)>>,
    pub calls: Arc<AtomicUsize>,
    pub forms: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    pub fn new() -> Self {
        let body = format!(r#"{{"access_token":"{ACCESS_TOKEN}","user_id":17841458366137975}}"#);
        Self {
            answer: Arc::new(Mutex::new((200, body))),
            calls: Arc::default(),
            forms: Arc::default(),
        }
    }

    pub fn answers(&self, status: u16, body: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, body.into());
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

pub struct Lines<'a>(pub &'a [(String, String)]);

/// The headers of an answer that says about caches what lets a cookie go along, and nothing more.
pub fn private() -> [(String, String); 1] {
    [("cache-control".to_owned(), "private".to_owned())]
}

impl Headers for Lines<'_> {
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
        let lines = self.0.iter().filter(|(present, _)| present == name);
        lines.for_each(|(_, value)| visit(value.as_bytes()));
    }
}

/// A flow with the cookies of one browser.
pub struct Site {
    pub flow: Flow,
    pub provider: Provider,
    pub clock: MovableClock,
    pub cookies: BTreeMap<String, String>,
    pub context: Option<LoginContext>,
}

pub fn builder(provider: &Provider, clock: &MovableClock) -> ConfigBuilder {
    Config::builder("990602627938098", CLIENT_SECRET, REDIRECT_URI)
        .long_lived(LongLived::Off)
        .clock(clock.clone())
        .http_client(answering(provider))
}

/// The provider as an HTTP client.
pub fn answering(provider: &Provider) -> impl HttpClient {
    let provider = provider.clone();
    move |request: HttpRequest| {
        let provider = provider.clone();
        async move {
            provider.calls.fetch_add(1, Ordering::SeqCst);
            if request.form.is_some() {
                let form = request.form.unwrap_or_default().to_owned();
                provider.forms.lock().unwrap().push(form);
            }
            let (status, body) = provider.answer.lock().unwrap().clone();
            Ok(HttpResponse::new(status, body.into_bytes()))
        }
    }
}

impl Site {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(change: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> Self {
        let provider = Provider::new();
        let clock = MovableClock(Arc::new(AtomicU64::new(START)));
        let config = change(builder(&provider, &clock)).build().unwrap();
        let flow = Flow::new(config);
        Self { flow, provider, clock, cookies: BTreeMap::new(), context: None }
    }

    /// The same browser at another instance, or after a restart, with changed settings.
    pub fn restarted(&self, change: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> Self {
        let config = change(builder(&self.provider, &self.clock)).build().unwrap();
        Self {
            flow: Flow::new(config),
            provider: self.provider.clone(),
            clock: self.clock.clone(),
            cookies: self.cookies.clone(),
            context: self.context.clone(),
        }
    }

    pub fn header_lines(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut lines: Vec<_> =
            more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if !self.cookies.is_empty() {
            let pairs: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            lines.push(("cookie".to_owned(), pairs.join("; ")));
        }
        lines
    }

    pub fn begin(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Begin {
        let lines = self.header_lines(headers);
        let lines = Lines(&lines);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let request = Request::new(method, path, &lines)
            .with_query(query)
            .with_context(self.context.as_ref());
        let route = self.flow.route(path).unwrap_or_else(|| panic!("{path} is not ours"));
        self.flow.begin(route, &request)
    }

    pub async fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        let reply = match self.begin(method, target, headers) {
            Begin::Done(reply) => reply,
            Begin::Job(job) => job.run().await,
            Begin::Form(_) => panic!("{target} wants a body"),
        };
        self.take_cookies(&reply);
        reply
    }

    pub async fn get(&mut self, target: &str) -> Reply {
        self.send("GET", target, &[]).await
    }

    pub fn take_cookies(&mut self, reply: &Reply) {
        for (name, value) in reply.headers() {
            if name == "set-cookie" {
                self.take_cookie(value);
            }
        }
    }

    pub fn take_cookie(&mut self, line: &str) {
        let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
        if line.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Starts a login and gives the state that was sent to the window.
    pub async fn start(&mut self, query: &str) -> String {
        let reply = self.get(&format!("/auth/instagram/login{query}")).await;
        assert_eq!(reply.status(), 303, "{}", body(&reply));
        state_of(&reply)
    }

    pub async fn call_back(&mut self, state: &str) -> Reply {
        self.get(&format!("/auth/instagram/callback?code={CODE}&state={state}")).await
    }

    pub async fn log_in(&mut self) {
        let state = self.start("").await;
        let reply = self.call_back(&state).await;
        assert_eq!(reply.status(), 303, "{}", body(&reply));
    }

    /// Whether this browser counts as logged in, and the header lines that the app's answer gets.
    pub async fn session(
        &mut self,
        answer: &[(&str, &str)],
    ) -> (Option<ig_oauth_common::Token>, Vec<(&'static str, String)>) {
        let lines = self.header_lines(&[]);
        let request = self.flow.attach(&Lines(&lines));
        let token = request.token().await.unwrap();
        let answer: Vec<_> =
            answer.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let lines = request.finish(&Lines(&answer));
        for (name, value) in &lines {
            if *name == "set-cookie" {
                self.take_cookie(value);
            }
        }
        (token, lines)
    }

    pub async fn is_logged_in(&mut self) -> bool {
        self.session(&[]).await.0.is_some()
    }
}

pub fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers().find(|(present, _)| *present == name).map(|(_, value)| value)
}

pub fn body(reply: &Reply) -> String {
    String::from_utf8_lossy(reply.body()).into_owned()
}

pub fn state_of(reply: &Reply) -> String {
    let location = header(reply, "location").unwrap();
    location.rsplit_once("&state=").unwrap().1.to_owned()
}
