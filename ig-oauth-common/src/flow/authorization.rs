//! The authorization request and response (RFC 6749, sections 4.1.1 and 4.1.2).

use std::fmt::Write as _;

use crate::api::Scopes;
use crate::attempt::State;
use crate::encoding::query_escape;
use crate::error::{AuthError, AuthErrorKind};
use crate::messages::Query;
use crate::rejection::safe;

/// The longest code, in bytes. Codes seen so far have a few hundred.
const MAX_CODE_BYTES: usize = 1_024;

/// The most characters kept of a text of the provider.
const MAX_TEXT_CHARACTERS: usize = 256;

/// The user's decision, or an error.
pub(super) enum AuthorizationResponse {
    Code(String),
    Error(AuthorizationError),
}

/// An error instead of a code.
pub(super) struct AuthorizationError {
    /// `error` of RFC 6749, section 4.1.2.1. Facebook's windows are reported to send only
    /// `error_code` and `error_message`.
    error: Option<String>,
    code: Option<String>,
    message: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) description: Option<String>,
}

impl AuthorizationResponse {
    /// All parameters that are read. `hop` is the crate's own, added by the bounce page.
    pub(super) const PARAMETERS: &'static [&'static str] = &[
        "code",
        "error",
        "error_code",
        "error_message",
        "error_reason",
        "error_description",
        "state",
        "hop",
    ];

    /// The response and its state, when there is exactly one well-formed `code` or error.
    pub(super) fn read<'q>(query: &'q Query<'_>) -> Result<(Self, Option<&'q str>), AuthErrorKind> {
        let state = query.get("state")?.filter(|state| !state.is_empty());
        let error_code = text(query, "error_code");
        let error_message = text(query, "error_message");
        let error = |error| {
            Self::Error(AuthorizationError {
                error,
                code: error_code.clone(),
                reason: text(query, "error_reason"),
                description: text(query, "error_description").or(error_message.clone()),
                message: error_message.clone(),
            })
        };
        let response = match (query.get("code")?, query.get("error")?) {
            (Some(code), None) => Self::Code(read_code(code)?),
            (None, Some(name)) => error(Some(read_error(name)?)),
            (Some(_), Some(_)) => return Err(AuthErrorKind::Malformed),
            (None, None) if error_code.is_some() || error_message.is_some() => error(None),
            (None, None) => return Err(AuthErrorKind::MissingCode),
        };
        Ok((response, state))
    }
}

impl AuthorizationError {
    /// The error, with the provider's text for the log. Only a proven state shows that the text is
    /// the provider's, so do not log it earlier.
    pub(super) fn to_error(&self) -> AuthError {
        let kind = match self.error.as_deref() {
            Some("access_denied") => AuthErrorKind::Denied,
            // RFC 6749, section 4.1.2.1: these two are temporary; all others are about the app's
            // request.
            Some("server_error" | "temporarily_unavailable") => {
                AuthErrorKind::AuthorizationUnavailable
            }
            _ => AuthErrorKind::AuthorizationRejected,
        };
        let mut words = match &self.error {
            Some(error) => format!("the provider sent back {}", safe(error, &[])),
            None => "the provider sent back an error".to_owned(),
        };
        if let Some(code) = &self.code {
            let _ = write!(words, ", code {}", safe(code, &[]));
        }
        let mut said: Vec<&str> = Vec::new();
        for text in [&self.description, &self.message, &self.reason].into_iter().flatten() {
            if !said.contains(&text.as_str()) {
                said.push(text);
            }
        }
        if !said.is_empty() {
            let _ = write!(words, ", \"{}\"", safe(&said.join(" / "), &[]));
        }
        AuthError::with_source(kind, words)
    }
}

/// VSCHAR only (RFC 6749, appendix A.11).
fn read_code(code: &str) -> Result<String, AuthErrorKind> {
    if code.is_empty() {
        return Err(AuthErrorKind::MissingCode);
    }
    if code.len() > MAX_CODE_BYTES {
        return Err(AuthErrorKind::Oversize);
    }
    if !code.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        return Err(AuthErrorKind::Malformed);
    }
    Ok(code.to_owned())
}

/// RFC 6749, appendix A.7.
fn read_error(error: &str) -> Result<String, AuthErrorKind> {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let well_formed = !error.is_empty() && error.len() <= MAX_TEXT_CHARACTERS;
    if well_formed && error.bytes().all(allowed) {
        Ok(error.to_owned())
    } else {
        Err(AuthErrorKind::Malformed)
    }
}

/// A text for the hook. Control characters are replaced, because they could forge log lines.
fn text(query: &Query<'_>, name: &str) -> Option<String> {
    let text = query.get(name).ok().flatten().filter(|text| !text.is_empty())?;
    let printable = |character: char| {
        if character.is_control() { ' ' } else { character }
    };
    Some(text.chars().take(MAX_TEXT_CHARACTERS).map(printable).collect())
}

/// The parameters of every authorization request of a configuration.
pub(crate) struct AuthorizationRequests {
    pub(crate) authorize_url: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) required_scopes: Scopes,
    pub(crate) optional_scopes: Scopes,
    pub(crate) force_reauth: Option<bool>,
    pub(crate) enable_fb_login: Option<bool>,
}

impl AuthorizationRequests {
    /// The scopes of a login: the configured ones, and those of its options.
    pub(super) fn scopes(&self, extra: &Scopes) -> Scopes {
        let mut scopes = self.required_scopes.clone();
        scopes.extend(self.optional_scopes.iter().cloned());
        scopes.extend(extra.iter().cloned());
        scopes
    }

    /// The required scopes that were not granted.
    pub(super) fn missing(&self, granted: &Scopes) -> Scopes {
        self.required_scopes.without(granted)
    }

    /// The authorization URL: the parameters of Meta's guide in its order, and last the state.
    pub(super) fn location(
        &self,
        state: &State,
        extra: &Scopes,
        force_reauth: Option<bool>,
    ) -> String {
        let url = &self.authorize_url;
        let separator = if url.contains('?') { '&' } else { '?' };
        let mut location = format!(
            "{url}{separator}client_id={}&redirect_uri={}&scope={}&response_type=code",
            query_escape(&self.client_id),
            query_escape(&self.redirect_uri),
            query_escape(&self.scopes(extra).to_string()),
        );
        let force_reauth = force_reauth.or(self.force_reauth);
        for (name, value) in
            [("force_reauth", force_reauth), ("enable_fb_login", self.enable_fb_login)]
        {
            if let Some(value) = value {
                let _ = write!(location, "&{name}={value}");
            }
        }
        let _ = write!(location, "&state={}", state.to_text());
        location
    }
}
