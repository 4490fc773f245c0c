//! A provider of long-lived tokens, and sites that use it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ig_oauth_common::http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{ConfigBuilder, LongLived, Token};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Lines, Site};

pub const DAY: u64 = 24 * 60 * 60;
pub const COOKIE_SECRET: &str = "an obviously fake cookie secret for tests";
pub const USER: u64 = 17_841_458_366_137_975;

/// What the provider does when it is asked for a refresh.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Works,
    Fails,
    /// Answers when the gate opens.
    Waits,
    /// Calls the token invalid.
    Rejects,
}

/// A provider of long-lived tokens, numbered in the order they were issued.
#[derive(Clone)]
pub struct Issuer {
    pub issued: Arc<AtomicUsize>,
    pub refreshes: Arc<AtomicUsize>,
    pub mode: Arc<Mutex<Mode>>,
    pub gate: Arc<Semaphore>,
    /// Added to the answer of a refresh.
    pub extra: Arc<Mutex<String>>,
    /// Whether a refresh answers with the string it was given.
    pub same_string: Arc<AtomicBool>,
    /// What users grant at the login.
    pub granted: Arc<Mutex<String>>,
    /// Characters that each token has besides its number.
    pub padding: Arc<AtomicUsize>,
}

impl Issuer {
    pub fn new() -> Self {
        Self {
            issued: Arc::default(),
            refreshes: Arc::default(),
            mode: Arc::new(Mutex::new(Mode::Works)),
            gate: Arc::new(Semaphore::new(0)),
            extra: Arc::default(),
            same_string: Arc::default(),
            granted: Arc::new(Mutex::new(
                "instagram_business_basic,instagram_business_manage_comments".to_owned(),
            )),
            padding: Arc::default(),
        }
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }

    fn next(&self, extra: &str) -> HttpResponse {
        let number = self.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let padding = "x".repeat(self.padding.load(Ordering::SeqCst));
        let body = format!(
            r#"{{"access_token":"FAKE-LONG-{number}{padding}","token_type":"bearer","expires_in":5183944{extra}}}"#
        );
        HttpResponse::new(200, body.into_bytes())
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.form.is_some() {
            let granted = self.granted.lock().unwrap().clone();
            let body = format!(
                r#"{{"access_token":"FAKE-SHORT","user_id":{USER},"permissions":"{granted}"}}"#
            );
            return Ok(HttpResponse::new(200, body.into_bytes()));
        }
        if !request.url.contains("/refresh_access_token?") {
            return Ok(self.next(""));
        }
        self.refreshes.fetch_add(1, Ordering::SeqCst);
        let mode = *self.mode.lock().unwrap();
        match mode {
            Mode::Works => {}
            Mode::Fails => return Err(HttpError::new(HttpErrorKind::Unreachable)),
            Mode::Waits => self.gate.acquire().await.unwrap().forget(),
            Mode::Rejects => {
                let body = br#"{"error":{"message":"x","type":"OAuthException","code":10}}"#;
                return Ok(HttpResponse::new(400, body.to_vec()));
            }
        }
        let extra = self.extra.lock().unwrap().clone();
        if self.same_string.load(Ordering::SeqCst) {
            let token = request.url.rsplit_once("access_token=").unwrap().1;
            let body = format!(r#"{{"access_token":"{token}","expires_in":5183944{extra}}}"#);
            return Ok(HttpResponse::new(200, body.into_bytes()));
        }
        Ok(self.next(&extra))
    }

    pub fn client(&self) -> impl HttpClient {
        let issuer = self.clone();
        move |request| issuer.clone().answer(request)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sessions {
    Cookie,
    Store,
}

pub fn site(
    issuer: &Issuer,
    sessions: Sessions,
    change: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
) -> Site {
    Site::with(|builder| {
        let builder = builder
            .long_lived(LongLived::Require)
            .http_client(issuer.client())
            .cookie_secrets([COOKIE_SECRET]);
        change(match sessions {
            Sessions::Cookie => builder,
            Sessions::Store => builder.store(MemoryStore::new()),
        })
    })
}

pub async fn token(site: &mut Site) -> Token {
    site.session(&[]).await.0.expect("logged in")
}

pub fn text(token: &Token) -> &str {
    token.access_token().expose_secret()
}

/// A session whose token is due, and as many requests that carry it.
pub async fn due(issuer: &Issuer, sessions: Sessions) -> Site {
    let idle = Duration::from_secs(60 * DAY);
    let mut site = site(issuer, sessions, |builder| builder.idle_lifetime(idle));
    site.log_in().await;
    site.clock.advance(40 * DAY);
    site
}

pub async fn at_once(site: &Site, requests: usize) -> Vec<String> {
    let lines = site.header_lines(&[]);
    let mut tasks = JoinSet::new();
    for _ in 0..requests {
        let request = site.flow.attach(&Lines(&lines));
        tasks.spawn(async move {
            let token = request.token().await.unwrap().expect("logged in");
            token.access_token().expose_secret().to_owned()
        });
    }
    tasks.join_all().await
}
