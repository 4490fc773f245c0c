//! The attempts of one configuration: made, found again and believed.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use super::attempt::{ATTEMPT_LIFETIME, Attempt, SignedFor, State, Unverified};
use crate::clock::{Clock, Timestamp};
use crate::cookie::{self, CookieNames};
use crate::keys::Keyring;
use crate::messages::Headers;
use crate::randomness::{Randomness, RandomnessUnavailable};

pub(crate) struct Attempts {
    pub(crate) names: Arc<CookieNames>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
}

/// Why no cookie of the request is the attempt of a state. The greater one tells more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NotThisAttempt {
    NoCookie,
    BadSignature,
    /// Another instance may know the key, and the browser may come to it yet.
    UnknownKey,
    /// A good attempt of this browser, and another state that begins as its own does.
    OtherState,
}

impl Attempts {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn new_state(&self) -> Result<State, RandomnessUnavailable> {
        State::random(&*self.randomness)
    }

    /// The cookie of an attempt: its name and value.
    pub(crate) fn cookie(&self, attempt: &Attempt) -> (String, String) {
        let name = self.names.attempt(&attempt.state.to_text());
        let value = attempt.sign(&self.keyring, &self.signed_for(&name));
        (name, value)
    }

    /// The line that sets an attempt's cookie.
    pub(crate) fn line(&self, name: &str, value: &str) -> String {
        cookie::set_cookie(&self.names, name, value, Some(ATTEMPT_LIFETIME))
    }

    /// The line that removes the cookie of the attempt with that state.
    pub(crate) fn removal(&self, state: &State) -> String {
        cookie::removal(&self.names, &self.names.attempt(&state.to_text()))
    }

    /// The attempt of this browser with that state, whatever its age.
    pub(crate) fn find(
        &self,
        headers: &dyn Headers,
        state: &State,
    ) -> Result<Attempt, NotThisAttempt> {
        let name = self.names.attempt(&state.to_text());
        let mut why = NotThisAttempt::NoCookie;
        for value in cookie::values_of(headers, &name) {
            why = why.max(match Attempt::verify(value, &self.keyring, &self.signed_for(&name)) {
                Ok(attempt) if attempt.state.as_bytes().ct_eq(state.as_bytes()).into() => {
                    return Ok(attempt);
                }
                Ok(_) => NotThisAttempt::OtherState,
                Err(Unverified::UnknownKey) => NotThisAttempt::UnknownKey,
                Err(Unverified::BadSignature) => NotThisAttempt::BadSignature,
            });
        }
        Err(why)
    }

    /// Whether the request carries no cookie of this mount at all: cookies may be blocked.
    pub(crate) fn no_cookie_came(&self, headers: &dyn Headers) -> bool {
        let mut found = false;
        cookie::each_cookie(headers, &mut |name, _| {
            found |= self.names.is_attempt(name) || name == self.names.session().as_bytes();
        });
        !found
    }

    pub(super) fn signed_for<'a>(&'a self, cookie_name: &'a str) -> SignedFor<'a> {
        SignedFor { cookie_name, client_id: &self.client_id, redirect_uri: &self.redirect_uri }
    }
}
