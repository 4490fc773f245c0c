//! What hooks see of a login that came to nothing, and of a logout.

use crate::error::AuthErrorKind;
use crate::messages::Languages;
use crate::token_facts::UserId;

/// The user said no in the authorization window.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Denial {
    /// Where the login was headed.
    pub return_to: String,
    /// The provider's `error_reason`, such as `user_denied`: text from outside, at most 256
    /// characters. Escape it before you show it.
    pub reason: Option<String>,
    /// The provider's `error_description`, decoded: text from outside, at most 256 characters.
    /// Escape it before you show it.
    pub description: Option<String>,
    /// The app data that the login started with.
    pub app_data: Vec<u8>,
    /// The link that starts the same login again, with everything it was asked for. It works for ten
    /// minutes, and shows a button after that.
    pub retry_url: String,
    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    pub is_for_a_person: bool,
    /// The languages the reader asks for.
    pub languages: Languages,
}

/// Something went wrong on one of our routes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong. Count by it.
    pub kind: AuthErrorKind,
    /// The error with its causes in one line, without any secret: for logs, not for users.
    pub detail: String,
    /// A random id that also stands on the page, so that a user's report finds its log line.
    pub id: String,
    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    pub is_for_a_person: bool,
    /// The languages the reader asks for.
    pub languages: Languages,
    /// Where the login was headed, when it is a login that failed and an attempt of this browser
    /// proves it.
    pub return_to: Option<String>,
    /// The link that starts the login again, with everything it was asked for where that is proven.
    /// None where no login failed, as at a logout.
    pub retry_url: Option<String>,
}

/// A user logs out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logout {
    /// Who logs out: none when the browser had no valid session.
    pub user_id: Option<UserId>,
}
