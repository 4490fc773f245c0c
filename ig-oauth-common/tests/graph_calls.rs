//! The number of concurrent graph calls.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ig_oauth_common::ApiErrorKind;
use ig_oauth_common::http::{HttpError, HttpErrorKind, HttpRequest, HttpResponse};
use support::Site;

fn ok(body: &str) -> HttpResponse {
    HttpResponse::new(200, body.as_bytes().to_vec())
}

/// A provider whose graph calls take until all of `callers` had the chance to come.
#[derive(Clone, Default)]
struct Crowd {
    inside: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    fails: Arc<AtomicBool>,
}

impl Crowd {
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.form.is_some() {
            return Ok(ok(r#"{"access_token":"FAKE","user_id":1}"#));
        }
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            return Err(HttpError::new(HttpErrorKind::Unreachable));
        }
        Ok(ok(r#"{"username":"bakery"}"#))
    }
}

#[tokio::test]
async fn as_many_graph_calls_as_the_setting_says_run_at_once_and_the_others_wait() {
    for (setting, most) in [(None, 12), (Some(1), 1), (Some(3), 3)] {
        let crowd = Crowd::default();
        let client = crowd.clone();
        let mut site = Site::with(|builder| {
            let builder = builder.http_client(move |request| client.clone().answer(request));
            match setting {
                Some(calls) => builder.max_concurrent_graph_calls(calls),
                None => builder,
            }
        });
        site.log_in().await;
        let token = site.session(&[]).await.0.unwrap();
        // Of the app's own calls and of profiles alike, and by whatever clone of the token.
        let calls = |count: usize| {
            let mut calls = tokio::task::JoinSet::new();
            for number in 0..count {
                let token = token.clone();
                calls.spawn(async move {
                    match number % 2 {
                        0 => token.profile().await.map(|_| ()),
                        _ => token.get::<serde_json::Value>("me/media", &[]).await.map(|_| ()),
                    }
                });
            }
            calls
        };
        for answer in calls(12).join_all().await {
            answer.unwrap();
        }
        assert_eq!(crowd.most.load(Ordering::SeqCst), most, "{setting:?}");
        // Calls that fail, and calls that are given up, leave their places to others.
        crowd.fails.store(true, Ordering::SeqCst);
        for answer in calls(12).join_all().await {
            assert_eq!(answer.unwrap_err().kind(), ApiErrorKind::Unreachable);
        }
        crowd.fails.store(false, Ordering::SeqCst);
        let mut given_up = calls(12);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        given_up.abort_all();
        while given_up.join_next().await.is_some() {}
        crowd.inside.store(0, Ordering::SeqCst);
        for answer in calls(12).join_all().await {
            answer.unwrap();
        }
        assert_eq!(crowd.most.load(Ordering::SeqCst), most, "{setting:?}");
        // A login's exchange does not count.
        site.log_in().await;
    }
}
