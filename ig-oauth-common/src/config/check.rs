//! Every refusal of a value by itself, before the first request.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::builder::ConfigBuilder;
use crate::api::Scopes;
use crate::error::ConfigError;
use crate::randomness::{Randomness, random};

/// The app's names and secrets.
pub(super) fn app(builder: &ConfigBuilder) -> Result<(), ConfigError> {
    text("client_id", &builder.client_id, "set it to the Instagram app id, not the Meta app id")?;
    text(
        "client_secret",
        builder.client_secret.expose_secret(),
        "set it to the Instagram app secret, not the Meta app secret",
    )?;
    let mut others = builder.earlier_client_secrets.iter().chain(&builder.signed_request_secrets);
    if others.any(|secret| secret.expose_secret().is_empty()) {
        return Err(ConfigError::new(
            "signed_request_secrets",
            "or `earlier_client_secrets` hold an empty one",
            "leave it out, or give the secret",
        ));
    }
    Ok(())
}

fn text(field: &'static str, value: &str, cure: &str) -> Result<(), ConfigError> {
    if value.is_empty() {
        return Err(ConfigError::new(field, "is empty", cure));
    }
    if value.trim() != value || value.chars().any(char::is_control) {
        let problem = "begins or ends with white space, or holds a control character";
        return Err(ConfigError::new(field, problem, "copy it again without line breaks"));
    }
    Ok(())
}

pub(super) fn scopes(builder: &ConfigBuilder) -> Result<(Scopes, Scopes), ConfigError> {
    let api = builder.api;
    let required = builder.scopes.clone().unwrap_or_else(|| api.default_scopes());
    if required.is_empty() {
        let cure = format!("name at least `{}`", api.required_scope());
        return Err(ConfigError::new("scopes", "are empty", cure));
    }
    for (field, scopes) in [("scopes", &required), ("optional_scopes", &builder.optional_scopes)] {
        if let Some(refusal) = scopes.iter().find_map(|scope| api.refuses(scope)) {
            return Err(ConfigError::new(field, "cannot be granted", refusal.to_string()));
        }
    }
    if !required.contains(&api.required_scope()) {
        let cure = format!("add `{}`: the provider requires it", api.required_scope());
        return Err(ConfigError::new("scopes", "lack the required scope", cure));
    }
    let optional = builder.optional_scopes.without(&required);
    Ok((required, optional))
}

pub(super) fn randomness(source: &dyn Randomness) -> Result<(), ConfigError> {
    random::<1>(source).map(drop).map_err(|error| {
        ConfigError::new("randomness", "does not answer", "states and session ids need it")
            .with_source(error)
    })
}

pub(super) fn mount(name: String) -> Result<String, ConfigError> {
    let fits = (1..=16).contains(&name.len());
    if fits && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(name);
    }
    let problem = format!("is `{}`", name.escape_debug());
    Err(ConfigError::new("mount", problem, "use 1 to 16 letters and digits"))
}

pub(super) fn lifetimes(builder: &ConfigBuilder) -> Result<(), ConfigError> {
    const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    for (field, duration, most) in [
        ("session_lifetime", builder.session_lifetime, YEAR),
        ("idle_lifetime", builder.idle_lifetime, YEAR),
    ] {
        if duration < Duration::from_secs(60) || duration > most {
            return Err(ConfigError::new(
                field,
                format!("is {} s", duration.as_secs()),
                "use a minute at least and 366 days at most",
            ));
        }
    }
    const REFRESHABLE: Duration = Duration::from_secs(59 * 24 * 60 * 60);
    if builder.refresh_ahead > REFRESHABLE {
        return Err(ConfigError::new(
            "refresh_ahead",
            format!("is {} s", builder.refresh_ahead.as_secs()),
            "use at most 59 days, as tokens live 60 and the provider refreshes none on its first \
             day; zero turns refreshing off",
        ));
    }
    const MONTH: Duration = Duration::from_secs(31 * 24 * 60 * 60);
    if builder.signed_request_window.is_zero() || builder.signed_request_window > MONTH {
        let problem = format!("is {} s", builder.signed_request_window.as_secs());
        let cure = "use more than zero and at most 31 days";
        return Err(ConfigError::new("signed_request_window", problem, cure));
    }
    if builder.refresh_wait > Duration::from_secs(30) {
        let problem = format!("is {} s", builder.refresh_wait.as_secs_f64());
        return Err(ConfigError::new("refresh_wait", problem, "use at most 30 s"));
    }
    for (field, duration) in [
        ("request_timeout", builder.request_timeout),
        ("connect_timeout", builder.connect_timeout),
        ("callback_deadline", builder.callback_deadline),
    ] {
        if duration.is_zero() || duration > Duration::from_secs(120) {
            let problem = format!("is {} s", duration.as_secs_f64());
            return Err(ConfigError::new(field, problem, "use more than zero and at most 120 s"));
        }
    }
    for (field, places) in [
        ("exchanges_at_once", Some(builder.exchanges_at_once)),
        ("graph_calls_at_once", builder.graph_calls_at_once),
    ] {
        if places.is_some_and(|places| !(1..=100_000).contains(&places)) {
            let problem = format!("is {}", places.unwrap_or_default());
            return Err(ConfigError::new(field, problem, "use 1 at least and 100,000 at most"));
        }
    }
    Ok(())
}
