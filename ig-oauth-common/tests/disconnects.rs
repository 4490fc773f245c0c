//! The browser goes away: at every point at which an answer waits for anything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ig_oauth_common::LongLived;
use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::{DeletionStatus, Reply};
use ig_oauth_fake_instagram::FakeInstagram;
use support::yielding::{World, Yielding};
use support::{CLIENT_SECRET, CODE, START, Site, body};
use tokio::time::Instant;

const CALLBACK: &str = "/auth/instagram/callback";
const LOGIN: &str = "/auth/instagram/login";
const LOGOUT: &str = "/auth/instagram/logout";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sessions {
    Cookie,
    Store,
}

fn site(sessions: Sessions) -> (Site, Arc<World>) {
    let world = Yielding::default();
    let kept = world.clone();
    let site = Site::with(move |builder| {
        let builder = builder
            .long_lived(LongLived::Require)
            .http_client(kept.client())
            .hooks(kept.clone())
            .cookie_secrets(["an obviously fake cookie secret for tests"]);
        match sessions {
            Sessions::Cookie => builder,
            Sessions::Store => builder.store(kept),
        }
    });
    (site, world.0)
}

/// Polls a future once, and lets every other task have a turn.
async fn poll<T>(future: &mut Pin<Box<impl Future<Output = T>>>) -> Option<T> {
    let polled = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
    tokio::task::yield_now().await;
    match polled {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Polls that often, then drops. Whether it was done.
async fn leave_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        if poll(&mut future).await.is_some() {
            return true;
        }
    }
    false
}

/// Waits until the tasks that run without the browser have ended.
async fn settled(world: &World) {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.inside(), 0, "somebody waits for ever: {world:?}");
}

/// Nothing is left of a flow when its owner lets go: no task, no future, no mark that holds one.
fn is_gone(site: Site, world: &Arc<World>) {
    assert!(Arc::strong_count(world) > 1);
    drop(site);
    assert_eq!(Arc::strong_count(world), 1, "something keeps the flow alive");
}

fn job(
    site: &Site,
    method: &str,
    target: &str,
) -> impl Future<Output = ig_oauth_common::hooks::Reply> {
    let Begin::Job(job) = site.begin(method, target, &[]) else { panic!("a job: {target}") };
    job.run()
}

/// Starts a login, and returns the state and the work done so far.
async fn started(sessions: Sessions) -> (Site, Arc<World>, String) {
    let (mut site, world) = site(sessions);
    let state = site.start("").await;
    settled(&world).await;
    assert_eq!(world.before_login.done(), 1);
    (site, world, state)
}

/// More than any answer here takes: a test that never gets to the end fails.
const ENOUGH: usize = 200;

#[tokio::test]
async fn a_browser_that_goes_away_cancels_nothing() {
    let mut site = Site::new();
    let state = site.start("").await;
    let attempt = site.cookies.clone();
    let target = format!("{CALLBACK}?code={CODE}&state={state}");
    let Begin::Job(job) = site.begin("GET", &target, &[]) else { panic!("a job") };
    {
        // Polled once, then dropped: the exchange runs on in its own task.
        let mut running = Box::pin(job.run());
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(running.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
    }
    while site.provider.calls() == 0 {
        tokio::task::yield_now().await;
    }
    // It is over, or its answer is shared; in no case is there a second exchange.
    site.cookies = attempt;
    let reply = site.get(&target).await;
    assert!(matches!(reply.status(), 303 | 400), "{}", body(&reply));
    assert_eq!(site.provider.calls(), 1);
}

#[tokio::test]
async fn a_login_goes_on_wherever_the_browser_leaves() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let mut points = 0;
        for polls in 0..ENOUGH {
            let (mut site, world, state) = started(sessions).await;
            let target = format!("{CALLBACK}?code={CODE}&state={state}");
            let attempt = site.cookies.clone();
            let to_the_end = leave_after(polls, job(&site, "GET", &target)).await;
            settled(&world).await;
            // Never polled, nothing was consumed; polled once, everything is done once.
            let once = usize::from(polls > 0);
            for work in [&world.exchange, &world.long_lived, &world.on_login] {
                assert_eq!((work.begun(), work.done()), (once, once), "{sessions:?} {polls}");
            }
            let kept = if sessions == Sessions::Store { once } else { 0 };
            assert_eq!(world.records.session_count(), kept, "{sessions:?} {polls}");
            assert_eq!(world.store.begun(), world.store.done(), "{sessions:?} {polls}");
            site.cookies = attempt;
            let again = site.get(&target).await;
            let status = if polls == 0 { 303 } else { 400 };
            assert_eq!(again.status(), status, "{sessions:?} {polls}: {}", body(&again));
            is_gone(site, &world);
            if to_the_end {
                points = polls;
                break;
            }
        }
        assert!(points > 6, "the last browser stayed to the end: {points}");
    }
}

#[tokio::test]
async fn a_denial_and_a_failure_are_told_once_wherever_the_browser_leaves() {
    for (query, denied, failed) in [("error=access_denied", 1, 0), ("code=bad", 0, 1)] {
        let mut points = 0;
        for polls in 1..ENOUGH {
            let (site, world, state) = started(Sessions::Store).await;
            let target = format!("{CALLBACK}?{query}&state={state}");
            let to_the_end = leave_after(polls, job(&site, "GET", &target)).await;
            settled(&world).await;
            assert_eq!((world.on_denied.begun(), world.on_denied.done()), (denied, denied));
            assert_eq!((world.on_failure.begun(), world.on_failure.done()), (failed, failed));
            assert_eq!((world.on_login.begun(), world.records.session_count()), (0, 0));
            is_gone(site, &world);
            if to_the_end {
                points = polls;
                break;
            }
        }
        assert!(points > 2, "the last browser stayed to the end: {points}");
    }
}

