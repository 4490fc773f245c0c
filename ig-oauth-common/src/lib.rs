//! Placeholder front door.

mod api;
mod clock;
mod error;
mod provider;
mod randomness;
mod scope;
mod token;

pub use api::Api;
pub use clock::{Clock, SystemClock, Timestamp};
pub use error::{AuthError, AuthErrorKind};
pub use provider::http::{
    BoxFuture, HttpClient, HttpError, HttpErrorKind, HttpMethod, HttpRequest, HttpResponse,
};
pub use randomness::{Randomness, RandomnessUnavailable, SystemRandomness};
pub use scope::{OtherScope, Scope, ScopeError, Scopes};
pub use token::{AccessToken, Lifetime, Token, UserId};
