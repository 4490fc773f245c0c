//! The settings of an app, their defaults, and their checks.

mod build;
mod builder;
mod check;
#[allow(clippy::module_inception, reason = "what the settings become")]
mod config;
mod endpoints;
mod environment;
mod paths;
mod secrets;
mod steps;

pub use builder::ConfigBuilder;
pub use config::Config;
