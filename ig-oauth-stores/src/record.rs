//! Converts database fields to records.

use ig_oauth_common::store::{
    AccountKey, AccountRecord, DeletionRecord, DeletionStatus, SessionIdHash, SessionRecord,
};
use ig_oauth_common::{Timestamp, UserId};

use crate::error::Failure;

/// The text of a status in a database.
pub(crate) fn status_word(
    engine: &'static str,
    status: DeletionStatus,
) -> Result<&'static str, Failure> {
    Ok(match status {
        DeletionStatus::Queued => "queued",
        DeletionStatus::Done => "done",
        DeletionStatus::Failed => "failed",
        _ => return Err(Failure::new(engine, "a status this version cannot write")),
    })
}

/// The fields of a row. A field with an unexpected type is an error and not a panic.
pub(crate) trait Row {
    const ENGINE: &'static str;

    fn text(&self, at: usize) -> Result<String, Failure>;

    fn bytes(&self, at: usize) -> Result<Vec<u8>, Failure>;

    fn list(&self, at: usize) -> Result<Vec<String>, Failure>;

    fn moment(&self, at: usize) -> Result<Timestamp, Failure>;

    /// Thirty-two bytes.
    fn hash(&self, at: usize) -> Result<[u8; 32], Failure> {
        self.bytes(at)?.try_into().map_err(|_| Self::unreadable("a hash"))
    }

    /// An error for a record that this crate did not write.
    fn unreadable(what: &str) -> Failure {
        Failure::new(Self::ENGINE, format!("a record holds {what} that cannot be read"))
    }

    /// The account in the first seven fields.
    fn account(&self) -> Result<AccountRecord, Failure> {
        let id =
            |digits: String| UserId::try_from(digits).map_err(|_| Self::unreadable("a user id"));
        Ok(AccountRecord::new(
            AccountKey::new(self.text(0)?, id(self.text(1)?)?),
            self.list(2)?.into_iter().map(id).collect::<Result<_, _>>()?,
            self.bytes(3)?,
            self.list(4)?,
            self.moment(5)?,
            self.moment(6)?,
        ))
    }

    /// A session of that account, in the four fields from `at` on.
    fn session(&self, account: &AccountKey, at: usize) -> Result<SessionRecord, Failure> {
        Ok(SessionRecord::new(
            SessionIdHash::from_bytes(self.hash(at)?),
            account.clone(),
            self.moment(at + 1)?,
            self.moment(at + 2)?,
            self.moment(at + 3)?,
        ))
    }

    /// The deletion request with that code.
    fn deletion(&self, code_hash: [u8; 32]) -> Result<DeletionRecord, Failure> {
        let status = match &*self.text(0)? {
            "queued" => DeletionStatus::Queued,
            "done" => DeletionStatus::Done,
            "failed" => DeletionStatus::Failed,
            _ => return Err(Self::unreadable("a status")),
        };
        Ok(DeletionRecord::new(code_hash, status, self.moment(1)?, self.moment(2)?))
    }
}

/// A list of texts in one field. Ids and scopes are short and few; JSON is readable for people and
/// for the database's own functions.
#[cfg(any(feature = "redis", feature = "sqlite"))]
pub(crate) mod list {
    pub(crate) fn to_text<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
        let items = items.into_iter().map(|item| item.as_ref().to_owned());
        serde_json::Value::from(items.collect::<Vec<_>>()).to_string()
    }

    pub(crate) fn from_text(text: &[u8]) -> Option<Vec<String>> {
        serde_json::from_slice(text).ok()
    }
}
