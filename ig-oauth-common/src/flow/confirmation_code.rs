//! The confirmation code with which a user asks for the status of the deletion of their data.
//!
//! It is derived only from the request, so a repeated request has the same code, and it is signed,
//! so that invented codes are recognized even when nothing is stored.

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

/// The bytes of a code: the time, the request, and the first 128 bits of the signature.
const CODE_BYTES: usize = 8 + 8 + 16;

/// The codes of one app.
pub(crate) struct ConfirmationCodes {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) client_id: String,
}

impl ConfirmationCodes {
    /// The code for a request, in letters and digits.
    pub(super) fn make(&self, request: &SignedRequest) -> String {
        self.made_with(&self.keyring.newest.deletion, request)
    }

    /// The codes for a request by each of the keys, the newest first.
    pub(super) fn all(&self, request: &SignedRequest) -> impl Iterator<Item = String> {
        self.keyring.all().map(|keys| self.made_with(&keys.deletion, request))
    }

    /// Identifies a request, independent of the keys.
    pub(super) fn digest(&self, request: &SignedRequest) -> [u8; 32] {
        let parts = Writer::new()
            .part(PURPOSE)
            .part(self.client_id.as_bytes())
            .part(request.user_id().as_str().as_bytes())
            .number(request.issued_at().unix_seconds());
        Sha256::digest(parts.finish()).into()
    }

    /// The time of the request that one of the keys gave this code. `None` for any other text.
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

/// The key of a code in the store. `None` for a text that is not a code.
pub(super) fn hash(code: &str) -> Option<[u8; 32]> {
    read(code).map(|bytes| Sha256::digest(bytes).into())
}

fn tag(key: &MacKey, client_id: &[u8], moment: &[u8; 8], id: &[u8; 8]) -> [u8; 16] {
    let tag = key.tag(&[PURPOSE, TAG, client_id, moment, id]);
    tag.first_chunk::<16>().copied().unwrap_or_default()
}

/// Only the canonical form of a code is read: complete and in lower case.
fn read(code: &str) -> Option<[u8; CODE_BYTES]> {
    from_hex(code)?.try_into().ok()
}
