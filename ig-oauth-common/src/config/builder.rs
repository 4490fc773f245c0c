//! The builder: one method a setting. [`ConfigBuilder::build`] refuses what cannot work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::{Config, ConfigError, LongLived, check};
use crate::api::Api;
use crate::clock::{Clock, SystemClock};
use crate::flow::{SharedState, Texts};
use crate::hooks::{BoxedHooks, Hooks};
use crate::provider::DEFAULT_WINDOW;
use crate::provider::http::{BoxedHttpClient, HttpClient};
use crate::randomness::{Randomness, SystemRandomness};
use crate::scope::Scopes;
use crate::session::{BoxedStore, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Collects settings for a [`Config`]; see there for the list with all defaults.
#[must_use = "a builder does nothing until `build`"]
pub struct ConfigBuilder {
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) redirect_uri: String,
    pub(super) api: Api,
    pub(super) scopes: Option<Scopes>,
    pub(super) optional_scopes: Scopes,
    pub(super) login_path: String,
    pub(super) logout_path: String,
    pub(super) callback_path: Option<String>,
    pub(super) deauthorize_path: Option<String>,
    pub(super) data_deletion_path: Option<String>,
    pub(super) signed_request_secrets: Vec<SecretString>,
    pub(super) signed_request_window: Duration,
    pub(super) linking: bool,
    pub(super) public_prefix: String,
    pub(super) after_login: String,
    pub(super) after_logout: String,
    pub(super) failure_url: Option<String>,
    pub(super) texts: Vec<Texts>,
    pub(super) site_name: Option<String>,
    pub(super) allowed_return_origins: Vec<String>,
    pub(super) require_post: bool,
    pub(super) no_store: bool,
    pub(super) force_reauth: Option<bool>,
    pub(super) enable_fb_login: Option<bool>,
    pub(super) cookie_secrets: Vec<Vec<u8>>,
    pub(super) earlier_client_secrets: Vec<SecretString>,
    pub(super) mount: Option<String>,
    pub(super) store: Option<Arc<dyn BoxedStore>>,
    pub(super) session_lifetime: Duration,
    pub(super) idle_lifetime: Duration,
    pub(super) end_with_browser: bool,
    pub(super) long_lived: Option<LongLived>,
    pub(super) refresh_ahead: Duration,
    pub(super) refresh_wait: Duration,
    pub(super) fetch_profile: bool,
    pub(super) request_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) callback_deadline: Duration,
    pub(super) exchanges_at_once: usize,
    pub(super) graph_calls_at_once: Option<usize>,
    pub(super) authorize_url: Option<String>,
    pub(super) token_url: Option<String>,
    pub(super) graph_url: Option<String>,
    pub(super) extra_root_pem: Option<Vec<u8>>,
    pub(super) http_client: Option<Arc<dyn BoxedHttpClient>>,
    pub(super) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) randomness: Arc<dyn Randomness>,
}

impl ConfigBuilder {
    pub(super) fn new(client_id: String, client_secret: String, redirect_uri: String) -> Self {
        Self {
            client_id,
            client_secret: client_secret.into(),
            redirect_uri,
            api: Api::default(),
            scopes: None,
            optional_scopes: Scopes::new(),
            login_path: "/auth/instagram/login".to_owned(),
            logout_path: "/auth/instagram/logout".to_owned(),
            callback_path: None,
            deauthorize_path: None,
            data_deletion_path: None,
            signed_request_secrets: Vec::new(),
            signed_request_window: DEFAULT_WINDOW,
            linking: false,
            public_prefix: String::new(),
            after_login: "/".to_owned(),
            after_logout: "/".to_owned(),
            failure_url: None,
            texts: Vec::new(),
            site_name: None,
            allowed_return_origins: Vec::new(),
            require_post: false,
            no_store: true,
            force_reauth: None,
            enable_fb_login: None,
            cookie_secrets: Vec::new(),
            earlier_client_secrets: Vec::new(),
            mount: None,
            store: None,
            session_lifetime: 60 * DAY,
            idle_lifetime: 14 * DAY,
            end_with_browser: false,
            long_lived: None,
            refresh_ahead: 30 * DAY,
            refresh_wait: Duration::from_secs(1),
            fetch_profile: false,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            callback_deadline: Duration::from_secs(20),
            exchanges_at_once: 64,
            graph_calls_at_once: None,
            authorize_url: None,
            token_url: None,
            graph_url: None,
            extra_root_pem: None,
            http_client: None,
            hooks: None,
            clock: Arc::new(SystemClock::new()),
            randomness: Arc::new(SystemRandomness::new()),
        }
    }

