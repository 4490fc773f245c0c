//! The flow behind "Log in with Instagram" in `ig-oauth-tower` (axum, tower, hyper) and
//! `ig-oauth-actix` (actix-web): everything that is not a web framework.
//!
//! Apps depend on the adapter for their framework, which re-exports what is here. Come here to write
//! an adapter, a [`Store`], [`Hooks`] or an [`HttpClient`] that serves several frameworks.
//!
//! # What is inside
//!
//! | | |
//! |---|---|
//! | [`Config`] | every setting, its default, and every refusal, before the first request |
//! | [`Flow`] | a [`Request`] comes in, a [`Reply`] goes out |
//! | [`AppRequest`] | what extractors ask for the [`Token`] of a session |
//! | [`Hooks`] | the app's own code at the turns of the flow |
//! | [`Store`], [`MemoryStore`] | sessions and accounts outside the browser |
//! | [`HttpClient`] | the seam to the provider |
//! | [`Clock`], [`Randomness`] | the two things a test may want to hold still |
//! | [`AuthError`], [`AuthErrorKind`], [`ErrorCode`] | one vocabulary for what goes wrong |
//!
//! # An adapter in twenty lines
//!
//! ```
//! use std::task::Poll;
//! use ig_oauth_common::{Begin, Config, Flow, Headers, Reply, Request};
//!
//! /// The headers of some framework.
//! struct Lines(Vec<(String, Vec<u8>)>);
//!
//! impl Headers for Lines {
//!     fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
//!         let lines = self.0.iter().filter(|(present, _)| present.eq_ignore_ascii_case(name));
//!         lines.for_each(|(_, value)| visit(value));
//!     }
//! }
//!
//! async fn answer(
//!     flow: &Flow,
//!     (method, path, query): (&str, &str, Option<&str>),
//!     headers: &Lines,
//!     body: Vec<u8>,
//! ) -> Option<Reply> {
//!     let route = flow.route(path)?; // not ours: the app's
//!     let request = Request::new(method, path, headers).with_query(query);
//!     Some(match flow.begin(route, &request) {
//!         Begin::Done(reply) => reply,
//!         Begin::Job(job) => job.run().await,
//!         Begin::Form(form) => {
//!             let mut chunks = Some(Ok::<_, std::io::Error>(body)).into_iter();
//!             form.run(|_| Poll::Ready(chunks.next())).await
//!         }
//!     })
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! let secret = "obviously-fake-app-secret-0123456789";
//! let config = Config::builder("990602627938098", secret, "https://app.example/callback").build()?;
//! let flow = Flow::new(config);
//! let none = Lines(Vec::new());
//! let get = |path| runtime.block_on(answer(&flow, ("GET", path, None), &none, Vec::new()));
//! assert_eq!(get("/auth/instagram/login").unwrap().status(), 303);
//! assert!(get("/about").is_none());
//! # Ok::<(), ig_oauth_common::ConfigError>(())
//! ```
//!
//! # Rules of the flow
//!
//! - The callback is judged in a fixed order: method, context, size, parameters, state, its cookie,
//!   signature, age, binding. Then the state is consumed, once, and only then the provider is asked.
//! - What follows runs in a task of its own. A browser that goes away cancels nothing; one that calls
//!   back twice shares the answer, and [`Flow::finished`] waits for it at the end of a program.
//! - Whatever comes from outside is bounded, and no input makes the flow panic.
//!
//! # Features
//!
//! `rustls` (default) and `native-tls` choose how https is spoken; `reqwest` alone gives the default
//! client without TLS, for loopback; without it, bring an [`HttpClient`]. `tracing` (default) logs one
//! event for each error answer, and costs nothing without a subscriber. All of them only add.

mod api;
mod attempt;
mod clock;
mod config;
mod cookie;
mod encoding;
mod error;
mod expiring_map;
mod flow;
mod futures;
mod hooks;
mod http;
mod keys;
mod local_path;
mod messages;
mod offline;
#[cfg(test)]
mod operations;
mod provider;
mod randomness;
mod redirect_uri;
mod rejection;
mod session;
mod store;
mod tasks;
mod token_facts;
mod trace;

pub use api::{Api, OtherScope, Scope, ScopeError, Scopes};
pub use clock::{Clock, SystemClock, Timestamp};
pub use config::{Config, ConfigBuilder};
pub use error::{AuthError, AuthErrorKind, ConfigError, ErrorCode};
pub use flow::{
    AppRequest, Begin, Caller, Flow, Form, Job, LoginOptions, LoginOptionsError, LongLived,
    RequiredScopes, Route, Text, Texts, middleware_missing,
};
pub use hooks::{
    DataDeletion, DeadAccount, Deauthorization, Denial, Failure, HookError, Hooks, Login,
    LoginDecision, LoginStart, LoginStartDecision, Logout,
};
pub use http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse};
pub use messages::{
    AppDataTooLong, Headers, InvalidHeader, InvalidStatus, Languages, LoginContext, Reply, Request,
};
pub use offline::{
    AccountState, ConnectedAccount, OfflineAccess, RefreshReport, Refresher, ResealReport,
};
pub use provider::{
    AccountType, ApiError, ApiErrorKind, Profile, SignedRequest, SignedRequestError,
    SignedRequestVerifier, Token,
};
pub use randomness::{Randomness, RandomnessUnavailable, SystemRandomness};
pub use rejection::ProviderRejection;
pub use session::Slot;
pub use store::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, MemoryStore,
    SessionIdHash, SessionRecord, Store, StoreError,
};
pub use token_facts::{AccessToken, Lifetime, UserId};
