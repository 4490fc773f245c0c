//! One login attempt, from the click to the callback: the `state` parameter and its signed cookie.

use std::time::Duration;

use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::cookie::STATE_CHARACTERS_IN_NAME;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::keys::{KeyId, Keyring, TAG_BYTES};
use crate::messages::BindingHash;
use crate::randomness::{Randomness, RandomnessUnavailable, random};

/// How long an attempt may take.
pub(crate) const ATTEMPT_LIFETIME: Duration = Duration::from_secs(10 * 60);

const VERSION: u8 = 2;
const PURPOSE: &[u8] = b"ig-oauth attempt cookie";
const STATE_BYTES: usize = 32;

/// Length of a `state` parameter: 32 bytes in base64url.
const STATE_CHARACTERS: usize = 43;

/// The `state` parameter (RFC 6749, section 10.12): 256 random bits and nothing else, so that there
/// is nothing to read in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State([u8; STATE_BYTES]);

impl State {
    pub(crate) fn random(randomness: &dyn Randomness) -> Result<Self, RandomnessUnavailable> {
        random(randomness).map(Self)
    }

    /// The state a callback names, if it is one that we could have sent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != STATE_CHARACTERS {
            return None;
        }
        from_base64url(text.as_bytes())?.try_into().ok().map(Self)
    }

    pub(crate) fn to_text(self) -> String {
        to_base64url(&self.0)
    }

    /// Names the attempt in logs, as its cookie's name does: 48 bits of 256, which prove nothing.
    pub(crate) fn id(self) -> String {
        let mut text = self.to_text();
        text.truncate(STATE_CHARACTERS_IN_NAME);
        text
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a signature is bound to besides the attempt itself. A cookie made under another name, for
/// another client or for another redirect URI does not verify.
pub(crate) struct SignedFor<'a> {
    pub(crate) cookie_name: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
}

/// What an attempt remembers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) state: State,
    pub(crate) issued_at: Timestamp,
    /// Where the browser goes after the login, proven at the start.
    pub(crate) return_to: String,
    /// The scopes asked for beyond the configured ones, joined by commas.
    pub(crate) extra_scopes: String,
    /// Whether the user must enter their credentials again, where the login's options say so.
    pub(crate) force_reauth: Option<bool>,
    /// What the app wants to see again in its hook.
    pub(crate) app_data: Vec<u8>,
    /// Hash of the app's own user, when the attempt is bound to one.
    pub(crate) binding: Option<BindingHash>,
    /// A page of another site brought it about.
    pub(crate) is_cross_site: bool,
}

/// Why a cookie is not the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// Signed with a secret this instance does not know: perhaps another instance does.
    UnknownKey,
    /// Not ours, or changed.
    BadSignature,
}

impl Attempt {
    /// The cookie's value.
    pub(crate) fn sign(&self, keyring: &Keyring, signed_for: &SignedFor<'_>) -> String {
        let keys = keyring.newest();
        let binding: &[u8] = self.binding.as_ref().map_or(&[], |hash| hash);
        let payload = Writer::new()
            .byte(VERSION)
            .fixed(&keys.id)
            .number(self.issued_at.unix_seconds())
            .fixed(&self.state.0)
            .part(self.return_to.as_bytes())
            .part(self.extra_scopes.as_bytes())
            .byte(choice_byte(self.force_reauth))
            .part(&self.app_data)
            .part(binding)
            .byte(u8::from(self.is_cross_site))
            .finish();
        let tag = keys.attempt.tag(&signed_parts(signed_for, &payload));
        to_base64url(&Writer::new().fixed(&payload).fixed(&tag).finish())
    }

    /// The attempt in a cookie's value, when the signature and every byte are right. Whether it has
    /// expired is another question.
    pub(crate) fn verify(
        value: &[u8],
        keyring: &Keyring,
        signed_for: &SignedFor<'_>,
    ) -> Result<Self, Unverified> {
        let bytes = from_base64url(value).ok_or(Unverified::BadSignature)?;
        let (payload, tag) = bytes.split_last_chunk().ok_or(Unverified::BadSignature)?;
        let unsigned = Unsigned::read(payload).ok_or(Unverified::BadSignature)?;
        let keys = keyring.by_id(&unsigned.key_id).ok_or(Unverified::UnknownKey)?;
        if !keys.attempt.verifies(&signed_parts(signed_for, payload), tag) {
            return Err(Unverified::BadSignature);
        }
        Ok(unsigned.attempt)
    }

    /// What a cookie's value claims, unproven: enough to sort by age and to discard what cannot be
    /// ours before any signature is checked.
    pub(crate) fn unproven(value: &[u8], keyring: &Keyring) -> Result<Self, Unverified> {
        let bytes = from_base64url(value).ok_or(Unverified::BadSignature)?;
        let split = bytes.split_last_chunk::<TAG_BYTES>();
        let (payload, _) = split.ok_or(Unverified::BadSignature)?;
        let unsigned = Unsigned::read(payload).ok_or(Unverified::BadSignature)?;
        keyring.by_id(&unsigned.key_id).ok_or(Unverified::UnknownKey)?;
        Ok(unsigned.attempt)
    }

