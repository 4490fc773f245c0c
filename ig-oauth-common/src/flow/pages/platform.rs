//! How far the deletion of a user's data has come.

use super::Writer;
use crate::flow::texts::Text;
use crate::messages::Reply;
use crate::store::DeletionStatus;

impl Writer<'_> {
    /// How far a user's deletion request has come, as far as it is known. Nothing about the user.
    pub(crate) fn deletion(&self, status: Option<DeletionStatus>) -> Reply {
        let text = match status {
            Some(DeletionStatus::Queued) => Text::DeletionQueued,
            Some(DeletionStatus::Done) => Text::DeletionDone,
            Some(DeletionStatus::Failed) => Text::DeletionFailed,
            None => Text::DeletionUnknown,
        };
        let body = format!("<p>{}</p>", self.escaped(text));
        self.page(200, Text::DeletionTitle, "", &body, false)
    }

    /// A confirmation code nobody was given.
    pub(crate) fn unknown_code(&self) -> Reply {
        let body = format!("<p>{}</p>", self.escaped(Text::NoSuchDeletion));
        self.page(404, Text::NoSuchDeletionTitle, "", &body, false)
    }
}
