//! What the provider's error answers mean, and what to do about them.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::MAX_RETRY_AFTER;
use super::api_error::{ApiError, ApiErrorKind};
use super::http::HttpResponse;
use super::wire::{Answer, ErrorFields};
use crate::error::{AuthError, AuthErrorKind};

/// Most characters kept of the provider's message.
const MAX_MESSAGE_CHARACTERS: usize = 256;

/// A run of this many token-like characters may be a secret, and is not kept.
const SECRET_LIKE: usize = 20;

/// The provider's own words on why it refused: the `source()` of the
/// [`AuthError`](crate::AuthError)s that come from an answer of it.
///
/// The message is made safe: secrets, URLs, whatever looks like a token, and control characters are
/// taken out, and it ends after 256 characters. It is for logs, not for users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRejection {
    status: u16,
    error_type: Option<String>,
    code: Option<i64>,
    subcode: Option<i64>,
    message: Option<String>,
    advice: Option<&'static str>,
}

impl ProviderRejection {
    /// The HTTP status of the provider's answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The provider's class of error, such as `OAuthException`.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        self.error_type.as_deref()
    }

    /// The provider's number: the HTTP status again at the token endpoint, a Graph API error code
    /// elsewhere.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.code
    }

    /// The Graph API's finer number, such as 460 after a change of password.
    #[must_use]
    pub fn subcode(&self) -> Option<i64> {
        self.subcode
    }

    /// The provider's message, made safe.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What to do, when it is known.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.advice
    }
}

impl fmt::Display for ProviderRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the provider answered {}", self.status)?;
        if let Some(error_type) = &self.error_type {
            write!(f, " {error_type}")?;
        }
        if let Some(code) = self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(subcode) = self.subcode {
            write!(f, ", subcode {subcode}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ", \"{message}\"")?;
        }
        if let Some(advice) = self.advice {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}

impl Error for ProviderRejection {}

/// Which call was answered. Only the exchange has a code that can be to blame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    CodeExchange,
    LongLived,
    Refresh,
}

/// The words that mislead.
const UNSUPPORTED: &str = "unsupported request";

