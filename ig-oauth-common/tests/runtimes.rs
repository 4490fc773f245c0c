//! The real client against a real server, from several runtimes that share one configuration.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::mpsc;
use std::thread;

use ig_oauth_common::{Config, Flow};
use ig_oauth_fake_instagram::{Endpoint, FakeInstagram};
use support::{REDIRECT_URI, Site, header};

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
