//! Builds a [`Config`] from the settings: checks each one and constructs the parts of the flow.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::builder::ConfigBuilder;
use super::config::Config;
use super::endpoints::Endpoints;
use super::steps::{CheckedSettings, steps};
use super::{check, paths, secrets};
use crate::cookie::{CookieNames, derived_mount};
use crate::error::ConfigError;
use crate::flow::{AuthorizationRequests, Deadline, Flow, Pages, Translations, site_name};
use crate::provider::{Application, Provider, SignedRequestVerifier};
use crate::redirect_uri::RedirectUri;
use crate::session::SessionCookie;

impl ConfigBuilder {
    /// Checks everything.
    ///
    /// # Errors
    ///
    /// When a setting, or a combination of settings, cannot work. The error names the setting and
    /// how to fix it; nothing is left for the first request to discover.
    pub fn build(mut self) -> Result<Config, ConfigError> {
        check::app(&self)?;
        let redirect_uri = RedirectUri::parse(std::mem::take(&mut self.redirect_uri))?;
        let warnings = warnings(&self, &redirect_uri);
        let (required_scopes, optional_scopes) = check::scopes(&self)?;
        let addresses = Arc::new(paths::addresses(&self, redirect_uri)?);
        let Endpoints { authorize_url, authorize_origin, token_url, graph_url, client } =
            Endpoints::of(&mut self)?;
        let keyring = Arc::new(secrets::keyring(&self)?);
        let redirect_uri = &addresses.redirect_uri;
        let mount = match self.mount.take() {
            None => derived_mount(&self.client_id, &redirect_uri.text),
            Some(name) => check::mount(name)?,
        };
        check::randomness(&*self.randomness)?;
        let translations = Translations::checked(std::mem::take(&mut self.texts))?;
        let site_name = site_name(self.site_name.take())?;
        let application = Application {
            api: self.api,
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            redirect_uri: redirect_uri.text.clone(),
            token_url,
            graph_url,
        };
        let provider = Provider::new(application, client);
        let bound = |calls| check::concurrency("max_concurrent_graph_calls", calls);
        let graph_calls = self.max_concurrent_graph_calls.map(bound).transpose()?;
        let checked = CheckedSettings {
            pages: Pages::new(translations, site_name, &authorize_origin, &addresses),
            requests: AuthorizationRequests {
                authorize_url,
                client_id: self.client_id.clone(),
                redirect_uri: redirect_uri.text.clone(),
                required_scopes,
                optional_scopes,
                force_reauth: self.force_reauth,
                enable_fb_login: self.enable_fb_login,
            },
            cookie: SessionCookie {
                names: Arc::new(CookieNames::new(&mount, redirect_uri.is_https)),
                lifetime: check::lifetime("session_lifetime", self.session_lifetime)?,
                idle_lifetime: check::lifetime("idle_lifetime", self.idle_lifetime)?,
                ends_with_browser: self.end_with_browser,
            },
            provider: Arc::new(provider.max_concurrent_graph_calls(graph_calls)),
            deadline: Deadline(check::patience("callback_deadline", self.callback_deadline)?),
            addresses,
            keyring,
        };
        for warning in &warnings {
            crate::trace::warning(warning);
        }
        Ok(Config {
            steps: Arc::new(steps(&self, checked, self.signed_requests()?)?),
            warnings: warnings.into(),
        })
    }

    fn signed_requests(&self) -> Result<SignedRequestVerifier, ConfigError> {
        const MONTH: Duration = Duration::from_secs(31 * 24 * 60 * 60);
        let window = check::within(
            "signed_request_window",
            self.signed_request_window,
            check::MORE_THAN_ZERO..=MONTH,
            "use more than zero and at most 31 days",
        )?;
        let signers = std::iter::once(&self.client_secret)
            .chain(&self.earlier_client_secrets)
            .chain(&self.signed_request_secrets);
        let signers = signers.map(|secret| secret.expose_secret());
        Ok(SignedRequestVerifier::new(signers).window(window))
    }
}

/// Settings that work but are probably not intended. Each is also logged.
fn warnings(builder: &ConfigBuilder, redirect_uri: &RedirectUri) -> Vec<String> {
    let mut warnings = Vec::new();
    if !builder.client_id.bytes().all(|byte| byte.is_ascii_digit()) {
        warnings.push(
            "the app id is not all digits, as Instagram app ids are: copy `client_id` \
             (INSTAGRAM_CLIENT_ID) again from the Business login settings of the App Dashboard"
                .to_owned(),
        );
    }
    if !redirect_uri.is_https {
        warnings.push(
            "the redirect URI is plain http on loopback: for development only; cookies go without \
             `Secure` and `__Host-`"
                .to_owned(),
        );
    }
    if builder.cookie_secrets.is_empty() && !redirect_uri.is_loopback {
        warnings.push(
            "the cookie keys are derived from the app secret: anyone who learns it can log in as \
             anybody; set `cookie_secrets` (INSTAGRAM_COOKIE_SECRETS)"
                .to_owned(),
        );
    }
    warnings
}

impl Flow {
    /// The flow of `config`.
    ///
    /// With a store, and inside a Tokio runtime, the first flow of a configuration checks in the
    /// background whether the newest stored account can be decrypted with the configured secrets,
    /// and logs a warning if it cannot. See
    /// [`OfflineAccess::can_read_accounts`](crate::OfflineAccess::can_read_accounts).
    #[must_use]
    pub fn new(config: Config) -> Self {
        let flow = Self { steps: config.steps };
        flow.check_secrets_at_start();
        flow
    }
}
