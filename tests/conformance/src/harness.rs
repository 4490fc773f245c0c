//! An app under test at an address of its own, with a simulated provider beside it.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ig_oauth_common::http::Clock;
use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{Api, Config, ConfigBuilder, Timestamp};
use ig_oauth_fake_instagram::{self as fake, Endpoint, FakeInstagram};
use tokio::sync::oneshot;

use crate::browser::{Browser, Response, send};

/// When every scenario begins, in seconds since 1970.
pub(crate) const START: u64 = 1_800_000_000;

/// A web framework's way to serve the test app.
///
/// The app's routes: `/` (text: `anonymous`, or the user id), `/me` (needs the token; JSON with
/// `user_id`, `scopes`, `expires_at`), `/page/…` (needs the token; text: `page`, path and query as
/// received, user id), `/cookies` (looks at the session and sets the cookies `one` and `two`),
/// `/cached` (looks at the session and says `Cache-Control: public`), `/said` (looks at the session and
/// says `0` in the header that the query names), `/publish` (needs the scope to
/// publish; text: `publishing for` and the user id), `/guarded` (the same by the guard; text:
/// `guarded`), `/notes` (needs the token; a part of a page: HTML, or a stream for Turbo), `/media`
/// (lists captions, or says the kind of the error and the wait), `/option` (takes the token as an
/// `Option`; text: `none`, or the user id), `/maintained` (takes it as a `Result`; text:
/// `under repair`, or the user id), `/debug` (needs the token; all that the app can print of the
/// middleware) and `/plain` (text: `plain`).
///
/// A middleware inside the crate's marks the app's answers with `x-inside`. The outermost middleware
/// marks all answers, including the crate's, with `x-app`.
pub trait Adapter: Sync {
    /// Serves the test app on `listener` until the result is dropped.
    fn serve(&self, config: Config, listener: TcpListener) -> Serving;

    /// The same for clients that speak HTTP/2 with prior knowledge (RFC 9113, section 3.3), if the
    /// server does not detect the version.
    fn serve_http2(&self, config: Config, listener: TcpListener) -> Serving {
        self.serve(config, listener)
    }

    /// Whether `Option<InstagramToken>` keeps a failure. actix's own `Option` makes an anonymous visitor
    /// of every error.
    fn option_keeps_failures(&self) -> bool {
        true
    }
}

/// An adapter whose app is reached over HTTP/2.
#[derive(Debug)]
pub struct OverHttp2<'a, A>(pub &'a A);

impl<A: Adapter> Adapter for OverHttp2<'_, A> {
    fn serve(&self, config: Config, listener: TcpListener) -> Serving {
        self.0.serve_http2(config, listener)
    }

    fn serve_http2(&self, config: Config, listener: TcpListener) -> Serving {
        self.0.serve_http2(config, listener)
    }

    fn option_keeps_failures(&self) -> bool {
        self.0.option_keeps_failures()
    }
}

