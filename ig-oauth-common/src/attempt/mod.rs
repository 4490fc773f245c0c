//! Login attempts: the `state` parameter of each and its signed cookie (RFC 6749, section 10.12).

#[allow(clippy::module_inception, reason = "an attempt, and the attempts of a configuration")]
mod attempt;
mod attempts;
mod pending;

pub(crate) use attempt::{ATTEMPT_LIFETIME, Attempt, State, choice_byte, read_choice};
pub(crate) use attempts::{Attempts, LookupError};
pub(crate) use pending::PendingAttempts;
