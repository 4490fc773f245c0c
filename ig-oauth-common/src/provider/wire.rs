//! The forms of the provider's responses.
//!
//! Meta's pages and the live service disagree, and all of these have been seen: fields at the top
//! level or in `{"data":[…]}`, ids as numbers or text, `permissions` as a list, as text, or
//! missing. Only the form may vary. A token that is missing, empty or unprintable is an error of
//! this step, because it would otherwise cause an unclear error in the next one.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::api::{Scope, Scopes};
use crate::error::{AuthError, AuthErrorKind};
use crate::token_facts::{AccessToken, UserId};

/// The longest access token, in bytes. Those seen have some 200; a cookie has to hold it.
const MAX_TOKEN_BYTES: usize = 2_048;

/// The longest plausible lifetime of a token, in seconds.
const MAX_EXPIRES_IN: f64 = 366.0 * 24.0 * 60.0 * 60.0;

/// A response in any of the forms. A duplicate field is an error: parsers would disagree about
/// which one counts.
#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<Answer>>,
    access_token: Option<Value>,
    user_id: Option<Value>,
    permissions: Option<Value>,
    expires_in: Option<Value>,
}

/// The content of a token response.
pub(crate) struct TokenAnswer {
    pub(crate) access_token: AccessToken,
    /// The code exchange returns it. Meta documents it for no other call; if another response has
    /// it, it must be an id of the token's user.
    pub(crate) user_id: Option<UserId>,
    /// `None` when the response has no readable scopes; empty when none was granted.
    pub(crate) permissions: Option<Scopes>,
    /// `None` when the response has no plausible lifetime. Meta documents none for the code
    /// exchange, and some apps are reported to get a 60-day token from it.
    pub(crate) expires_in: Option<Duration>,
}

impl TokenAnswer {
    /// Parses a response's body.
    pub(super) fn read(body: &[u8]) -> Result<Self, AuthError> {
        // The text of a parser's error can quote the response.
        let mut answer: Answer = serde_json::from_slice(body)
            .map_err(|_| malformed("the answer is of no known shape"))?;
        let fields = match answer.data.take() {
            None => answer,
            Some(data) => only(data).map_err(malformed)?,
        };
        Ok(Self {
            access_token: access_token(fields.access_token.as_ref())?,
            user_id: fields.user_id.as_ref().and_then(user_id),
            permissions: fields.permissions.as_ref().and_then(permissions),
            expires_in: fields.expires_in.as_ref().and_then(expires_in),
        })
    }
}

/// The one element of `data`.
pub(super) fn only<T>(data: Vec<T>) -> Result<T, &'static str> {
    let only = <[T; 1]>::try_from(data).ok().map(|[only]| only);
    only.ok_or("`data` does not hold exactly one element")
}

/// A number, as JSON number or as text.
pub(super) fn number<T: FromStr>(field: &Value) -> Option<T> {
    match field {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

pub(super) fn malformed(detail: &'static str) -> AuthError {
    AuthError::with_source(AuthErrorKind::MalformedAnswer, detail)
}

/// A plausible lifetime: finite, 1 second to 366 days, as number or text, with or without a
/// fraction. It is rounded down: giving a token up a moment too early does no harm.
fn expires_in(field: &Value) -> Option<Duration> {
    let seconds = number(field)?;
    let is_believable = (1.0..=MAX_EXPIRES_IN).contains(&seconds);
    is_believable.then(|| Duration::from_secs(Duration::from_secs_f64(seconds).as_secs()))
}

fn access_token(field: Option<&Value>) -> Result<AccessToken, AuthError> {
    let Some(Value::String(token)) = field else {
        return Err(malformed("the answer has no access token"));
    };
    if token.len() > MAX_TOKEN_BYTES {
        return Err(AuthErrorKind::OversizeAnswer.into());
    }
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed("the access token is empty or holds bytes that no header may hold"));
    }
    Ok(AccessToken::new(token.as_str()))
}

/// Exact or not at all: a number that is not a 64-bit integer was rounded, or would be.
pub(super) fn user_id(field: &Value) -> Option<UserId> {
    match field {
        Value::Number(number) => number.as_u64().map(UserId::from),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// The granted scopes, if they have a known form. Invalid names are left out.
fn permissions(field: &Value) -> Option<Scopes> {
    match field {
        Value::Array(elements) => {
            let names: Option<Vec<&str>> = elements.iter().map(Value::as_str).collect();
            Some(names?.into_iter().filter_map(Scope::reported).collect())
        }
        Value::String(list) => {
            let list = list.replace("%2C", ",").replace("%2c", ",").replace("%20", " ");
            Some(list.split([',', ' ']).filter_map(Scope::reported).collect())
        }
        _ => None,
    }
}
