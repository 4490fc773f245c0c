//! The code by which a user asks how far the deletion of their data has come.
//!
//! It is made from the request and nothing else, so a repeated request has the same code, and it is
//! signed, so that it can be told from a made-up one even where nothing is stored.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::clock::Timestamp;
use crate::encoding::{Writer, from_hex, to_hex};
use crate::keys::{Keyring, MacKey};
use crate::provider::SignedRequest;

const PURPOSE: &[u8] = b"ig-oauth deletion code";
const ID: &[u8] = b"request";
const TAG: &[u8] = b"tag";

/// Bytes of a code: when, which request, and the signature's first 128 bits.
const CODE_BYTES: usize = 8 + 8 + 16;

/// The codes of one app.
pub(crate) struct ConfirmationCodes {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) client_id: String,
}

impl ConfirmationCodes {
    /// The code that a request is given, in letters and digits.
    pub(super) fn make(&self, request: &SignedRequest) -> String {
        self.made_with(&self.keyring.newest.deletion, request)
    }

    /// The codes that a request was given by any of the keys, the newest first.
    pub(super) fn all(&self, request: &SignedRequest) -> impl Iterator<Item = String> {
        self.keyring.all().map(|keys| self.made_with(&keys.deletion, request))
    }

    /// What tells a request from others, whichever key is the newest.
    pub(super) fn digest(&self, request: &SignedRequest) -> [u8; 32] {
        let parts = Writer::new()
            .part(PURPOSE)
            .part(self.client_id.as_bytes())
            .part(request.user_id().as_str().as_bytes())
            .number(request.issued_at().unix_seconds());
        Sha256::digest(parts.finish()).into()
    }

    /// When the request was made that one of the keys gave this code. None for any other text.
    pub(super) fn requested_at(&self, code: &str) -> Option<Timestamp> {
        let bytes = read(code)?;
        let (moment, rest) = bytes.split_first_chunk::<8>()?;
        let (id, given) = rest.split_first_chunk::<8>()?;
        let is_own = self.keyring.all().any(|keys| {
            let tag = tag(&keys.deletion, self.client_id.as_bytes(), moment, id);
            tag[..].ct_eq(given).into()
        });
        is_own.then(|| Timestamp::from_unix_seconds(u64::from_be_bytes(*moment)))
    }

    fn made_with(&self, key: &MacKey, request: &SignedRequest) -> String {
        let moment = request.issued_at().unix_seconds().to_be_bytes();
        let client_id = self.client_id.as_bytes();
        let user_id = request.user_id().as_str().as_bytes();
        let id = key.tag(&[PURPOSE, ID, client_id, user_id, &moment]);
        let id = id.first_chunk::<8>().copied().unwrap_or_default();
        let tag = tag(key, client_id, &moment, &id);
        to_hex(&Writer::new().fixed(&moment).fixed(&id).fixed(&tag).finish())
    }
}

/// What a store knows a code by. None for a text that is no code.
pub(super) fn hash(code: &str) -> Option<[u8; 32]> {
    read(code).map(|bytes| Sha256::digest(bytes).into())
}

fn tag(key: &MacKey, client_id: &[u8], moment: &[u8; 8], id: &[u8; 8]) -> [u8; 16] {
    let tag = key.tag(&[PURPOSE, TAG, client_id, moment, id]);
    tag.first_chunk::<16>().copied().unwrap_or_default()
}

/// The one way a code is written: lower case, whole.
fn read(code: &str) -> Option<[u8; CODE_BYTES]> {
    from_hex(code)?.try_into().ok()
}
