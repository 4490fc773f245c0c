//! Where a token lives between requests: in a sealed cookie, or in a store behind a random id.

mod account_death;
mod accounts;
mod impossible_times;
mod reading;
mod resealing;
mod revocation;
mod sealed_cookies;
mod sealing;
mod session_cookie;
mod sessions;
mod slot;
mod stored_sessions;
mod token_bytes;
mod tombstones;
mod unreadable;

pub(crate) use accounts::{Accounts, MOST_WRITES, Stored, contended};
pub(crate) use reading::{Reading, Session};
pub(crate) use resealing::Resealing;
pub(crate) use session_cookie::SessionCookie;
pub(crate) use sessions::{Sessions, SessionsParts};
pub use slot::Slot;
