//! The provider's `signed_request`, which it posts when a user removes the app or wants their data
//! deleted.
//!
//! <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback>

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::wire;
use crate::clock::{CLOCK_SKEW, Timestamp};
use crate::encoding::from_base64url;
use crate::token_facts::UserId;

/// The longest text that is parsed, in bytes. Those seen have some 200.
const MAX_BYTES: usize = 8 * 1024;

const SIGNATURE_BYTES: usize = 32;

/// How long after `issued_at` a signed request is accepted by default. The format has no nonce, so
/// an older request could be a replay.
pub(crate) const DEFAULT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Verifies signed requests of the provider. The flow has one for its own routes. Construct one to
/// accept signed requests elsewhere.
///
/// ```
/// use std::time::Duration;
/// use ig_oauth_common::Timestamp;
/// use ig_oauth_common::hooks::SignedRequestVerifier;
///
/// let verifier = SignedRequestVerifier::new(["appsecret"]).window(Duration::from_secs(3600));
/// let posted = "N32LNcvDGXq0GI1jxm-tj1ysJh2uqkNIBcUhUmTp19k.\
///               eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjEyOTE4NDA0MDAsImlzc3VlZF9hdCI6MTI5\
///               MTgzNjgwMCwidXNlcl9pZCI6IjIxODQ3MSJ9";
/// let request = verifier.verify(posted, Timestamp::from_unix_seconds(1_291_838_000)).unwrap();
/// assert_eq!(request.user_id().as_str(), "218471");
/// ```
#[derive(Clone)]
#[must_use = "a verifier does nothing until it verifies"]
pub struct SignedRequestVerifier {
    secrets: Vec<SecretString>,
    window: Duration,
}

impl SignedRequestVerifier {
    /// A verifier for these app secrets. Empty secrets are ignored.
    pub fn new<S: Into<String>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let secrets = secrets.into_iter().map(Into::into).filter(|secret| !secret.is_empty());
        Self { secrets: secrets.map(SecretString::from).collect(), window: DEFAULT_WINDOW }
    }

    /// How long after `issued_at` a request is accepted. Default: one hour.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Verifies the value of the field `signed_request`, as posted, at the time `now`.
    ///
    /// # Errors
    ///
    /// When none of the secrets signed it, its algorithm is not HMAC-SHA256, it names no user, or
    /// it is stale. The error's text contains nothing of the request.
    pub fn verify(&self, text: &str, now: Timestamp) -> Result<SignedRequest, SignedRequestError> {
        use SignedRequestError as Error;
        if text.len() > MAX_BYTES {
            return Err(Error::Malformed);
        }
        let (signature, payload) = text.split_once('.').ok_or(Error::Malformed)?;
        if payload.contains('.') {
            return Err(Error::Malformed);
        }
        let signature = from_base64url(signature.as_bytes()).ok_or(Error::Malformed)?;
        let signature: [u8; SIGNATURE_BYTES] =
            signature.try_into().map_err(|_| Error::BadSignature)?;
        let decoded = from_base64url(payload.as_bytes()).ok_or(Error::Malformed)?;
        // The signature covers the text as received, so the text is not decoded and encoded again.
        if !self.is_signed(payload.as_bytes(), &signature) {
            return Err(Error::BadSignature);
        }
        let payload = Payload::read(&decoded)?;
        // There is one algorithm. The request's own field can only confirm it.
        if !payload.algorithm.is_some_and(|name| name.eq_ignore_ascii_case("HMAC-SHA256")) {
            return Err(Error::UnknownAlgorithm);
        }
        let user_id = payload.user_id.as_ref().and_then(wire::user_id).ok_or(Error::NoUser)?;
        let issued_at = payload.issued_at.map(Timestamp::from_unix_seconds).ok_or(Error::Stale)?;
        let is_from_the_future = issued_at > now.saturating_add(CLOCK_SKEW);
        let is_old = now.saturating_duration_since(issued_at) > self.window;
        let has_expired = payload.expires.is_some_and(|end| end <= now.unix_seconds());
        if is_from_the_future || is_old || has_expired {
            return Err(Error::Stale);
        }
        let digest = Sha256::digest(text.as_bytes()).into();
        let taken_until = issued_at.saturating_add(self.window).saturating_add(CLOCK_SKEW);
        Ok(SignedRequest { user_id, issued_at, taken_until, digest, skew: CLOCK_SKEW })
    }

    /// All secrets are always tried, in constant time, so timing reveals their number but not which
    /// one matched.
    fn is_signed(&self, payload: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let mut is_signed = Choice::from(0);
        for secret in &self.secrets {
            if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) {
                mac.update(payload);
                is_signed |= mac.finalize().into_bytes().as_slice().ct_eq(signature);
            }
        }
        is_signed.into()
    }
}

