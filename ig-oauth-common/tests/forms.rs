//! The forms that the provider posts, below HTTP: bodies that are too long, too slow or broken.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::future::Future as _;
use std::task::Poll;
use std::time::Duration;

use ig_oauth_common::adapter::{Begin, Form};
use support::Site;

const PATH: &str = "/auth/instagram/deauthorize";
const TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn form() -> Form {
    let site = Site::with(ig_oauth_common::ConfigBuilder::platform_callbacks);
    match site.begin("POST", PATH, &[TYPE]) {
        Begin::Form(form) => form,
        other => panic!("{other:?}"),
    }
}

/// Chunks as they come, then the end.
async fn status_of(chunks: Vec<Result<Vec<u8>, ()>>) -> u16 {
    let mut chunks = chunks.into_iter();
    form().run(|_| Poll::Ready(chunks.next())).await.status()
}

#[tokio::test]
async fn a_body_is_cut_off_at_16_kib_however_it_comes() {
    let chunk = |bytes: usize| Ok(vec![b'x'; bytes]);
    assert_eq!(status_of(vec![chunk(16 * 1024 + 1)]).await, 413);
    assert_eq!(status_of((0..=16 * 1024).map(|_| chunk(1)).collect()).await, 413);
    // A body that fits is read, and is not a signed request.
    assert_eq!(status_of(vec![chunk(8 * 1024), chunk(100)]).await, 400);
    assert_eq!(status_of(vec![chunk(10), Ok(Vec::new()), chunk(10)]).await, 400);
    // One that never ends is not waited for.
    let reply = form().run(|_| Poll::Ready(Some(Ok::<_, ()>(vec![b'x'; 1024])))).await;
    assert_eq!(reply.status(), 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    assert_eq!(status_of(vec![Ok(b"signed_".to_vec()), Err(())]).await, 400);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_5_seconds() {
    let begun = tokio::time::Instant::now();
    let reply = form().run(|_| Poll::<Option<Result<Vec<u8>, ()>>>::Pending).await;
    assert_eq!((reply.status(), begun.elapsed()), (408, Duration::from_secs(5)));
    let protected = |name| reply.headers().any(|(present, _)| present == name);
    assert!(protected("cache-control") && protected("x-content-type-options"));
}

#[test]
fn without_a_runtime_it_is_an_answer_and_no_panic() {
    let body = b"signed_request=x".to_vec();
    let mut chunks = vec![Ok::<_, ()>(body)].into_iter();
    let mut reply = std::pin::pin!(form().run(move |_| Poll::Ready(chunks.next())));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(reply) = reply.as_mut().poll(&mut cx) else { panic!("it waits") };
    assert_eq!(reply.status(), 400);
}

#[test]
fn the_callbacks_are_mounted_only_when_asked_for() {
    let site = Site::new();
    assert!(site.flow.route(PATH).is_none());
    assert_eq!(site.flow.paths().count(), 3);
    let site = Site::with(|builder| builder.deauthorize_path("/gone"));
    assert!(site.flow.route("/gone").is_some());
    assert_eq!(site.flow.paths().count(), 4);
}
