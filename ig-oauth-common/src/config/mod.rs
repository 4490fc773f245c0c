//! What an app decides once: every setting, its default, and every refusal.

mod builder;
mod check;
mod environment;
mod error;
mod paths;
mod redirect_uri;
mod secrets;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::ConfigBuilder;
pub use error::ConfigError;
pub(crate) use redirect_uri::RedirectUri;

use self::paths::Paths;
use crate::api::Api;
use crate::clock::Clock;
use crate::cookie::CookieNames;
use crate::error::{AuthError, AuthErrorKind};
use crate::flow::{SharedState, Translations};
use crate::hooks::BoxedHooks;
use crate::keys::Keyring;
use crate::provider::{Provider, SignedRequestVerifier};
use crate::randomness::Randomness;
use crate::scope::Scopes;
use crate::session::{BoxedStore, ImpossibleTimes, UnreadableAccounts};

/// What happens after the code exchange with its one-hour token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LongLived {
    /// The one-hour token is kept.
    Off,
    /// It is exchanged for a 60-day token; if that fails, or takes more than half of the
    /// [`callback_deadline`](ConfigBuilder::callback_deadline), the login goes on with the one-hour
    /// one. A 60-day token that lacks a required scope fails the login.
    Prefer,
    /// It is exchanged for a 60-day token; if that fails the login fails.
    Require,
}

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
/// | [`api`](ConfigBuilder::api) | `InstagramLogin` | what the provider serves today |
/// | [`scopes`](ConfigBuilder::scopes) | the one scope the API requires | ask for no more than you use |
/// | [`optional_scopes`](ConfigBuilder::optional_scopes) | none | |
/// | [`login_path`](ConfigBuilder::login_path) | `/auth/instagram/login` | |
/// | [`logout_path`](ConfigBuilder::logout_path) | `/auth/instagram/logout` | |
/// | [`deauthorize_path`](ConfigBuilder::deauthorize_path), [`data_deletion_path`](ConfigBuilder::data_deletion_path) | not mounted; `/auth/instagram/deauthorize` and `/auth/instagram/data-deletion` by [`platform_callbacks`](ConfigBuilder::platform_callbacks) | mounted only when asked for |
/// | [`signed_request_secrets`](ConfigBuilder::signed_request_secrets) | the app secret and earlier ones | |
/// | [`signed_request_window`](ConfigBuilder::signed_request_window) | 1 hour | the format has no number used once |
/// | [`linking`](ConfigBuilder::linking) | off | accounts are for logging in |
/// | [`callback_path`](ConfigBuilder::callback_path) | the path of the redirect URI | differs only behind a proxy that rewrites paths |
/// | [`public_prefix`](ConfigBuilder::public_prefix) | none | for a proxy that strips a prefix |
/// | [`after_login`](ConfigBuilder::after_login), [`after_logout`](ConfigBuilder::after_logout) | `/` | |
/// | [`failure_url`](ConfigBuilder::failure_url) | none: our own page | a page needs no work of yours |
/// | [`texts`](ConfigBuilder::texts) | English | |
/// | [`site_name`](ConfigBuilder::site_name) | none | on the crate's pages |
/// | [`allowed_return_origins`](ConfigBuilder::allowed_return_origins) | none | the safe choice |
/// | [`require_post`](ConfigBuilder::require_post) | off | a plain link starts a login |
/// | [`no_store`](ConfigBuilder::no_store) | on | a page about one user is not shown to the next |
/// | [`force_reauth`](ConfigBuilder::force_reauth), [`enable_fb_login`](ConfigBuilder::enable_fb_login) | not sent | the provider's default |
/// | [`cookie_secrets`](ConfigBuilder::cookie_secrets) | derived from the app secret | zero set-up, same on every instance |
/// | [`earlier_client_secrets`](ConfigBuilder::earlier_client_secrets) | none | |
/// | [`mount`](ConfigBuilder::mount) | derived from client id and redirect URI | two mounts on one host keep apart |
/// | [`store`](ConfigBuilder::store), [`shared_store`](ConfigBuilder::shared_store) | none: sessions live in a sealed cookie | needs no database |
/// | [`session_lifetime`](ConfigBuilder::session_lifetime) | 60 days | the life of a long-lived token |
/// | [`idle_lifetime`](ConfigBuilder::idle_lifetime) | 14 days | a forgotten browser logs itself out |
/// | [`end_with_browser`](ConfigBuilder::end_with_browser) | off | most users want to stay logged in |
/// | [`long_lived`](ConfigBuilder::long_lived) | `Prefer` under `InstagramLogin`, `Off` under `BasicDisplay` | an hour serves a demo; the Basic Display guide ends at the short token |
/// | [`refresh_ahead`](ConfigBuilder::refresh_ahead) | 30 days | half of a long-lived token's life: a monthly visit keeps it alive |
/// | [`refresh_wait`](ConfigBuilder::refresh_wait) | 1 s | a slow provider must not slow your pages |
/// | [`fetch_profile`](ConfigBuilder::fetch_profile) | off | one call less at each login |
/// | [`request_timeout`](ConfigBuilder::request_timeout) | 10 s | |
/// | [`connect_timeout`](ConfigBuilder::connect_timeout) | 5 s | |
/// | [`exchanges_at_once`](ConfigBuilder::exchanges_at_once) | 64 | a provider that hangs must not take memory and sockets without bound |
/// | [`graph_calls_at_once`](ConfigBuilder::graph_calls_at_once) | no bound | how many calls your handlers make is your own affair |
/// | [`callback_deadline`](ConfigBuilder::callback_deadline) | 20 s | two provider calls and your hook |
/// | [`authorize_url`](ConfigBuilder::authorize_url), [`token_url`](ConfigBuilder::token_url), [`graph_url`](ConfigBuilder::graph_url) | the provider's, by [`Api`] | gateways and simulators |
/// | [`extra_root_pem`](ConfigBuilder::extra_root_pem) | none | private gateways |
/// | [`http_client`](ConfigBuilder::http_client) | `reqwest` | |
/// | [`hooks`](ConfigBuilder::hooks), [`shared_hooks`](ConfigBuilder::shared_hooks) | none | |
/// | [`clock`](ConfigBuilder::clock), [`randomness`](ConfigBuilder::randomness) | the system's | for tests |
#[derive(Clone)]
pub struct Config {
    pub(crate) settings: Arc<Settings>,
    /// What all clones remember together.
    pub(crate) state: Arc<SharedState>,
}

