//! What follows from an error answer of the provider, and its words.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use serde_json::Value;

use super::MAX_RETRY_AFTER;
use super::api_error::{ApiError, ApiErrorKind};
use super::error_fields::ErrorFields;
use super::http::HttpResponse;
use super::meaning::{self, Meaning};
use super::words::{safe, safe_class};
use crate::api::Api;
use crate::error::{AuthError, AuthErrorKind};

/// How much of a body that is not JSON is looked at, in bytes.
const MAX_FOREIGN_BYTES: usize = 4 * 1024;

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
    /// What came where JSON was expected.
    instead_of_json: Option<String>,
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

    /// Whether the provider calls the token invalid: codes 190 and 102 of Meta's "Error handling" page.
    /// Words alone end no session.
    pub(crate) fn is_death(&self) -> bool {
        matches!(self.code, Some(102 | 190))
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

    /// What came instead of JSON: its content type as a rule, such as `text/html` for a page that
    /// blocks this server. The page's title, or the text, is the [`message`](Self::message) then.
    #[must_use]
    pub fn instead_of_json(&self) -> Option<&str> {
        self.instead_of_json.as_deref()
    }

    /// Whether it is for certain that the code was good and has been exchanged before. Today's API has
    /// other words for a code that is too old or unknown. Basic Display has the same for all of these.
    pub(crate) fn says_spent(&self, api: Api) -> bool {
        let words = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        match api {
            Api::InstagramLogin => words.contains("code has been used"),
            Api::BasicDisplay => words.contains("already used"),
        }
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
        if let Some(found) = &self.instead_of_json {
            write!(f, " with {found} instead of JSON")?;
        }
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

const BLOCKED: &str = "a page instead of an answer means, as a rule, that something on the way or the provider itself \
                       blocks this server, or that the URL in the settings is another's";

/// An answer that is no success, read.
struct Refused {
    meaning: Option<Meaning>,
    /// Whether it is an error of a shape that says what it is about.
    is_known_shape: bool,
    wait: Option<Duration>,
    rejection: ProviderRejection,
}

impl Refused {
    /// None for a success: status 200 with JSON that speaks of no error.
    fn read(response: &HttpResponse, secrets: &[&str]) -> Option<Self> {
        let status = response.status();
        let json: Option<Value> = serde_json::from_slice(response.body()).ok();
        let fields = json.as_ref().and_then(|json| ErrorFields::read(status, json));
        if status == 200 && json.is_some() && fields.is_none() {
            return None;
        }
        let is_known_shape = fields.is_some();
        let fields = fields.unwrap_or_default();
        let (meaning, advice) = meaning::of(status, &fields);
        let foreign = if json.is_none() { Some(foreign(response)) } else { None };
        let is_blocked = foreign.is_some() && (400..500).contains(&status) && meaning.is_none();
        let (instead_of_json, words) = foreign.unzip();
        let wait = wait(response).or_else(|| meaning::wait_in_words(&fields));
        let message = fields.message.or(words.flatten());
        let rejection = ProviderRejection {
            status,
            error_type: fields.kind.as_ref().map(|text| safe_class(text, secrets)),
            code: fields.code,
            subcode: fields.subcode,
            message: message.as_deref().map(|text| safe(text, secrets)),
            instead_of_json,
            advice: if is_blocked { Some(BLOCKED) } else { advice },
        };
        Some(Self { meaning, is_known_shape, wait, rejection })
    }

    /// Whether a 4xx came without any JSON: no answer of the endpoint, but of what stands before it.
    fn is_blocked(&self) -> bool {
        self.rejection.instead_of_json.is_some() && (400..500).contains(&self.rejection.status)
    }
}

/// What stands where JSON was expected: its type, and its title or text.
fn foreign(response: &HttpResponse) -> (String, Option<String>) {
    let body = response.body();
    let text = String::from_utf8_lossy(body.get(..MAX_FOREIGN_BYTES).unwrap_or(body));
    let text = text.trim();
    let is_markup = text.starts_with('<');
    let named = response.content_type().and_then(|value| value.split(';').next()).map(str::trim);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/+-.".contains(&byte);
    let named = named.filter(|name| {
        !name.is_empty() && name.len() <= 64 && name.bytes().all(is_name) && !name.contains("json")
    });
    let found = match named {
        _ if text.is_empty() => "an empty body",
        Some(name) => name,
        None if is_markup => "HTML",
        None => "other text",
    };
    let words = if is_markup {
        title(text)
    } else if text.starts_with(['{', '[']) {
        // Broken JSON could hold a token.
        None
    } else {
        Some(text)
    };
    let words = words.filter(|words| !words.trim().is_empty());
    (found.to_owned(), words.map(str::to_owned))
}

fn title(html: &str) -> Option<&str> {
    let small = html.to_ascii_lowercase();
    let start = small.find("<title")?;
    let start = start + small.get(start..)?.find('>')? + 1;
    let length = small.get(start..)?.find("</title")?;
    html.get(start..start + length)
}

/// An error for an answer that is not a success.
pub(super) fn check(
    response: &HttpResponse,
    step: Step,
    secrets: &[&str],
) -> Result<(), AuthError> {
    let Some(refused) = Refused::read(response, secrets) else {
        return Ok(());
    };
    let kind = match refused.meaning {
        Some(Meaning::Throttled) => AuthErrorKind::Throttled,
        // The exchange sends no token: whatever is called one there belongs to the app's settings.
        Some(Meaning::TokenDead) if step != Step::CodeExchange => AuthErrorKind::TokenInvalid,
        _ if response.status() >= 500 => AuthErrorKind::Unreachable,
        _ if refused.is_blocked() => AuthErrorKind::ProviderRejected,
        _ if !refused.is_known_shape => AuthErrorKind::MalformedAnswer,
        Some(Meaning::Code) if step == Step::CodeExchange => AuthErrorKind::CodeRejected,
        Some(Meaning::Temporary | Meaning::TooMuch) => AuthErrorKind::Unreachable,
        _ => AuthErrorKind::ProviderRejected,
    };
    let wait = refused.wait.map(|wait| wait.min(MAX_RETRY_AFTER));
    Err(AuthError::with_source(kind, refused.rejection).retry_after(wait))
}

/// What a graph call's error answer means for the app that made it.
pub(super) fn check_graph(response: &HttpResponse, secrets: &[&str]) -> Result<(), ApiError> {
    let Some(mut refused) = Refused::read(response, secrets) else {
        return Ok(());
    };
    let kind = match refused.meaning {
        Some(Meaning::Throttled) => ApiErrorKind::Throttled,
        Some(Meaning::TokenDead) => ApiErrorKind::TokenInvalid,
        Some(Meaning::AppBlocked | Meaning::Gone) => ApiErrorKind::Rejected,
        Some(Meaning::Permission) => ApiErrorKind::PermissionDenied,
        Some(Meaning::TooMuch) => ApiErrorKind::OversizeAnswer,
        _ if response.status() >= 500 => ApiErrorKind::Unreachable,
        Some(Meaning::Temporary) => ApiErrorKind::Unreachable,
        _ if refused.is_blocked() => ApiErrorKind::Rejected,
        _ if !refused.is_known_shape => ApiErrorKind::MalformedAnswer,
        Some(Meaning::Unsupported) => ApiErrorKind::Unsupported,
        _ if refused.rejection.code == Some(100) => ApiErrorKind::InvalidRequest,
        _ => ApiErrorKind::Rejected,
    };
    if kind == ApiErrorKind::InvalidRequest {
        // Words such as "scope" are about a parameter here, and not about the app's settings.
        refused.rejection.advice = None;
    }
    Err(ApiError::with_source(kind, refused.rejection).retry_after(refused.wait))
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
