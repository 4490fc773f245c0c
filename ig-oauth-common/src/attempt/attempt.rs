//! A login attempt, from its start to its callback: the `state` parameter and its signed cookie.

use std::time::Duration;

use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::cookie::STATE_CHARACTERS_IN_NAME;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::keys::KeyId;
use crate::messages::BindingHash;
use crate::randomness::{Randomness, RandomnessUnavailable, random};

/// The lifetime of an attempt.
pub(crate) const ATTEMPT_LIFETIME: Duration = Duration::from_secs(10 * 60);

pub(super) const VERSION: u8 = 2;

/// The `state` parameter (RFC 6749, section 10.12): 256 random bits and nothing else, so that it
/// reveals nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State(pub(crate) [u8; 32]);

impl State {
    pub(crate) fn random(randomness: &dyn Randomness) -> Result<Self, RandomnessUnavailable> {
        random(randomness).map(Self)
    }

    /// The state of a callback, if it has the form of the crate's states.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        from_base64url(text.as_bytes())?.try_into().ok().map(Self)
    }

    pub(crate) fn to_text(self) -> String {
        to_base64url(&self.0)
    }

    /// Identifies the attempt in logs, as its cookie's name does: 48 of 256 bits, which prove
    /// nothing.
    pub(crate) fn id(self) -> String {
        self.to_text().chars().take(STATE_CHARACTERS_IN_NAME).collect()
    }
}

/// The content of an attempt's cookie.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) state: State,
    pub(crate) issued_at: Timestamp,
    /// Where the browser goes after the login. Checked at the start.
    pub(crate) return_to: String,
    /// The scopes requested in addition to the configured ones, joined by commas.
    pub(crate) extra_scopes: String,
    /// Whether the user must enter their credentials again, if the login's options say so.
    pub(crate) force_reauth: Option<bool>,
    /// Data that the app's hook receives when the login ends.
    pub(crate) app_data: Vec<u8>,
    /// The hash of the app's own user, if the attempt is bound to one.
    pub(crate) binding: Option<BindingHash>,
    /// Whether a page of another site started it.
    pub(crate) is_cross_site: bool,
}

impl Attempt {
    /// The bytes that the key of that id signs.
    pub(super) fn encode(&self, key_id: &KeyId) -> Vec<u8> {
        let binding: &[u8] = self.binding.as_ref().map_or(&[], |hash| hash);
        Writer::new()
            .byte(VERSION)
            .fixed(key_id)
            .number(self.issued_at.unix_seconds())
            .fixed(&self.state.0)
            .part(self.return_to.as_bytes())
            .part(self.extra_scopes.as_bytes())
            .byte(choice_byte(self.force_reauth))
            .part(&self.app_data)
            .part(binding)
            .byte(u8::from(self.is_cross_site))
            .finish()
    }

    /// The unverified content of the bytes, and the id of the key that should have signed them.
    pub(super) fn decode(payload: &[u8]) -> Option<(KeyId, Self)> {
        let mut reader = Reader::new(payload);
        if reader.byte()? != VERSION {
            return None;
        }
        let key_id = *reader.fixed()?;
        // The fields are read in this order.
        let attempt = Self {
            issued_at: Timestamp::from_unix_seconds(reader.number()?),
            state: State(*reader.fixed()?),
            return_to: reader.text()?.to_owned(),
            extra_scopes: reader.text()?.to_owned(),
            force_reauth: read_choice(reader.byte()?)?,
            app_data: reader.part()?.to_vec(),
            binding: match reader.part()? {
                [] => None,
                hash => Some(hash.try_into().ok()?),
            },
            is_cross_site: reader.byte().filter(|byte| *byte <= 1)? == 1,
        };
        reader.end()?;
        Some((key_id, attempt))
    }

    /// Whether the attempt is neither expired nor from the future at `now`.
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.issued_at <= now.saturating_add(CLOCK_SKEW)
            && now.saturating_duration_since(self.issued_at) <= ATTEMPT_LIFETIME
    }

    /// When it has expired by every instance's clock within the skew.
    pub(crate) fn dead_after(&self) -> Timestamp {
        self.issued_at.saturating_add(ATTEMPT_LIFETIME).saturating_add(CLOCK_SKEW)
    }
}

/// An option that may be left to the configuration, as a byte.
pub(crate) fn choice_byte(choice: Option<bool>) -> u8 {
    choice.map_or(0, |choice| 1 + u8::from(choice))
}

/// The option of a byte. `None` for an invalid byte.
#[allow(clippy::option_option, reason = "no choice is one of them")]
pub(crate) fn read_choice(byte: u8) -> Option<Option<bool>> {
    [None, Some(false), Some(true)].get(usize::from(byte)).copied()
}