    /// Which of the provider's APIs the app is registered for.
    pub fn api(mut self, api: Api) -> Self {
        self.api = api;
        self
    }

    /// The scopes to ask for. All of them must be granted, or the login ends with
    /// `missing_permission` and nothing is kept.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = Some(scopes.into());
        self
    }

    /// Scopes to ask for besides, which the user may leave out. Handlers see which were granted.
    pub fn optional_scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.optional_scopes = scopes.into();
        self
    }

    /// The path that starts a login, as this server sees it.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.login_path = path.into();
        self
    }

    /// The path that ends a session, as this server sees it.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.logout_path = path.into();
        self
    }

    /// The path of the callback as this server sees it, when a proxy rewrites the path of the
    /// redirect URI into another. Behind a proxy that only strips a prefix
    /// [`public_prefix`](Self::public_prefix) is enough.
    pub fn callback_path(mut self, path: impl Into<String>) -> Self {
        self.callback_path = Some(path.into());
        self
    }

    /// Mounts the provider's deauthorize callback there, as this server sees the path: POST, when a
    /// user removes the app. Sessions and tokens of the user go from the store before
    /// [`on_deauthorize`](Hooks::on_deauthorize) is called.
    pub fn deauthorize_path(mut self, path: impl Into<String>) -> Self {
        self.deauthorize_path = Some(path.into());
        self
    }

    /// Mounts the provider's data deletion callback there, as this server sees the path: POST, when
    /// a user wants their data deleted, and GET with a code for the page that says how far that has
    /// come. Sessions and tokens of the user go from the store before
    /// [`on_data_deletion`](Hooks::on_data_deletion) is called.
    pub fn data_deletion_path(mut self, path: impl Into<String>) -> Self {
        self.data_deletion_path = Some(path.into());
        self
    }

    /// Mounts both at `/auth/instagram/deauthorize` and `/auth/instagram/data-deletion`.
    pub fn platform_callbacks(self) -> Self {
        self.deauthorize_path("/auth/instagram/deauthorize")
            .data_deletion_path("/auth/instagram/data-deletion")
    }

    /// App secrets besides the present and earlier ones that the provider may sign its callbacks
    /// with. Meta says "the app secret" and an Instagram app has two: the Meta app's is worth listing
    /// where callbacks end in `invalid_signed_request`.
    pub fn signed_request_secrets<S: Into<String>>(
        mut self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Self {
        self.signed_request_secrets =
            secrets.into_iter().map(|secret| SecretString::from(secret.into())).collect();
        self
    }

    /// How long after its issue a callback of the provider is taken.
    pub fn signed_request_window(mut self, window: Duration) -> Self {
        self.signed_request_window = window;
        self
    }

    /// Connects accounts to the app's own users instead of logging anybody in. There is no session
    /// and no logout of ours then; a login starts only with a [bound](crate::LoginContext::bound_to)
    /// [`LoginContext`](crate::LoginContext), [`on_login`](Hooks::on_login) says whose account it is,
    /// and a [`store`](Self::store), if set, keeps its token for
    /// [`offline_access`](crate::Flow::offline_access).
    pub fn linking(mut self, linking: bool) -> Self {
        self.linking = linking;
        self
    }

    /// What a proxy strips from the path before the request gets here, such as `/shop`. It is put
    /// back once before every path this server knows by itself: its own routes in redirects, pages
    /// and JSON, and the path a login returns to. `after_login`, `after_logout`, `failure_url` and
    /// what hooks name are used as given. No forwarded header is ever trusted instead.
    pub fn public_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.public_prefix = prefix.into();
        self
    }

    /// Where a login ends that was started without `return_to`.
    pub fn after_login(mut self, path: impl Into<String>) -> Self {
        self.after_login = path.into();
        self
    }

    /// Where a logout ends.
    pub fn after_logout(mut self, path: impl Into<String>) -> Self {
        self.after_logout = path.into();
        self
    }

    /// A page of yours that browsers are sent to when a login fails, instead of seeing the crate's: a
    /// path, or a URL whose origin is among the
    /// [`allowed_return_origins`](Self::allowed_return_origins). It gets three parameters, and its own
    /// must have other names:
    ///
    /// - `error`, the [code](crate::ErrorCode);
    /// - `id`, under which the log has the details;
    /// - `options`, signed, for a link `{login_path}?options=…` that starts the same login again.
    ///
    /// Pages of the app that fail, because a store does not answer, are answered in place. When the
    /// page itself needs a login, a visit that carries a code gets a page with that link instead of
    /// another trip to the login.
    pub fn failure_url(mut self, url: impl Into<String>) -> Self {
        self.failure_url = Some(url.into());
        self
    }

    /// The words of the crate's pages and JSON messages in one language. Call it once a language: a
    /// reader gets the one that their `Accept-Language` wants most, and else the first. Without any,
    /// everything is English.
    pub fn texts(mut self, texts: Texts) -> Self {
        self.texts.push(texts);
        self
    }

    /// The name of the site, which stands on the crate's pages: at most 60 characters.
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.site_name = Some(name.into());
        self
    }

    /// Origins besides this host that `return_to` may name, such as `https://app.example`. A page of
    /// one of them on a sibling host of this one may also log its user out, by a post with credentials;
    /// it may not start a login by one.
    pub fn allowed_return_origins<O: Into<String>>(
        mut self,
        origins: impl IntoIterator<Item = O>,
    ) -> Self {
        self.allowed_return_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// A login starts by POST only, and GET shows a page with one button. Then no foreign page can
    /// start a login in a browser by a mere link.
    pub fn require_post(mut self, required: bool) -> Self {
        self.require_post = required;
        self
    }

    /// Whether an answer for which a token was taken, by a handler or the guard, gets `Cache-Control:
    /// no-store` where the app says nothing about caching. On by default: such a page may be about its
    /// user, and neither a proxy's cache nor the back button after a logout may show it to the next.
    /// An answer with a `Cache-Control`, `Expires` or `Pragma` of the app's, or with a header for one
    /// kind of cache, stays as it is in any case.
    pub fn no_store(mut self, on: bool) -> Self {
        self.no_store = on;
        self
    }

    /// Sends `force_reauth`: with `true` users enter their credentials even when logged in at the
    /// provider, and can choose another account.
    pub fn force_reauth(mut self, force: bool) -> Self {
        self.force_reauth = Some(force);
        self
    }

    /// Sends `enable_fb_login`: with `false` the provider hides "Log in with Facebook".
    pub fn enable_fb_login(mut self, enable: bool) -> Self {
        self.enable_fb_login = Some(enable);
        self
    }

    /// The secrets that cookies and stored tokens are signed and sealed with, newest first: the
    /// first one signs and seals, all of them verify and open. Each is taken as its bytes, never
    /// decoded, and has at least 32 random ones.
    pub fn cookie_secrets<S: AsRef<[u8]>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.cookie_secrets = secrets.into_iter().map(|secret| secret.as_ref().to_vec()).collect();
        self
    }

    /// App secrets from before the present one. When keys are derived from the app secret, cookies
    /// of these still verify and open. Not for a secret that leaked: whoever has it can make cookies
    /// that open for as long as it is listed.
    pub fn earlier_client_secrets<S: Into<String>>(
        mut self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Self {
        self.earlier_client_secrets =
            secrets.into_iter().map(|secret| SecretString::from(secret.into())).collect();
        self
    }

    /// The part of the cookie names that tells mounts on one host apart: 1 to 16 letters or digits.
    pub fn mount(mut self, name: impl Into<String>) -> Self {
        self.mount = Some(name.into());
        self
    }

    /// Keeps sessions and tokens in a store instead of a sealed cookie. Needs
    /// [`cookie_secrets`](Self::cookie_secrets).
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// As [`store`](Self::store), with a handle that the app keeps a clone of.
    pub fn shared_store(mut self, store: Arc<impl Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// How long a session lives at most.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session_lifetime = lifetime;
        self
    }

    /// How long a session lives without a request that asks for it.
    pub fn idle_lifetime(mut self, lifetime: Duration) -> Self {
        self.idle_lifetime = lifetime;
        self
    }

    /// Makes the session's cookie one without `Max-Age`: browsers forget it when they are closed. A
    /// browser that restores its windows may keep it, so [`session_lifetime`](Self::session_lifetime)
    /// and [`idle_lifetime`](Self::idle_lifetime) still end the session, as ever.
    pub fn end_with_browser(mut self, end: bool) -> Self {
        self.end_with_browser = end;
        self
    }

    /// Whether the one-hour token is exchanged for a 60-day one, and what happens when that fails.
    pub fn long_lived(mut self, long_lived: LongLived) -> Self {
        self.long_lived = Some(long_lived);
        self
    }

    /// How long before its end a long-lived token is refreshed, when a handler asks for it: at most
    /// 59 days. Zero turns refreshing off. A session ends with its token, so let this be longer than
    /// users stay away: a visit in that time is what keeps it.
    pub fn refresh_ahead(mut self, ahead: Duration) -> Self {
        self.refresh_ahead = ahead;
        self
    }

    /// How long a request waits for a refresh, at most 30 s. Then it goes on with the token there
    /// is, and the new one comes with the session's next request. Zero does not wait.
    pub fn refresh_wait(mut self, wait: Duration) -> Self {
        self.refresh_wait = wait;
        self
    }

    /// Fetches the profile at each login, for [`Login::profile`](crate::Login::profile) and so that
    /// a store knows the account by all of its ids. A profile that cannot be had fails no login.
    pub fn fetch_profile(mut self, fetch: bool) -> Self {
        self.fetch_profile = fetch;
        self
    }

    /// How long one call to the provider may take. For the default HTTP client.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long connecting to the provider may take. For the default HTTP client.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long everything after the callback's checks may take together: the provider's answers,
    /// the hook and the store. After a half of it a login goes on without a
    /// [preferred](crate::LongLived::Prefer) long-lived token, and after three quarters without a
    /// profile. A hook that words the failure, `on_denied` or `on_failure`, has one deadline more.
    ///
    /// As long have:
    ///
    /// - who calls back a second time, waiting for the answer of the first;
    /// - a logout: a half to find out whose it is, and the rest to end it and for `on_logout`;
    /// - the refresh of a token, and a job that waits for one on another runtime, which then waits 5
    ///   seconds more;
    /// - each step of a removal or a deletion: store, hook, and the turn at its status.
    pub fn callback_deadline(mut self, deadline: Duration) -> Self {
        self.callback_deadline = deadline;
        self
    }

    /// How many logins may exchange their code at once, in this process: 64 unless set. A login holds
    /// its place from the moment its state is consumed until it ends, your hook included, so this
    /// bounds what a provider, a store or a hook that hangs can cost. Up to 256 more wait for a place
    /// for a quarter of a second; the rest is asked to reload, with nothing lost. The refresh of a
    /// token takes a place too, or is put off.
    pub fn exchanges_at_once(mut self, places: usize) -> Self {
        self.exchanges_at_once = places;
        self
    }

    /// How many calls with a token (profile, media and whatever your handlers ask for) may be under
    /// way at once, in this process; further ones wait their turn. No bound unless set.
    pub fn graph_calls_at_once(mut self, calls: usize) -> Self {
        self.graph_calls_at_once = Some(calls);
        self
    }

    /// Another authorization window than the provider's: https, or http on loopback.
    pub fn authorize_url(mut self, url: impl Into<String>) -> Self {
        self.authorize_url = Some(url.into());
        self
    }

    /// Another token endpoint than the provider's: https, or http on loopback.
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    /// Another base for the long-lived exchange, the refresh and the profile than the provider's:
    /// https, or http on loopback.
    pub fn graph_url(mut self, url: impl Into<String>) -> Self {
        self.graph_url = Some(url.into());
        self
    }

    /// A root certificate, in PEM, to trust besides the system's: for private gateways. For the
    /// default HTTP client.
    pub fn extra_root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.extra_root_pem = Some(pem.into());
        self
    }

    /// Another HTTP client. Read the rules of [`HttpClient`] first.
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.http_client = Some(Arc::new(client));
        self
    }

    /// The app's own code at the turns of the flow.
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        self.shared_hooks(Arc::new(hooks))
    }

    /// As [`hooks`](Self::hooks), with a handle that the app keeps a clone of.
    pub fn shared_hooks(mut self, hooks: Arc<impl Hooks>) -> Self {
        self.hooks = Some(hooks);
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Another source of randomness, for tests only.
    pub fn randomness(mut self, randomness: impl Randomness) -> Self {
        self.randomness = Arc::new(randomness);
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// When a setting, or two of them together, cannot work. The error names the setting and the
    /// cure; nothing is left for the first request to find out.
    pub fn build(self) -> Result<Config, ConfigError> {
        let settings = check::settings(self)?;
        for warning in &settings.warnings {
            crate::trace::warning(warning);
        }
        let state = SharedState::new(settings.exchanges_at_once);
        Ok(Config { settings: Arc::new(settings), state: Arc::new(state) })
    }
}

impl fmt::Debug for ConfigBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigBuilder")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("api", &self.api)
            .field("secrets", &"[redacted]")
            .finish_non_exhaustive()
    }
}
