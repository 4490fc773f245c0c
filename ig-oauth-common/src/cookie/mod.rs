//! The crate's cookies: their names, parsing and setting (RFC 6265bis).

mod names;
mod read;
mod set;

pub(crate) use names::{CookieNames, STATE_CHARACTERS_IN_NAME, derived_mount};
pub(crate) use read::{each_cookie, values_of};
