//! The end of a server while the flow is at work for browsers that have hung up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ig_oauth_common::hooks::{Deauthorization, HookError, Hooks, Logout};
use ig_oauth_common::store::{AccountPage, MemoryStore, Store as _};
use ig_oauth_fake_instagram::Endpoint;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::browser::{Browser, send};
use crate::harness::{App, START, Settings};
use crate::stopping::{Ending, Ends};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// No step of these takes this long. A test that would hang fails instead.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a browser starts without waiting for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    Login,
    Refresh,
    Logout,
    Deauthorization,
}

/// A hook that is held back, and says when it is reached and when it is over.
#[derive(Clone)]
struct Gate {
    reached: Arc<Semaphore>,
    open: Arc<Semaphore>,
    is_over: Arc<AtomicBool>,
}

impl Gate {
    fn new() -> Self {
        let closed = || Arc::new(Semaphore::new(0));
        Self { reached: closed(), open: closed(), is_over: Arc::default() }
    }

    async fn pass(&self) {
        self.reached.add_permits(1);
        self.open.acquire().await.expect("it is never closed").forget();
        self.is_over.store(true, Ordering::SeqCst);
    }
}

impl Hooks for Gate {
    async fn on_logout(&self, _: Logout) {
        self.pass().await
    }

    async fn on_deauthorize(&self, _: Deauthorization) -> Result<(), HookError> {
        self.pass().await;
        Ok(())
    }
}

/// An app that will be stopped, and what its end says.
struct Stopping {
    app: App,
    store: Arc<MemoryStore>,
    gate: Gate,
    served: oneshot::Receiver<()>,
    finished: oneshot::Receiver<bool>,
}

impl Stopping {
    async fn start(adapter: &impl Ends) -> Self {
        let (store, gate) = (Arc::new(MemoryStore::new()), Gate::new());
        let (kept, hooks) = (Arc::clone(&store), gate.clone());
        let settings = Settings::new().configure(move |builder| {
            builder
                .shared_store(kept)
                .cookie_secrets(["an obviously fake cookie secret for tests"])
                .platform_callbacks()
                // Due a day after the login.
                .refresh_ahead(59 * DAY)
                .hooks(hooks)
        });
        let (ending, served, finished) = Ending::new();
        let serve = |config, listener| adapter.serve_to_the_end(config, listener, ending);
        let app = App::start_by(serve, settings).await;
        Self { app, store, gate, served, finished }
    }

    /// Begins it, and hangs up once the flow waits: for the provider, or for a hook.
    async fn begin_and_hang_up(&self, what: Begun) {
        let mut browser = Browser::new();
        if what != Begun::Login {
            self.app.log_in(&mut browser).await;
        }
        let app = &self.app;
        let asking = match what {
            Begun::Login => {
                let callback = app.allowed(&mut browser, "").await;
                tokio::spawn(async move { browser.step(&callback).await })
            }
            Begun::Refresh => {
                app.advance(2 * DAY);
                let page = app.url("/me");
                tokio::spawn(async move { browser.step(&page).await })
            }
            Begun::Logout => {
                let logout = app.url("/auth/instagram/logout");
                tokio::spawn(async move { browser.fetch_json("POST", &logout).await })
            }
            Begun::Deauthorization => {
                let signed = app.provider.signed_request(app.provider.accounts()[0].user_id());
                let address = app.address().to_owned();
                let headers = [
                    ("host".to_owned(), address.clone().into_bytes()),
                    ("content-type".to_owned(), b"application/x-www-form-urlencoded".to_vec()),
                ];
                let body = format!("signed_request={signed}");
                let target = "/auth/instagram/deauthorize";
                tokio::spawn(async move {
                    send(&address, "POST", target, &headers, body.as_bytes()).await
                })
            }
        };
        match what {
            Begun::Login => self.called(Endpoint::CodeExchange).await,
            Begun::Refresh => self.called(Endpoint::Refresh).await,
            Begun::Logout | Begun::Deauthorization => {
                self.gate.reached.acquire().await.expect("it is never closed").forget();
            }
        }
        asking.abort();
        assert!(asking.await.is_err(), "{what:?} is not answered before the browser leaves");
    }

    async fn called(&self, endpoint: Endpoint) {
        while self.app.provider.count(endpoint) == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Whether it has come to its good end.
    async fn is_done(&self, what: Begun) -> bool {
        let client_id = self.app.provider.client_id();
        let accounts = self.store.accounts(AccountPage::new(client_id, 10)).await.unwrap();
        match what {
            Begun::Login => accounts.len() == 1,
            Begun::Refresh => accounts.iter().any(|account| {
                // The first one lives for 60 days from the login on.
                let lived = account.issued_at.unix_seconds() - START;
                lived >= DAY.as_secs()
            }),
            Begun::Logout => self.gate.is_over.load(Ordering::SeqCst),
            Begun::Deauthorization => {
                self.gate.is_over.load(Ordering::SeqCst) && accounts.is_empty()
            }
        }
    }
}

pub async fn what_a_browser_began_and_left_is_finished_when_the_server_stops(adapter: &impl Ends) {
    for what in [Begun::Login, Begun::Refresh, Begun::Logout, Begun::Deauthorization] {
        let mut stopping = Stopping::start(adapter).await;
        let held = match what {
            Begun::Login => Some(stopping.app.provider.hold(Endpoint::CodeExchange)),
            Begun::Refresh => Some(stopping.app.provider.hold(Endpoint::Refresh)),
            Begun::Logout | Begun::Deauthorization => None,
        };
        timeout(PATIENCE, stopping.begin_and_hang_up(what)).await.expect("it is under way");
        stopping.app.stop();
        let served = timeout(PATIENCE, &mut stopping.served).await;
        served.expect("no connection is left").expect("the server says so");
        assert!(stopping.finished.try_recv().is_err(), "{what:?} is still under way");
        assert!(!stopping.is_done(what).await, "{what:?} is held");
        drop(held);
        stopping.gate.open.add_permits(1);
        let finished = timeout(PATIENCE, &mut stopping.finished).await;
        assert_eq!(finished.expect("an end"), Ok(true), "{what:?}");
        assert!(stopping.is_done(what).await, "{what:?} is lost");
    }
}
