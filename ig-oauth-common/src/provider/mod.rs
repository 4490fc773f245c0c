//! The provider's side: the token endpoint and its kin, called with the app secret in hand, and the token
//! that can call.
//!
//! No OAuth crate reads this provider's answers: they carry no `token_type` and no `scope`, and come
//! in several shapes. So requests, answers and errors are the crate's own here.

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
