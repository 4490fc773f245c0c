//! Sessions: a token in a sealed cookie, or in a store under a random session id.

mod account_changes;
mod accounts;
mod invalid_timestamps;
mod reading;
mod request_session;
mod sealed_cookies;
mod sealing;
mod session_cookie;
mod sessions;
mod token_bytes;
mod tombstones;

pub(crate) use account_changes::Resealing;
pub(crate) use accounts::{Accounts, MOST_WRITES, Stored, contended};
pub(crate) use reading::{Reading, Session};
pub(crate) use request_session::RequestSession;
pub(crate) use session_cookie::SessionCookie;
pub(crate) use sessions::{Sessions, SessionsParts};
