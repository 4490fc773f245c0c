//! The provider's error response, as data.

mod words;

use std::error::Error;
use std::fmt;

pub(crate) use words::{safe, safe_class};

use crate::api::Api;

/// The provider's own explanation of an error: the `source()` of the
/// [`AuthError`](crate::AuthError)s that come from one of its responses.
///
/// The message is redacted: secrets, URLs, text that looks like a token, and control characters are
/// removed, and it is cut after 256 characters. It is for logs, not for users.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderRejection {
    /// The HTTP status of the provider's answer.
    pub status: u16,
    /// The provider's error type, such as `OAuthException`.
    pub error_type: Option<String>,
    /// The provider's error code: at the token endpoint the HTTP status again, elsewhere a Graph
    /// API error code.
    pub code: Option<i64>,
    /// The Graph API's subcode, such as 460 after a change of password.
    pub subcode: Option<i64>,
    /// The provider's message, redacted.
    pub message: Option<String>,
    /// What was received instead of JSON, usually its content type, such as `text/html` for a page
    /// that blocks this server. [`message`](Self::message) is then the page's title, or the text.
    pub instead_of_json: Option<String>,
    /// How to fix it, if known.
    pub advice: Option<&'static str>,
}

impl ProviderRejection {
    /// Whether the provider reports the token as invalid: codes 190 and 102 of Meta's "Error
    /// handling" page. A message without a code never ends a session.
    pub(crate) fn is_death(&self) -> bool {
        matches!(self.code, Some(102 | 190))
    }

    /// Whether it is certain that the code was valid and has already been exchanged. The present
    /// API has other messages for an expired or unknown code. Basic Display has the same message
    /// for all of these.
    pub(crate) fn says_code_was_used(&self, api: Api) -> bool {
        let words = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        words.contains(api.preset().says_code_was_used)
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
