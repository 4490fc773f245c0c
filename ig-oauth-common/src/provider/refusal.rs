//! What follows from an error response of the provider, and its message.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::api_error::{ApiError, ApiErrorKind};
use super::client::MAX_RETRY_AFTER;
use super::error_fields::ErrorFields;
use super::meaning::{self, Meaning};
use crate::error::{AuthError, AuthErrorKind};
use crate::http::HttpResponse;
use crate::rejection::{ProviderRejection, safe, safe_class};

/// The most bytes of a body that is not JSON that are read.
const MAX_FOREIGN_BYTES: usize = 4 * 1024;

/// The call that was answered. Only the exchange sends a code that can be the cause.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    CodeExchange,
    LongLived,
    Refresh,
}

const BLOCKED: &str = "a page instead of an answer means, as a rule, that something on the way or the provider itself \
                       blocks this server, or that the URL in the settings is another's";

/// A parsed error response.
struct Refused {
    meaning: Option<Meaning>,
    /// Whether the response has the form of an error that names its subject.
    is_known_shape: bool,
    wait: Option<Duration>,
    rejection: ProviderRejection,
}

impl Refused {
    /// `None` for a success: status 200 with JSON that contains no error.
    fn read(response: &HttpResponse, secrets: &[&str]) -> Option<Self> {
        let status = response.status;
        let json: Option<Value> = serde_json::from_slice(&response.body).ok();
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

    /// Whether it is a 4xx without any JSON: not from the endpoint, but from a proxy or firewall
    /// before it.
    fn is_blocked(&self) -> bool {
        self.rejection.instead_of_json.is_some() && (400..500).contains(&self.rejection.status)
    }
}

/// What was received instead of JSON: its type, and its title or text.
fn foreign(response: &HttpResponse) -> (String, Option<String>) {
    let body = &response.body;
    let text = String::from_utf8_lossy(body.get(..MAX_FOREIGN_BYTES).unwrap_or(body));
    let text = text.trim();
    let is_markup = text.starts_with('<');
    let named =
        response.content_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim);
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
        // Broken JSON could contain a token.
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

/// The error of a response that is not a success.
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
        // The exchange sends no token: a "token" in its message refers to the app's settings.
        Some(Meaning::TokenDead) if step != Step::CodeExchange => AuthErrorKind::TokenInvalid,
        _ if response.status >= 500 => AuthErrorKind::Unreachable,
        _ if refused.is_blocked() => AuthErrorKind::ProviderRejected,
        _ if !refused.is_known_shape => AuthErrorKind::MalformedAnswer,
        Some(Meaning::Code) if step == Step::CodeExchange => AuthErrorKind::CodeRejected,
        Some(Meaning::Temporary | Meaning::TooMuch) => AuthErrorKind::Unreachable,
        _ => AuthErrorKind::ProviderRejected,
    };
    let wait = refused.wait.map(|wait| wait.min(MAX_RETRY_AFTER));
    Err(AuthError::with_source(kind, refused.rejection).with_retry_after(wait))
}

/// The error of a call to the Graph API, for the app that made it.
pub(super) fn check_graph(response: &HttpResponse, secrets: &[&str]) -> Result<(), ApiError> {
    let Some(mut refused) = Refused::read(response, secrets) else {
        return Ok(());
    };
    let kind = match refused.meaning {
        Some(Meaning::Throttled) => ApiErrorKind::Throttled,
        Some(Meaning::TokenDead) => ApiErrorKind::TokenInvalid,
        Some(Meaning::AppBlocked | Meaning::NotFound) => ApiErrorKind::Rejected,
        Some(Meaning::Permission) => ApiErrorKind::PermissionDenied,
        Some(Meaning::TooMuch) => ApiErrorKind::OversizeAnswer,
        _ if response.status >= 500 => ApiErrorKind::Unreachable,
        Some(Meaning::Temporary) => ApiErrorKind::Unreachable,
        _ if refused.is_blocked() => ApiErrorKind::Rejected,
        _ if !refused.is_known_shape => ApiErrorKind::MalformedAnswer,
        Some(Meaning::Unsupported) => ApiErrorKind::Unsupported,
        _ if refused.rejection.code == Some(100) => ApiErrorKind::InvalidRequest,
        _ => ApiErrorKind::Rejected,
    };
    if kind == ApiErrorKind::InvalidRequest {
        // Here words such as "scope" refer to a parameter, not to the app's settings.
        refused.rejection.advice = None;
    }
    Err(ApiError::with_source(kind, refused.rejection).with_retry_after(refused.wait))
}

/// The wait that the response asks for: `Retry-After`, or the longest estimate, in minutes, in
/// `X-Business-Use-Case-Usage`.
fn wait(response: &HttpResponse) -> Option<Duration> {
    // Zero means the same as no header.
    if let Some(seconds) = response.retry_after_seconds.filter(|seconds| *seconds > 0) {
        return Some(Duration::from_secs(seconds));
    }
    let usage: HashMap<String, Vec<UseCase>> =
        serde_json::from_str(response.usage.as_deref()?).ok()?;
    let minutes = usage.into_values().flatten().filter_map(|usage| usage.minutes).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

/// An element of `X-Business-Use-Case-Usage`.
#[derive(Deserialize)]
struct UseCase {
    #[serde(rename = "estimated_time_to_regain_access")]
    minutes: Option<u64>,
}
