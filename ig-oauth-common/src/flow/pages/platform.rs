//! What the provider's own calls are answered, and whoever asks after a deletion.

use super::Pages;
use crate::error::AuthErrorKind;
use crate::flow::Reply;
use crate::session::DeletionStatus;

impl Pages {
    /// How far a user's deletion request has come, as far as it is known. Nothing about the user.
    pub(crate) fn deletion(&self, status: Option<DeletionStatus>) -> Reply {
        let text = match status {
            Some(DeletionStatus::Queued) => "Your data is being deleted.",
            Some(DeletionStatus::Done) => "Your data has been deleted.",
            Some(DeletionStatus::Failed) => {
                "Your data could not be deleted yet. Please write to the operator of this site."
            }
            None => {
                "Your request came in. How far it has come is not kept here; please write to the \
                 operator of this site."
            }
        };
        let body = format!("<h1>Your deletion request</h1><p>{text}</p>");
        self.page(200, "Your deletion request", "", &body, false)
    }

    /// A confirmation code nobody was given.
    pub(crate) fn unknown_code(&self) -> Reply {
        let body = "<h1>No such request</h1><p>There is no deletion request with this code. Check \
                    that the address is whole.</p>";
        self.page(404, "No such request", "", body, false)
    }

    /// What went wrong, where nobody logs in.
    pub(crate) fn error_about_no_login(&self, kind: AuthErrorKind, id: &str) -> Reply {
        let (title, text) = words_of(kind);
        let code = kind.code();
        let body = format!("<h1>{title}</h1><p>{text}</p><small>{code} &middot; {id}</small>");
        self.page(kind.status(), title, "", &body, false)
    }

    /// For JSON: title and text in one line.
    pub(crate) fn message_about_no_login(&self, kind: AuthErrorKind) -> String {
        let (title, text) = words_of(kind);
        format!("{title}. {text}")
    }
}

fn words_of(kind: AuthErrorKind) -> (&'static str, &'static str) {
    const REFUSED: &str = "This request was refused";
    match kind.code().as_str() {
        "invalid_signed_request" => {
            (REFUSED, "It is not signed as Instagram signs its requests, or it is too old.")
        }
        "invalid_request" => (REFUSED, "It is not complete, or it says something twice."),
        "unsupported_media_type" => (REFUSED, "Only a form is read here."),
        "payload_too_large" => (REFUSED, "It is larger than any of Instagram's."),
        "request_timeout" => (REFUSED, "It did not arrive whole in time."),
        "method_not_allowed" => (
            "This does not work here",
            "This address is for Instagram. To see how far a deletion is, open the whole link that \
             came with its code.",
        ),
        "store_unavailable" => (
            "We cannot look that up",
            "One of our systems does not answer. Please ask again in a moment.",
        ),
        "hook_failed" => ("This was not done", "Something went wrong here. Please send it again."),
        _ => ("Something went wrong", "Please ask again in a moment."),
    }
}
