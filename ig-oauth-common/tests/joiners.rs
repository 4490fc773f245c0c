//! A caller that waits for another's exchange or refresh holds no place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::Reply;
use ig_oauth_common::http::{HttpRequest, HttpResponse};
use support::{ACCESS_TOKEN, CODE, Site, header};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const CALLBACK: &str = "/auth/instagram/callback";
const DAY: u64 = 24 * 60 * 60;

/// A provider that answers as often as it is let.
#[derive(Clone)]
struct Gate {
    calls: Arc<AtomicUsize>,
    answers: Arc<Semaphore>,
}

impl Gate {
    fn site(places: usize) -> (Site, Self) {
        let gate = Self { calls: Arc::default(), answers: Arc::new(Semaphore::new(0)) };
        let provider = gate.clone();
        let site = Site::with(|builder| {
            let builder = builder
                .max_concurrent_exchanges(places)
                .refresh_ahead(Duration::from_secs(59 * DAY));
            builder.refresh_wait(Duration::from_secs(10)).http_client(move |_: HttpRequest| {
                let gate = provider.clone();
                async move {
                    gate.calls.fetch_add(1, Ordering::SeqCst);
                    gate.answers.acquire().await.unwrap().forget();
                    let body = format!(
                        r#"{{"access_token":"{ACCESS_TOKEN}","user_id":7,"expires_in":5184000}}"#
                    );
                    Ok(HttpResponse::new(200, body.into_bytes()))
                }
            })
        });
        (site, gate)
    }

    /// Waits until this many calls have reached the provider. No time passes, because some task is
    /// always running.
    async fn has_calls(&self, calls: usize) {
        settle().await;
        assert_eq!(self.calls.load(Ordering::SeqCst), calls);
    }
}

async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// A browser with one attempt of its own: its cookies, and the callback.
async fn attempt(site: &mut Site) -> (BTreeMap<String, String>, String) {
    site.cookies.clear();
    let state = site.start("").await;
    (site.cookies.clone(), format!("{CALLBACK}?code={CODE}&state={state}"))
}

fn call_back(site: &mut Site, of: &(BTreeMap<String, String>, String)) -> JoinHandle<Reply> {
    site.cookies.clone_from(&of.0);
    let Begin::Job(job) = site.begin("GET", &of.1, &[]) else { panic!("a job") };
    tokio::spawn(job.run())
}

#[tokio::test(start_paused = true)]
async fn a_doubled_callback_that_queued_takes_one_place() {
    let (mut site, gate) = Gate::site(2);
    let (one, two) = (attempt(&mut site).await, attempt(&mut site).await);
    let (doubled, next) = (attempt(&mut site).await, attempt(&mut site).await);
    let under_way = [call_back(&mut site, &one), call_back(&mut site, &two)];
    gate.has_calls(2).await;
    let both = [call_back(&mut site, &doubled), call_back(&mut site, &doubled)];
    settle().await;
    // Both had asked for a place before either had begun.
    gate.answers.add_permits(2);
    gate.has_calls(3).await;
    let next = call_back(&mut site, &next);
    gate.has_calls(4).await;
    gate.answers.add_permits(2);
    for login in under_way.into_iter().chain(both).chain([next]) {
        assert_eq!(login.await.unwrap().status(), 303);
    }
}

#[tokio::test(start_paused = true)]
async fn a_doubled_callback_that_found_no_place_shares_the_answer_of_its_double() {
    let (mut site, gate) = Gate::site(1);
    let (one, doubled) = (attempt(&mut site).await, attempt(&mut site).await);
    let one = call_back(&mut site, &one);
    gate.has_calls(1).await;
    let both = [call_back(&mut site, &doubled), call_back(&mut site, &doubled)];
    settle().await;
    gate.answers.add_permits(1);
    gate.has_calls(2).await;
    // Longer than any callback waits for a place.
    tokio::time::advance(Duration::from_secs(1)).await;
    settle().await;
    gate.answers.add_permits(1);
    assert_eq!(one.await.unwrap().status(), 303);
    for login in both {
        let reply = login.await.unwrap();
        assert_eq!((reply.status(), header(&reply, "retry-after")), (303, None));
    }
    gate.has_calls(2).await;
}

#[tokio::test(start_paused = true)]
async fn many_requests_that_wait_for_one_refresh_take_one_place() {
    let (mut site, gate) = Gate::site(2);
    gate.answers.add_permits(1);
    site.log_in().await;
    let session = site.cookies.clone();
    site.clock.advance(2 * DAY);
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let lines = site.header_lines(&[]);
        let request = site.flow.attach(&support::Lines(&lines));
        waiting.push(tokio::spawn(async move { request.token().await.unwrap().is_some() }));
    }
    gate.has_calls(2).await;
    let login = attempt(&mut site).await;
    let login = call_back(&mut site, &login);
    gate.has_calls(3).await;
    gate.answers.add_permits(2);
    assert_eq!(login.await.unwrap().status(), 303);
    for request in waiting {
        assert!(request.await.unwrap());
    }
    assert!(!session.is_empty());
}
