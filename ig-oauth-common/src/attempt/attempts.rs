//! The attempts of one configuration: creates, finds and verifies them.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use super::attempt::{ATTEMPT_LIFETIME, Attempt, State};
use crate::clock::{Clock, Timestamp};
use crate::cookie::{self, CookieNames};
use crate::encoding::{Writer, from_base64url, to_base64url};
use crate::keys::{KeySet, Keyring, TAG_BYTES};
use crate::messages::Headers;
use crate::randomness::{Randomness, RandomnessUnavailable};

const PURPOSE: &[u8] = b"ig-oauth attempt cookie";

pub(crate) struct Attempts {
    pub(crate) names: Arc<CookieNames>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
}

/// Why no cookie of the request is the attempt of a state. Greater values are more specific.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LookupError {
    NoCookie,
    /// It was not signed by this app, or was changed.
    BadSignature,
    /// Another instance may know the key, and may get the browser's next request.
    UnknownKey,
    /// A valid attempt of this browser, for another state that begins with the same characters.
    OtherState,
}

/// The unverified content of a cookie: enough to sort by age and to discard what cannot be an
/// attempt before any signature is checked.
pub(super) struct UnverifiedAttempt<'k> {
    pub(super) attempt: Attempt,
    keys: &'k KeySet,
    payload: Vec<u8>,
    tag: [u8; TAG_BYTES],
}

impl Attempts {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn new_state(&self) -> Result<State, RandomnessUnavailable> {
        State::random(&*self.randomness)
    }

    /// The name and value of an attempt's cookie.
    pub(crate) fn cookie(&self, attempt: &Attempt) -> (String, String) {
        let name = self.names.attempt(&attempt.state.to_text());
        let value = self.sign(&name, attempt);
        (name, value)
    }

    /// The line that sets an attempt's cookie.
    pub(crate) fn line(&self, name: &str, value: &str) -> String {
        self.names.set(name, value, Some(ATTEMPT_LIFETIME))
    }

    /// The line that removes the cookie of the attempt with that state.
    pub(crate) fn removal(&self, state: &State) -> String {
        self.names.removal(&self.names.attempt(&state.to_text()))
    }

    /// The attempt of this browser with that state, expired or not.
    pub(crate) fn find(
        &self,
        headers: &dyn Headers,
        state: &State,
    ) -> Result<Attempt, LookupError> {
        let name = self.names.attempt(&state.to_text());
        let mut why = LookupError::NoCookie;
        for value in cookie::values_of(headers, &name) {
            why = why.max(match self.verify(&name, value) {
                Ok(attempt) if attempt.state.0.ct_eq(&state.0).into() => {
                    return Ok(attempt);
                }
                Ok(_) => LookupError::OtherState,
                Err(why) => why,
            });
        }
        Err(why)
    }

    /// Whether the request has no cookie of this mount at all: the browser may block cookies.
    pub(crate) fn no_cookie_came(&self, headers: &dyn Headers) -> bool {
        let mut found = false;
        cookie::each_cookie(headers, &mut |name, _| {
            found |= self.names.is_attempt(name) || name == self.names.session.as_bytes();
        });
        !found
    }

    /// The unverified content of a cookie's value, if this instance can verify it.
    pub(super) fn unverified(&self, value: &[u8]) -> Result<UnverifiedAttempt<'_>, LookupError> {
        let bad = LookupError::BadSignature;
        let bytes = from_base64url(value).ok_or(bad)?;
        let (payload, tag) = bytes.split_last_chunk().ok_or(bad)?;
        let (key_id, attempt) = Attempt::decode(payload).ok_or(bad)?;
        let keys = self.keyring.by_id(&key_id).ok_or(LookupError::UnknownKey)?;
        Ok(UnverifiedAttempt { attempt, keys, payload: payload.to_vec(), tag: *tag })
    }

    /// The attempt, if the signature and every byte are right. Its age is not checked here.
    pub(super) fn prove(
        &self,
        name: &str,
        unverified: UnverifiedAttempt<'_>,
    ) -> Result<Attempt, LookupError> {
        let parts = self.signed_parts(name, &unverified.payload);
        let is_proven = unverified.keys.attempt.verifies(&parts, &unverified.tag);
        is_proven.then_some(unverified.attempt).ok_or(LookupError::BadSignature)
    }

    fn verify(&self, name: &str, value: &[u8]) -> Result<Attempt, LookupError> {
        self.prove(name, self.unverified(value)?)
    }

    fn sign(&self, name: &str, attempt: &Attempt) -> String {
        let keys = &self.keyring.newest;
        let payload = attempt.encode(&keys.id);
        let tag = keys.attempt.tag(&self.signed_parts(name, &payload));
        to_base64url(&Writer::new().fixed(&payload).fixed(&tag).finish())
    }

    /// A cookie for another name, another client or another redirect URI does not verify.
    fn signed_parts<'a>(&'a self, name: &'a str, payload: &'a [u8]) -> [&'a [u8]; 5] {
        let (client_id, redirect_uri) = (self.client_id.as_bytes(), self.redirect_uri.as_bytes());
        [PURPOSE, name.as_bytes(), client_id, redirect_uri, payload]
    }
}

