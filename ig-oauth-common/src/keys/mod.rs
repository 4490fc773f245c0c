//! Derives keys from secrets, and rotates them.
//!
//! Each secret gives one [`KeySet`] with a key for each purpose, so that a value made for one
//! purpose never opens under another. The newest set signs and seals; all sets verify and open,
//! selected by an id that is derived from the secret.

mod mac;
mod seal;
pub(crate) mod secret;

use hkdf::Hkdf;
use sha2::Sha256;

pub(crate) use mac::{MacKey, TAG_BYTES};
pub(crate) use seal::SealingKey;

/// Identifies the secret that a value was made with. It is not secret: it is sent in plain text.
pub(crate) type KeyId = [u8; 4];

/// The keys derived from one secret.
pub(crate) struct KeySet {
    pub(crate) id: KeyId,
    /// Signs attempt cookies.
    pub(crate) attempt: MacKey,
    /// Signs the options of a login link.
    pub(crate) login_options: MacKey,
    /// Signs the confirmation codes of deletion requests.
    pub(crate) deletion: MacKey,
    /// Seals session cookies.
    pub(crate) session: SealingKey,
    /// Seals tokens in a store.
    pub(crate) account: SealingKey,
}

/// The origin of a secret. It is part of the derivation: an app secret that is also used as a
/// cookie secret gives different keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    CookieSecret,
    ClientSecret,
}

impl KeySet {
    /// `None` never occurs: HKDF fails only for outputs over 8,160 bytes.
    pub(crate) fn derive(secret: &[u8], origin: Origin) -> Option<Self> {
        let salt: &[u8] = match origin {
            Origin::CookieSecret => b"ig-oauth 1 cookie secret",
            Origin::ClientSecret => b"ig-oauth 1 client secret",
        };
        let hkdf = Hkdf::<Sha256>::new(Some(salt), secret);
        let expand = |label: &[u8]| {
            let mut key = [0; 32];
            hkdf.expand(label, &mut key).ok().map(|()| key)
        };
        let mut id = KeyId::default();
        hkdf.expand(b"key id", &mut id).ok()?;
        Some(Self {
            id,
            attempt: MacKey::new(&expand(b"attempt cookie mac")?)?,
            login_options: MacKey::new(&expand(b"login options mac")?)?,
            deletion: MacKey::new(&expand(b"deletion code mac")?)?,
            session: SealingKey::new(&expand(b"session cookie seal")?)?,
            account: SealingKey::new(&expand(b"stored account seal")?)?,
        })
    }
}

/// All key sets, newest first.
pub(crate) struct Keyring {
    /// The set that signs and seals.
    pub(crate) newest: KeySet,
    pub(crate) older: Vec<KeySet>,
}

impl Keyring {
    /// The set with that id, if it is still configured.
    pub(crate) fn by_id(&self, id: &KeyId) -> Option<&KeySet> {
        self.all().find(|keys| keys.id == *id)
    }

    /// All sets, newest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &KeySet> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"an obviously fake secret, 38 bytes long";

    #[test]
    fn the_same_secret_gives_the_same_keys_on_every_instance() {
        let one = KeySet::derive(SECRET, Origin::CookieSecret).unwrap();
        let other = KeySet::derive(SECRET, Origin::CookieSecret).unwrap();
        assert_eq!(one.id, other.id);
        assert_eq!(one.attempt.tag(&[b"text"]), other.attempt.tag(&[b"text"]));
    }

    #[test]
    fn purposes_and_origins_have_keys_of_their_own() {
        let cookie = KeySet::derive(SECRET, Origin::CookieSecret).unwrap();
        let client = KeySet::derive(SECRET, Origin::ClientSecret).unwrap();
        let tags = [
            cookie.attempt.tag(&[b"text"]),
            cookie.login_options.tag(&[b"text"]),
            client.attempt.tag(&[b"text"]),
            client.login_options.tag(&[b"text"]),
        ];
        for (index, tag) in tags.iter().enumerate() {
            assert!(tags.iter().skip(index + 1).all(|other| other != tag), "{index}");
        }
        assert_ne!(cookie.id, client.id);
        let sealed = cookie.session.seal([0; 12], b"", b"text").unwrap();
        assert_eq!(cookie.session.open(&[0; 12], b"", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(cookie.account.open(&[0; 12], b"", &sealed), None);
        assert_eq!(client.session.open(&[0; 12], b"", &sealed), None);
    }

    #[test]
    fn a_ring_finds_every_secret_and_signs_with_the_newest() {
        let set = |secret: &[u8]| KeySet::derive(secret, Origin::CookieSecret).unwrap();
        let (new, old, unknown) = (set(b"new"), set(b"old"), set(b"unknown"));
        let (new_id, old_id) = (new.id, old.id);
        let ring = Keyring { newest: new, older: vec![old] };
        assert_eq!(ring.newest.id, new_id);
        assert!(ring.by_id(&new_id).is_some());
        assert!(ring.by_id(&old_id).is_some());
        assert!(ring.by_id(&unknown.id).is_none());
    }
}