/// What is not proven belongs to its request alone, and ends with it.
#[tokio::test]
async fn a_start_and_a_refusal_end_with_their_browser() {
    for target in [LOGIN, CALLBACK] {
        let mut points = 0;
        for polls in 0..ENOUGH {
            let (site, world) = site(Sessions::Store);
            // The look at the newest account, when the flow was made.
            settled(&world).await;
            let before = world.store.begun();
            let to_the_end = leave_after(polls, job(&site, "GET", target)).await;
            settled(&world).await;
            assert_eq!((world.exchange.begun(), world.store.begun()), (0, before), "{target}");
            let told = world.before_login.done() + world.on_failure.done();
            assert_eq!(told, usize::from(to_the_end), "{target} {polls}");
            is_gone(site, &world);
            if to_the_end {
                points = polls;
                break;
            }
        }
        assert!(points > 2, "the last browser stayed to the end: {points}");
    }
}

#[tokio::test]
async fn a_read_that_is_left_leaves_the_session_as_it_was() {
    let mut points = 0;
    for polls in 0..ENOUGH {
        let (mut site, world) = site(Sessions::Store);
        site.log_in().await;
        settled(&world).await;
        let before = world.store.done();
        let lines = site.header_lines(&[]);
        let request = site.flow.attach(&support::Lines(&lines));
        let to_the_end = leave_after(polls, request.token()).await;
        drop(request);
        settled(&world).await;
        assert_eq!(world.store.done() - before, usize::from(to_the_end), "{polls}");
        assert!(site.is_logged_in().await, "{polls}");
        assert_eq!(world.records.session_count(), 1, "{polls}");
        is_gone(site, &world);
        if to_the_end {
            points = polls;
            break;
        }
    }
    assert!(points > 2, "the last browser stayed to the end: {points}");
}

/// A user who closes the page right after pressing the button is logged out, and the hook is
/// called.
#[tokio::test]
async fn a_logout_is_whole_or_not_begun_wherever_the_browser_leaves() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let mut points = 0;
        for polls in 0..ENOUGH {
            let (mut site, world) = site(sessions);
            site.log_in().await;
            settled(&world).await;
            let to_the_end = leave_after(polls, job(&site, "POST", LOGOUT)).await;
            settled(&world).await;
            let told = world.on_logout.done();
            assert_eq!(told, usize::from(polls > 0), "{sessions:?} {polls}");
            if sessions == Sessions::Store {
                assert_eq!(world.records.session_count(), 1 - told, "{polls}");
            }
            is_gone(site, &world);
            if to_the_end {
                points = polls;
                break;
            }
        }
        assert!(points > 1, "the last browser stayed to the end: {points}");
    }
}

/// A signed request for the deletion of a user's data.
async fn ask_for_a_deletion(site: &Site) -> Reply {
    const PATH: &str = "/auth/instagram/data-deletion";
    let form =
        [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
    let payload = format!(r#"{{"algorithm":"HMAC-SHA256","issued_at":{START},"user_id":"7"}}"#);
    let signed = FakeInstagram::sign(&payload, CLIENT_SECRET);
    let mut chunk = Some(Ok::<_, ()>(format!("signed_request={signed}").into_bytes()));
    let Begin::Form(form) = site.begin("POST", PATH, &form) else { panic!("a form") };
    form.run(move |_| Poll::Ready(chunk.take())).await
}

async fn code_of_a_deletion(site: &Site) -> String {
    let reply = ask_for_a_deletion(site).await;
    let answer: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
    answer["confirmation_code"].as_str().unwrap().to_owned()
}

fn deleting_site() -> (Site, Arc<World>) {
    let world = Yielding::default();
    let kept = world.clone();
    let site = Site::with(move |builder| {
        let secrets = ["an obviously fake cookie secret for tests"];
        builder.platform_callbacks().store(kept).cookie_secrets(secrets)
    });
    (site, world.0)
}

/// A report that is dropped anywhere holds nothing that the next one would wait for.
#[tokio::test(start_paused = true)]
async fn a_report_that_is_left_keeps_no_other_waiting() {
    let mut points = 0;
    for polls in 0..ENOUGH {
        let (site, world) = deleting_site();
        let code = code_of_a_deletion(&site).await;
        settled(&world).await;
        let report = site.flow.report_deletion(&code, DeletionStatus::Failed);
        let to_the_end = leave_after(polls, report).await;
        let begun = Instant::now();
        let next = site.flow.report_deletion(&code, DeletionStatus::Done).await;
        assert!(next.unwrap(), "{polls}");
        assert_eq!(begun.elapsed(), Duration::ZERO, "{polls}");
        is_gone(site, &world);
        if to_the_end {
            points = polls;
            break;
        }
    }
    assert!(points > 1, "the last caller stayed to the end: {points}");
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_a_store_made_and_did_not_confirm_is_given_back() {
    let (site, world) = deleting_site();
    world.mute(Some("claim"));
    let begun = Instant::now();
    assert_eq!(ask_for_a_deletion(&site).await.status(), 503);
    assert_eq!(begun.elapsed(), Duration::from_secs(20));
    world.mute(None);
    settled(&world).await;
    let begun = Instant::now();
    assert_eq!(ask_for_a_deletion(&site).await.status(), 200);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}
