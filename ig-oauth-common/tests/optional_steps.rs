//! The steps of a login that may fail without failing it: the long-lived token and the profile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ig_oauth_common::hooks::{HookError, Hooks, Login, LoginDecision};
use ig_oauth_common::http::{Clock, HttpClient, HttpRequest, HttpResponse};
use ig_oauth_common::{Lifetime, LongLived, Scope, Scopes, Timestamp};
use support::{Site, body};
use tokio::time::Instant;

/// Takes a while, as one that asks a database does.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Option<bool>>>);

impl Hooks for Slow {
    async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
        *self.0.lock().unwrap() = Some(login.profile.is_some());
        tokio::time::sleep(Duration::from_secs(4)).await;
        Ok(LoginDecision::accept())
    }
}

/// The response for a URL. `None` means that there is never a response.
type Answer = fn(&str) -> Option<String>;

/// A provider that takes eight seconds for the code, nearly as long as a call may, and one for
/// anything else.
fn provider(answer: Answer) -> impl HttpClient {
    move |request: HttpRequest| async move {
        let body = if request.form.is_some() {
            tokio::time::sleep(Duration::from_secs(8)).await;
            r#"{"access_token":"FAKE-SHORT","user_id":7,
                    "permissions":"instagram_business_basic,instagram_business_manage_comments"}"#
                .to_owned()
        } else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            match answer(&request.url) {
                Some(body) => body,
                None => std::future::pending().await,
            }
        };
        Ok(HttpResponse::new(200, body.into_bytes()))
    }
}

const LONG: &str = r#"{"access_token":"FAKE-LONG","expires_in":5183944}"#;

/// The clock of the runtime is virtual, so this takes no time.
#[tokio::test(start_paused = true)]
async fn a_graph_host_that_hangs_fails_no_login() {
    let cases: [(&str, Answer, Lifetime, bool); 3] = [
        ("all of it", |_| None, Lifetime::ShortLived, false),
        (
            "the long-lived exchange",
            |url| url.contains("/me?").then(|| r#"{"id":"7","username":"bakery"}"#.to_owned()),
            Lifetime::ShortLived,
            true,
        ),
        (
            "the profile",
            |url| url.contains("/access_token?").then(|| LONG.to_owned()),
            Lifetime::LongLived,
            false,
        ),
    ];
    for (what, answer, lifetime, has_profile) in cases {
        let hooks = Slow::default();
        let mut site = Site::with(|builder| {
            builder
                .long_lived(LongLived::Prefer)
                .fetch_profile(true)
                .hooks(hooks.clone())
                .http_client(provider(answer))
        });
        let state = site.start("").await;
        let begun = Instant::now();
        let reply = site.call_back(&state).await;
        assert_eq!(reply.status(), 303, "{what}: {}", body(&reply));
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {:?}", begun.elapsed());
        assert_eq!(*hooks.0.lock().unwrap(), Some(has_profile), "{what}");
        let token = site.session(&[]).await.0.unwrap();
        assert_eq!(token.lifetime(), lifetime, "{what}");
    }
}

/// Where the long-lived token is required, there is no login without it.
#[tokio::test(start_paused = true)]
async fn a_required_long_lived_token_is_waited_for() {
    let mut site = Site::with(|builder| {
        builder.long_lived(LongLived::Require).http_client(provider(|_| None))
    });
    let state = site.start("").await;
    let reply = site.call_back(&state).await;
    assert_eq!(reply.status(), 503, "{}", body(&reply));
    assert!(!site.is_logged_in().await);
}

#[tokio::test(start_paused = true)]
async fn a_long_lived_token_is_of_the_same_user_and_has_no_scope_more() {
    let other: Answer =
        |_| Some(r#"{"access_token":"FAKE-LONG","expires_in":5183944,"user_id":"8"}"#.to_owned());
    let mut site =
        Site::with(|builder| builder.long_lived(LongLived::Prefer).http_client(provider(other)));
    site.log_in().await;
    let token = site.session(&[]).await.0.unwrap();
    assert_eq!(token.access_token().expose_secret(), "FAKE-SHORT", "nobody else's token");
    assert_eq!(token.user_id().to_u64(), Some(7));
    let mut site =
        Site::with(|builder| builder.long_lived(LongLived::Require).http_client(provider(other)));
    let state = site.start("").await;
    assert_eq!(site.call_back(&state).await.status(), 503);

    let narrowed: Answer = |_| {
        Some(
            r#"{"access_token":"FAKE-LONG","expires_in":5183944,"user_id":7,"permissions":
                ["instagram_business_basic","instagram_business_manage_messages"]}"#
                .to_owned(),
        )
    };
    let mut site =
        Site::with(|builder| builder.long_lived(LongLived::Prefer).http_client(provider(narrowed)));
    site.log_in().await;
    let token = site.session(&[]).await.0.unwrap();
    assert_eq!(token.lifetime(), Lifetime::LongLived);
    assert_eq!(token.scopes(), &Scopes::from([Scope::InstagramBusinessBasic]));

    // Fewer than required are fewer than required, whichever answer says so.
    let mut site = Site::with(|builder| {
        builder
            .long_lived(LongLived::Prefer)
            .scopes([Scope::InstagramBusinessBasic, Scope::InstagramBusinessManageComments])
            .http_client(provider(narrowed))
    });
    let state = site.start("").await;
    assert_eq!(site.call_back(&state).await.status(), 403);
    assert!(!site.is_logged_in().await);
}

/// A clock that goes on by a minute with each call to the provider.
#[derive(Clone)]
struct Passing(Arc<AtomicU64>);

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// Counted from the answer, the token would end a minute later here than at the provider.
#[tokio::test]
async fn a_life_is_counted_from_before_the_call_and_a_later_report_of_scopes_counts() {
    for (long_lived, life, reported) in
        [(LongLived::Off, 3_600, false), (LongLived::Require, 5_183_944, true)]
    {
        let clock = Passing(Arc::new(AtomicU64::new(support::START)));
        let passing = clock.clone();
        let mut site = Site::with(|builder| {
            builder.long_lived(long_lived).clock(clock.clone()).http_client(
                move |request: HttpRequest| {
                    passing.0.fetch_add(60, Ordering::SeqCst);
                    let body = match request.form {
                        Some(_) => r#"{"access_token":"FAKE-SHORT","user_id":7}"#,
                        None => {
                            r#"{"access_token":"FAKE-LONG","expires_in":5183944,
                                "permissions":["instagram_business_basic"]}"#
                        }
                    };
                    async move { Ok(HttpResponse::new(200, body.as_bytes().to_vec())) }
                },
            )
        });
        site.log_in().await;
        let token = site.session(&[]).await.0.unwrap();
        let asked_at = clock.now().unix_seconds() - 60;
        assert_eq!(token.issued_at().unix_seconds(), asked_at, "{long_lived:?}");
        assert_eq!(token.expires_at().unix_seconds(), asked_at + life, "{long_lived:?}");
        assert_eq!(token.scopes_reported(), reported, "{long_lived:?}");
    }
}
