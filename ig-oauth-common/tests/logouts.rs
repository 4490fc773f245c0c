//! The end of a session while a hook or the store hangs or panics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ig_oauth_common::hooks::{Failure, HookError, Hooks, Logout, Reply};
use ig_oauth_common::{LongLived, Timestamp, UserId};
use support::issuer::DAY;
use support::yielding::{World, Yielding};
use support::{Lines, Site, body, header};
use tokio::time::Instant;

const LOGOUT: &str = "/auth/instagram/logout";
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hook {
    Accepts,
    OnLogout,
    OnFailure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Hangs,
    Panics,
}

#[derive(Default)]
struct Inner {
    fault: Mutex<Option<(Hook, Fault)>>,
    told: Mutex<Vec<Option<String>>>,
    failures: AtomicUsize,
}

/// Hooks of which one is broken.
#[derive(Clone, Default)]
struct Doorman(Arc<Inner>);

impl Doorman {
    fn breaks(&self, hook: Hook, fault: Fault) {
        *self.0.fault.lock().unwrap() = Some((hook, fault));
    }

    fn told(&self) -> Vec<Option<String>> {
        self.0.told.lock().unwrap().clone()
    }

    async fn pass(&self, hook: Hook) {
        let fault = *self.0.fault.lock().unwrap();
        match fault {
            Some((broken, Fault::Hangs)) if broken == hook => std::future::pending().await,
            Some((broken, Fault::Panics)) if broken == hook => panic!("this hook panics"),
            _ => {}
        }
    }
}

impl Hooks for Doorman {
    async fn accepts(&self, _: &UserId, _: Timestamp) -> Result<bool, HookError> {
        self.pass(Hook::Accepts).await;
        Ok(true)
    }

    async fn on_logout(&self, logout: Logout) {
        self.0.told.lock().unwrap().push(logout.user_id.as_ref().map(ToString::to_string));
        self.pass(Hook::OnLogout).await
    }

    async fn on_failure(&self, _: Failure) -> Option<Reply> {
        self.0.failures.fetch_add(1, Ordering::SeqCst);
        self.pass(Hook::OnFailure).await;
        None
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sessions {
    Cookie,
    Store,
}

async fn logged_in(sessions: Sessions) -> (Site, Doorman, Arc<World>) {
    let (doorman, world) = (Doorman::default(), Yielding::default());
    let (hooks, kept) = (doorman.clone(), world.clone());
    let mut site = Site::with(move |builder| {
        let builder = builder
            .long_lived(LongLived::Require)
            .http_client(kept.client())
            .hooks(hooks)
            .cookie_secrets(["an obviously fake cookie secret for tests"]);
        match sessions {
            Sessions::Cookie => builder,
            Sessions::Store => builder.store(kept),
        }
    });
    site.log_in().await;
    (site, doorman, world.0)
}

#[tokio::test(start_paused = true)]
async fn a_store_or_hook_that_hangs_or_panics_keeps_no_session_alive() {
    for (sessions, fault, is_the_store, wait) in [
        (Sessions::Cookie, Fault::Hangs, false, DEADLINE / 2),
        (Sessions::Store, Fault::Hangs, false, DEADLINE / 2),
        (Sessions::Store, Fault::Hangs, true, DEADLINE / 2),
        (Sessions::Cookie, Fault::Panics, false, Duration::ZERO),
        (Sessions::Store, Fault::Panics, false, Duration::ZERO),
    ] {
        let (mut site, doorman, world) = logged_in(sessions).await;
        // A request that is under way, and would renew the session's cookie.
        site.clock.advance(2 * DAY);
        let lines = site.header_lines(&[]);
        let late = site.flow.attach(&Lines(&lines));
        assert!(late.token().await.unwrap().is_some());
        match is_the_store {
            true => world.mute(Some("session")),
            false => doorman.breaks(Hook::Accepts, fault),
        }
        let begun = Instant::now();
        let reply = site.send("POST", LOGOUT, &[]).await;
        let what = format!("{sessions:?} {fault:?} {is_the_store}");
        assert_eq!((reply.status(), begun.elapsed()), (303, wait), "{what}: {}", body(&reply));
        assert!(site.cookies.is_empty(), "{what}");
        assert_eq!(world.records.session_count(), 0, "{what}");
        assert_eq!(late.finish(&Lines(&support::private())), [], "{what}: nothing brings it back");
        // The user could not be determined.
        assert_eq!(doorman.told(), [None], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_or_panics_after_the_session_ended_is_to_blame_and_not_the_store() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        for (fault, wait) in [(Fault::Hangs, DEADLINE), (Fault::Panics, Duration::ZERO)] {
            let (mut site, doorman, world) = logged_in(sessions).await;
            doorman.breaks(Hook::OnLogout, fault);
            let begun = Instant::now();
            let reply = site.send("POST", LOGOUT, &[]).await;
            assert_eq!((reply.status(), begun.elapsed()), (500, wait), "{}", body(&reply));
            assert!(body(&reply).contains("hook_failed"), "{}", body(&reply));
            assert!(site.cookies.is_empty(), "{:?}", site.cookies);
            assert_eq!(world.records.session_count(), 0, "{sessions:?} {fault:?}");
            assert_eq!(doorman.told(), [Some("1".to_owned())]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_on_the_end_is_told_as_such_and_a_hook_may_hear_of_it() {
    for (failing_hook, status, code, wait) in [
        (None, 503, "store_unavailable", DEADLINE),
        (Some(Hook::OnFailure), 500, "hook_failed", 2 * DEADLINE),
    ] {
        let (mut site, doorman, world) = logged_in(Sessions::Store).await;
        world.mute(Some("end_session"));
        if let Some(hook) = failing_hook {
            doorman.breaks(hook, Fault::Hangs);
        }
        let begun = Instant::now();
        let reply = site.send("POST", LOGOUT, &[]).await;
        assert_eq!((reply.status(), begun.elapsed()), (status, wait), "{}", body(&reply));
        assert!(body(&reply).contains(code), "{}", body(&reply));
        assert_eq!(header(&reply, "cache-control"), Some("no-store"));
        assert!(site.cookies.is_empty(), "{:?}", site.cookies);
        assert_eq!(doorman.0.failures.load(Ordering::SeqCst), 1);
        assert_eq!(doorman.told().len(), 0, "the session may live on in the store");
    }
}
