//! What hooks see of a login that came to nothing, and of a logout.

use crate::error::AuthErrorKind;
use crate::messages::{Audience, Languages};
use crate::token_facts::UserId;

/// The user said no in the authorization window.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Denial {
    pub(crate) return_to: String,
    pub(crate) reason: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) app_data: Vec<u8>,
    pub(crate) retry_url: String,
    pub(crate) audience: Audience,
}

impl Denial {
    /// Where the login was headed.
    #[must_use]
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// The link that starts the same login again, with everything it was asked for. It works for ten
    /// minutes, and shows a button after that.
    #[must_use]
    pub fn retry_url(&self) -> &str {
        &self.retry_url
    }

    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    #[must_use]
    pub fn is_for_a_person(&self) -> bool {
        self.audience.reads_pages()
    }

    /// The languages the reader asks for.
    #[must_use]
    pub fn languages(&self) -> &Languages {
        self.audience.languages()
    }

    /// The provider's `error_reason`, such as `user_denied`: text from outside, at most 256
    /// characters. Escape it before you show it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The provider's `error_description`, decoded: text from outside, at most 256 characters.
    /// Escape it before you show it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The app data that the login started with.
    #[must_use]
    pub fn app_data(&self) -> &[u8] {
        &self.app_data
    }
}

/// Something went wrong on one of our routes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    pub(crate) kind: AuthErrorKind,
    pub(crate) detail: String,
    pub(crate) id: String,
    pub(crate) audience: Audience,
    pub(crate) return_to: Option<String>,
    pub(crate) retry_url: Option<String>,
}

impl Failure {
    /// What went wrong. Count by it.
    #[must_use]
    pub fn kind(&self) -> AuthErrorKind {
        self.kind
    }

    /// The error with its causes in one line, without any secret: for logs, not for users.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// A random id that also stands on the page, so that a user's report finds its log line.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where the login was headed, when it is a login that failed and an attempt of this browser
    /// proves it.
    #[must_use]
    pub fn return_to(&self) -> Option<&str> {
        self.return_to.as_deref()
    }

    /// The link that starts the login again, with everything it was asked for where that is proven.
    /// None where no login failed, as at a logout.
    #[must_use]
    pub fn retry_url(&self) -> Option<&str> {
        self.retry_url.as_deref()
    }

    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    #[must_use]
    pub fn is_for_a_person(&self) -> bool {
        self.audience.reads_pages()
    }

    /// The languages the reader asks for.
    #[must_use]
    pub fn languages(&self) -> &Languages {
        self.audience.languages()
    }
}

/// A user logs out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logout {
    pub(crate) user_id: Option<UserId>,
}

impl Logout {
    /// Who logs out: none when the browser had no valid session.
    #[must_use]
    pub fn user_id(&self) -> Option<&UserId> {
        self.user_id.as_ref()
    }
}
