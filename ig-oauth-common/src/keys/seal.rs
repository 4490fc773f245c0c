//! AES-256-GCM (RFC 5116) with a random 96-bit nonce per value.
//!
//! With the `rustls` feature aws-lc does it, because it is a dependency already and opens a session
//! cookie in 0.4 of the time. Otherwise RustCrypto does. Both produce the same bytes.
//!
//! Random nonces are safe for 2^32 values per key (NIST SP 800-38D, section 8.3): a server that
//! seals a hundred sessions a second reaches that after 16 months, so rotate yearly at that rate.

#[cfg(feature = "rustls")]
pub(crate) use fast::SealingKey;
#[cfg(not(feature = "rustls"))]
pub(crate) use portable::SealingKey;

/// A key that seals and opens, by aws-lc.
#[cfg(feature = "rustls")]
mod fast {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    pub(crate) struct SealingKey(LessSafeKey);

    impl SealingKey {
        pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
            UnboundKey::new(&AES_256_GCM, key).ok().map(|key| Self(LessSafeKey::new(key)))
        }

        /// `None` never occurs for texts of the crate's sizes.
        pub(crate) fn seal(&self, nonce: [u8; 12], aad: &[u8], text: &[u8]) -> Option<Vec<u8>> {
            let mut sealed = text.to_vec();
            let nonce = Nonce::assume_unique_for_key(nonce);
            self.0.seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed).ok()?;
            Some(sealed)
        }

        /// The text, if nonce, associated data and every byte are unchanged.
        pub(crate) fn open(&self, nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
            let mut buffer = sealed.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = self.0.open_in_place(nonce, Aad::from(aad), &mut buffer).ok()?.len();
            buffer.truncate(length);
            Some(buffer)
        }
    }
}

/// The same with RustCrypto.
#[cfg(any(test, not(feature = "rustls")))]
mod portable {
    use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
    use aes_gcm::{Aes256Gcm, Nonce};

    pub(crate) struct SealingKey(Box<Aes256Gcm>);

    impl SealingKey {
        pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
            Aes256Gcm::new_from_slice(key).ok().map(|key| Self(Box::new(key)))
        }

        pub(crate) fn seal(&self, nonce: [u8; 12], aad: &[u8], text: &[u8]) -> Option<Vec<u8>> {
            self.0.encrypt(&Nonce::from(nonce), Payload { msg: text, aad }).ok()
        }

        pub(crate) fn open(&self, nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
            self.0.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad }).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_backends_make_and_read_the_same_bytes() {
        let key = SealingKey::new(&[9; 32]).unwrap();
        let portable = portable::SealingKey::new(&[9; 32]).unwrap();
        let sealed = key.seal([3; 12], b"associated", b"text").unwrap();
        assert_eq!(portable.seal([3; 12], b"associated", b"text").unwrap(), sealed);
        assert_eq!(portable.open(&[3; 12], b"associated", &sealed).unwrap(), b"text");
    }

    #[test]
    fn nothing_opens_after_a_change_of_any_part() {
        let key = SealingKey::new(&[9; 32]).unwrap();
        let sealed = key.seal([3; 12], b"aad", b"text").unwrap();
        assert_eq!(key.open(&[3; 12], b"aad", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(key.open(&[4; 12], b"aad", &sealed), None);
        assert_eq!(key.open(&[3; 12], b"AAD", &sealed), None);
        assert_eq!(SealingKey::new(&[8; 32]).unwrap().open(&[3; 12], b"aad", &sealed), None);
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(&[3; 12], b"aad", &changed), None, "{bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(key.open(&[3; 12], b"aad", &sealed[..length]), None, "{length}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_sealed_opens_and_nothing_like_it_does(
            key in any::<[u8; 32]>(), nonce in any::<[u8; 12]>(),
            aad in prop::collection::vec(any::<u8>(), 0..60),
            text in prop::collection::vec(any::<u8>(), 0..400),
            bit in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
            more in prop::collection::vec(any::<u8>(), 1..20),
        ) {
            let key = SealingKey::new(&key).unwrap();
            let sealed = key.seal(nonce, &aad, &text).unwrap();
            let opened = key.open(&nonce, &aad, &sealed);
            prop_assert_eq!(opened.as_ref(), Some(&text));
            let mut changed = sealed.clone();
            let bit = bit.index(sealed.len() * 8);
            changed[bit / 8] ^= 1 << (bit % 8);
            let cut = &sealed[..cut.index(sealed.len())];
            for forged in [&changed[..], cut, &[&sealed[..], &more].concat()] {
                prop_assert_eq!(key.open(&nonce, &aad, forged), None);
            }
            let mut other_nonce = nonce;
            other_nonce[bit % nonce.len()] ^= 1;
            prop_assert_eq!(key.open(&other_nonce, &aad, &sealed), None);
            prop_assert_eq!(key.open(&nonce, &[&aad[..], &more].concat(), &sealed), None);
        }
    }
}
