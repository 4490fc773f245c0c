//! Configures a simulator, and the handle to a running one.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::account::{self, Account};
use crate::api::{Api, TokenShape};
use crate::authorize::split_scopes;
use crate::fault::{Endpoint, Fault, Held};
use crate::ledger::Ledger;
use crate::platform::{self, PlatformAnswer, PlatformCallback};
use crate::record::{Observer, RecordedRequest};
use crate::server::{self, Shared};

/// The default client id: the one of Meta's samples.
const CLIENT_ID: &str = "990602627938098";

/// The default client secret.
const CLIENT_SECRET: &str = "FAKE-app-secret-for-the-simulator-only";

/// The settings of a simulator that is not running yet.
#[derive(Debug)]
#[must_use = "a builder does nothing until `start`"]
pub struct FakeInstagramBuilder {
    ledger: Ledger,
    accounts: Vec<Account>,
    address: SocketAddr,
}

impl FakeInstagramBuilder {
    fn new() -> Self {
        Self {
            ledger: Ledger::new(CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned(), Vec::new()),
            accounts: Vec::new(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    /// Which API is simulated.
    pub fn api(mut self, api: Api) -> Self {
        self.ledger.api = api;
        self
    }

    /// The app's id.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.ledger.client_id = id.into();
        self
    }

    /// The app's secret. Use an obviously fake one.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.ledger.client_secret = secret.into();
        self
    }

    /// Adds a redirect URI. It must match exactly.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.ledger.redirect_uris.push(uri.into());
        self
    }

    /// Accepts every plain-http redirect URI on loopback without user and password, for apps whose
    /// port is not known yet.
    pub fn any_loopback_redirect_uri(mut self) -> Self {
        self.ledger.any_loopback = true;
        self
    }

    /// Adds an account. Default: two accounts.
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// The format of successful code exchanges.
    pub fn token_shape(mut self, shape: TokenShape) -> Self {
        self.ledger.shape = shape;
        self
    }

    /// The cancel redirect carries no `state`, as in the sample of Meta's guide.
    pub fn cancel_without_state(mut self, without: bool) -> Self {
        self.ledger.cancel_without_state = without;
        self
    }

    /// The app's URL for deauthorize callbacks. Plain http.
    pub fn deauthorize_url(mut self, url: impl Into<String>) -> Self {
        self.ledger.deauthorize_url = Some(url.into());
        self
    }

    /// The app's URL for data deletion callbacks. Plain http.
    pub fn data_deletion_url(mut self, url: impl Into<String>) -> Self {
        self.ledger.data_deletion_url = Some(url.into());
        self
    }

    /// Whether signed requests contain professional account ids instead of the ids of token
    /// responses. Meta does not document which of them it sends.
    pub fn tells_professional_ids(mut self, tells: bool) -> Self {
        self.ledger.tells_professional_ids = tells;
        self
    }

    /// Freezes the clock, in seconds since 1970. Only [`advance`](FakeInstagram::advance) moves it.
    pub fn time(mut self, unix_seconds: u64) -> Self {
        self.ledger.set_time(unix_seconds);
        self
    }

    /// The address to listen on. Default: any free port of 127.0.0.1.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Called with every received request before it is answered: for logs.
    pub fn on_request(
        mut self,
        observer: impl Fn(&RecordedRequest) + Send + Sync + 'static,
    ) -> Self {
        self.ledger.observer = Some(Observer(Arc::new(observer)));
        self
    }

    /// Starts the simulator.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    #[allow(clippy::unused_async, reason = "so that a later start may wait")]
    pub async fn start(self) -> io::Result<FakeInstagram> {
        self.start_blocking()
    }

    /// Starts the simulator from code that is not async.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub fn start_blocking(mut self) -> io::Result<FakeInstagram> {
        self.ledger.accounts =
            if self.accounts.is_empty() { account::defaults() } else { self.accounts };
        let (client_id, client_secret) =
            (self.ledger.client_id.clone(), self.ledger.client_secret.clone());
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Shared::new(self.ledger);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = shared.clone();
        // On its own thread and runtime: the simulator still answers when a test blocks or drops
        // its runtime.
        let thread = thread::Builder::new().name("fake-instagram".to_owned()).spawn(move || {
            let _ = runtime.block_on(server::serve(listener, served, stopped));
        })?;
        Ok(FakeInstagram {
            address,
            client_id,
            client_secret,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// A running simulator. Dropping it stops it.
pub struct FakeInstagram {
    address: SocketAddr,
    client_id: String,
    client_secret: String,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeInstagram {
    /// Configures a simulator.
    pub fn builder() -> FakeInstagramBuilder {
        FakeInstagramBuilder::new()
    }

    /// The URL of the authorization window, on the host name `localhost`: a site that differs from
    /// that of an app on 127.0.0.1, as with the real provider.
    #[must_use]
    pub fn authorize_url(&self) -> String {
        format!("http://localhost:{}/oauth/authorize", self.address.port())
    }

    /// The token endpoint.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("http://{}/oauth/access_token", self.address)
    }

    /// The base URL of the long-lived exchange, the refresh and the profile.
    #[must_use]
    pub fn graph_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The app's id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The app's secret.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// Which API is simulated.
    #[must_use]
    pub fn api(&self) -> Api {
        self.shared.ledger().api
    }

    /// The accounts that can log in.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        self.shared.ledger().accounts.clone()
    }

    /// Moves the clock forward, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.shared.ledger().advance(by);
    }

    /// Freezes the clock at that many seconds since 1970.
    pub fn set_time(&self, unix_seconds: u64) {
        self.shared.ledger().set_time(unix_seconds);
    }

    /// Sets the format of code exchanges from now on.
    pub fn set_token_shape(&self, shape: TokenShape) {
        self.shared.ledger().shape = shape;
    }

    /// Sets whether cancel redirects omit the `state` from now on.
    pub fn set_cancel_without_state(&self, without: bool) {
        self.shared.ledger().cancel_without_state = without;
    }

    /// Sets whether the `#_` of successful redirects is escaped as `%23_` from now on: a server
    /// sees it when a proxy treats the complete address as a query.
    pub fn set_escapes_fragment(&self, escapes: bool) {
        self.shared.ledger().escapes_fragment = escapes;
    }

    /// Sets parameters that "Allow" returns instead of a code, together with the `state`, from now
    /// on: the errors of a login that fails at the provider, such as `error=server_error`. `None`
    /// returns codes again.
    pub fn set_window_answer(&self, parameters: Option<&[(&str, &str)]>) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters = parameters.map(|pairs| pairs.iter().map(owned).collect());
        self.shared.ledger().window_answer = parameters;
    }

