//! Checks of single values, before the first request.

use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::builder::ConfigBuilder;
use crate::api::Scopes;
use crate::error::ConfigError;
use crate::randomness::{Randomness, random};

/// The app's ids and secrets.
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

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The lower bound where zero makes no sense.
pub(super) const MORE_THAN_ZERO: Duration = Duration::from_nanos(1);

/// A duration within its bounds.
pub(super) fn within(
    field: &'static str,
    duration: Duration,
    allowed: RangeInclusive<Duration>,
    cure: &str,
) -> Result<Duration, ConfigError> {
    if allowed.contains(&duration) {
        return Ok(duration);
    }
    let problem = format!("is {} s", duration.as_secs_f64());
    Err(ConfigError::new(field, problem, cure))
}

/// How long a session may last.
pub(super) fn lifetime(field: &'static str, lifetime: Duration) -> Result<Duration, ConfigError> {
    let cure = "use a minute at least and 366 days at most";
    within(field, lifetime, 60 * SECOND..=366 * DAY, cure)
}

/// How long one call, or a whole callback, may take.
pub(super) fn patience(field: &'static str, longest: Duration) -> Result<Duration, ConfigError> {
    within(field, longest, MORE_THAN_ZERO..=120 * SECOND, "use more than zero and at most 120 s")
}

/// How many may run at the same time.
pub(super) fn concurrency(field: &'static str, places: usize) -> Result<usize, ConfigError> {
    if (1..=100_000).contains(&places) {
        return Ok(places);
    }
    let problem = format!("is {places}");
    Err(ConfigError::new(field, problem, "use 1 at least and 100,000 at most"))
}
