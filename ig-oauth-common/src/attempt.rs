//! One login attempt, from the click to the callback: the `state` parameter and its signed cookie.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::keys::{KeyId, Keyring, TAG_BYTES};
use crate::randomness::{Randomness, RandomnessUnavailable};

/// How long an attempt may take.
pub(crate) const ATTEMPT_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How far ahead the clock of the instance that started the attempt may be.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Most app data an attempt carries, in bytes. The user can read it.
pub(crate) const MAX_APP_DATA_BYTES: usize = 256;

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"ig-oauth attempt cookie";
const STATE_BYTES: usize = 32;

/// Length of a `state` parameter: 32 bytes in base64url.
const STATE_CHARACTERS: usize = 43;

/// The `state` parameter (RFC 6749, section 10.12): 256 random bits and nothing else, so that there
/// is nothing to read in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State([u8; STATE_BYTES]);

impl State {
    pub(crate) fn random(randomness: &dyn Randomness) -> Result<Self, RandomnessUnavailable> {
        let mut bytes = [0; STATE_BYTES];
        randomness.fill(&mut bytes)?;
        Ok(Self(bytes))
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

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a signature is bound to besides the attempt itself. A cookie made under another name, for
/// another client or for another redirect URI does not verify.
pub(crate) struct Binding<'a> {
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
    /// What the app wants to see again in its hook.
    pub(crate) app_data: Vec<u8>,
    /// Hash of the app's own user, when the attempt is bound to one.
    pub(crate) context: Option<[u8; 32]>,
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
    pub(crate) fn sign(&self, keyring: &Keyring, binding: &Binding<'_>) -> String {
        let keys = keyring.newest();
        let context: &[u8] = self.context.as_ref().map_or(&[], |hash| hash);
        let payload = Writer::new()
            .byte(VERSION)
            .fixed(&keys.id)
            .number(self.issued_at.unix_seconds())
            .fixed(&self.state.0)
            .part(self.return_to.as_bytes())
            .part(self.extra_scopes.as_bytes())
            .part(&self.app_data)
            .part(context)
            .finish();
        let tag = keys.attempt.tag(&signed_parts(binding, &payload));
        to_base64url(&Writer::new().fixed(&payload).fixed(&tag).finish())
    }

    /// The attempt in a cookie's value, when the signature and every byte are right. Whether it has
    /// expired is another question.
    pub(crate) fn verify(
        value: &[u8],
        keyring: &Keyring,
        binding: &Binding<'_>,
    ) -> Result<Self, Unverified> {
        let bytes = from_base64url(value).ok_or(Unverified::BadSignature)?;
        let (payload, tag) = bytes.split_last_chunk().ok_or(Unverified::BadSignature)?;
        let unsigned = Unsigned::read(payload).ok_or(Unverified::BadSignature)?;
        let keys = keyring.by_id(&unsigned.key_id).ok_or(Unverified::UnknownKey)?;
        if !keys.attempt.verifies(&signed_parts(binding, payload), tag) {
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
        let app_data = reader.part()?.to_vec();
        let context = match reader.part()? {
            [] => None,
            hash => Some(hash.try_into().ok()?),
        };
        reader.end()?;
        let attempt = Attempt { state, issued_at, return_to, extra_scopes, app_data, context };
        Some(Self { key_id, attempt })
    }
}

fn signed_parts<'a>(binding: &'a Binding<'_>, payload: &'a [u8]) -> [&'a [u8]; 5] {
    [
        PURPOSE,
        binding.cookie_name.as_bytes(),
        binding.client_id.as_bytes(),
        binding.redirect_uri.as_bytes(),
        payload,
    ]
}
