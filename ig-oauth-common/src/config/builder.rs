//! The builder, one row per setting. [`ConfigBuilder::build`](ConfigBuilder) refuses what cannot
//! work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::config::Config;
use crate::api::{Api, Scopes};
use crate::clock::{Clock, SystemClock};
use crate::flow::{LongLived, Mode, Texts};
use crate::hooks::{BoxedHooks, Hooks};
use crate::http::{BoxedHttpClient, HttpClient};
use crate::provider::DEFAULT_WINDOW;
use crate::randomness::{Randomness, SystemRandomness};
use crate::store::{BoxedStore, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Each setting is one row: its name, the argument, the stored type, the default, and how the
/// argument becomes the stored value.
macro_rules! settings {
    ($($(#[$about:meta])* $name:ident($given:ident: $type:ty) -> $kept:ty = $default:expr, $value:expr;)*) => {
        /// Builds a [`Config`]. `Debug` shows no secret.
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
    /// The provider's API that the app is registered for.
    api(api: Api) -> Api = Api::default(), api;

    /// The scopes to request. All of them must be granted. Otherwise the login ends with
    /// `missing_permission` and no token is kept.
    scopes(scopes: impl Into<Scopes>) -> Option<Scopes> = None, Some(scopes.into());

    /// Further scopes to request, which the user may refuse. Handlers see which ones were granted.
    optional_scopes(scopes: impl Into<Scopes>) -> Scopes = Scopes::new(), scopes.into();

    /// The path that starts a login, as this server sees it.
    login_path(path: impl Into<String>) -> String = "/auth/instagram/login".to_owned(), path.into();

    /// The path that ends a session, as this server sees it.
    logout_path(path: impl Into<String>) -> String = "/auth/instagram/logout".to_owned(), path.into();

    /// The path of the callback as this server sees it, for a proxy that rewrites the path of the
    /// redirect URI. If the proxy only strips a prefix, [`public_prefix`](Self::public_prefix) is
    /// enough.
    callback_path(path: impl Into<String>) -> Option<String> = None, Some(path.into());

    /// Mounts the provider's deauthorize callback at this path, as this server sees it. The
    /// provider posts to it when a user removes the app. The user's sessions and tokens are deleted
    /// from the store before [`on_deauthorize`](Hooks::on_deauthorize) is called.
    deauthorize_path(path: impl Into<String>) -> Option<String> = None, Some(path.into());

    /// Mounts the provider's data deletion callback at this path, as this server sees it: POST,
    /// when a user asks for the deletion of their data, and GET with a confirmation code, for the
    /// page that shows the deletion's status. The user's sessions and tokens are deleted from the
    /// store before [`on_data_deletion`](Hooks::on_data_deletion) is called.
    data_deletion_path(path: impl Into<String>) -> Option<String> = None, Some(path.into());

    /// How long after `issued_at` a signed request of the provider is accepted.
    signed_request_window(window: Duration) -> Duration = DEFAULT_WINDOW, window;

    /// Connects Instagram accounts to the app's own users instead of logging users in. The crate
    /// then has no session and no logout. A login starts only with a
    /// [bound](crate::LoginContext::bound_to) [`LoginContext`](crate::LoginContext),
    /// [`on_login`](Hooks::on_login) decides whose account it is, and a [`store`](Self::store), if
    /// set, keeps the account's token for [`offline_access`](crate::Flow::offline_access).
    linking(linking: bool) -> Mode = Mode::Login, if linking { Mode::Linking } else { Mode::Login };

    /// The prefix that a proxy strips from the path before the request arrives, such as `/shop`.
    /// The crate puts it back, once, before every path that this server determines: its own routes
    /// in redirects, pages and JSON, and the path that a login returns to. `after_login`,
    /// `after_logout`, `failure_url` and the paths that hooks return are used as given. Forwarded
    /// headers are never used for this.
    public_prefix(prefix: impl Into<String>) -> String = String::new(), prefix.into();

    /// Where a login ends that started without `return_to`.
    after_login(path: impl Into<String>) -> String = "/".to_owned(), path.into();

    /// Where a logout ends.
    after_logout(path: impl Into<String>) -> String = "/".to_owned(), path.into();

    /// A page of yours that browsers are redirected to when a login fails, instead of the crate's
    /// page: a path, or a URL whose origin is among the
    /// [`allowed_return_origins`](Self::allowed_return_origins). It receives three parameters, so
    /// its own parameters must have other names:
    ///
    /// - `error`, the [code](crate::ErrorCode);
    /// - `id`, which identifies the failure in the log;
    /// - `options`, signed, for a link `{login_path}?options=…` that starts the same login again.
    ///
    /// When one of the app's pages fails because a store does not answer, that page answers
    /// directly, without a redirect. If `failure_url` itself needs a login, a visit that carries an
    /// error code gets a page with the link instead of another redirect to the login.
    failure_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// The name of the site, shown on the crate's pages: at most 60 characters.
    site_name(name: impl Into<String>) -> Option<String> = None, Some(name.into());

    /// Starts logins by POST only; GET shows a page with one button. A page of another site then
    /// cannot start a login in a browser with a plain link.
    require_post(required: bool) -> bool = false, required;

    /// Whether a response for which a handler or the guard used a token gets
    /// `Cache-Control: no-store` when the app sets no caching header. Default: on. Such a page may
    /// be about one user, and neither a proxy's cache nor the back button after a logout may show it
    /// to the next user. A response to which the app gave a `Cache-Control`, `Expires` or `Pragma`,
    /// or a header for one kind of cache, always stays as it is.
    no_store(on: bool) -> bool = true, on;

    /// Sends `force_reauth`. With `true`, users enter their credentials even when they are logged
    /// in at the provider, and can choose another account.
    force_reauth(force: bool) -> Option<bool> = None, Some(force);

    /// Sends `enable_fb_login`. With `false`, the provider hides "Log in with Facebook".
    enable_fb_login(enable: bool) -> Option<bool> = None, Some(enable);

    /// The part of the cookie names that distinguishes mounts on one host: 1 to 16 letters or
    /// digits.
    mount(name: impl Into<String>) -> Option<String> = None, Some(name.into());

    /// The longest time a session can last.
    session_lifetime(lifetime: Duration) -> Duration = 60 * DAY, lifetime;

    /// How long a session lasts without a request that uses it.
    idle_lifetime(lifetime: Duration) -> Duration = 14 * DAY, lifetime;

    /// Sends the session's cookie without `Max-Age`, so browsers delete it when they close. A
    /// browser that restores its windows may keep it, so
    /// [`session_lifetime`](Self::session_lifetime) and [`idle_lifetime`](Self::idle_lifetime)
    /// still apply.
    end_with_browser(end: bool) -> bool = false, end;

    /// Whether the one-hour token is exchanged for a 60-day token, and what happens when the
    /// exchange fails.
    long_lived(long_lived: LongLived) -> Option<LongLived> = None, Some(long_lived);

    /// How long before its expiry a long-lived token is refreshed when a handler asks for it: at
    /// most 59 days. Zero turns refreshing off. A session ends when its token does. Choose a value
    /// longer than the usual gap between visits; a visit within it renews the token.
    refresh_ahead(ahead: Duration) -> Duration = 30 * DAY, ahead;

    /// How long a request waits for a refresh, at most 30 s. After that it continues with the old
    /// token, and the session's next request receives the new one. Zero means not to wait.
    refresh_wait(wait: Duration) -> Duration = Duration::from_secs(1), wait;

    /// Fetches the profile at each login, for [`Login::profile`](crate::hooks::Login::profile) and so that
    /// a store knows all ids of the account. A login continues when the profile cannot be fetched.
    fetch_profile(fetch: bool) -> bool = false, fetch;

    /// The longest time for one call to the provider. For the default HTTP client.
    request_timeout(timeout: Duration) -> Duration = Duration::from_secs(10), timeout;

    /// The longest time to connect to the provider. For the default HTTP client.
    connect_timeout(timeout: Duration) -> Duration = Duration::from_secs(5), timeout;

    /// The longest time for everything after the callback's checks together: the provider's
    /// responses, the hook and the store. After half of it a login continues without a
    /// [preferred](crate::LongLived::Prefer) long-lived token, and after three quarters without a
    /// profile. `on_denied` and `on_failure` get one more deadline of the same length.
    ///
    /// The same limit applies to:
    ///
    /// - a duplicate callback that waits for the answer of the first one;
    /// - a logout: half of it to find out whose session it is, and the rest to end the session and
    ///   for `on_logout`;
    /// - the refresh of a token. A job that waits for a refresh on another runtime waits 5 seconds
    ///   more;
    /// - each step of a deauthorization or a data deletion: the store, the hook, and the wait for
    ///   its status record.
    callback_deadline(deadline: Duration) -> Duration = Duration::from_secs(20), deadline;

    /// How many logins may exchange their code at the same time, in this process. Default: 64. A
    /// login holds its place from the moment its state is consumed until it ends, including your
    /// hook. This limits what a provider, a store or a hook that hangs can cost. Up to 256 more
    /// wait for a place for a quarter of a second; further ones get a page that asks to reload, and
    /// lose nothing. The refresh of a token takes a place too, or is postponed.
    max_concurrent_exchanges(places: usize) -> usize = 64, places;

    /// How many calls with a token (profile, media and other calls of your handlers) may run at the
    /// same time, in this process; further ones wait. Default: no limit.
    max_concurrent_graph_calls(calls: usize) -> Option<usize> = None, Some(calls);

    /// An authorization URL other than the provider's: https, or http on loopback.
    authorize_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// A token endpoint other than the provider's: https, or http on loopback.
    token_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// A base URL other than the provider's for the long-lived exchange, the refresh and the
    /// profile: https, or http on loopback.
    graph_url(url: impl Into<String>) -> Option<String> = None, Some(url.into());

    /// A root certificate in PEM, trusted in addition to the system's: for private gateways. For
    /// the default HTTP client.
    extra_root_pem(pem: impl Into<Vec<u8>>) -> Option<Vec<u8>> = None, Some(pem.into());

    /// Another HTTP client. Read the rules of [`HttpClient`] first.
    http_client(client: impl HttpClient) -> Option<Arc<dyn BoxedHttpClient>> = None, Some(Arc::new(client));

    /// Another clock, for tests.
    clock(clock: impl Clock) -> Arc<dyn Clock> = Arc::new(SystemClock::new()), Arc::new(clock);

    /// Another source of randomness, for tests only.
    randomness(randomness: impl Randomness) -> Arc<dyn Randomness> = Arc::new(SystemRandomness::new()), Arc::new(randomness);
}

impl Config {
    /// Starts a configuration with the three values that have no default.
    ///
    /// - `client_id`: the **Instagram** app id, from App Dashboard > Instagram > API setup with
    ///   Instagram login > Business login settings. The Meta app id gives "Invalid platform app".
    /// - `client_secret`: the Instagram app secret, from the same place.
    /// - `redirect_uri`: an entry of the dashboard's list, exactly as it is there: a trailing slash
    ///   counts.
    pub fn builder(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        redirect_uri: impl Into<String>,
    ) -> ConfigBuilder {
        ConfigBuilder::new(client_id.into(), client_secret.into(), redirect_uri.into())
    }
}

/// Settings that take a list, or a value of a generic type.
impl ConfigBuilder {
    /// The texts of the crate's pages and JSON messages in one language. Call it once per language.
    /// A user gets the language that their `Accept-Language` prefers most, or else the first one.
    /// Default: English.
    pub fn texts(mut self, texts: Texts) -> Self {
        self.texts.push(texts);
        self
    }

    /// Mounts both callbacks, at `/auth/instagram/deauthorize` and `/auth/instagram/data-deletion`.
    pub fn platform_callbacks(self) -> Self {
        self.deauthorize_path("/auth/instagram/deauthorize")
            .data_deletion_path("/auth/instagram/data-deletion")
    }

    /// Further app secrets that the provider may sign its requests with, besides the present and
    /// earlier ones. Meta's documentation says "the app secret", and an Instagram app has two: try
    /// the Meta app's secret if callbacks end in `invalid_signed_request`.
    pub fn signed_request_secrets<S: Into<String>>(
        mut self,
        secrets: impl IntoIterator<Item = S>,
    ) -> Self {
        self.signed_request_secrets = self::secrets(secrets);
        self
    }

    /// Origins besides this host that `return_to` may name, such as `https://app.example`. If one
    /// of them is a sibling host of this one, its pages may also log the user out with a POST with
    /// credentials; they may not start a login with one.
    pub fn allowed_return_origins<O: Into<String>>(
        mut self,
        origins: impl IntoIterator<Item = O>,
    ) -> Self {
        self.allowed_return_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// The secrets that sign and encrypt cookies and stored tokens, newest first: the first one
    /// signs and encrypts, all of them verify and decrypt. Each is used as raw bytes, without
    /// decoding, and needs at least 32 random bytes.
    pub fn cookie_secrets<S: AsRef<[u8]>>(mut self, secrets: impl IntoIterator<Item = S>) -> Self {
        self.cookie_secrets = secrets.into_iter().map(|secret| secret.as_ref().to_vec()).collect();
        self
    }

    /// App secrets from before the present one. When keys are derived from the app secret, cookies
    /// made with these still verify and decrypt. Do not list a secret that leaked: while it is
    /// listed, anyone who has it can make valid cookies.
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

    /// Like [`store`](Self::store), but the app keeps a clone of the handle.
    pub fn shared_store(mut self, store: Arc<impl Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The app's own code, called at the steps of a login.
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        self.shared_hooks(Arc::new(hooks))
    }

    /// Like [`hooks`](Self::hooks), but the app keeps a clone of the handle.
    pub fn shared_hooks(mut self, hooks: Arc<impl Hooks>) -> Self {
        self.hooks = Some(hooks);
        self
    }
}

/// Wraps secrets so that they cannot be logged.
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