impl fmt::Debug for SignedRequestVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequestVerifier")
            .field("secrets", &self.secrets.len())
            .field("window", &self.window)
            .finish()
    }
}

/// A verified signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedRequest {
    user_id: UserId,
    issued_at: Timestamp,
    /// The last time at which it could be accepted again, including the clock skew.
    pub(crate) taken_until: Timestamp,
    /// Of the text as received.
    pub(crate) digest: [u8; 32],
    skew: Duration,
}

impl SignedRequest {
    /// The user, by an id that the provider chooses: by its documentation the app-scoped one. Look
    /// your user up by all ids that you know.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// When the provider made the request.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Whether data created at `moment`, such as a connection, is older than this request: created
    /// before it was issued, or within a minute after it, because clocks differ. Requests can be
    /// late or repeated, and an account that the user connects later is a new consent. The minute
    /// is not added when the crate's other callback has already acted on the same text: a
    /// deauthorization and a data deletion within one second have the same bytes.
    #[must_use]
    pub fn covers(&self, moment: Timestamp) -> bool {
        moment <= self.issued_at.saturating_add(self.skew)
    }

    #[must_use]
    pub(crate) fn without_skew(self) -> Self {
        Self { skew: Duration::ZERO, ..self }
    }
}

/// Why a signed request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SignedRequestError {
    /// It is not two base64url parts separated by a dot, or its payload is not a JSON object.
    #[error("the signed request is malformed")]
    Malformed,
    /// None of the secrets signed it.
    #[error(
        "none of the configured app secrets signed the request; some are signed with the Meta app \
         secret instead of the Instagram one: list it in `signed_request_secrets`"
    )]
    BadSignature,
    /// It names an algorithm other than HMAC-SHA256, or none.
    #[error("the signed request names no known algorithm")]
    UnknownAlgorithm,
    /// It names no user.
    #[error("the signed request names no user")]
    NoUser,
    /// It is too old, has expired, or was issued in the future.
    #[error("the signed request is too old, has expired or comes from the future")]
    Stale,
}

struct Payload {
    algorithm: Option<String>,
    user_id: Option<Value>,
    issued_at: Option<u64>,
    expires: Option<u64>,
}

impl Payload {
    fn read(json: &[u8]) -> Result<Self, SignedRequestError> {
        let malformed = |_| SignedRequestError::Malformed;
        let Fields(mut fields) = serde_json::from_slice(json).map_err(malformed)?;
        let moment = |field: Option<Value>| match field {
            None | Some(Value::Null) => Ok(None),
            Some(field) => field.as_u64().map(Some).ok_or(SignedRequestError::Malformed),
        };
        Ok(Self {
            algorithm: fields.remove("algorithm").and_then(|name| name.as_str().map(str::to_owned)),
            user_id: fields.remove("user_id"),
            issued_at: moment(fields.remove("issued_at"))?,
            // The provider's older tokens use 0 for "never".
            expires: moment(fields.remove("expires"))?.filter(|end| *end != 0),
        })
    }
}

/// A JSON object without duplicate fields. Unused fields count too: otherwise the parser would
/// choose between two values, and would limit the depth of what it skips.
struct Fields(Map<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.insert(name, value).is_some() {
                        return Err(A::Error::custom("a field is named twice"));
                    }
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Each)
    }
}
