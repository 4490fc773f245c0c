//! From the environment to a listening socket and a configuration.

use std::env;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use ig_oauth_common::hooks::Hooks;
use ig_oauth_common::{Config, ConfigBuilder, ConfigError};
use ig_oauth_fake_instagram::{Api, FakeInstagram};
use ig_oauth_stores::StoreSetupError;

use crate::store::{self, Fallback};

const DEFAULT_ADDRESS: &str = "127.0.0.1:3000";

/// The site's name on the crate's pages.
const SITE_NAME: &str = "Example Bakery";

/// An example that is ready to serve.
#[derive(Debug)]
#[non_exhaustive]
pub struct Example {
    /// The configuration for the middleware.
    pub config: Config,
    address: SocketAddr,
    sessions: &'static str,
    /// The simulator stops when this is dropped.
    simulator: Option<FakeInstagram>,
}

impl Example {
    /// Binds `ADDR` and reads the settings: from the environment if `INSTAGRAM_CLIENT_ID` is set,
    /// otherwise those of a simulator, which is started too. Sessions are in the database of
    /// `REDIS_URL` or `DATABASE_URL`, or in their cookies.
    ///
    /// The listener is bound and non-blocking. Only the server holds it: otherwise new connections
    /// would wait forever for an answer after the server has stopped.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound, a setting is refused, or the database cannot be used.
    pub async fn start() -> Result<(Self, TcpListener), SetupError> {
        Self::start_with(Fallback::Cookies, ConfigBuilder::platform_callbacks).await
    }

    /// Like [`start`](Self::start), but always with a store, for background jobs: in memory if the
    /// environment names none.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_with_store() -> Result<(Self, TcpListener), SetupError> {
        Self::start_with(Fallback::Memory, ConfigBuilder::platform_callbacks).await
    }

    /// Like [`start`](Self::start), for an app that connects accounts to its own users, with the
    /// provider's callbacks.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_linking(hooks: impl Hooks) -> Result<(Self, TcpListener), SetupError> {
        let linking = |builder: ConfigBuilder| {
            builder.linking(true).platform_callbacks().fetch_profile(true).hooks(hooks)
        };
        Self::start_with(Fallback::Memory, linking).await
    }

    async fn start_with(
        fallback: Fallback,
        change: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
    ) -> Result<(Self, TcpListener), SetupError> {
        let wanted = env::var("ADDR").unwrap_or_else(|_| DEFAULT_ADDRESS.to_owned());
        let bind = |error| SetupError::Bind(wanted.clone(), error);
        let listener = TcpListener::bind(&wanted).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        // Port 0 asks for any free port, so the bound address is used.
        let address = listener.local_addr().map_err(bind)?;
        let is_set = |name: &str| env::var(name).is_ok_and(|value| !value.is_empty());
        let (builder, simulator) = if is_set("INSTAGRAM_CLIENT_ID") {
            (ConfigBuilder::from_env()?, None)
        } else {
            let (builder, simulator) = simulated(address)?;
            (builder, Some(simulator))
        };
        let (builder, sessions) = store::choose(builder, fallback).await?;
        let builder = builder.site_name(SITE_NAME);
        Ok((Self { config: change(builder).build()?, address, simulator, sessions }, listener))
    }

    /// What to print once the server is up.
    #[must_use]
    pub fn greeting(&self, framework: &str) -> String {
        let (provider, advice) = match &self.simulator {
            Some(simulator) => (
                format!("a simulator, at {}", simulator.authorize_url()),
                "\nOpen the app's address in a browser. Nothing here reaches Instagram; set \
                 INSTAGRAM_CLIENT_ID,\nINSTAGRAM_CLIENT_SECRET and INSTAGRAM_REDIRECT_URI to talk to \
                 the real one.\n",
            ),
            None => {
                let redirect_uri = self.config.redirect_uri();
                (format!("the one of the environment; redirect URI {redirect_uri}"), "")
            }
        };
        let mut text = format!(
            "Log in with Instagram, on {framework}\n\n  app       http://{}/\n  provider  \
             {provider}\n  sessions  {}\n{advice}",
            self.address, self.sessions
        );
        for warning in self.config.warnings() {
            text.push_str(&format!("  note      {warning}\n"));
        }
        text
    }

    /// Where a request for `host` should be redirected to: cookies belong to one host name, so a
    /// login that starts on `localhost` cannot end on `127.0.0.1`. Only if the redirect URI is
    /// loopback.
    #[must_use]
    pub fn canonical_location(&self, host: Option<&str>, path_and_query: &str) -> Option<String> {
        let authority = self.config.redirect_uri().strip_prefix("http://")?.split('/').next()?;
        let host = host?;
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_loopback = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        (is_loopback && host != authority).then(|| format!("http://{authority}{path_and_query}"))
    }

    /// Whether a POST comes from a page of this app, by the headers of browsers. Without this
    /// check, another site could log its visitors in as a user of its own, and they would connect
    /// their accounts to that user.
    #[must_use]
    pub fn is_own_post(&self, sec_fetch_site: Option<&str>, origin: Option<&str>) -> bool {
        match (sec_fetch_site, origin) {
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            // Older browsers.
            (None, Some(origin)) => {
                let (scheme, rest) =
                    self.config.redirect_uri().split_once("://").unwrap_or_default();
                let authority = rest.split('/').next().unwrap_or_default();
                origin == format!("{scheme}://{authority}")
            }
            // Not a browser, so it cannot send a victim's session.
            (None, None) => true,
        }
    }
}

