//! Placeholder front door.

mod api;
mod attempt;
mod clock;
mod config;
mod cookie;
mod encoding;
mod error;
mod flow;
mod hooks;
mod keys;
mod provider;
mod randomness;
mod scope;
mod session;
mod token;
mod trace;

pub use api::Api;
pub use clock::{Clock, SystemClock, Timestamp};
pub use config::{Config, ConfigBuilder, ConfigError, LongLived};
pub use error::{AuthError, AuthErrorKind};
pub use flow::{
    AppDataTooLong, AppRequest, Begin, Caller, Flow, Headers, InvalidHeader, InvalidStatus, Job,
    LoginContext, LoginOptions, LoginOptionsError, Reply, Request, Route, middleware_missing,
};
pub use hooks::{
    Denial, Failure, HookError, Hooks, Login, LoginDecision, LoginStart, LoginStartDecision, Logout,
};
pub use provider::ProviderRejection;
pub use provider::http::{
    BoxFuture, HttpClient, HttpError, HttpErrorKind, HttpMethod, HttpRequest, HttpResponse,
};
pub use randomness::{Randomness, RandomnessUnavailable, SystemRandomness};
pub use scope::{OtherScope, Scope, ScopeError, Scopes};
pub use session::{
    AccountKey, AccountRecord, Claim, DeletionRecord, DeletionStatus, MemoryStore, SessionIdHash,
    SessionRecord, Slot, Store, StoreError, StoreFuture,
};
pub use token::{AccessToken, Lifetime, Token, UserId};
