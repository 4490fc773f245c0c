//! The second round, tokens that the provider reports as invalid: what ends, and what does not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::harness::{Adapter, Sessions, Settings};
use ig_oauth_common::LongLived;
use ig_oauth_common::hooks::{DeadAccount, Hooks};
use ig_oauth_common::store::{AccountPage, MemoryStore, Store as _};
use ig_oauth_fake_instagram::{Endpoint, Fault};

use crate::security::site::{Site, is_ok, removed, session_cookie};
use crate::security::switched_store::SwitchedStore;

const BOTH: [Sessions; 2] = [Sessions::Cookie, Sessions::Store];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ECHO: &str = r#"{"error":{"message":"(#100) Tried accessing nonexisting field (session has expired) on node type (IGUser)","type":"OAuthException","code":100}}"#;
const SECRET: &str = "an obviously fake cookie secret for tests";

/// Keeps the users whose accounts died.
#[derive(Clone, Default)]
struct Died(Arc<Mutex<Vec<String>>>);

impl Died {
    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Hooks for Died {
    async fn on_dead_account(&self, account: DeadAccount) {
        self.0.lock().unwrap().push(account.user_id.to_string());
    }
}

fn dead() -> Fault {
    let message = "Error validating access token: the session was invalidated";
    let error = format!(r#"{{"message":"{message}","type":"OAuthException","code":190}}"#);
    Fault::json(400, format!(r#"{{"error":{error}}}"#))
}

struct World {
    sessions: Sessions,
    store: Arc<MemoryStore>,
    died: Died,
}

impl World {
    fn new(sessions: Sessions) -> Self {
        Self { sessions, store: Arc::new(MemoryStore::new()), died: Died::default() }
    }

    /// An instance of the app.
    async fn site(&self, adapter: &impl Adapter) -> Site {
        let (store, died, sessions) = (Arc::clone(&self.store), self.died.clone(), self.sessions);
        let settings = Settings::new().configure(move |builder| {
            let builder = builder.cookie_secrets([SECRET]).hooks(died);
            let builder = builder.idle_lifetime(60 * DAY).refresh_wait(Duration::from_secs(10));
            if sessions == Sessions::Store { builder.shared_store(store) } else { builder }
        });
        Site::with(adapter, settings).await
    }
}

/// The user is not logged in, and the cookie is removed.
async fn has_ended(site: &Site, session: &str) {
    let answer = site.get("/me", session).await;
    assert_eq!(answer.status, 401, "{}", answer.describe());
    assert!(removed(&answer).iter().any(|name| name.contains("ig_session")));
}

pub async fn w_20_a_call_that_meets_a_dead_token_ends_its_sessions(adapter: &impl Adapter) {
    for sessions in BOTH {
        let world = World::new(sessions);
        let site = world.site(adapter).await;
        let other = world.site(adapter).await;
        let session = site.log_in().await;
        assert_eq!(site.get("/media", &session).await.status, 200);
        // Any other answer ends nothing.
        for (fault, kind) in [
            (Fault::Throttled { minutes: 5 }, "Throttled"),
            (Fault::json(400, r#"{"error":{"message":"x","type":"y","code":10}}"#), "Permission"),
            // What a visitor wrote, and the provider repeats.
            (Fault::json(400, ECHO), "InvalidRequest"),
            (
                Fault::json(401, r#"{"error":{"message":"The session has expired"}}"#),
                "TokenInvalid",
            ),
            (Fault::html(503), "Unreachable"),
        ] {
            site.app.provider.set_fault(Endpoint::Media, fault);
            assert!(site.get("/media", &session).await.text().contains(kind), "{kind}");
        }
        site.app.provider.clear_faults();
        assert_eq!(site.get("/me", &session).await.status, 200);

        site.app.provider.revoke_tokens();
        let answer = site.get("/media", &session).await;
        assert!(answer.text().contains("TokenInvalid"), "{}", answer.describe());
        assert!(removed(&answer).iter().any(|name| name.contains("ig_session")), "{sessions:?}");
        has_ended(&site, &session).await;
        assert_eq!(site.get("/", &session).await.text(), "anonymous");
        if sessions == Sessions::Store {
            // Another instance learns it from the store, and does not ask the provider.
            let calls = other.app.provider.requests().len();
            has_ended(&other, &session).await;
            assert_eq!(other.app.provider.requests().len(), calls);
            let client_id = site.app.provider.client_id();
            let accounts = world.store.accounts(AccountPage::new(client_id, 10)).await.unwrap();
            assert_eq!(accounts.len(), 1, "the account stays");
        }
        assert_eq!(world.died.names(), [site.app.user_id()], "{sessions:?}: once");

        // A new login makes the user's account live again, and the old session stays ended.
        let fresh = site.log_in().await;
        assert_eq!(site.get("/media", &fresh).await.status, 200, "{sessions:?}");
        assert_eq!(site.get("/me", &session).await.status, 401, "{sessions:?}");
        assert_eq!(world.died.names().len(), 1);
    }
}

pub async fn w_20_the_mark_alone_ends_a_session_that_could_not_be_removed(adapter: &impl Adapter) {
    let store = SwitchedStore::new();
    let with = |store: SwitchedStore| {
        Settings::new().configure(move |builder| builder.cookie_secrets([SECRET]).store(store))
    };
    let site = Site::with(adapter, with(store.clone())).await;
    let other = Site::with(adapter, with(store.clone())).await;
    let session = site.log_in().await;
    assert_eq!(other.get("/me", &session).await.status, 200);
    site.app.provider.revoke_tokens();
    store.fail_the_next_end();
    assert!(site.get("/media", &session).await.text().contains("TokenInvalid"));
    assert!(!store.is_to_fail_an_end(), "the removal was tried, and failed");
    // This instance has not learned of it, and the record still exists: it reads the mark.
    has_ended(&other, &session).await;
    // It removes what the first one could not, so a new login brings nothing back.
    let fresh = site.log_in().await;
    for instance in [&site, &other] {
        assert_eq!(instance.get("/me", &fresh).await.status, 200);
        assert_eq!(instance.get("/me", &session).await.status, 401);
    }
}

pub async fn w_20_a_refresh_that_meets_a_dead_token_ends_its_sessions(adapter: &impl Adapter) {
    for sessions in BOTH {
        for code in [190, 102] {
            let world = World::new(sessions);
            let site = world.site(adapter).await;
            let session = site.log_in().await;
            site.app.advance(40 * DAY);
            let error = format!(r#"{{"error":{{"message":"x","type":"y","code":{code}}}}}"#);
            site.app.provider.set_fault(Endpoint::Refresh, Fault::json(400, error));
            has_ended(&site, &session).await;
            has_ended(&site, &session).await;
            assert_eq!(site.app.provider.count(Endpoint::Refresh), 1, "{sessions:?}");
            assert_eq!(world.died.names(), [site.app.user_id()], "{sessions:?}: once");
            site.app.provider.clear_faults();
            let fresh = site.log_in().await;
            assert_eq!(site.get("/me", &fresh).await.status, 200, "{sessions:?}");
        }
    }
}

pub async fn w_20_a_late_answer_about_an_old_token_ends_nothing_newer(adapter: &impl Adapter) {
    for sessions in BOTH {
        for is_login in [true, false] {
            let world = World::new(sessions);
            let site = world.site(adapter).await;
            let old = site.log_in().await;
            site.app.advance(20 * DAY);
            let old = session_cookie(&site.get("/me", &old).await).unwrap_or(old);
            // A call with the old token is under way …
            site.app.provider.set_fault_times(Endpoint::Media, dead(), 1);
            let held = site.app.provider.hold(Endpoint::Media);
            let (address, cookie) = (site.app.address().to_owned(), old.as_bytes().to_vec());
            let asking = tokio::spawn(async move {
                let headers =
                    [("host".to_owned(), b"app.example".to_vec()), ("cookie".to_owned(), cookie)];
                crate::browser::send(&address, "GET", "/media", &headers, b"").await
            });
            while site.app.provider.count(Endpoint::Media) == 0 {
                tokio::task::yield_now().await;
            }
            // … when the user logs in again, or the token is refreshed.
            let newer = if is_login {
                site.log_in().await
            } else {
                site.app.advance(20 * DAY);
                session_cookie(&site.get("/me", &old).await).unwrap()
            };
            drop(held);
            let late = asking.await.unwrap();
            assert!(late.text().contains("TokenInvalid"), "{}", late.describe());
            for _ in 0..2 {
                let answer = site.get("/me", &newer).await;
                assert_eq!(answer.status, 200, "{sessions:?} {is_login}: {}", answer.describe());
            }
            let of_account = usize::from(sessions == Sessions::Cookie);
            assert_eq!(world.died.names().len(), of_account, "{sessions:?} {is_login}");
        }
    }
}

pub async fn w_20_a_late_answer_about_a_dead_token_spares_the_cookie_of_a_newer_login(
    adapter: &impl Adapter,
) {
    for sessions in BOTH {
        let site = World::new(sessions).site(adapter).await;
        let session = site.log_in().await;
        // A slow page is under way …
        let held = site.app.provider.hold(Endpoint::Media);
        let (address, cookie) = (site.app.address().to_owned(), session.as_bytes().to_vec());
        let asking = tokio::spawn(async move {
            let headers =
                [("host".to_owned(), b"app.example".to_vec()), ("cookie".to_owned(), cookie)];
            crate::browser::send(&address, "GET", "/media", &headers, b"").await
        });
        while site.app.provider.count(Endpoint::Media) == 0 {
            tokio::task::yield_now().await;
        }
        // … when another request learns that the token is dead, and its answer says so. Without its
        // cookie the user logs in.
        site.app.advance(40 * DAY);
        site.app.provider.set_fault_times(Endpoint::Refresh, dead(), 1);
        has_ended(&site, &session).await;
        site.log_in().await;
        drop(held);
        let late = asking.await.unwrap();
        assert!(removed(&late).is_empty(), "{sessions:?}: {}", late.describe());
        // A browser that still sends the old cookie gets the removal again.
        has_ended(&site, &session).await;
    }
}

pub async fn w_20_during_a_login_a_dead_token_is_a_step_that_failed(adapter: &impl Adapter) {
    for sessions in BOTH {
        let died = Died::default();
        let hooks = died.clone();
        let settings = Settings::new().sessions(sessions).configure(move |builder| {
            builder.fetch_profile(true).long_lived(LongLived::Prefer).hooks(hooks)
        });
        let site = Site::with(adapter, settings).await;
        site.app.provider.set_fault(Endpoint::Me, dead());
        site.app.provider.set_fault(Endpoint::LongLived, dead());
        let attempt = site.start("").await;
        let landed = site.finish(&attempt).await;
        is_ok(&landed);
        let session = session_cookie(&landed).unwrap();
        assert_eq!(site.get("/me", &session).await.status, 200, "{sessions:?}");
        assert!(died.names().is_empty());
    }
}
