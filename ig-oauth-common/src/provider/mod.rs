//! The client for the provider: the token endpoint and related calls, authenticated with the app
//! secret, and the token type that calls the API.
//!
//! No OAuth crate can parse this provider's responses: they have no `token_type` and no `scope`,
//! and come in several forms. The crate therefore has its own requests, responses and errors.

mod api_error;
mod client;
mod error_fields;
mod graph;
mod meaning;
mod profile;
mod refusal;
#[cfg(feature = "reqwest")]
mod reqwest_client;
mod signed_request;
mod token;
mod token_calls;
mod wire;

pub use api_error::{ApiError, ApiErrorKind};
pub(crate) use client::{Application, Provider};
pub use profile::{AccountType, Profile};
#[cfg(feature = "reqwest")]
pub(crate) use reqwest_client::{ReqwestSettings, reqwest_client};
pub(crate) use signed_request::DEFAULT_WINDOW;
pub use signed_request::{SignedRequest, SignedRequestError, SignedRequestVerifier};
pub(crate) use token::DeathWatch;
pub use token::Token;
pub(crate) use wire::TokenAnswer;
