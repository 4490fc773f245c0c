//! Requests and replies, independent of any framework.

mod audience;
mod caching;
mod languages;
mod query;
mod reply;
mod request;
mod weights;

pub(crate) use audience::{Audience, ClientKind};
pub(crate) use caching::Caching;
pub use languages::Languages;
pub(crate) use languages::is_tag;
pub(crate) use query::Query;
pub use reply::{InvalidHeader, InvalidStatus, Reply};
pub(crate) use request::BindingHash;
#[cfg(test)]
pub(crate) use request::MAX_APP_DATA_BYTES;
pub use request::{AppDataTooLong, Headers, LoginContext, Request};
