//! Why a configuration is refused.

use std::error::Error;
use std::fmt;

/// An invalid setting, with its name, the problem and how to fix it.
///
/// It never contains secrets. `Debug` prints the same sentence as `Display`, because a `main` that
/// returns the error prints `Debug`.
#[derive(thiserror::Error)]
#[error("`{field}`{} {problem}: {cure}", in_the_environment(.field))]
pub struct ConfigError {
    field: &'static str,
    problem: String,
    cure: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConfigError {
    pub(crate) fn new(
        field: &'static str,
        problem: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { field, problem: problem.into(), cure: cure.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The setting: the name of the builder's method or of the argument.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// How to fix it.
    #[must_use]
    pub fn cure(&self) -> &str {
        &self.cure
    }
}

/// The settings that have an environment variable, and its name.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("client_id", "INSTAGRAM_CLIENT_ID"),
    ("client_secret", "INSTAGRAM_CLIENT_SECRET"),
    ("redirect_uri", "INSTAGRAM_REDIRECT_URI"),
    ("scopes", "INSTAGRAM_SCOPE"),
    ("api", "INSTAGRAM_API"),
    ("cookie_secrets", "INSTAGRAM_COOKIE_SECRETS"),
    ("long_lived", "INSTAGRAM_LONG_LIVED"),
    ("authorize_url", "INSTAGRAM_AUTHORIZE_URL"),
    ("token_url", "INSTAGRAM_TOKEN_URL"),
    ("graph_url", "INSTAGRAM_GRAPH_URL"),
];

/// The environment variable of a setting, when it has one.
pub(crate) fn variable_of(field: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(setting, _)| *setting == field).map(|(_, variable)| *variable)
}

fn in_the_environment(field: &str) -> String {
    variable_of(field).map(|variable| format!(" ({variable})")).unwrap_or_default()
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
