//! From the settings to the rooms: each is checked, and becomes what its room is made of.

use std::fmt;
use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::builder::ConfigBuilder;
use super::endpoints::Endpoints;
use super::steps::{Ground, steps};
use super::{check, paths, secrets};
use crate::api::Api;
use crate::cookie::{CookieNames, derived_mount};
use crate::error::ConfigError;
use crate::flow::{AuthorizationRequests, Deadline, Flow, Pages, Steps, Translations, site_name};
use crate::provider::{Application, Provider, SignedRequestVerifier};
use crate::redirect_uri::RedirectUri;
use crate::session::SessionCookie;

impl ConfigBuilder {
    /// Checks everything.
    ///
    /// # Errors
    ///
    /// When a setting, or two of them together, cannot work. The error names the setting and the
    /// cure; nothing is left for the first request to find out.
    pub fn build(mut self) -> Result<Config, ConfigError> {
        check::app(&self)?;
        let redirect_uri = RedirectUri::parse(std::mem::take(&mut self.redirect_uri))?;
        let warnings = warnings(&self, &redirect_uri);
        let (required_scopes, optional_scopes) = check::scopes(&self)?;
        let addresses = Arc::new(paths::addresses(&self, redirect_uri)?);
        check::durations(&self)?;
        check::bounds(&self)?;
        let Endpoints { authorize_url, authorize_origin, token_url, graph_url, client } =
            Endpoints::of(&mut self)?;
        let keyring = Arc::new(secrets::keyring(&self)?);
        let redirect_uri = &addresses.redirect_uri;
        let mount = match self.mount.take() {
            None => derived_mount(&self.client_id, redirect_uri.as_str()),
            Some(name) => check::mount(name)?,
        };
        check::randomness(&*self.randomness)?;
        let translations = Translations::checked(std::mem::take(&mut self.texts))?;
        let site_name = site_name(self.site_name.take())?;
        let application = Application {
            api: self.api,
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            redirect_uri: redirect_uri.as_str().to_owned(),
            token_url,
            graph_url,
        };
        let provider = Provider::new(application, client);
        let ground = Ground {
            pages: Pages::new(translations, site_name, &authorize_origin, &addresses),
            requests: AuthorizationRequests {
                authorize_url,
                client_id: self.client_id.clone(),
                redirect_uri: redirect_uri.as_str().to_owned(),
                required_scopes,
                optional_scopes,
                force_reauth: self.force_reauth,
                enable_fb_login: self.enable_fb_login,
            },
            cookie: SessionCookie {
                names: Arc::new(CookieNames::new(&mount, redirect_uri.is_https())),
                lifetime: self.session_lifetime,
                idle_lifetime: self.idle_lifetime,
                ends_with_browser: self.end_with_browser,
            },
            provider: Arc::new(provider.graph_calls_at_once(self.graph_calls_at_once)),
            deadline: Deadline(self.callback_deadline),
            addresses,
            keyring,
        };
        Ok(Config {
            steps: Arc::new(steps(&self, ground, self.signed_requests())),
            warnings: warnings.into(),
        })
    }

    fn signed_requests(&self) -> SignedRequestVerifier {
        let signers = std::iter::once(&self.client_secret)
            .chain(&self.earlier_client_secrets)
            .chain(&self.signed_request_secrets);
        SignedRequestVerifier::new(signers.map(|secret| secret.expose_secret()))
            .window(self.signed_request_window)
    }
}

/// What works but deserves a second look. Each is also an event.
fn warnings(builder: &ConfigBuilder, redirect_uri: &RedirectUri) -> Vec<String> {
    let mut warnings = Vec::new();
    if !redirect_uri.is_https() {
        warnings.push(
            "the redirect URI is plain http on loopback: for development only; cookies go without \
             `Secure` and `__Host-`"
                .to_owned(),
        );
    }
    if builder.cookie_secrets.is_empty() && !redirect_uri.is_loopback() {
        warnings.push(
            "the cookie keys are derived from the app secret: whoever learns it can log in as \
             anybody; set `cookie_secrets` (INSTAGRAM_COOKIE_SECRETS)"
                .to_owned(),
        );
    }
    warnings
}

impl Flow {
    /// The flow of `config`.
    ///
    /// With a store, and inside of a Tokio runtime, the first flow of a configuration looks in the
    /// background whether the newest stored account opens with the configured secrets, and logs a
    /// warning if not. See [`OfflineAccess::can_read_accounts`](crate::OfflineAccess::can_read_accounts).
    #[must_use]
    pub fn new(config: Config) -> Self {
        let flow = Self { steps: config.steps };
        flow.check_secrets_at_start();
        flow
    }
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
    /// What works but deserves a second look, such as plain http on loopback: a sentence each. With
    /// the `tracing` feature they are also logged when the configuration is built.
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
        self.steps.addresses.redirect_uri.as_str()
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
