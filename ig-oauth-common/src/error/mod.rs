//! The errors of the crate.

mod auth_error;
mod code;
mod config_error;
mod kind;

pub use auth_error::AuthError;
pub(crate) use auth_error::chain;
pub use code::ErrorCode;
pub use config_error::ConfigError;
pub(crate) use config_error::{VARIABLES, variable_of};
pub use kind::AuthErrorKind;
