//! No secret shows through `Debug`, `Display` or an error chain: every public type is formatted with
//! markers planted in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::{Failure, HookError, Hooks, Login, LoginDecision};
use ig_oauth_common::http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use ig_oauth_common::store::{AccountKey, AccountRecord, MemoryStore};
use ig_oauth_common::{Flow, LoginContext, LoginOptions, LongLived, Timestamp, UserId};
use support::{ACCESS_TOKEN, CLIENT_SECRET, CODE, REDIRECT_URI, Site, body, header};

const COOKIE_SECRET: &str = "FAKE-cookie-secret-MARKER-0123456789-xyz";
const LONG_TOKEN: &str = "FAKE-long-lived-token-MARKER";

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, what: &str, text: String) {
        self.0.lock().unwrap().push(format!("{what}: {text}"));
    }

    fn debug(&self, what: &str, value: &impl Debug) {
        self.note(what, format!("{value:?} {value:#?}"));
    }

    fn error(&self, what: &str, error: &dyn Error) {
        self.note(what, format!("{error} {error:?} {error:#?}"));
        let mut source = error.source();
        while let Some(cause) = source {
            self.note(what, format!("{cause} {cause:?}"));
            source = cause.source();
        }
    }
}

impl Hooks for Seen {
    async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
        self.debug("Login", &login);
        self.debug("Token", &login.token);
        self.debug("AccessToken", login.token.access_token());
        Ok(LoginDecision::accept())
    }

    async fn on_failure(&self, failure: Failure) -> Option<ig_oauth_common::hooks::Reply> {
        self.debug("Failure", &failure);
        None
    }
}

