//! Servers that stop: the test app when it is asked to, and examples as service managers and containers
//! stop programs, by SIGTERM.

use std::net::TcpListener;
use std::time::Instant;

use ig_oauth_common::{Config, Flow};
use ig_oauth_fake_instagram::{Endpoint, FakeInstagram};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::browser::Response;
use crate::caller::{Caller, provider_and_example};
use crate::example::Example;
use crate::harness::{Adapter, Serving};
use crate::program::PATIENCE;

/// An adapter whose server can end as one of an app does.
pub trait Ends: Adapter {
    /// Serves the test app until it is signalled to stop. The server then ends gracefully, and the
    /// program with `ending`.
    fn serve_to_the_end(&self, config: Config, listener: TcpListener, ending: Ending) -> Serving;
}

/// The end of a program whose server has ended, seen from a test.
#[derive(Debug)]
pub struct Ending {
    served: oneshot::Sender<()>,
    finished: oneshot::Sender<bool>,
}

impl Ending {
    pub(crate) fn new() -> (Self, oneshot::Receiver<()>, oneshot::Receiver<bool>) {
        let ((served, is_served), (finished, is_finished)) =
            (oneshot::channel(), oneshot::channel());
        (Self { served, finished }, is_served, is_finished)
    }

    /// What a program does when its server has ended.
    pub async fn of(self, flow: &Flow) {
        let _ = self.served.send(());
        let _ = self.finished.send(flow.finished().await);
    }
}

/// SIGTERM comes while a login waits for the provider: nothing new is let in, the login is finished,
/// and the program ends well.
pub async fn sigterm_finishes_the_login_under_way(program: &str) {
    let mut stopping = Stopping::of(program).await;
    let callback = stopping.caller.start(&stopping.provider, "/auth/instagram/login").await;
    let answer = stopping.during(callback).await;
    let opened =
        |cookie: &&str| cookie.starts_with("__Host-ig_session_") && !cookie.contains("Max-Age=0");
    assert!(answer.all("set-cookie").iter().any(opened), "{}", answer.describe());
}

/// The same for an app whose users connect accounts.
pub async fn sigterm_finishes_the_connecting_under_way(program: &str) {
    let mut stopping = Stopping::of(program).await;
    let callback = stopping.caller.start_to_connect(&stopping.provider).await;
    stopping.during(callback).await;
}

/// The browser hangs up before SIGTERM comes: its login is finished without it.
pub async fn sigterm_finishes_the_login_of_a_browser_that_left(program: &str) {
    let mut stopping = Stopping::of(program).await;
    let callback = stopping.caller.start(&stopping.provider, "/auth/instagram/login").await;
    stopping.after_the_browser_left(callback).await;
}

/// The same for an app whose users connect accounts.
pub async fn sigterm_finishes_the_connecting_of_a_browser_that_left(program: &str) {
    let mut stopping = Stopping::of(program).await;
    let callback = stopping.caller.start_to_connect(&stopping.provider).await;
    stopping.after_the_browser_left(callback).await;
}

/// An example that will be stopped.
struct Stopping {
    provider: FakeInstagram,
    example: Example,
    caller: Caller,
}

impl Stopping {
    async fn of(program: &str) -> Self {
        let (provider, example) = provider_and_example(program).await;
        let caller = Caller::new(&example);
        Self { provider, example, caller }
    }

    async fn during(self, callback: String) -> Response {
        let address = self.caller.address.clone();
        let held = self.provider.hold(Endpoint::CodeExchange);
        let login = self.call_back(callback).await;
        self.example.program.terminate();
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(&address).await.is_ok() {
            assert!(Instant::now() < until, "it takes no new connection any more");
            tokio::task::yield_now().await;
        }
        drop(held);
        let answer = login.await.expect("the login is answered");
        assert_eq!(answer.status, 303, "{}", answer.describe());
        assert_eq!(answer.location().trim_end_matches('#'), "/", "{}", answer.describe());
        self.ends_well();
        answer
    }

    async fn after_the_browser_left(self, callback: String) {
        let held = self.provider.hold(Endpoint::CodeExchange);
        let login = self.call_back(callback).await;
        login.abort();
        assert!(login.await.is_err(), "it was not answered");
        self.example.program.terminate();
        self.example.program.wait_for("no connection is left");
        drop(held);
        self.ends_well();
    }

    /// Calls back, and waits until the provider is asked for the token.
    async fn call_back(&self, callback: String) -> JoinHandle<Response> {
        let mut caller = self.caller.clone();
        let login = tokio::spawn(async move { caller.get(&callback).await });
        let until = Instant::now() + PATIENCE;
        while self.provider.count(Endpoint::CodeExchange) == 0 {
            assert!(!login.is_finished() && Instant::now() < until, "the code is exchanged");
            tokio::task::yield_now().await;
        }
        login
    }

    fn ends_well(mut self) {
        let ended = self.example.program.end();
        assert!(ended.success(), "{ended}: {:#?}", self.example.program.printed());
        assert_eq!(self.provider.count(Endpoint::LongLived), 1, "to its end");
    }
}
