//! Derives the keys from the configured secrets.

use secrecy::{ExposeSecret as _, SecretString};

use super::builder::ConfigBuilder;
use crate::error::ConfigError;
use crate::keys::secret::{self, MIN_SECRET_BYTES};
use crate::keys::{KeySet, Keyring, Origin};

const MAKE_A_SECRET: &str =
    "set at least 32 random bytes, such as the output of `openssl rand -base64 32`";

pub(super) fn keyring(builder: &ConfigBuilder) -> Result<Keyring, ConfigError> {
    let sets = if builder.cookie_secrets.is_empty() {
        from_client_secrets(builder)?
    } else {
        from_cookie_secrets(&builder.cookie_secrets)?
    };
    let mut sets = sets.into_iter();
    match sets.next() {
        Some(newest) => Ok(Keyring { newest, older: sets.collect() }),
        None => Err(ConfigError::new("cookie_secrets", "are empty", MAKE_A_SECRET)),
    }
}

fn from_cookie_secrets(secrets: &[Vec<u8>]) -> Result<Vec<KeySet>, ConfigError> {
    const FIELD: &str = "cookie_secrets";
    let mut sets: Vec<KeySet> = Vec::new();
    for (index, secret) in secrets.iter().enumerate() {
        let number = index + 1;
        if let Some(refusal) = secret::refusal(secret) {
            let problem = format!("cannot be used: number {number} {refusal}");
            return Err(ConfigError::new(FIELD, problem, MAKE_A_SECRET));
        }
        let set = derive(FIELD, secret, Origin::CookieSecret)?;
        if sets.iter().any(|earlier| earlier.id == set.id) {
            let problem = format!("name the same secret twice: number {number} is an earlier one");
            return Err(ConfigError::new(FIELD, problem, "list each secret once, newest first"));
        }
        sets.push(set);
    }
    Ok(sets)
}

fn from_client_secrets(builder: &ConfigBuilder) -> Result<Vec<KeySet>, ConfigError> {
    const FIELD: &str = "cookie_secrets";
    if builder.store.is_some() {
        return Err(ConfigError::new(FIELD, "are not set, and a store needs them", MAKE_A_SECRET));
    }
    let secret = |secret: &SecretString| {
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < MIN_SECRET_BYTES {
            let problem = "are not set, and the app secret is too short to take their place";
            return Err(ConfigError::new(FIELD, problem, MAKE_A_SECRET));
        }
        derive(FIELD, bytes, Origin::ClientSecret)
    };
    let mut sets = vec![secret(&builder.client_secret)?];
    for earlier in &builder.earlier_client_secrets {
        let set = secret(earlier)?;
        if !sets.iter().any(|known| known.id == set.id) {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn derive(field: &'static str, secret: &[u8], origin: Origin) -> Result<KeySet, ConfigError> {
    KeySet::derive(secret, origin)
        .ok_or_else(|| ConfigError::new(field, "give no keys", MAKE_A_SECRET))
}
