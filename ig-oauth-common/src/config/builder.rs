//! The builder: a setting a row. [`ConfigBuilder::build`](ConfigBuilder) refuses what cannot work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::api::{Api, Scopes};
use crate::clock::{Clock, SystemClock};
use crate::flow::{LongLived, Mode, Steps, Texts};
use crate::hooks::{BoxedHooks, Hooks};
use crate::http::{BoxedHttpClient, HttpClient};
use crate::provider::DEFAULT_WINDOW;
use crate::randomness::{Randomness, SystemRandomness};
use crate::store::{BoxedStore, Store};

/// A checked configuration, cheap to clone: all clones share states and bounds, so give each worker of a
/// server a clone. `Debug` shows no secret.
///
/// ```
/// use ig_oauth_common::{Config, Scope};
///
/// let config = Config::builder(
///     "990602627938098",
///     "obviously-fake-app-secret-0123456789",
///     "https://app.example/auth/instagram/callback",
/// )
/// .scopes([Scope::InstagramBusinessBasic, Scope::InstagramBusinessManageComments])
/// .after_login("/dashboard")
/// .build()?;
/// # Ok::<(), ig_oauth_common::ConfigError>(())
/// ```
///
/// # Settings
///
/// | setting | default | why |
/// |---|---|---|
/// | [`api`](crate::ConfigBuilder::api) | `InstagramLogin` | what the provider serves today |
/// | [`scopes`](crate::ConfigBuilder::scopes) | the one scope the API requires | ask for no more than you use |
/// | [`optional_scopes`](crate::ConfigBuilder::optional_scopes) | none | |
/// | [`login_path`](crate::ConfigBuilder::login_path) | `/auth/instagram/login` | |
/// | [`logout_path`](crate::ConfigBuilder::logout_path) | `/auth/instagram/logout` | |
/// | [`deauthorize_path`](crate::ConfigBuilder::deauthorize_path), [`data_deletion_path`](crate::ConfigBuilder::data_deletion_path) | not mounted; `/auth/instagram/deauthorize` and `/auth/instagram/data-deletion` by [`platform_callbacks`](crate::ConfigBuilder::platform_callbacks) | mounted only when asked for |
/// | [`signed_request_secrets`](crate::ConfigBuilder::signed_request_secrets) | the app secret and earlier ones | |
/// | [`signed_request_window`](crate::ConfigBuilder::signed_request_window) | 1 hour | the format has no number used once |
/// | [`linking`](crate::ConfigBuilder::linking) | off | accounts are for logging in |
/// | [`callback_path`](crate::ConfigBuilder::callback_path) | the path of the redirect URI | differs only behind a proxy that rewrites paths |
/// | [`public_prefix`](crate::ConfigBuilder::public_prefix) | none | for a proxy that strips a prefix |
/// | [`after_login`](crate::ConfigBuilder::after_login), [`after_logout`](crate::ConfigBuilder::after_logout) | `/` | |
/// | [`failure_url`](crate::ConfigBuilder::failure_url) | none: our own page | a page needs no work of yours |
/// | [`texts`](crate::ConfigBuilder::texts) | English | |
/// | [`site_name`](crate::ConfigBuilder::site_name) | none | on the crate's pages |
/// | [`allowed_return_origins`](crate::ConfigBuilder::allowed_return_origins) | none | the safe choice |
/// | [`require_post`](crate::ConfigBuilder::require_post) | off | a plain link starts a login |
/// | [`no_store`](crate::ConfigBuilder::no_store) | on | a page about one user is not shown to the next |
/// | [`force_reauth`](crate::ConfigBuilder::force_reauth), [`enable_fb_login`](crate::ConfigBuilder::enable_fb_login) | not sent | the provider's default |
/// | [`cookie_secrets`](crate::ConfigBuilder::cookie_secrets) | derived from the app secret | zero set-up, same on every instance |
/// | [`earlier_client_secrets`](crate::ConfigBuilder::earlier_client_secrets) | none | |
/// | [`mount`](crate::ConfigBuilder::mount) | derived from client id and redirect URI | two mounts on one host keep apart |
/// | [`store`](crate::ConfigBuilder::store), [`shared_store`](crate::ConfigBuilder::shared_store) | none: sessions live in a sealed cookie | needs no database |
/// | [`session_lifetime`](crate::ConfigBuilder::session_lifetime) | 60 days | the life of a long-lived token |
/// | [`idle_lifetime`](crate::ConfigBuilder::idle_lifetime) | 14 days | a forgotten browser logs itself out |
/// | [`end_with_browser`](crate::ConfigBuilder::end_with_browser) | off | most users want to stay logged in |
/// | [`long_lived`](crate::ConfigBuilder::long_lived) | `Prefer` under `InstagramLogin`, `Off` under `BasicDisplay` | an hour serves a demo; the Basic Display guide ends at the short token |
/// | [`refresh_ahead`](crate::ConfigBuilder::refresh_ahead) | 30 days | half of a long-lived token's life: a monthly visit keeps it alive |
/// | [`refresh_wait`](crate::ConfigBuilder::refresh_wait) | 1 s | a slow provider must not slow your pages |
/// | [`fetch_profile`](crate::ConfigBuilder::fetch_profile) | off | one call less at each login |
/// | [`request_timeout`](crate::ConfigBuilder::request_timeout) | 10 s | |
/// | [`connect_timeout`](crate::ConfigBuilder::connect_timeout) | 5 s | |
/// | [`exchanges_at_once`](crate::ConfigBuilder::exchanges_at_once) | 64 | a provider that hangs must not take memory and sockets without bound |
/// | [`graph_calls_at_once`](crate::ConfigBuilder::graph_calls_at_once) | no bound | how many calls your handlers make is your own affair |
/// | [`callback_deadline`](crate::ConfigBuilder::callback_deadline) | 20 s | two provider calls and your hook |
/// | [`authorize_url`](crate::ConfigBuilder::authorize_url), [`token_url`](crate::ConfigBuilder::token_url), [`graph_url`](crate::ConfigBuilder::graph_url) | the provider's, by [`Api`] | gateways and simulators |
/// | [`extra_root_pem`](crate::ConfigBuilder::extra_root_pem) | none | private gateways |
/// | [`http_client`](crate::ConfigBuilder::http_client) | `reqwest` | |
/// | [`hooks`](crate::ConfigBuilder::hooks), [`shared_hooks`](crate::ConfigBuilder::shared_hooks) | none | |
/// | [`clock`](crate::ConfigBuilder::clock), [`randomness`](crate::ConfigBuilder::randomness) | the system's | for tests |
#[derive(Clone)]
pub struct Config {
    /// What all clones share: the rooms, with what they remember.
    pub(super) steps: Arc<Steps>,
    pub(super) warnings: Arc<[String]>,
}

