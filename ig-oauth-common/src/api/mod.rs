//! The provider's two APIs, and the permissions of each.

mod presets;
mod scope;

pub use presets::Api;
pub use scope::{OtherScope, Scope, ScopeError, Scopes};
