//! The flow behind "Log in with Instagram" in `ig-oauth-tower` (axum, tower, hyper) and
//! `ig-oauth-actix` (actix-web): everything that does not depend on a web framework.
//!
//! Apps depend on the adapter for their framework, which re-exports the items of this crate. Use this
//! crate directly to write an adapter, or a [`Store`](store::Store), [`Hooks`](hooks::Hooks) or an [`HttpClient`](http::HttpClient) that serves
//! several frameworks.
//!
//! # What is inside
//!
//! | | |
//! |---|---|
//! | [`Config`] | every setting, its default, and its check before the first request |
//! | [`Flow`] | takes a [`Request`](adapter::Request) and returns a [`Reply`](hooks::Reply) |
//! | [`AppRequest`](adapter::AppRequest) | gives extractors the [`Token`] of a session |
//! | [`Hooks`](hooks::Hooks) | the app's own code during a login |
//! | [`Store`](store::Store), [`MemoryStore`](store::MemoryStore) | sessions and accounts outside the browser |
//! | [`HttpClient`](http::HttpClient) | the interface to the provider |
//! | [`Clock`](http::Clock), [`Randomness`](http::Randomness) | time and randomness, which a test may fix |
//! | [`AuthError`], [`AuthErrorKind`], [`ErrorCode`] | all errors |
//!
//! # An adapter in twenty lines
//!
//! ```
//! use std::task::Poll;
//! use ig_oauth_common::{Config, Flow};
//! use ig_oauth_common::adapter::{Begin, Headers, Request};
//! use ig_oauth_common::hooks::Reply;
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
//! - The callback is checked in a fixed order: method, context, size, parameters, state, its cookie,
//!   signature, age, binding. Then the state is consumed, once. Only then is the provider called.
//! - The rest runs in a separate task. A browser that disconnects cancels nothing. Duplicate callbacks
//!   share the reply. At the end of a program, [`Flow::finished`] waits for the task.
//! - All input is bounded, and no input makes the flow panic.
//!
//! # Features
//!
//! `rustls` (default) and `native-tls` select the TLS library for https. `reqwest` alone gives the
//! default client without TLS, for loopback. Without it, provide an [`HttpClient`](http::HttpClient). `tracing` (default)
//! logs one event for each error answer, and costs nothing without a subscriber. All features are
//! additive.

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
pub mod hooks;
pub mod http;
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
pub mod store;
mod tasks;
mod token_facts;
mod trace;

/// What an adapter to a web framework is made of. Apps need none of it.
pub mod adapter {
    pub use crate::flow::{AppRequest, Begin, Caller, Form, Job, Route, middleware_missing};
    pub use crate::messages::{Headers, Request};
}

pub use api::{Api, OtherScope, Scope, ScopeError, Scopes};
pub use clock::Timestamp;
pub use config::{Config, ConfigBuilder};
pub use error::{AuthError, AuthErrorKind, ConfigError, ErrorCode};
pub use flow::{Flow, LoginOptions, LoginOptionsError, LongLived, RequiredScopes, Text, Texts};
pub use messages::{AppDataTooLong, LoginContext};
pub use offline::{
    AccountState, ConnectedAccount, OfflineAccess, RefreshReport, Refresher, ResealReport,
};
pub use provider::{AccountType, ApiError, ApiErrorKind, Profile, Token};
pub use rejection::ProviderRejection;
pub use token_facts::{AccessToken, Lifetime, UserId, UserIdError};
