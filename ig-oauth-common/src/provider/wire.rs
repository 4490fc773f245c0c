//! The shapes of the provider's answers.
//!
//! Meta's pages and the live service disagree, and all of these have been seen: fields at the top or
//! in `{"data":[…]}`, ids as numbers or text, `permissions` as a list, as text, or not at all. What is
//! tolerated is the shape; a token that is missing, empty or unprintable is an error of this step,
//! because it would otherwise be a riddle in the next.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{LongLivedAnswer, TokenAnswer};
use crate::error::{AuthError, AuthErrorKind};
use crate::scope::{Scope, Scopes};
use crate::token::{AccessToken, UserId};

/// Longest access token, in bytes. Those seen have some 200; a cookie has to hold it.
const MAX_TOKEN_BYTES: usize = 2_048;

/// Longest life of a token that is believed.
const MAX_EXPIRES_IN: u64 = 366 * 24 * 60 * 60;

/// An answer of any shape. A field named twice is an error of the parser: which one counts would
/// depend on who reads.
#[derive(Deserialize)]
pub(super) struct Answer {
    data: Option<Vec<Answer>>,
    access_token: Option<Value>,
    user_id: Option<Value>,
    permissions: Option<Value>,
    expires_in: Option<Value>,
    error_type: Option<Value>,
    code: Option<Value>,
    error_message: Option<Value>,
    error: Option<Value>,
    /// Where the legacy API's throttling puts the three fields of an error.
    meta: Option<Value>,
}

/// What an error answer says of itself.
#[derive(Default)]
pub(super) struct ErrorFields {
    pub(super) kind: Option<String>,
    pub(super) code: Option<i64>,
    pub(super) subcode: Option<i64>,
    pub(super) message: Option<String>,
    pub(super) is_transient: bool,
}

/// Reads an answer's body.
pub(super) fn read(body: &[u8]) -> Result<Answer, ()> {
    serde_json::from_slice(body).map_err(|_| ())
}

impl Answer {
    /// Whether it speaks of an error, whatever else it holds.
    pub(super) fn is_error(&self) -> bool {
        let Self { error_type, error_message, error, .. } = self;
        let meta = ["error_type", "error_message"].map(|name| self.meta.as_ref()?.get(name));
        let fields = [error_type.as_ref(), error_message.as_ref(), error.as_ref()];
        fields.into_iter().chain(meta).any(is_there)
    }

    /// What the error is: of the token endpoint's shape or of the graph's.
    pub(super) fn error_fields<'a>(&'a self) -> Option<ErrorFields> {
        if let Some(Value::Object(error)) = &self.error {
            return Some(ErrorFields {
                kind: text(error.get("type")),
                code: error.get("code").and_then(Value::as_i64),
                subcode: error.get("error_subcode").and_then(Value::as_i64),
                message: text(error.get("message")),
                is_transient: error.get("is_transient") == Some(&Value::Bool(true)),
            });
        }
        if !self.is_error() {
            return None;
        }
        let of = |field: &'a Option<Value>, name: &str| {
            field.as_ref().or_else(|| self.meta.as_ref()?.get(name))
        };
        Some(ErrorFields {
            kind: text(of(&self.error_type, "error_type")).or_else(|| text(self.error.as_ref())),
            code: of(&self.code, "code").and_then(Value::as_i64),
            message: text(of(&self.error_message, "error_message")),
            ..ErrorFields::default()
        })
    }

    pub(super) fn into_token(self) -> Result<TokenAnswer, AuthError> {
        let fields = self.unwrapped()?;
        Ok(TokenAnswer {
            access_token: access_token(fields.access_token.as_ref())?,
            user_id: fields
                .user_id
                .as_ref()
                .and_then(user_id)
                .ok_or_else(|| malformed("the answer has no user id"))?,
            permissions: fields.permissions.as_ref().and_then(permissions),
        })
    }

    pub(super) fn into_long_lived(self) -> Result<LongLivedAnswer, AuthError> {
        let fields = self.unwrapped()?;
        let seconds = match &fields.expires_in {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(digits)) => digits.parse().ok(),
            _ => None,
        };
        let seconds = seconds.filter(|seconds| (1..=MAX_EXPIRES_IN).contains(seconds));
        Ok(LongLivedAnswer {
            access_token: access_token(fields.access_token.as_ref())?,
            user_id: fields.user_id.as_ref().and_then(user_id),
            permissions: fields.permissions.as_ref().and_then(permissions),
            expires_in: Duration::from_secs(
                seconds.ok_or_else(|| malformed("the answer has no believable `expires_in`"))?,
            ),
        })
    }

    /// The answer itself, or the one in its `data`.
    fn unwrapped(self) -> Result<Self, AuthError> {
        let Some(data) = self.data else {
            return Ok(self);
        };
        match <[Self; 1]>::try_from(data) {
            Ok([answer]) if !answer.is_error() => Ok(answer),
            Ok(_) => Err(malformed("`data` holds an error")),
            Err(_) => Err(malformed("`data` does not hold exactly one element")),
        }
    }
}

fn malformed(detail: &'static str) -> AuthError {
    AuthError::with_source(AuthErrorKind::MalformedAnswer, detail)
}

fn is_there(field: Option<&Value>) -> bool {
    field.is_some_and(|value| !value.is_null())
}

fn text(field: Option<&Value>) -> Option<String> {
    field.and_then(Value::as_str).map(str::to_owned)
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

/// Exact or not at all: a number that is no integer of 64 bits was, or would be, rounded.
pub(super) fn user_id(field: &Value) -> Option<UserId> {
    match field {
        Value::Number(number) => number.as_u64().map(UserId::from),
        Value::String(digits) => UserId::from_digits(digits),
        _ => None,
    }
}

/// The granted scopes, when they are told in a way we can read. Names that are none are left out.
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
