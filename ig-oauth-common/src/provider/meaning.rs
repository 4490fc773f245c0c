//! What the provider's errors mean, and how to fix them.
//!
//! The codes are those of Meta's pages "Error handling" and "Rate limits"; the messages are from
//! public reports, and each was really received. The meaning of a message does not depend on the
//! step. Its consequence does, and `refusal` decides it.

use std::time::Duration;

use super::error_fields::ErrorFields;

/// The meaning of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Too many calls, by this app or this user.
    Throttled,
    /// The token is permanently invalid.
    TokenDead,
    /// The authorization code is used, expired, truncated, or belongs to another login or redirect
    /// URI.
    Code,
    /// The app's settings are wrong.
    Settings,
    /// Meta has disabled the app.
    AppBlocked,
    /// The object does not exist, or the token no longer has access to it.
    NotFound,
    /// A message that names no cause.
    Unsupported,
    /// The request asks for more than fits into a response.
    TooMuch,
    /// A permission is missing.
    Permission,
    /// The same request may work later.
    Temporary,
}

type Advice = Option<&'static str>;

/// Parts of messages, in lower case and with spaces for `_`. The first row with a matching part
/// counts.
const WORDS: &[(&[&str], Meaning, Advice)] = &[
    (
        &[
            "please wait a few minutes",
            "too many calls",
            "too many requests",
            "too many actions",
            "rate limit",
            "request limit reached",
            "requests per hour",
            "limit how often",
            "feedback required",
            "temporarily blocked",
        ],
        Meaning::Throttled,
        None,
    ),
    (
        &["reduce the amount of data"],
        Meaning::TooMuch,
        Some("ask for less: a smaller `limit`, or fewer fields"),
    ),
    (
        &[
            "api access deactivated",
            "api access blocked",
            "api access disabled",
            "api access disrupted",
            "api access restricted",
            "api access suspended",
            "application has been disabled",
            "application has been deleted",
            "application is disabled",
            "app has been disabled",
            "app is disabled",
            "app not active",
            "app is not active",
            "data use checkup",
        ],
        Meaning::AppBlocked,
        Some("Meta has switched off or blocked this app: see its alerts in the App Dashboard"),
    ),
    (
        &[
            "error validating access token",
            "session has expired",
            "session has been invalidated",
            "access token provided is invalid",
            "invalid oauth access token",
            "access token has expired",
        ],
        Meaning::TokenDead,
        None,
    ),
    (
        &["session key invalid"],
        Meaning::Settings,
        Some(
            "reported where the token is long-lived already, so that there is nothing to exchange: \
             `long_lived` can be off then",
        ),
    ),
    (
        &["invalid platform app"],
        Meaning::Settings,
        Some(
            "the client id is not an Instagram app id: perhaps it is the Meta app id; use the one \
             from App Dashboard > Instagram > API setup with Instagram login > Business login \
             settings",
        ),
    ),
    (
        &["missing required field client id", "missing client id"],
        Meaning::Settings,
        Some(
            "the client id was sent; the provider answers like this when the app id is not known to \
             it: use the Instagram app id from Business login settings, not the Meta app id",
        ),
    ),
    (&["validating application", "application info"], Meaning::Settings, Some(APP_ID)),
    (
        &[
            "developer role",
            "insufficient role",
            "not a tester",
            "accept the tester",
            "development mode",
        ],
        Meaning::Settings,
        Some(
            "the account has no role in this app: while the app is in development mode, invite the \
             account as an Instagram tester in App Dashboard > App roles, and let it accept",
        ),
    ),
    (
        &["mutually exclusive"],
        Meaning::Settings,
        Some("scopes of two APIs are mixed: check `scopes`"),
    ),
    (
        &["error validating verification code"],
        Meaning::Code,
        Some(
            "the code and the redirect URI are not of the same login: the code was cut or belongs to \
             another login, or something between browser and app changes the redirect URI (an unlisted \
             one is refused by the authorization window already)",
        ),
    ),
    // A message that lists parameters names the redirect URI too, and says nothing about the code.
    (
        &[
            "must include",
            "must provide",
            "missing required",
            "required field",
            "required param",
            "is required",
        ],
        Meaning::Settings,
        None,
    ),
    (
        &["client secret"],
        Meaning::Settings,
        Some(
            "the client secret is wrong: use the Instagram app secret from Business login settings, \
             not the Meta app secret",
        ),
    ),
    (&["invalid client"], Meaning::Settings, Some("check client id and client secret")),
    (
        &["scope"],
        Meaning::Settings,
        Some("a scope is not one of this API: check `scopes` against the app's permissions"),
    ),
    (
        &["redirect"],
        Meaning::Code,
        Some(
            "the redirect URI must be an entry of the dashboard's list to the letter; the dashboard \
             may have added a trailing slash",
        ),
    ),
    (
        &[
            "code was not found",
            "authorization code",
            "matching code",
            "code has expired",
            "code has been used",
            "invalid grant",
            "verification code",
        ],
        Meaning::Code,
        None,
    ),
    (&["does not exist, cannot be loaded"], Meaning::NotFound, Some(NOT_FOUND)),
    (
        &["unsupported request", "unsupported get request", "unsupported post request"],
        Meaning::Unsupported,
        Some(
            "this message names no cause; reported ones are an app with Standard Access and an \
             account without a role in it (invite it as a tester, or get Advanced Access), a tester \
             invitation that was not accepted, another app's secret, a token that is long-lived \
             already, and an expired or empty token",
        ),
    ),
];

