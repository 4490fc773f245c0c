//! The authorization response (RFC 6749, section 4.1.2): what the provider's redirect carries.

use super::query::Query;
use crate::error::AuthErrorKind;

/// Longest code, in bytes. Those seen have a few hundred.
const MAX_CODE_BYTES: usize = 1_024;

/// Most characters kept of the provider's texts.
const MAX_TEXT_CHARACTERS: usize = 256;

/// What the user decided, or what else the provider says.
pub(super) enum AuthorizationResponse {
    Code(String),
    Error { error: String, reason: Option<String>, description: Option<String> },
}

impl AuthorizationResponse {
    /// Every parameter that is read; `hop` is our own, of the bounce page.
    pub(super) const PARAMETERS: &'static [&'static str] =
        &["code", "error", "error_reason", "error_description", "state", "hop"];

    /// The response and its state, when exactly one well-formed of `code` and `error` is there.
    pub(super) fn read<'q>(query: &'q Query<'_>) -> Result<(Self, Option<&'q str>), AuthErrorKind> {
        let state = query.get("state")?.filter(|state| !state.is_empty());
        let response = match (query.get("code")?, query.get("error")?) {
            (Some(code), None) => Self::Code(read_code(code)?),
            (None, Some(error)) => Self::Error {
                error: read_error(error)?,
                reason: text(query, "error_reason"),
                description: text(query, "error_description"),
            },
            (Some(_), Some(_)) => return Err(AuthErrorKind::Malformed),
            (None, None) => return Err(AuthErrorKind::MissingCode),
        };
        Ok((response, state))
    }
}

/// VSCHAR only (RFC 6749, appendix A.11), without the `#_` that the provider appends: it is not part
/// of the code (Meta's guide), and reaches a server only from clients that escape it.
fn read_code(code: &str) -> Result<String, AuthErrorKind> {
    let code = code.strip_suffix("#_").unwrap_or(code);
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

/// A text for the hook; control characters would forge log lines.
fn text(query: &Query<'_>, name: &str) -> Option<String> {
    let text = query.get(name).ok().flatten()?;
    let printable = |character: char| {
        if character.is_control() { ' ' } else { character }
    };
    Some(text.chars().take(MAX_TEXT_CHARACTERS).map(printable).collect())
}