    /// Sets whether refreshes return the same token with a new lifetime, from now on. Meta's page
    /// does not say whether the token changes.
    pub fn set_refresh_keeps_token(&self, keeps: bool) {
        self.shared.ledger().refresh_keeps_string = keeps;
    }

    /// Adds a redirect URI.
    pub fn register_redirect_uri(&self, uri: &str) {
        self.shared.ledger().redirect_uris.push(uri.to_owned());
    }

    /// Makes an endpoint fail until the faults are cleared.
    pub fn set_fault(&self, endpoint: Endpoint, fault: Fault) {
        self.shared.ledger().faults.set(endpoint, fault, None);
    }

    /// Makes an endpoint fail for its next `times` calls.
    pub fn set_fault_times(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.shared.ledger().faults.set(endpoint, fault, Some(times));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.ledger().faults.clear();
    }

    /// Holds back all responses of an endpoint, including faults, until the result is dropped.
    /// Calls are recorded when they arrive, so that a test can wait for one and act meanwhile.
    pub fn hold(&self, endpoint: Endpoint) -> Held {
        self.shared.ledger().faults.hold(endpoint)
    }

    /// A new code for the first account, as if its user had allowed these scopes (separated by
    /// commas) in the window.
    #[must_use]
    pub fn issue_code(&self, redirect_uri: &str, scopes: &str) -> String {
        let mut ledger = self.shared.ledger();
        let account = ledger.accounts.first().map_or(0, Account::user_id);
        ledger.issue_code(account, redirect_uri, split_scopes(scopes))
    }

    /// The same for that account.
    #[must_use]
    pub fn issue_code_for(&self, user_id: u64, redirect_uri: &str, scopes: &str) -> String {
        self.shared.ledger().issue_code(user_id, redirect_uri, split_scopes(scopes))
    }

    /// Changes the user name of an account.
    pub fn rename(&self, user_id: u64, username: &str) {
        let mut ledger = self.shared.ledger();
        let account = ledger.accounts.iter_mut().find(|account| account.user_id == user_id);
        if let Some(account) = account {
            username.clone_into(&mut account.username);
        }
    }

    /// Revokes every token issued so far, as a change of password does: code 190, subcode 460.
    pub fn revoke_tokens(&self) {
        self.shared.ledger().revoke_tokens();
    }

    /// Revokes the tokens of one account, as when its user removes the app: code 190, subcode 458.
    pub fn revoke_account(&self, user_id: u64) {
        self.shared.ledger().revoke_account(user_id);
    }

    /// A user removes the app: the user's tokens are revoked, and the app's deauthorize URL is
    /// called. `None` when there is no URL or no server answers.
    pub async fn remove_app(&self, user_id: u64) -> Option<PlatformAnswer> {
        platform::tell(&self.shared, PlatformCallback::Deauthorize, user_id).await
    }

    /// A user asks for data deletion: the user's tokens are revoked, and the app's data deletion
    /// URL is called. `None` when there is no URL or no server answers.
    pub async fn delete_data(&self, user_id: u64) -> Option<PlatformAnswer> {
        platform::tell(&self.shared, PlatformCallback::DataDeletion, user_id).await
    }

    /// The signed request that the app would receive for this user now.
    #[must_use]
    pub fn signed_request(&self, user_id: u64) -> String {
        platform::signed_request(&self.shared.ledger(), user_id).unwrap_or_default()
    }

    /// Signs any payload with that secret, as the provider does.
    #[must_use]
    pub fn sign(payload: &str, secret: &str) -> String {
        platform::sign(payload, secret).unwrap_or_default()
    }

    /// All received requests, oldest first, at most the newest 100,000.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.ledger().records.iter().cloned().collect()
    }

    /// How many requests an endpoint received.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> usize {
        let ledger = self.shared.ledger();
        ledger.records.iter().filter(|request| request.endpoint == endpoint).count()
    }

    /// All issued access tokens, for searching outputs.
    #[must_use]
    pub fn issued_tokens(&self) -> Vec<String> {
        self.shared.ledger().issued_tokens()
    }

    /// All issued codes, for searching outputs.
    #[must_use]
    pub fn issued_codes(&self) -> Vec<String> {
        self.shared.ledger().issued_codes()
    }
}

impl Drop for FakeInstagram {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for FakeInstagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeInstagram").field("address", &self.address).finish_non_exhaustive()
    }
}