/// What words of the provider mean. The first row that is found in the message counts.
const MEANINGS: &[(&str, Meaning, Option<&str>)] = &[
    (
        "invalid platform app",
        Meaning::Settings,
        Some(
            "the client id is not an Instagram app id: perhaps it is the Meta app id; use the one \
             from App Dashboard > Instagram > API setup with Instagram login > Business login \
             settings",
        ),
    ),
    (
        "client secret",
        Meaning::Settings,
        Some(
            "the client secret is wrong: use the Instagram app secret from Business login settings, \
             not the Meta app secret",
        ),
    ),
    ("invalid client", Meaning::Settings, Some("check client id and client secret")),
    (
        "scope",
        Meaning::Settings,
        Some("a scope is not one of this API: check `scopes` against the app's permissions"),
    ),
    (
        "redirect",
        Meaning::Code,
        Some(
            "the redirect URI must be an entry of the dashboard's list to the letter; the dashboard \
             may have added a trailing slash",
        ),
    ),
    ("code was not found", Meaning::Code, None),
    ("authorization code", Meaning::Code, None),
    ("matching code", Meaning::Code, None),
    ("code has expired", Meaning::Code, None),
    (
        UNSUPPORTED,
        Meaning::Settings,
        Some(
            "this message misleads; reported causes are a tester invitation that was not accepted, \
             another app's secret, and an expired or empty token",
        ),
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Code,
    Settings,
}

/// The error for an answer that is not a success. Bodies of unknown shape are not looked into: only
/// their status counts.
pub(super) fn of(
    response: &HttpResponse,
    answer: Option<Answer>,
    step: Step,
    secrets: &[&str],
) -> AuthError {
    let status = response.status();
    let fields = answer.and_then(|answer| answer.error_fields());
    let is_known_shape = fields.is_some();
    let fields = fields.unwrap_or_default();
    let meaning = meaning(&fields);
    let kind = match (&fields, meaning) {
        _ if is_throttled(status, &fields) => AuthErrorKind::Throttled,
        _ if status >= 500 => AuthErrorKind::Unreachable,
        _ if !is_known_shape => AuthErrorKind::MalformedAnswer,
        (_, Some((Meaning::Code, _))) if step == Step::CodeExchange => AuthErrorKind::CodeRejected,
        (_, Some(_)) => AuthErrorKind::ProviderRejected,
        (fields, None) if is_temporary(fields) => AuthErrorKind::Unreachable,
        _ => AuthErrorKind::ProviderRejected,
    };
    let rejection = ProviderRejection {
        status,
        error_type: fields.kind.map(|text| safe_class(&text, secrets)),
        code: fields.code,
        subcode: fields.subcode,
        message: fields.message.map(|text| safe(&text, secrets)),
        advice: meaning.and_then(|(_, advice)| advice),
    };
    let wait = wait(response).map(|wait| wait.min(MAX_RETRY_AFTER));
    AuthError::with_source(kind, rejection).retry_after(wait)
}

/// What a graph call's error answer means for the app that made it.
pub(super) fn of_graph(
    response: &HttpResponse,
    answer: Option<Answer>,
    secrets: &[&str],
) -> ApiError {
    let status = response.status();
    let fields = answer.and_then(|answer| answer.error_fields());
    let is_known_shape = fields.is_some();
    let fields = fields.unwrap_or_default();
    let meaning = meaning(&fields);
    let misleads = fields
        .message
        .as_ref()
        .is_some_and(|message| message.to_ascii_lowercase().contains(UNSUPPORTED));
    // Codes of Meta's "Error handling" page.
    let kind = match fields.code {
        _ if is_throttled(status, &fields) => ApiErrorKind::Throttled,
        Some(102 | 190) => ApiErrorKind::TokenInvalid,
        Some(3 | 10 | 200..=299) => ApiErrorKind::PermissionDenied,
        _ if status >= 500 || is_temporary(&fields) => ApiErrorKind::Unreachable,
        _ if !is_known_shape => ApiErrorKind::MalformedAnswer,
        Some(100) if misleads => ApiErrorKind::Unsupported,
        Some(100) => ApiErrorKind::InvalidRequest,
        _ => ApiErrorKind::Rejected,
    };
    let advice = match (kind, fields.subcode) {
        (ApiErrorKind::TokenInvalid, Some(458)) => Some("the user removed the app"),
        (ApiErrorKind::TokenInvalid, Some(460)) => Some("the user changed the password"),
        (ApiErrorKind::TokenInvalid, Some(463)) => Some("the token has expired"),
        // Words such as "scope" are about a parameter here, and not about the app's settings.
        (ApiErrorKind::InvalidRequest, _) => None,
        _ => meaning.and_then(|(_, advice)| advice),
    };
    let rejection = ProviderRejection {
        status,
        error_type: fields.kind.map(|text| safe_class(&text, secrets)),
        code: fields.code,
        subcode: fields.subcode,
        message: fields.message.map(|text| safe(&text, secrets)),
        advice,
    };
    ApiError::with_source(kind, rejection).retry_after(wait(response))
}

/// The wait that the answer asks for: `Retry-After`, or the longest of the estimates, in minutes, in
/// `X-Business-Use-Case-Usage`.
fn wait(response: &HttpResponse) -> Option<Duration> {
    // Zero says no more than no header.
    if let Some(seconds) = response.retry_after_seconds().filter(|seconds| *seconds > 0) {
        return Some(Duration::from_secs(seconds));
    }
    let usage: HashMap<String, Vec<UseCase>> = serde_json::from_str(response.usage()?).ok()?;
    let minutes = usage.into_values().flatten().filter_map(|usage| usage.minutes).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

/// An element of `X-Business-Use-Case-Usage`.
#[derive(Deserialize)]
struct UseCase {
    #[serde(rename = "estimated_time_to_regain_access")]
    minutes: Option<u64>,
}

fn meaning(fields: &ErrorFields) -> Option<(Meaning, Option<&'static str>)> {
    let message = fields.message.as_ref()?.to_lowercase();
    let row = MEANINGS.iter().find(|(words, ..)| message.contains(words));
    row.map(|(_, meaning, advice)| (*meaning, *advice))
}

/// Codes of Meta's "Rate Limits" and "Error handling" pages.
fn is_throttled(status: u16, fields: &ErrorFields) -> bool {
    status == 429
        || fields.kind.as_deref() == Some("OAuthRateLimitException")
        || matches!(fields.code, Some(4 | 17 | 32 | 341 | 429 | 613 | 80_000..=80_014))
}

/// 1 and 2 are "temporary" on Meta's "Error handling" page.
fn is_temporary(fields: &ErrorFields) -> bool {
    fields.is_transient || matches!(fields.code, Some(1 | 2))
}

/// The provider's class of error. `OAuthPermissionsException` is as long as a secret and is none.
fn safe_class(text: &str, secrets: &[&str]) -> String {
    let is_class = text.ends_with("Exception")
        && text.len() <= 40
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !secrets.iter().any(|secret| text.contains(secret));
    if is_class { text.to_owned() } else { safe(text, secrets) }
}

/// The provider's text without what must not be logged.
fn safe(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "[redacted]");
    }
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let words = words.filter(|word| !word.is_empty()).map(|word| {
        let mut run = 0;
        let looks_secret = word.chars().any(|character| {
            let token_like = character.is_ascii_alphanumeric() || "_-.=%+/~:".contains(character);
            run = if token_like { run + 1 } else { 0 };
            run >= SECRET_LIKE
        });
        if looks_secret || word.contains("://") { "[redacted]" } else { word }
    });
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_MESSAGE_CHARACTERS).collect()
}
