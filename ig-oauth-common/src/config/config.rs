//! A configuration whose settings are checked.

use std::fmt;
use std::sync::Arc;

use crate::api::Api;
use crate::flow::Steps;

/// A checked configuration. It is cheap to clone, and all clones share their state and limits, so
/// give each worker of a server a clone. `Debug` shows no secret.
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
/// | [`signed_request_window`](crate::ConfigBuilder::signed_request_window) | 1 hour | a signed request contains no nonce |
/// | [`linking`](crate::ConfigBuilder::linking) | off | accounts are for logging in |
/// | [`callback_path`](crate::ConfigBuilder::callback_path) | the path of the redirect URI | differs only behind a proxy that rewrites paths |
/// | [`public_prefix`](crate::ConfigBuilder::public_prefix) | none | for a proxy that strips a prefix |
/// | [`after_login`](crate::ConfigBuilder::after_login), [`after_logout`](crate::ConfigBuilder::after_logout) | `/` | |
/// | [`failure_url`](crate::ConfigBuilder::failure_url) | none: the crate's own page | a page needs no work of yours |
/// | [`texts`](crate::ConfigBuilder::texts) | English | |
/// | [`site_name`](crate::ConfigBuilder::site_name) | none | on the crate's pages |
/// | [`allowed_return_origins`](crate::ConfigBuilder::allowed_return_origins) | none | the safe choice |
/// | [`require_post`](crate::ConfigBuilder::require_post) | off | a plain link starts a login |
/// | [`no_store`](crate::ConfigBuilder::no_store) | on | a page about one user is not shown to the next |
/// | [`force_reauth`](crate::ConfigBuilder::force_reauth), [`enable_fb_login`](crate::ConfigBuilder::enable_fb_login) | not sent | the provider's default |
/// | [`cookie_secrets`](crate::ConfigBuilder::cookie_secrets) | derived from the app secret | zero set-up, same on every instance |
/// | [`earlier_client_secrets`](crate::ConfigBuilder::earlier_client_secrets) | none | |
/// | [`mount`](crate::ConfigBuilder::mount) | derived from client id and redirect URI | keeps two mounts on one host apart |
/// | [`store`](crate::ConfigBuilder::store), [`shared_store`](crate::ConfigBuilder::shared_store) | none: sessions live in a sealed cookie | needs no database |
/// | [`session_lifetime`](crate::ConfigBuilder::session_lifetime) | 60 days | the life of a long-lived token |
/// | [`idle_lifetime`](crate::ConfigBuilder::idle_lifetime) | 14 days | a forgotten browser logs itself out |
/// | [`end_with_browser`](crate::ConfigBuilder::end_with_browser) | off | most users want to stay logged in |
/// | [`long_lived`](crate::ConfigBuilder::long_lived) | `Prefer` under `InstagramLogin`, `Off` under `BasicDisplay` | the one-hour token is enough only for a demo; the Basic Display guide ends at the short-lived token |
/// | [`refresh_ahead`](crate::ConfigBuilder::refresh_ahead) | 30 days | half of a long-lived token's lifetime: a monthly visit keeps it valid |
/// | [`refresh_wait`](crate::ConfigBuilder::refresh_wait) | 1 s | a slow provider must not slow your pages |
/// | [`fetch_profile`](crate::ConfigBuilder::fetch_profile) | off | one call less at each login |
/// | [`request_timeout`](crate::ConfigBuilder::request_timeout) | 10 s | |
/// | [`connect_timeout`](crate::ConfigBuilder::connect_timeout) | 5 s | |
/// | [`max_concurrent_exchanges`](crate::ConfigBuilder::max_concurrent_exchanges) | 64 | a provider that hangs must not use memory and sockets without limit |
/// | [`max_concurrent_graph_calls`](crate::ConfigBuilder::max_concurrent_graph_calls) | no limit | your handlers decide how many calls they make |
/// | [`callback_deadline`](crate::ConfigBuilder::callback_deadline) | 20 s | two provider calls and your hook |
/// | [`authorize_url`](crate::ConfigBuilder::authorize_url), [`token_url`](crate::ConfigBuilder::token_url), [`graph_url`](crate::ConfigBuilder::graph_url) | the provider's, by [`Api`] | gateways and simulators |
/// | [`extra_root_pem`](crate::ConfigBuilder::extra_root_pem) | none | private gateways |
/// | [`http_client`](crate::ConfigBuilder::http_client) | `reqwest` | |
/// | [`hooks`](crate::ConfigBuilder::hooks), [`shared_hooks`](crate::ConfigBuilder::shared_hooks) | none | |
/// | [`clock`](crate::ConfigBuilder::clock), [`randomness`](crate::ConfigBuilder::randomness) | the system's | for tests |
#[derive(Clone)]
pub struct Config {
    /// Everything that the clones share: the parts of the flow and their state.
    pub(super) steps: Arc<Steps>,
    pub(super) warnings: Arc<[String]>,
}

impl Config {
    /// Settings that work but are probably not intended, such as plain http on loopback: one
    /// sentence each. They are also logged when the configuration is built, with the `tracing`
    /// feature, which is on by default.
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
