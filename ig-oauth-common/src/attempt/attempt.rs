//! One login attempt, from the click to the callback: the `state` parameter and its signed cookie.

use std::time::Duration;

use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::cookie::STATE_CHARACTERS_IN_NAME;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::keys::KeyId;
use crate::messages::BindingHash;
use crate::randomness::{Randomness, RandomnessUnavailable, random};

/// How long an attempt may take.
pub(crate) const ATTEMPT_LIFETIME: Duration = Duration::from_secs(10 * 60);

pub(super) const VERSION: u8 = 2;

/// The `state` parameter (RFC 6749, section 10.12): 256 random bits and nothing else, so that there
/// is nothing to read in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State(pub(crate) [u8; 32]);

impl State {
    pub(crate) fn random(randomness: &dyn Randomness) -> Result<Self, RandomnessUnavailable> {
        random(randomness).map(Self)
    }

    /// The state a callback names, if it is one that we could have sent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        from_base64url(text.as_bytes())?.try_into().ok().map(Self)
    }

    pub(crate) fn to_text(self) -> String {
        to_base64url(&self.0)
    }

    /// Names the attempt in logs, as its cookie's name does: 48 bits of 256, which prove nothing.
    pub(crate) fn id(self) -> String {
        self.to_text().chars().take(STATE_CHARACTERS_IN_NAME).collect()
    }
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

impl Attempt {
    /// What is signed, by the key of that id.
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

    /// What the bytes claim, and the id of the key that should have signed them.
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

/// A choice that may be left to the configuration, as a byte.
pub(crate) fn choice_byte(choice: Option<bool>) -> u8 {
    choice.map_or(0, |choice| 1 + u8::from(choice))
}

/// The choice of a byte; none for a byte that stands for no choice.
#[allow(clippy::option_option, reason = "no choice is one of them")]
pub(crate) fn read_choice(byte: u8) -> Option<Option<bool>> {
    [None, Some(false), Some(true)].get(usize::from(byte)).copied()
}
