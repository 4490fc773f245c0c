//! The code by which a user asks how far the deletion of their data has come.
//!
//! It is made from the request and nothing else, so a repeated request has the same code, and it is
//! signed, so that it can be told from a made-up one even where nothing is stored.

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::config::Settings;
use crate::encoding::Writer;
use crate::keys::MacKey;
use crate::token::UserId;

const PURPOSE: &[u8] = b"ig-oauth deletion code";
const ID: &[u8] = b"request";
const TAG: &[u8] = b"tag";

/// Bytes of a code: when, which request, and the signature's first 128 bits.
const CODE_BYTES: usize = 8 + 8 + 16;

/// The code of a request, in letters and digits.
pub(super) fn make(settings: &Settings, user_id: &UserId, issued_at: Timestamp) -> String {
    let key = &settings.keyring.newest().deletion;
    let moment = issued_at.unix_seconds().to_be_bytes();
    let client_id = settings.client_id.as_bytes();
    let id = key.tag(&[PURPOSE, ID, client_id, user_id.as_str().as_bytes(), &moment]);
    let id = id.first_chunk::<8>().copied().unwrap_or_default();
    let tag = tag(key, client_id, &moment, &id);
    hex(&Writer::new().fixed(&moment).fixed(&id).fixed(&tag).finish())
}

/// Whether one of our keys made that code.
pub(super) fn is_ours(settings: &Settings, code: &str) -> bool {
    let Some(bytes) = read(code) else { return false };
    let Some((moment, rest)) = bytes.split_first_chunk::<8>() else { return false };
    let Some((id, given)) = rest.split_first_chunk::<8>() else { return false };
    settings.keyring.all().any(|keys| {
        let tag = tag(&keys.deletion, settings.client_id.as_bytes(), moment, id);
        subtle::ConstantTimeEq::ct_eq(&tag[..], given).into()
    })
}

/// What a store knows a code by. None for a text that is no code.
pub(super) fn hash(code: &str) -> Option<[u8; 32]> {
    read(code).map(|bytes| Sha256::digest(bytes).into())
}

fn tag(key: &MacKey, client_id: &[u8], moment: &[u8; 8], id: &[u8; 8]) -> [u8; 16] {
    let tag = key.tag(&[PURPOSE, TAG, client_id, moment, id]);
    tag.first_chunk::<16>().copied().unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The one way a code is written: lower case, whole.
fn read(code: &str) -> Option<[u8; CODE_BYTES]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = code.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