/// A server on a thread and runtime of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Serving {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Runs `serve`, which must end when its argument says so, on a current-thread runtime.
    pub fn on_its_own_thread<F>(
        serve: impl FnOnce(oneshot::Receiver<()>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()>,
    {
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(serve(stopped));
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }

    /// Signals the server to stop, without waiting.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}

/// A clock that tests move.
#[derive(Clone, Debug)]
pub struct MovableClock(Arc<AtomicU64>);

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// Where sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Sealed in the cookie.
    Cookie,
    /// In a memory store.
    Store,
}

type Change = Box<dyn FnOnce(ConfigBuilder) -> ConfigBuilder>;

/// What a scenario wants of its app.
#[must_use]
pub struct Settings {
    api: Api,
    sessions: Sessions,
    redirect_uri: Option<String>,
    prefix: &'static str,
    change: Change,
}

impl Settings {
    /// Today's API, cookie sessions, and the defaults.
    pub fn new() -> Self {
        Self {
            api: Api::InstagramLogin,
            sessions: Sessions::Cookie,
            redirect_uri: None,
            prefix: "",
            change: Box::new(|builder| builder),
        }
    }

    /// Another API.
    pub fn api(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    /// Another place for sessions.
    pub fn sessions(mut self, sessions: Sessions) -> Self {
        self.sessions = sessions;
        self
    }

    /// Another redirect URI than the app's own address.
    pub fn redirect_uri(mut self, uri: &str) -> Self {
        self.redirect_uri = Some(uri.to_owned());
        self
    }

    /// Puts all of the crate's paths under this prefix.
    pub fn under(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Anything else.
    pub fn configure(
        mut self,
        change: impl FnOnce(ConfigBuilder) -> ConfigBuilder + 'static,
    ) -> Self {
        self.change = Box::new(change);
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// The app at its address, and its provider.
pub struct App {
    /// The provider.
    pub provider: FakeInstagram,
    /// Where the app is, without a slash at the end.
    pub origin: String,
    clock: MovableClock,
    serving: Serving,
}

impl App {
    /// Starts the app and its provider.
    pub async fn start(adapter: &impl Adapter, settings: Settings) -> Self {
        Self::start_by(|config, listener| adapter.serve(config, listener), settings).await
    }

    /// The same with another way to serve.
    pub async fn start_by(
        serve: impl FnOnce(Config, TcpListener) -> Serving,
        settings: Settings,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let paths = format!("{}/auth/instagram", settings.prefix);
        let redirect_uri =
            settings.redirect_uri.unwrap_or_else(|| format!("{origin}{paths}/callback"));
        let api = match settings.api {
            Api::BasicDisplay => fake::Api::BasicDisplay,
            _ => fake::Api::InstagramLogin,
        };
        let provider =
            FakeInstagram::builder().api(api).redirect_uri(&redirect_uri).time(START).start();
        let provider = provider.await.expect("a simulator");
        let clock = MovableClock(Arc::new(AtomicU64::new(START)));
        let mut builder =
            Config::builder(provider.client_id(), provider.client_secret(), redirect_uri)
                .api(settings.api)
                .authorize_url(provider.authorize_url())
                .token_url(provider.token_url())
                .graph_url(provider.graph_url())
                .login_path(format!("{paths}/login"))
                .logout_path(format!("{paths}/logout"))
                .clock(clock.clone());
        if settings.sessions == Sessions::Store {
            builder = builder
                .store(MemoryStore::new())
                .cookie_secrets(["an obviously fake cookie secret for tests"]);
        }
        let config = (settings.change)(builder).build().expect("a configuration that works");
        let serving = serve(config, listener);
        Self { provider, origin, clock, serving }
    }

    /// A URL of the app.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The login route, with a query if given.
    #[must_use]
    pub fn login(&self, query: &str) -> String {
        self.url(&format!("/auth/instagram/login{query}"))
    }

    /// Moves the clocks of app and provider.
    pub fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(by.as_secs(), Ordering::SeqCst);
        self.provider.advance(by);
    }

    /// Codes that were exchanged, or tried.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.provider.count(Endpoint::CodeExchange)
    }

    /// The id of the first account, as the token answer names it.
    #[must_use]
    pub fn user_id(&self) -> String {
        self.provider.accounts()[0].user_id().to_string()
    }

    /// Signals the server to stop, without waiting.
    pub fn stop(&mut self) {
        self.serving.stop();
    }

    /// Starts a login in `browser`, allows it in the window without loading the window, and returns
    /// the URL that the provider redirects to, which has not been visited yet.
    pub async fn allowed(&self, browser: &mut Browser, query: &str) -> String {
        self.decided(browser, query, "allow").await
    }

    /// The same with another decision: `allow` or `cancel`.
    pub async fn decided(&self, browser: &mut Browser, query: &str, decision: &str) -> String {
        let start = browser.step(&self.login(query)).await;
        assert_eq!(start.status, 303, "{}", start.describe());
        let window = format!("{}&fake_decision={decision}", start.location());
        browser.step(&window).await.location().to_owned()
    }

    /// Logs `browser` in.
    pub async fn log_in(&self, browser: &mut Browser) {
        let callback = self.allowed(browser, "").await;
        let landed = browser.step(&callback).await;
        assert_eq!(landed.status, 303, "{}", landed.describe());
    }

    /// Sends these very headers to the app, and no others but `Host` unless it is among them.
    pub async fn raw(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        self.raw_bytes(method, target, &headers).await
    }

    /// The same with any bytes.
    pub async fn raw_bytes(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &[u8])],
    ) -> Response {
        let address = self.address();
        let mut lines = Vec::new();
        if !headers.iter().any(|(name, _)| *name == "host") {
            lines.push(("host".to_owned(), address.as_bytes().to_vec()));
        }
        let given = headers.iter();
        lines.extend(given.map(|(name, value)| ((*name).to_owned(), value.to_vec())));
        send(address, method, target, &lines, b"").await
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> &str {
        self.origin.trim_start_matches("http://")
    }

    /// Sets the app's clock alone, in seconds since 1970.
    pub fn set_app_clock(&self, unix_seconds: u64) {
        self.clock.0.store(unix_seconds, Ordering::SeqCst);
    }
}

/// The value of a query parameter of `url`, decoded.
#[must_use]
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).expect("a URL");
    url.query_pairs().find(|(present, _)| present == name).map(|(_, value)| value.into_owned())
}