#[cfg(test)]
mod laws {
    use proptest::prelude::*;

    use super::super::attempt::VERSION;
    use super::*;
    use crate::clock::SystemClock;
    use crate::keys::{KeySet, Origin};
    use crate::messages::MAX_APP_DATA_BYTES;
    use crate::randomness::SystemRandomness;

    /// The attempts of an app with that client id and redirect URI.
    fn attempts(client_id: &str, redirect_uri: &str) -> Attempts {
        let secret = b"an obviously fake secret, 38 bytes long";
        let newest = KeySet::derive(secret, Origin::CookieSecret).unwrap();
        Attempts {
            names: Arc::new(CookieNames::new("mount", true)),
            keyring: Arc::new(Keyring { newest, older: Vec::new() }),
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
        }
    }

    /// State, time, return_to, scopes, re-authentication, app data and binding hash, because an
    /// attempt has no `Debug`.
    type Given = ([u8; 32], u64, String, String, Option<bool>, Vec<u8>, Option<[u8; 32]>);

    fn given() -> impl Strategy<Value = Given> {
        (
            any::<[u8; 32]>(),
            any::<u64>(),
            "(?s).{0,40}",
            "[a-z_,]{0,40}",
            any::<Option<bool>>(),
            prop::collection::vec(any::<u8>(), 0..MAX_APP_DATA_BYTES),
            any::<Option<[u8; 32]>>(),
        )
    }

    fn attempt(given: Given) -> Attempt {
        let (state, time, return_to, extra_scopes, force_reauth, app_data, binding) = given;
        let issued_at = Timestamp::from_unix_seconds(time);
        let state = State::parse(&to_base64url(&state)).unwrap();
        let is_cross_site = time % 2 == 1;
        Attempt {
            state,
            issued_at,
            return_to,
            extra_scopes,
            force_reauth,
            app_data,
            binding,
            is_cross_site,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_signed_verifies_and_is_what_was_signed(
            given in given(), parts in any::<(String, String, String)>(),
        ) {
            let (name, attempts) = (&parts.0, attempts(&parts.1, &parts.2));
            let value = attempts.sign(name, &attempt(given.clone()));
            let verified = attempts.verify(name, value.as_bytes());
            prop_assert!(verified.is_ok_and(|verified| verified == attempt(given.clone())));
            let unverified = attempts.unverified(value.as_bytes());
            prop_assert!(unverified.is_ok_and(|unverified| unverified.attempt == attempt(given.clone())));
        }

        #[test]
        fn no_changed_bit_no_truncation_and_no_addition_verifies(
            given in given(), parts in any::<(String, String, String)>(),
            bit in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
            more in prop::collection::vec(any::<u8>(), 1..40),
        ) {
            let (name, attempts) = (&parts.0, attempts(&parts.1, &parts.2));
            let value = attempts.sign(name, &attempt(given));
            let bytes = from_base64url(value.as_bytes()).unwrap();
            let mut changed = bytes.clone();
            let bit = bit.index(bytes.len() * 8);
            changed[bit / 8] ^= 1 << (bit % 8);
            let cut = &bytes[..cut.index(bytes.len())];
            let after = [&bytes[..], &more].concat();
            let before = [&more, &bytes[..]].concat();
            let between = [&bytes[..bytes.len() - TAG_BYTES], &more, &bytes[bytes.len() - TAG_BYTES..]];
            for forged in [&changed[..], cut, &after, &before, &between.concat()] {
                let text = to_base64url(forged);
                prop_assert!(attempts.verify(name, text.as_bytes()).is_err());
            }
            let cut = &value[..bit % value.len()];
            prop_assert!(attempts.verify(name, cut.as_bytes()).is_err());
        }

        #[test]
        fn nothing_verifies_for_another_name_client_or_redirect_uri(
            given in given(), parts in any::<(String, String, String)>(), other in any::<String>(),
        ) {
            let value = attempts(&parts.1, &parts.2).sign(&parts.0, &attempt(given));
            for place in 0..3 {
                let mut parts = parts.clone();
                let part = match place {
                    0 => &mut parts.0,
                    1 => &mut parts.1,
                    _ => &mut parts.2,
                };
                prop_assume!(*part != other);
                part.clone_from(&other);
                let verified = attempts(&parts.1, &parts.2).verify(&parts.0, value.as_bytes());
                prop_assert!(matches!(verified, Err(LookupError::BadSignature)));
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let attempts = attempts("", "");
            let mut headed = vec![VERSION];
            headed.extend_from_slice(&attempts.keyring.newest.id);
            headed.extend_from_slice(&bytes);
            for value in [bytes.clone(), to_base64url(&bytes).into(), to_base64url(&headed).into()] {
                prop_assert!(attempts.verify("", &value).is_err());
            }
        }
    }
}