    /// Whether the attempt is neither too old nor from the future at `now`.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.issued_at <= now.saturating_add(CLOCK_SKEW)
            && now.saturating_since(self.issued_at) <= ATTEMPT_LIFETIME
    }

    /// When nobody can use it any more, whatever their clock says within the skew.
    pub(crate) fn dead_after(&self) -> Timestamp {
        self.issued_at.saturating_add(ATTEMPT_LIFETIME).saturating_add(CLOCK_SKEW)
    }
}

struct Unsigned {
    key_id: KeyId,
    attempt: Attempt,
}

impl Unsigned {
    fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        if reader.byte()? != VERSION {
            return None;
        }
        let key_id = *reader.fixed()?;
        let issued_at = Timestamp::from_unix_seconds(reader.number()?);
        let state = State(*reader.fixed()?);
        let return_to = reader.text()?.to_owned();
        let extra_scopes = reader.text()?.to_owned();
        let force_reauth = read_choice(reader.byte()?)?;
        let app_data = reader.part()?.to_vec();
        let binding = match reader.part()? {
            [] => None,
            hash => Some(hash.try_into().ok()?),
        };
        let is_cross_site = match reader.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        reader.end()?;
        let attempt = Attempt {
            state,
            issued_at,
            return_to,
            extra_scopes,
            force_reauth,
            app_data,
            binding,
            is_cross_site,
        };
        Some(Self { key_id, attempt })
    }
}

/// A choice that may be left to the configuration, as a byte.
pub(crate) const fn choice_byte(choice: Option<bool>) -> u8 {
    match choice {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

/// The choice of a byte; none for a byte that stands for no choice.
#[allow(clippy::option_option, reason = "no choice is one of them")]
pub(crate) const fn read_choice(byte: u8) -> Option<Option<bool>> {
    match byte {
        0 => Some(None),
        1 => Some(Some(false)),
        2 => Some(Some(true)),
        _ => None,
    }
}

fn signed_parts<'a>(signed_for: &'a SignedFor<'_>, payload: &'a [u8]) -> [&'a [u8]; 5] {
    [
        PURPOSE,
        signed_for.cookie_name.as_bytes(),
        signed_for.client_id.as_bytes(),
        signed_for.redirect_uri.as_bytes(),
        payload,
    ]
}

#[cfg(test)]
mod laws {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::{KeySet, Origin};
    use crate::messages::MAX_APP_DATA_BYTES;

    fn keyring() -> Keyring {
        let secret = b"an obviously fake secret, 38 bytes long";
        Keyring::new(KeySet::derive(secret, Origin::CookieSecret).unwrap(), Vec::new())
    }

    fn signed_for<'a>(parts: &'a (String, String, String)) -> SignedFor<'a> {
        SignedFor { cookie_name: &parts.0, client_id: &parts.1, redirect_uri: &parts.2 }
    }

    /// State, time, return_to, scopes, re-authentication, app data and binding hash: an attempt has
    /// no `Debug`.
    type Given = ([u8; STATE_BYTES], u64, String, String, Option<bool>, Vec<u8>, Option<[u8; 32]>);

    fn given() -> impl Strategy<Value = Given> {
        (
            any::<[u8; STATE_BYTES]>(),
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
        let (state, is_cross_site) = (State(state), time % 2 == 1);
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
            let (keyring, signed_for) = (keyring(), signed_for(&parts));
            let value = attempt(given.clone()).sign(&keyring, &signed_for);
            let verified = Attempt::verify(value.as_bytes(), &keyring, &signed_for);
            prop_assert!(verified.is_ok_and(|verified| verified == attempt(given.clone())));
            let unproven = Attempt::unproven(value.as_bytes(), &keyring);
            prop_assert!(unproven.is_ok_and(|unproven| unproven == attempt(given.clone())));
        }

        #[test]
        fn no_changed_bit_no_truncation_and_no_addition_verifies(
            given in given(), parts in any::<(String, String, String)>(),
            bit in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
            more in prop::collection::vec(any::<u8>(), 1..40),
        ) {
            let (keyring, signed_for) = (keyring(), signed_for(&parts));
            let value = attempt(given.clone()).sign(&keyring, &signed_for);
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
                prop_assert!(Attempt::verify(text.as_bytes(), &keyring, &signed_for).is_err());
            }
            let cut = &value[..bit % value.len()];
            prop_assert!(Attempt::verify(cut.as_bytes(), &keyring, &signed_for).is_err());
        }

        #[test]
        fn nothing_verifies_for_another_name_client_or_redirect_uri(
            given in given(), parts in any::<(String, String, String)>(), other in any::<String>(),
        ) {
            let keyring = keyring();
            let value = attempt(given.clone()).sign(&keyring, &signed_for(&parts));
            for place in 0..3 {
                let mut parts = parts.clone();
                let part = match place {
                    0 => &mut parts.0,
                    1 => &mut parts.1,
                    _ => &mut parts.2,
                };
                prop_assume!(*part != other);
                part.clone_from(&other);
                let verified = Attempt::verify(value.as_bytes(), &keyring, &signed_for(&parts));
                prop_assert!(matches!(verified, Err(Unverified::BadSignature)));
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let parts = Default::default();
            let (keyring, signed_for) = (keyring(), signed_for(&parts));
            let mut headed = vec![VERSION];
            headed.extend_from_slice(&keyring.newest().id);
            headed.extend_from_slice(&bytes);
            for value in [bytes.clone(), to_base64url(&bytes).into(), to_base64url(&headed).into()] {
                prop_assert!(Attempt::verify(&value, &keyring, &signed_for).is_err());
            }
        }
    }
}
