//! The real client against a real server, from several runtimes that share one configuration.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::future::{Future as _, poll_fn};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::{Failure, Hooks, Reply};
use ig_oauth_common::http::{HttpError, HttpRequest, HttpResponse};
use ig_oauth_common::{Config, Flow, UserId};
use ig_oauth_fake_instagram::{Endpoint, FakeInstagram};
use support::issuer::{Issuer, Sessions, USER, due, text};
use support::{REDIRECT_URI, Site, header};
use tokio::runtime::Builder;
use tokio::time::{Instant, timeout};

fn provider() -> FakeInstagram {
    FakeInstagram::builder().redirect_uri(REDIRECT_URI).start_blocking().unwrap()
}

fn flow(provider: &FakeInstagram) -> Flow {
    let config = Config::builder(provider.client_id(), provider.client_secret(), REDIRECT_URI)
        .token_url(provider.token_url())
        .graph_url(provider.graph_url())
        .build();
    Flow::new(config.unwrap())
}

async fn log_in(flow: &Flow, provider: &FakeInstagram) {
    let mut site = Site::new();
    site.flow = flow.clone();
    let state = site.start("").await;
    let code = provider.issue_code(REDIRECT_URI, "instagram_business_basic");
    let reply = site.get(&format!("/auth/instagram/callback?code={code}&state={state}")).await;
    assert_eq!(reply.status(), 303, "{}", support::body(&reply));
    assert_eq!(header(&reply, "location"), Some("/#"));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn an_exchange_works_while_the_runtime_that_exchanged_before_is_blocked() {
    let provider = provider();
    let flow = flow(&provider);
    let (blocked, is_blocked) = mpsc::channel();
    let (free, is_free) = mpsc::channel::<()>();
    let (flow, provider) = (&flow, &provider);
    thread::scope(|scope| {
        scope.spawn(move || {
            let runtime = runtime();
            runtime.block_on(log_in(flow, provider));
            // The runtime still lives, but polls nothing: a connection of its pool would hang.
            runtime.block_on(async {
                blocked.send(()).unwrap();
                let _ = is_free.recv();
            });
        });
        is_blocked.recv().unwrap();
        runtime().block_on(log_in(flow, provider));
        drop(free);
    });
    assert_eq!(provider.count(Endpoint::CodeExchange), 2);
}

#[test]
fn an_exchange_works_after_the_runtime_that_exchanged_before_is_gone() {
    let provider = provider();
    let flow = flow(&provider);
    for _ in 0..3 {
        runtime().block_on(log_in(&flow, &provider));
    }
    let connections: Vec<_> = provider
        .requests()
        .iter()
        .filter(|request| request.endpoint() == Endpoint::CodeExchange)
        .map(ig_oauth_fake_instagram::RecordedRequest::connection)
        .collect();
    assert_eq!(connections.len(), 3);
    assert!(connections.windows(2).all(|pair| pair[0] != pair[1]), "each on a fresh connection");
}

#[test]
fn a_second_caller_waits_no_longer_than_the_deadline_for_a_blocked_worker() {
    // A provider that has not answered yet when a handler of the app blocks the worker's thread.
    let never = |_: HttpRequest| std::future::pending::<Result<HttpResponse, HttpError>>();
    // And a hook that would take longer still.
    struct Hanging;
    impl Hooks for Hanging {
        async fn on_failure(&self, _: Failure) -> Option<Reply> {
            std::future::pending().await
        }
    }
    let mut site = Site::with(|builder| builder.http_client(never).hooks(Hanging));
    let state = runtime().block_on(site.start(""));
    let job = || {
        let target = format!("/auth/instagram/callback?code=x&state={state}");
        let Begin::Job(job) = site.begin("GET", &target, &[]) else { panic!("no job") };
        job
    };
    let (first, second) = (job(), job());
    let (blocked, is_blocked) = mpsc::channel();
    let (free, is_free) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            runtime().block_on(async {
                let mut first = std::pin::pin!(first.run());
                // It consumes the state, and then its thread is blocked.
                assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await.is_pending());
                blocked.send(()).unwrap();
                let _ = is_free.recv();
            });
        });
        is_blocked.recv().unwrap();
        let paused = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let reply = paused.block_on(async {
            let begun = Instant::now();
            let reply = timeout(Duration::from_secs(60), second.run()).await;
            (reply.map(|reply| (reply.status(), support::body(&reply))), begun.elapsed())
        });
        drop(free);
        let (reply, waited) = reply;
        let (status, body) = reply.expect("an answer within a minute");
        assert_eq!((status, waited), (503, Duration::from_secs(20)), "{body}");
        assert!(body.contains("provider_unavailable"), "{body}");
    });
}

#[test]
fn a_job_waits_no_longer_than_it_must_for_a_refresh_on_a_blocked_runtime() {
    let issuer = Issuer::new();
    let site = runtime().block_on(due(&issuer, Sessions::Store));
    let accounts = site.flow.offline_access().unwrap();
    let user = UserId::from(USER);
    let (blocked, is_blocked) = mpsc::channel();
    let (free, is_free) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (first, user) = (accounts.clone(), &user);
        scope.spawn(move || {
            runtime().block_on(async {
                let mut first = std::pin::pin!(first.token(user));
                // The refresh has begun, and then its thread is blocked.
                assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await.is_pending());
                blocked.send(()).unwrap();
                let _ = is_free.recv();
            });
        });
        is_blocked.recv().unwrap();
        let paused = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let (token, waited) = paused.block_on(async {
            let begun = Instant::now();
            let token = timeout(Duration::from_secs(60), accounts.token(user)).await;
            (token, begun.elapsed())
        });
        drop(free);
        let token = token.expect("an answer within a minute").unwrap().expect("the old token");
        assert_eq!((text(&token), waited), ("FAKE-LONG-1", Duration::from_secs(25)));
    });
}