fn client(seen: &Seen) -> impl HttpClient + use<> {
    let seen = seen.clone();
    move |request: HttpRequest| {
        seen.debug("HttpRequest", &request);
        let answer = match request.url.contains("ig_exchange_token") {
            true => format!(r#"{{"access_token":"{LONG_TOKEN}","expires_in":5184000}}"#),
            false => format!(r#"{{"access_token":"{ACCESS_TOKEN}","user_id":1}}"#),
        };
        let response = HttpResponse::new(200, answer.into_bytes());
        seen.debug("HttpResponse", &response);
        async move { Ok(response) }
    }
}

/// An error answer that repeats every secret it was sent.
fn indiscreet(request: &HttpRequest) -> HttpResponse {
    let told = request.form.as_deref().unwrap_or(&request.url);
    let message = format!("You sent {CLIENT_SECRET} {CODE} {ACCESS_TOKEN} and {told}");
    let body = serde_json::json!({
        "error_type": format!("OAuthException {CLIENT_SECRET}"), "code": 400, "error_message": message
    });
    HttpResponse::new(400, body.to_string().into_bytes())
}

#[tokio::test]
async fn no_secret_shows_in_any_debug_display_or_error_chain() {
    let seen = Seen::default();
    for store in [false, true] {
        let mut site = Site::with(|builder| {
            seen.debug("ConfigBuilder", &builder);
            let builder = builder
                .cookie_secrets([COOKIE_SECRET])
                .long_lived(LongLived::Require)
                .hooks(seen.clone())
                .http_client(client(&seen));
            let builder = if store { builder.store(MemoryStore::new()) } else { builder };
            seen.debug("Config", &builder);
            builder
        });
        seen.debug("Flow", &site.flow);
        let context = LoginContext::bound_to("user-MARKER").with_app_data(*b"data-MARKER").unwrap();
        seen.debug("LoginContext", &context);
        let started = site.begin("GET", "/auth/instagram/login", &[]);
        seen.debug("Begin", &started);
        let state = site.start("").await;
        seen.note("state is random", (state.len() == 43).to_string());
        let target = format!("/auth/instagram/callback?code={CODE}&state={state}");
        let job = site.begin("GET", &target, &[]);
        seen.debug("Begin", &job);
        let Begin::Job(job) = job else { panic!("a job") };
        let reply = job.run().await;
        assert_eq!(reply.status(), 303, "{}", body(&reply));
        seen.debug("Reply", &reply);
        site.take_cookies(&reply);
        let lines = site.header_lines(&[]);
        let request = site.flow.attach(&support::Lines(&lines));
        seen.debug("AppRequest", &request);
        assert!(request.token().await.unwrap().is_some());
        seen.debug("AppRequest", &request);
        let link = site.flow.login_url(&LoginOptions::new(), Some(&context)).unwrap();
        assert!(!link.contains("MARKER"), "{link}");
        for value in site.cookies.values() {
            seen.note("cookie", value.clone());
        }
    }

    // A provider that repeats secrets, a client that does, and configurations that are refused.
    for step in ["exchange", "long-lived"] {
        let (told, fail_first) = (seen.clone(), step == "exchange");
        let mut site = Site::with(|builder| {
            builder.long_lived(LongLived::Require).hooks(seen.clone()).http_client(
                move |request: HttpRequest| {
                    let is_first = request.form.is_some();
                    let answer = if is_first == fail_first {
                        Ok(indiscreet(&request))
                    } else if is_first {
                        let body = format!(r#"{{"access_token":"{ACCESS_TOKEN}","user_id":1}}"#);
                        Ok(HttpResponse::new(200, body.into_bytes()))
                    } else {
                        Err(HttpError::new(HttpErrorKind::Unreachable))
                    };
                    told.debug("answer", &answer);
                    async { answer }
                },
            )
        });
        let state = site.start("").await;
        let reply = site.call_back(&state).await;
        assert!(reply.status() >= 400, "{step}");
        seen.note("page", body(&reply));
        seen.note("location", header(&reply, "location").unwrap_or_default().to_owned());
    }
    for builder in [
        ig_oauth_common::Config::builder("", CLIENT_SECRET, REDIRECT_URI),
        ig_oauth_common::Config::builder("1", CLIENT_SECRET, "x"),
        ig_oauth_common::Config::builder("1", "MARKER", REDIRECT_URI),
        ig_oauth_common::Config::builder("1", "1", REDIRECT_URI).cookie_secrets(["short-MARKER"]),
        ig_oauth_common::Config::builder("1", "MARKER\n", REDIRECT_URI),
        ig_oauth_common::Config::builder("1", CLIENT_SECRET, REDIRECT_URI)
            .extra_root_pem("-----BEGIN CERTIFICATE-----\nMARKER\n"),
    ] {
        seen.error("ConfigError", &builder.build().expect_err("refused"));
    }
    let account = AccountRecord::new(
        AccountKey::new("1", UserId::from(1)),
        Vec::new(),
        b"MARKER".to_vec(),
        Vec::new(),
        Timestamp::from_unix_seconds(1),
        Timestamp::from_unix_seconds(2),
    );
    seen.debug("AccountRecord", &account);

    let seen = seen.0.lock().unwrap();
    assert!(seen.len() > 50, "{} texts were looked at", seen.len());
    for kind in ["Failure", "Token", "HttpRequest", "ConfigError", "AppRequest"] {
        assert!(seen.iter().any(|text| text.starts_with(kind)), "{kind} was looked at");
    }
    let marker_bytes = format!("{:?}", b"MARKER");
    for text in seen.iter() {
        assert!(!text.contains("MARKER"), "{text}");
        assert!(!text.contains(marker_bytes.trim_matches(['[', ']'])), "{text}");
    }
}

/// The reqwest client's own errors: a URL in one would show the app secret of the long-lived
/// exchange.
#[tokio::test]
async fn no_secret_shows_when_the_provider_cannot_be_reached() {
    let seen = Seen::default();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = ig_oauth_common::Config::builder("1", CLIENT_SECRET, REDIRECT_URI)
        .token_url(format!("http://{closed}/token-MARKER"))
        .graph_url(format!("http://{closed}/graph-MARKER"))
        .hooks(seen.clone())
        .build()
        .unwrap();
    let mut site = Site::new();
    site.flow = Flow::new(config);
    let state = site.start("").await;
    let reply = site.call_back(&state).await;
    assert_eq!(reply.status(), 503, "{}", body(&reply));
    let seen = seen.0.lock().unwrap();
    assert!(seen.iter().any(|text| text.contains("Unreachable")), "{seen:?}");
    for text in seen.iter() {
        assert!(!text.contains("MARKER"), "{text}");
    }
}