impl Config {
    /// What works but deserves a second look, such as plain http on loopback: a sentence each. They are
    /// also logged when the configuration is built, with the `tracing` feature, which is on by default.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The API the app is registered for.
    #[must_use]
    pub fn api(&self) -> Api {
        self.steps.links.api
    }

    /// The redirect URI, as given.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.steps.addresses.redirect_uri.text
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = &self.steps.answers.requests;
        let is_stored = self.steps.sessions.accounts().is_some();
        f.debug_struct("Config")
            .field("api", &self.api())
            .field("client_id", &requests.client_id)
            .field("redirect_uri", &self.redirect_uri())
            .field("required_scopes", &requests.required_scopes)
            .field("optional_scopes", &requests.optional_scopes)
            .field("sessions", &if is_stored { "store" } else { "cookie" })
            .field("secrets", &"[redacted]")
            .finish_non_exhaustive()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A setting is a row: its name, what an app gives, what is kept, the default, and how the one becomes
/// the other.
macro_rules! settings {
    ($($(#[$about:meta])* $name:ident($given:ident: $type:ty) -> $kept:ty = $default:expr, $value:expr;)*) => {
        /// Settings on their way to a [`Config`]. `Debug` shows no secret.
        #[must_use = "a builder does nothing until `build`"]
        pub struct ConfigBuilder {
            pub(super) client_id: String,
            pub(super) client_secret: SecretString,
            pub(super) redirect_uri: String,
            pub(super) allowed_return_origins: Vec<String>,
            pub(super) cookie_secrets: Vec<Vec<u8>>,
            pub(super) earlier_client_secrets: Vec<SecretString>,
            pub(super) signed_request_secrets: Vec<SecretString>,
            pub(super) texts: Vec<Texts>,
            pub(super) store: Option<Arc<dyn BoxedStore>>,
            pub(super) hooks: Option<Arc<dyn BoxedHooks>>,
            $(pub(super) $name: $kept,)*
        }

        impl ConfigBuilder {
            fn new(client_id: String, client_secret: String, redirect_uri: String) -> Self {
                Self {
                    client_id,
                    client_secret: client_secret.into(),
                    redirect_uri,
                    allowed_return_origins: Vec::new(),
                    cookie_secrets: Vec::new(),
                    earlier_client_secrets: Vec::new(),
                    signed_request_secrets: Vec::new(),
                    texts: Vec::new(),
                    store: None,
                    hooks: None,
                    $($name: $default,)*
                }
            }

            $($(#[$about])* pub fn $name(mut self, $given: $type) -> Self {
                self.$name = $value;
                self
            })*
        }
    };
}

settings! {
    /// Which of the provider's APIs the app is registered for.
    api(api: Api) -> Api = Api::default(), api;

    /// The scopes to ask for. All of them must be granted, or the login ends with
    /// `missing_permission` and nothing is kept.
    scopes(scopes: impl Into<Scopes>) -> Option<Scopes> = None, Some(scopes.into());

    /// Scopes to ask for besides, which the user may leave out. Handlers see which were granted.
    optional_scopes(scopes: impl Into<Scopes>) -> Scopes = Scopes::new(), scopes.into();

    /// The path that starts a login, as this server sees it.
    login_path(path: impl Into<String>) -> String = "/auth/instagram/login".to_owned(), path.into();

    /// The path that ends a session, as this server sees it.
    logout_path(path: impl Into<String>) -> String = "/auth/instagram/logout".to_owned(), path.into();

    /// The path of the callback as this server sees it, when a proxy rewrites the path of the
    /// redirect URI into another. Behind a proxy that only strips a prefix
    /// [`public_prefix`](Self::public_prefix) is enough.
    callback_path(path: impl Into<String>) -> Option<String> = None, Some(path.into());

    /// Mounts the provider's deauthorize callback there, as this server sees the path: POST, when a
    /// user removes the app. Sessions and tokens of the user go from the store before
    /// [`on_deauthorize`](Hooks::on_deauthorize) is called.
    deauthorize_path(path: impl Into<String>) -> Option<String> = None, Some(path.into());

    /// Mounts the provider's data deletion callback there, as this server sees the path: POST, when
    /// a user wants their data deleted, and GET with a code for the page that says how far that has
    /// come. Sessions and tokens of the user go from the store before
    /// [`on_data_deletion`](Hooks::on_data_deletion) is called.
    data_deletion_path(path: impl Into<String>) -> Option<String> = None, Some(path.into());

    /// How long after its issue a callback of the provider is taken.
    signed_request_window(window: Duration) -> Duration = DEFAULT_WINDOW, window;

    /// Connects accounts to the app's own users instead of logging anybody in. There is no session
    /// and no logout of ours then; a login starts only with a [bound](crate::LoginContext::bound_to)
    /// [`LoginContext`](crate::LoginContext), [`on_login`](Hooks::on_login) says whose account it is,
    /// and a [`store`](Self::store), if set, keeps its token for
    /// [`offline_access`](crate::Flow::offline_access).
    linking(linking: bool) -> Mode = Mode::Login, if linking { Mode::Linking } else { Mode::Login };

    /// What a proxy strips from the path before the request gets here, such as `/shop`. It is put
    /// back once before every path this server knows by itself: its own routes in redirects, pages
    /// and JSON, and the path a login returns to. `after_login`, `after_logout`, `failure_url` and
    /// what hooks name are used as given. No forwarded header is ever trusted instead.
    public_prefix(prefix: impl Into<String>) -> String = String::new(), prefix.into();

    /// Where a login ends that was started without `return_to`.
    after_login(path: impl Into<String>) -> String = "/".to_owned(), path.into();

    /// Where a logout ends.
    after_logout(path: impl Into<String>) -> String = "/".to_owned(), path.into();

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
    failure_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// The name of the site, which stands on the crate's pages: at most 60 characters.
    site_name(name: impl Into<String>) -> Option<String> = None, Some(name.into());

    /// A login starts by POST only, and GET shows a page with one button. Then no foreign page can
    /// start a login in a browser by a mere link.
    require_post(required: bool) -> bool = false, required;

    /// Whether an answer for which a token was taken, by a handler or the guard, gets `Cache-Control:
    /// no-store` where the app says nothing about caching. On by default: such a page may be about its
    /// user, and neither a proxy's cache nor the back button after a logout may show it to the next.
    /// An answer with a `Cache-Control`, `Expires` or `Pragma` of the app's, or with a header for one
    /// kind of cache, stays as it is in any case.
    no_store(on: bool) -> bool = true, on;

    /// Sends `force_reauth`: with `true` users enter their credentials even when logged in at the
    /// provider, and can choose another account.
    force_reauth(force: bool) -> Option<bool> = None, Some(force);

    /// Sends `enable_fb_login`: with `false` the provider hides "Log in with Facebook".
    enable_fb_login(enable: bool) -> Option<bool> = None, Some(enable);

    /// The part of the cookie names that tells mounts on one host apart: 1 to 16 letters or digits.
    mount(name: impl Into<String>) -> Option<String> = None, Some(name.into());

    /// How long a session lives at most.
    session_lifetime(lifetime: Duration) -> Duration = 60 * DAY, lifetime;

    /// How long a session lives without a request that asks for it.
    idle_lifetime(lifetime: Duration) -> Duration = 14 * DAY, lifetime;

    /// Makes the session's cookie one without `Max-Age`: browsers forget it when they are closed. A
    /// browser that restores its windows may keep it, so [`session_lifetime`](Self::session_lifetime)
    /// and [`idle_lifetime`](Self::idle_lifetime) still end the session, as ever.
    end_with_browser(end: bool) -> bool = false, end;

    /// Whether the one-hour token is exchanged for a 60-day one, and what happens when that fails.
    long_lived(long_lived: LongLived) -> Option<LongLived> = None, Some(long_lived);

    /// How long before its end a long-lived token is refreshed, when a handler asks for it: at most
    /// 59 days. Zero turns refreshing off. A session ends with its token, so let this be longer than
    /// users stay away: a visit in that time is what keeps it.
    refresh_ahead(ahead: Duration) -> Duration = 30 * DAY, ahead;

    /// How long a request waits for a refresh, at most 30 s. Then it goes on with the token there
    /// is, and the new one comes with the session's next request. Zero does not wait.
    refresh_wait(wait: Duration) -> Duration = Duration::from_secs(1), wait;

    /// Fetches the profile at each login, for [`Login::profile`](crate::Login::profile) and so that
    /// a store knows the account by all of its ids. A profile that cannot be had fails no login.
    fetch_profile(fetch: bool) -> bool = false, fetch;

    /// How long one call to the provider may take. For the default HTTP client.
    request_timeout(timeout: Duration) -> Duration = Duration::from_secs(10), timeout;

    /// How long connecting to the provider may take. For the default HTTP client.
    connect_timeout(timeout: Duration) -> Duration = Duration::from_secs(5), timeout;

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
    callback_deadline(deadline: Duration) -> Duration = Duration::from_secs(20), deadline;

    /// How many logins may exchange their code at once, in this process: 64 unless set. A login holds
    /// its place from the moment its state is consumed until it ends, your hook included, so this
    /// bounds what a provider, a store or a hook that hangs can cost. Up to 256 more wait for a place
    /// for a quarter of a second; the rest is asked to reload, with nothing lost. The refresh of a
    /// token takes a place too, or is put off.
    exchanges_at_once(places: usize) -> usize = 64, places;

    /// How many calls with a token (profile, media and whatever your handlers ask for) may be under
    /// way at once, in this process; further ones wait their turn. No bound unless set.
    graph_calls_at_once(calls: usize) -> Option<usize> = None, Some(calls);

    /// Another authorization window than the provider's: https, or http on loopback.
    authorize_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// Another token endpoint than the provider's: https, or http on loopback.
    token_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// Another base for the long-lived exchange, the refresh and the profile than the provider's:
    /// https, or http on loopback.
    graph_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// A root certificate, in PEM, to trust besides the system's: for private gateways. For the
    /// default HTTP client.
    extra_root_pem(pem: impl Into<Vec<u8>>) -> Option<Vec<u8>> = None, Some(pem.into());

    /// Another HTTP client. Read the rules of [`HttpClient`] first.
    http_client(client: impl HttpClient) -> Option<Arc<dyn BoxedHttpClient>> = None, Some(Arc::new(client));

    /// Another clock, for tests.
    clock(clock: impl Clock) -> Arc<dyn Clock> = Arc::new(SystemClock::new()), Arc::new(clock);

    /// Another source of randomness, for tests only.
    randomness(randomness: impl Randomness) -> Arc<dyn Randomness> = Arc::new(SystemRandomness::new()), Arc::new(randomness);
}

impl Config {
    /// Begins a configuration with the three values that have no default.
    ///
    /// - `client_id`: the **Instagram** app id, from App Dashboard > Instagram > API setup with
    ///   Instagram login > Business login settings. The Meta app id gives "Invalid platform app".
    /// - `client_secret`: the Instagram app secret, from the same place.
    /// - `redirect_uri`: an entry of the dashboard's list, to the letter: a trailing slash counts.
    pub fn builder(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        redirect_uri: impl Into<String>,
    ) -> ConfigBuilder {
        ConfigBuilder::new(client_id.into(), client_secret.into(), redirect_uri.into())
    }
}

/// Settings that take a list, or a value of any type.
impl ConfigBuilder {
    /// The words of the crate's pages and JSON messages in one language. Call it once a language: a
    /// reader gets the one that their `Accept-Language` wants most, and else the first. Without any,
    /// everything is English.
    pub fn texts(mut self, texts: Texts) -> Self {
        self.texts.push(texts);
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
        self.signed_request_secrets = self::secrets(secrets);
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

    /// The secrets that cookies and stored tokens are signed and sealed with, newest first: the
    /// first one signs and seals, all of them verify and open. Each is taken as its bytes, never
    /// decoded, and has at least 32 random ones.
    pub fn cookie_secrets<S: AsRef<[u8]>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.cookie_secrets = secrets.into_iter().map(|secret| secret.as_ref().to_vec()).collect();
        self
    }

    /// App secrets from before the present one. When keys are derived from the app secret, cookies
    /// of these still verify and open. Not for a secret that leaked: anybody who has it can make cookies
    /// that open for as long as it is listed.
    pub fn earlier_client_secrets<S: Into<String>>(
        mut self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Self {
        self.earlier_client_secrets = self::secrets(secrets);
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

    /// The app's own code at the turns of the flow.
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        self.shared_hooks(Arc::new(hooks))
    }

    /// As [`hooks`](Self::hooks), with a handle that the app keeps a clone of.
    pub fn shared_hooks(mut self, hooks: Arc<impl Hooks>) -> Self {
        self.hooks = Some(hooks);
        self
    }
}

/// Secrets by which nothing can be logged.
fn secrets<S: Into<String>>(given: impl IntoIterator<Item = S>) -> Vec<SecretString> {
    given.into_iter().map(|secret| SecretString::from(secret.into())).collect()
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
