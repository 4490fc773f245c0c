//! The parameters of SQL statements.

use ig_oauth_common::{Timestamp, UserId};

/// A parameter of an SQL statement.
pub(crate) enum Value {
    Text(String),
    Bytes(Vec<u8>),
    Number(i64),
    List(Vec<String>),
    Null,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&UserId> for Value {
    fn from(id: &UserId) -> Self {
        id.as_str().into()
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(hash: &[u8; 32]) -> Self {
        hash.as_slice().into()
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for Value {
    /// Times more than 292 billion years away become the largest representable time.
    fn from(moment: Timestamp) -> Self {
        Self::Number(i64::try_from(moment.unix_seconds()).unwrap_or(i64::MAX))
    }
}

/// A time from a table. SQL's largest number becomes the largest `Timestamp`, so that "never" stays
/// "never".
pub(crate) fn moment(seconds: i64) -> Timestamp {
    let seconds = if seconds == i64::MAX { u64::MAX } else { u64::try_from(seconds).unwrap_or(0) };
    Timestamp::from_unix_seconds(seconds)
}
