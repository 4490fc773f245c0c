//! The provider's refusal, as data.

mod words;

use std::error::Error;
use std::fmt;

pub(crate) use words::{safe, safe_class};

use crate::api::Api;

/// The provider's own words on why it refused: the `source()` of the
/// [`AuthError`](crate::AuthError)s that come from an answer of it.
///
/// The message is made safe: secrets, URLs, whatever looks like a token, and control characters are
/// taken out, and it ends after 256 characters. It is for logs, not for users.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderRejection {
    /// The HTTP status of the provider's answer.
    pub status: u16,
    /// The provider's class of error, such as `OAuthException`.
    pub error_type: Option<String>,
    /// The provider's number: the HTTP status again at the token endpoint, a Graph API error code
    /// elsewhere.
    pub code: Option<i64>,
    /// The Graph API's finer number, such as 460 after a change of password.
    pub subcode: Option<i64>,
    /// The provider's message, made safe.
    pub message: Option<String>,
    /// What came instead of JSON: its content type as a rule, such as `text/html` for a page that
    /// blocks this server. The page's title, or the text, is the [`message`](Self::message) then.
    pub instead_of_json: Option<String>,
    /// What to do, when it is known.
    pub advice: Option<&'static str>,
}

impl ProviderRejection {
    /// Whether the provider calls the token invalid: codes 190 and 102 of Meta's "Error handling" page.
    /// Words alone end no session.
    pub(crate) fn is_death(&self) -> bool {
        matches!(self.code, Some(102 | 190))
    }

    /// Whether it is for certain that the code was good and has been exchanged before. Today's API has
    /// other words for a code that is too old or unknown. Basic Display has the same for all of these.
    pub(crate) fn says_spent(&self, api: Api) -> bool {
        let words = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        words.contains(api.preset().says_spent)
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
