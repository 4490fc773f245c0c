//! Encrypted values that only this app's secrets open: a version, the key's id, a nonce, and the
//! ciphertext.

use std::sync::Arc;

use crate::encoding::{Reader, Writer};
use crate::error::{AuthError, AuthErrorKind};
use crate::keys::{KeySet, Keyring, SealingKey};
use crate::randomness::{Randomness, random};
use crate::store::StoreError;

const VERSION: u8 = 1;

/// What is sealed. Each purpose has its own key and label, so a value of one purpose never opens as
/// another.
pub(crate) struct Purpose {
    key: fn(&KeySet) -> &SealingKey,
    label: &'static [u8],
}

/// The session in a browser's cookie.
pub(super) const SESSION_COOKIE: Purpose =
    Purpose { key: |keys| &keys.session, label: b"ig-oauth session cookie" };

/// The token of a stored account.
pub(super) const STORED_ACCOUNT: Purpose =
    Purpose { key: |keys| &keys.account, label: b"ig-oauth stored account" };

/// Seals with the newest key, and opens with all keys.
pub(crate) struct Sealer {
    pub(super) purpose: Purpose,
    pub(super) keyring: Arc<Keyring>,
    pub(super) randomness: Arc<dyn Randomness>,
}

/// A value that was opened.
pub(super) struct Opened {
    pub(super) text: Vec<u8>,
    pub(super) is_by_newest_key: bool,
}

/// Why a value cannot be opened.
pub(super) enum Unopened {
    /// Another instance, or a later version, may be able to open it.
    Foreign,
    /// It is useless.
    Broken,
    /// The store did not answer.
    Failed(AuthError),
}

impl From<StoreError> for Unopened {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Sealer {
    /// `about` says where the value belongs: it cannot be opened elsewhere.
    pub(super) fn seal(&self, about: [&str; 2], text: &[u8]) -> Result<Vec<u8>, AuthError> {
        let nonce = random(&*self.randomness)?;
        let keys = &self.keyring.newest;
        let sealed = (self.purpose.key)(keys).seal(nonce, &self.associated_data(about), text);
        let sealed = sealed.ok_or(AuthErrorKind::Internal)?;
        Ok(Writer::new().byte(VERSION).fixed(&keys.id).fixed(&nonce).fixed(&sealed).finish())
    }

    pub(super) fn open(&self, about: [&str; 2], value: &[u8]) -> Result<Opened, Unopened> {
        let mut reader = Reader::new(value);
        if reader.byte().ok_or(Unopened::Broken)? != VERSION {
            return Err(Unopened::Foreign);
        }
        let key_id = reader.fixed().ok_or(Unopened::Broken)?;
        let keys = self.keyring.by_id(key_id).ok_or(Unopened::Foreign)?;
        let nonce = reader.fixed().ok_or(Unopened::Broken)?;
        let data = self.associated_data(about);
        let text = (self.purpose.key)(keys).open(nonce, &data, reader.rest());
        let text = text.ok_or(Unopened::Broken)?;
        Ok(Opened { text, is_by_newest_key: *key_id == self.keyring.newest.id })
    }

    fn associated_data(&self, [first, second]: [&str; 2]) -> Vec<u8> {
        let about = Writer::new().byte(VERSION).part(self.purpose.label);
        about.part(first.as_bytes()).part(second.as_bytes()).finish()
    }
}
