//! The provider's `signed_request`: what it posts when a user removes the app, or wants their data
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

/// Longest text that is looked at, in bytes. Those seen have some 200.
const MAX_BYTES: usize = 8 * 1024;

const SIGNATURE_BYTES: usize = 32;

/// How long after its issue a signed request is taken, unless told otherwise. The format has no
/// number used once, so whatever is older could be a replay.
pub(crate) const DEFAULT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Checks signed requests of the provider. The flow has one for its own routes; make one yourself to
/// take them elsewhere.
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
    /// One that takes what any of these app secrets signed. An empty secret signs nothing.
    pub fn new<S: Into<String>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let secrets = secrets.into_iter().map(Into::into).filter(|secret| !secret.is_empty());
        Self { secrets: secrets.map(SecretString::from).collect(), window: DEFAULT_WINDOW }
    }

    /// How long after its issue a request is taken: an hour unless set.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Checks the field `signed_request` as it was posted, at the moment `now`.
    ///
    /// # Errors
    ///
    /// When it is not signed by one of the secrets, not of the one known algorithm, names no user, or
    /// is stale. The text of the error shows nothing of it.
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
        // The signature is over the text as it came, so nothing is decoded and encoded again.
        if !self.is_signed(payload.as_bytes(), &signature) {
            return Err(Error::BadSignature);
        }
        let payload = Payload::read(&decoded)?;
        // One algorithm is known; what the request itself says can only agree.
        if !payload.algorithm.is_some_and(|name| name.eq_ignore_ascii_case("HMAC-SHA256")) {
            return Err(Error::UnknownAlgorithm);
        }
        let user_id = payload.user_id.as_ref().and_then(wire::user_id).ok_or(Error::NoUser)?;
        let issued_at = payload.issued_at.map(Timestamp::from_unix_seconds).ok_or(Error::Stale)?;
        let is_from_the_future = issued_at > now.saturating_add(CLOCK_SKEW);
        let is_old = now.saturating_since(issued_at) > self.window;
        let has_expired = payload.expires.is_some_and(|end| end <= now.unix_seconds());
        if is_from_the_future || is_old || has_expired {
            return Err(Error::Stale);
        }
        let digest = Sha256::digest(text.as_bytes()).into();
        let taken_until = issued_at.saturating_add(self.window).saturating_add(CLOCK_SKEW);
        Ok(SignedRequest { user_id, issued_at, taken_until, digest, skew: CLOCK_SKEW })
    }

    /// Every secret is tried, whichever fits, and each comparison takes the same time: how many there
    /// are shows, which one fits does not.
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

/// A signed request that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedRequest {
    user_id: UserId,
    issued_at: Timestamp,
    /// Until when it can come again, whatever the clock says within the skew.
    pub(crate) taken_until: Timestamp,
    /// Of the text as it came.
    pub(crate) digest: [u8; 32],
    skew: Duration,
}

impl SignedRequest {
    /// The user, by an id of the provider's choosing: the app-scoped one by its documentation. Look
    /// your user up by every id you know of them.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// When the provider made the request.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Whether it speaks of what began at `moment`, such as a connection: before it was made, or
    /// within a minute after, since clocks differ. Requests come late and again; what the user
    /// connected later is a new consent of theirs. Without that minute when the crate's other callback
    /// has acted on the same text: a removal and a deletion within one second are the same bytes.
    #[must_use]
    pub fn covers(&self, moment: Timestamp) -> bool {
        moment <= self.issued_at.saturating_add(self.skew)
    }

    #[must_use]
    pub(crate) fn without_skew(self) -> Self {
        Self { skew: Duration::ZERO, ..self }
    }
}

/// Why a signed request is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SignedRequestError {
    /// It is not two parts of base64url with a dot between them, or its payload is no JSON object.
    #[error("the signed request is malformed")]
    Malformed,
    /// None of the secrets signed it.
    #[error(
        "none of the configured app secrets signed the request; some are signed with the Meta app \
         secret instead of the Instagram one: list it in `signed_request_secrets`"
    )]
    BadSignature,
    /// It names another algorithm than HMAC-SHA256, or none.
    #[error("the signed request names no known algorithm")]
    UnknownAlgorithm,
    /// It names no user.
    #[error("the signed request names no user")]
    NoUser,
    /// It is too old, has expired, or comes from the future.
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
            // 0 is how the provider's older tokens say "never".
            expires: moment(fields.remove("expires"))?.filter(|end| *end != 0),
        })
    }
}

/// A JSON object whose fields are each named once. What nobody reads counts as well: which of two
/// values holds would be up to the parser, and so would the depth of what is skipped.
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