const APP_ID: &str = "the app id is wrong, or the app is gone: use the Instagram app id from Business login \
                      settings, not the Meta app id";

const NOT_FOUND: &str = "the object is gone, or no longer allowed for this token";

/// Names of parameters. A message that lists two of them is about none in particular.
const PARAMETERS: [&str; 6] =
    ["client id", "client secret", "response type", "grant type", "redirect uri", "scope"];

/// The error's meaning, and how to fix it.
pub(super) fn of(status: u16, fields: &ErrorFields) -> (Option<Meaning>, Advice) {
    // In the errors of RFC 6749, section 5.2, `error` alone gives the meaning.
    let texts = [fields.kind.as_deref(), fields.message.as_deref()];
    let text = texts.into_iter().flatten().collect::<Vec<_>>().join(" ").to_lowercase();
    // "App-scoped id" is not about scopes.
    let message = text.replace('_', " ").replace("app-scoped", "").replace("app scoped", "");
    let row = WORDS.iter().find(|(words, ..)| words.iter().any(|words| message.contains(words)));
    let (by_words, advice) = match row {
        Some((_, Meaning::Code, advice)) if is_list(&message) => {
            (Some(Meaning::Settings), advice.and(None))
        }
        Some((_, meaning, advice)) => (Some(*meaning), *advice),
        None => (None, None),
    };
    // A message about a parameter can quote it, and input of a visitor must not end a session.
    let (by_words, advice) = match by_words {
        Some(Meaning::TokenDead) if is_graph_code(status, fields) => (None, None),
        _ => (by_words, advice),
    };
    let is = |meaning| by_words == Some(meaning);
    if is_throttled(status, fields) || is(Meaning::Throttled) {
        return (Some(Meaning::Throttled), None);
    }
    // Codes are more precise than messages, but a code of 200 does not say whose fault it is.
    match (fields.code, fields.subcode) {
        (Some(102 | 190), subcode) => (Some(Meaning::TokenDead), Some(why_dead(subcode))),
        _ if is(Meaning::AppBlocked) || is(Meaning::TooMuch) => (by_words, advice),
        (Some(101), _) => (Some(Meaning::Settings), advice.or(Some(APP_ID))),
        (Some(100), Some(33)) => (Some(Meaning::NotFound), Some(NOT_FOUND)),
        (Some(3 | 10 | 200..=299), _) => (Some(Meaning::Permission), None),
        _ if has_class(fields, "OAuthAccessToken") || is(Meaning::TokenDead) => {
            (Some(Meaning::TokenDead), Some(why_dead(None)))
        }
        _ if by_words.is_some() => (by_words, advice),
        _ if has_class(fields, "OAuthPermissions") => (Some(Meaning::Permission), None),
        // "Temporary" on Meta's page.
        (Some(1 | 2), _) => (Some(Meaning::Temporary), None),
        _ if fields.is_transient => (Some(Meaning::Temporary), None),
        _ => (None, None),
    }
}

/// The wait that a throttling message names in its text.
pub(super) fn wait_in_words(fields: &ErrorFields) -> Option<Duration> {
    let message = fields.message.as_deref()?.to_lowercase();
    message.contains("few minutes").then_some(Duration::from_secs(5 * 60))
}

fn why_dead(subcode: Option<i64>) -> &'static str {
    match subcode {
        Some(458) => "the user removed the app",
        Some(459) => "the user has to confirm something at Instagram first",
        Some(460) => "the user changed the password",
        Some(463) => "the token has expired",
        _ => "this token is dead: only a new login helps",
    }
}

fn is_list(message: &str) -> bool {
    PARAMETERS.iter().filter(|name| message.contains(*name)).count() > 1
}

/// The token endpoint's `code` only repeats the status.
fn is_graph_code(status: u16, fields: &ErrorFields) -> bool {
    fields.code.is_some_and(|code| code != i64::from(status))
}

fn has_class(fields: &ErrorFields, start: &str) -> bool {
    fields.kind.as_deref().is_some_and(|class| class.starts_with(start))
}

/// Codes of Meta's "Rate Limits" and "Error handling" pages, and the subcodes of Instagram's limits
/// on publishing. 368 is a temporary block.
fn is_throttled(status: u16, fields: &ErrorFields) -> bool {
    status == 429
        || fields.kind.as_deref().is_some_and(|class| class.contains("RateLimit"))
        || matches!(fields.subcode, Some(2_207_042 | 2_207_051))
        || matches!(fields.code, Some(4 | 17 | 32 | 341 | 368 | 429 | 613 | 80_000..=80_014))
}
