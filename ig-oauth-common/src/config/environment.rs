//! Reads the configuration from environment variables.

use std::env;

use super::builder::ConfigBuilder;
use super::config::Config;
use crate::api::{Api, Scopes};
use crate::error::{ConfigError, VARIABLES, variable_of};
use crate::flow::LongLived;

impl ConfigBuilder {
    /// Reads the configuration from the environment. Returns the builder, so that stores and hooks
    /// can be added.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `INSTAGRAM_CLIENT_ID` | required |
    /// | `INSTAGRAM_CLIENT_SECRET` | required |
    /// | `INSTAGRAM_REDIRECT_URI` | required |
    /// | `INSTAGRAM_SCOPE` | separated by commas or spaces |
    /// | `INSTAGRAM_API` | `instagram-login` or `basic-display` |
    /// | `INSTAGRAM_COOKIE_SECRETS` | separated by commas, newest first, each at least 32 bytes |
    /// | `INSTAGRAM_LONG_LIVED` | `off`, `prefer` or `require` |
    /// | `INSTAGRAM_AUTHORIZE_URL`, `INSTAGRAM_TOKEN_URL`, `INSTAGRAM_GRAPH_URL` | other endpoints |
    ///
    /// # Errors
    ///
    /// When a required variable is missing, or when a variable is empty or cannot be read. All
    /// other checks are those of [`build`](Self::build).
    pub fn from_env() -> Result<Self, ConfigError> {
        for (field, variable) in VARIABLES {
            if matches!(env::var(variable), Err(env::VarError::NotUnicode(_))) {
                return Err(ConfigError::new(field, "is not valid UTF-8", "set it to plain text"));
            }
        }
        Self::from_variables(|name| env::var(name).ok())
    }

    /// Like [`from_env`](Self::from_env), from any other source of named values, such as a secrets
    /// manager.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional = |field: &'static str| variable_of(field).and_then(&variable);
        // A deployment that sets an empty variable meant to set it. Falling back to the default
        // without an error would, for example, derive the cookie keys from the app secret.
        for (field, _) in VARIABLES {
            if optional(field).is_some_and(|value| value.is_empty()) {
                let cure = "give it a value, or remove the variable";
                return Err(ConfigError::new(field, "is set and empty", cure));
            }
        }
        let required = |field: &'static str, cure: &str| {
            let page = "App Dashboard > Instagram > API setup with Instagram login > Business login \
                        settings";
            let cure = || format!("{cure} ({page})");
            optional(field).ok_or_else(|| ConfigError::new(field, "is not set", cure()))
        };
        let mut builder = Config::builder(
            required("client_id", "set it to the Instagram app id, not the Meta app id")?,
            required("client_secret", "set it to the Instagram app secret")?,
            required("redirect_uri", "set it to one that is listed there, to the letter")?,
        );
        if let Some(name) = optional("api") {
            builder = builder.api(Api::from_name(&name).ok_or_else(|| {
                let problem = format!("is `{}`", name.escape_debug());
                ConfigError::new("api", problem, "use `instagram-login` or `basic-display`")
            })?);
        }
        if let Some(text) = optional("scopes") {
            let scopes: Scopes = text.parse().map_err(|error| {
                ConfigError::new("scopes", "cannot be read", format!("{error}"))
            })?;
            builder = builder.scopes(scopes);
        }
        if let Some(secrets) = optional("cookie_secrets") {
            builder = builder.cookie_secrets(secrets.split(','));
        }
        if let Some(name) = optional("long_lived") {
            builder = builder.long_lived(match name.as_str() {
                "off" => LongLived::Off,
                "prefer" => LongLived::Prefer,
                "require" => LongLived::Require,
                other => {
                    let problem = format!("is `{}`", other.escape_debug());
                    let cure = "use `off`, `prefer` or `require`";
                    return Err(ConfigError::new("long_lived", problem, cure));
                }
            });
        }
        builder.authorize_url = optional("authorize_url");
        builder.token_url = optional("token_url");
        builder.graph_url = optional("graph_url");
        Ok(builder)
    }
}