/// The settings after every check.
pub(crate) struct Settings {
    pub(crate) api: Api,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) required_scopes: Scopes,
    pub(crate) optional_scopes: Scopes,
    pub(crate) authorize_url: String,
    pub(crate) authorize_origin: String,
    pub(crate) paths: Paths,
    pub(crate) after_login: String,
    pub(crate) after_logout: String,
    pub(crate) failure_url: Option<String>,
    pub(crate) translations: Translations,
    pub(crate) site_name: Option<String>,
    pub(crate) allowed_return_origins: Vec<String>,
    pub(crate) require_post: bool,
    pub(crate) no_store: bool,
    pub(crate) linking: bool,
    pub(crate) signed_requests: SignedRequestVerifier,
    pub(crate) force_reauth: Option<bool>,
    pub(crate) enable_fb_login: Option<bool>,
    pub(crate) keyring: Keyring,
    pub(crate) cookie_names: CookieNames,
    pub(crate) store: Option<Arc<dyn BoxedStore>>,
    pub(crate) session_lifetime: Duration,
    pub(crate) idle_lifetime: Duration,
    pub(crate) end_with_browser: bool,
    pub(crate) long_lived: LongLived,
    pub(crate) refresh_ahead: Duration,
    pub(crate) refresh_wait: Duration,
    pub(crate) fetch_profile: bool,
    pub(crate) callback_deadline: Duration,
    pub(crate) exchanges_at_once: usize,
    pub(crate) provider: Arc<Provider>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) unreadable: UnreadableAccounts,
    pub(crate) impossible_times: ImpossibleTimes,
    pub(crate) warnings: Vec<String>,
}

impl Settings {
    /// Random bytes, or the error that ends this request.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], AuthError> {
        let mut bytes = [0; N];
        self.randomness
            .fill(&mut bytes)
            .map_err(|error| AuthError::with_source(AuthErrorKind::Internal, error))?;
        Ok(bytes)
    }
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

    /// What works but deserves a second look, such as plain http on loopback: a sentence each. With
    /// the `tracing` feature they are also logged when the configuration is built.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.settings.warnings
    }

    /// The API the app is registered for.
    #[must_use]
    pub fn api(&self) -> Api {
        self.settings.api
    }

    /// The redirect URI, as given.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        self.settings.redirect_uri.as_str()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.settings;
        f.debug_struct("Config")
            .field("api", &settings.api)
            .field("client_id", &settings.client_id)
            .field("redirect_uri", &settings.redirect_uri.as_str())
            .field("required_scopes", &settings.required_scopes)
            .field("optional_scopes", &settings.optional_scopes)
            .field("sessions", &if settings.store.is_some() { "store" } else { "cookie" })
            .field("secrets", &"[redacted]")
            .finish_non_exhaustive()
    }
}
