//! HMAC-SHA256 (RFC 2104) over length-prefixed parts.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The length of a tag, in bytes.
pub(crate) const TAG_BYTES: usize = 32;

/// A signing key with its key schedule. Setting it up for each call would cost half as much as a
/// signature.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
        Hmac::new_from_slice(key).ok().map(Self)
    }

    /// Each part is prefixed with its length, so that no byte can move from one part to the next.
    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac
    }

    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        self.over(parts).finalize().into_bytes().into()
    }

    /// In constant time, and for a tag of full length only.
    pub(crate) fn verifies(&self, parts: &[&[u8]], tag: &[u8; TAG_BYTES]) -> bool {
        #[cfg(test)]
        crate::operations::mac_checked();
        self.over(parts).verify_slice(tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_cannot_move_between_parts() {
        let key = MacKey::new(&[7; 32]).unwrap();
        let tag = key.tag(&[b"ab", b"c"]);
        assert!(key.verifies(&[b"ab", b"c"], &tag));
        for other in [&[&b"a"[..], b"bc"][..], &[b"abc"], &[b"abc", b""], &[b"", b"ab", b"c"]] {
            assert!(!key.verifies(other, &tag), "{other:?}");
        }
    }

    #[test]
    fn every_bit_of_the_tag_counts() {
        let key = MacKey::new(&[7; 32]).unwrap();
        let tag = key.tag(&[b"text"]);
        for bit in 0..TAG_BYTES * 8 {
            let mut changed = tag;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.verifies(&[b"text"], &changed), "{bit}");
        }
    }
}