/// Whether the app's own session cookie is `SameSite=Lax` instead of `Strict`, by
/// `SESSION_SAME_SITE`. Both work.
///
/// # Errors
///
/// When it is neither.
pub fn session_is_lax() -> Result<bool, SetupError> {
    match env::var("SESSION_SAME_SITE").as_deref() {
        Err(_) | Ok("" | "strict") => Ok(false),
        Ok("lax") => Ok(true),
        Ok(other) => {
            let cure = "use `strict` or `lax`";
            Err(SetupError::Variable("SESSION_SAME_SITE", other.to_owned(), cure))
        }
    }
}

/// A simulator that knows this app, and the settings for it. All other settings still come from the
/// environment.
fn simulated(address: SocketAddr) -> Result<(ConfigBuilder, FakeInstagram), SetupError> {
    if !address.ip().is_loopback() {
        let cure = "the simulator works on this machine only, so use 127.0.0.1, or set \
                    INSTAGRAM_CLIENT_ID and its kin to talk to the real Instagram";
        return Err(SetupError::Variable("ADDR", address.to_string(), cure));
    }
    let redirect_uri = format!("http://{address}/auth/instagram/callback");
    let api = match env::var("INSTAGRAM_API").as_deref() {
        Ok("basic-display") => Api::BasicDisplay,
        _ => Api::InstagramLogin,
    };
    let simulator = FakeInstagram::builder()
        .api(api)
        .redirect_uri(&redirect_uri)
        .deauthorize_url(format!("http://{address}/auth/instagram/deauthorize"))
        .data_deletion_url(format!("http://{address}/auth/instagram/data-deletion"))
        .tells_professional_ids(
            env::var("SIMULATED_PLATFORM_ID").is_ok_and(|id| id == "professional"),
        )
        .start_blocking();
    let simulator = simulator.map_err(|error| SetupError::Bind("the simulator".into(), error))?;
    let builder = ConfigBuilder::from_variables(|name| match name {
        "INSTAGRAM_CLIENT_ID" => Some(simulator.client_id().to_owned()),
        "INSTAGRAM_CLIENT_SECRET" => Some(simulator.client_secret().to_owned()),
        "INSTAGRAM_REDIRECT_URI" => Some(redirect_uri.clone()),
        "INSTAGRAM_AUTHORIZE_URL" => Some(simulator.authorize_url()),
        "INSTAGRAM_TOKEN_URL" => Some(simulator.token_url()),
        "INSTAGRAM_GRAPH_URL" => Some(simulator.graph_url()),
        other => env::var(other).ok(),
    })?;
    Ok((builder, simulator))
}

/// Why an example does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetupError {
    /// An address is in use or invalid.
    Bind(String, io::Error),
    /// A setting is invalid.
    Config(ConfigError),
    /// The database cannot be used.
    Store(StoreSetupError),
    /// A variable has an unknown value: its name, the value, and the allowed values.
    Variable(&'static str, String, &'static str),
    /// More than one database is named.
    TwoStores,
    /// The system gives no random bytes.
    Randomness,
}

impl From<StoreSetupError> for SetupError {
    fn from(error: StoreSetupError) -> Self {
        Self::Store(error)
    }
}

impl From<ConfigError> for SetupError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => {
                write!(f, "cannot listen on {address}: {error}; set ADDR to a free host:port")
            }
            Self::Config(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Variable(name, value, cure) => write!(f, "{name} is `{value}`: {cure}"),
            Self::Randomness => f.write_str("the system gives no random bytes"),
            Self::TwoStores => {
                f.write_str("both REDIS_URL and DATABASE_URL are set: unset one of them")
            }
        }
    }
}

impl Error for SetupError {}
