//! The code by which a user asks how far the deletion of their data has come.
//!
//! It is made from the request and nothing else, so a repeated request has the same code, and it is
//! signed, so that it can be told from a made-up one even where nothing is stored.

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::config::Settings;
use crate::encoding::Writer;
use crate::keys::MacKey;
use crate::provider::SignedRequest;

const PURPOSE: &[u8] = b"ig-oauth deletion code";
const ID: &[u8] = b"request";
const TAG: &[u8] = b"tag";

/// Bytes of a code: when, which request, and the signature's first 128 bits.
const CODE_BYTES: usize = 8 + 8 + 16;

/// The code that a request is given, in letters and digits.
pub(super) fn make(settings: &Settings, request: &SignedRequest) -> String {
    made_with(&settings.keyring.newest().deletion, settings, request)
}

/// The codes that a request was given by any of our keys, the newest first.
pub(super) fn all(settings: &Settings, request: &SignedRequest) -> impl Iterator<Item = String> {
    let keys = settings.keyring.all();
    keys.map(move |keys| made_with(&keys.deletion, settings, request))
}

/// What tells a request from others, whichever key is the newest.
pub(super) fn digest(settings: &Settings, request: &SignedRequest) -> [u8; 32] {
    let parts = Writer::new()
        .part(PURPOSE)
        .part(settings.client_id.as_bytes())
        .part(request.user_id().as_str().as_bytes())
        .number(request.issued_at().unix_seconds());
    Sha256::digest(parts.finish()).into()
}

fn made_with(key: &MacKey, settings: &Settings, request: &SignedRequest) -> String {
    let moment = request.issued_at().unix_seconds().to_be_bytes();
    let client_id = settings.client_id.as_bytes();
    let user_id = request.user_id().as_str().as_bytes();
    let id = key.tag(&[PURPOSE, ID, client_id, user_id, &moment]);
    let id = id.first_chunk::<8>().copied().unwrap_or_default();
    let tag = tag(key, client_id, &moment, &id);
    hex(&Writer::new().fixed(&moment).fixed(&id).fixed(&tag).finish())
}

/// When the request was made that one of our keys gave this code. None for any other text.
pub(super) fn requested_at(settings: &Settings, code: &str) -> Option<Timestamp> {
    let bytes = read(code)?;
    let (moment, rest) = bytes.split_first_chunk::<8>()?;
    let (id, given) = rest.split_first_chunk::<8>()?;
    let is_ours = settings.keyring.all().any(|keys| {
        let tag = tag(&keys.deletion, settings.client_id.as_bytes(), moment, id);
        subtle::ConstantTimeEq::ct_eq(&tag[..], given).into()
    });
    is_ours.then(|| Timestamp::from_unix_seconds(u64::from_be_bytes(*moment)))
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
