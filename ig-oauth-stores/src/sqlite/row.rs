//! Converts values to parameters, and rows to records.

use ig_oauth_common::Timestamp;
use rusqlite::types::Value as Field;

use crate::engine::SQLITE;
use crate::error::Failure;
use crate::record::{Row, list};
use crate::sql::{Value, moment};

pub(super) fn parameter(value: Value) -> Field {
    match value {
        Value::Text(text) => Field::Text(text),
        Value::Bytes(bytes) => Field::Blob(bytes),
        Value::Number(number) => Field::Integer(number),
        Value::List(texts) => Field::Text(list::to_text(texts)),
        Value::Null => Field::Null,
    }
}

impl Row for Vec<Field> {
    const ENGINE: &'static str = SQLITE;

    fn text(&self, at: usize) -> Result<String, Failure> {
        match self.get(at) {
            Some(Field::Text(text)) => Ok(text.clone()),
            _ => Err(Self::unreadable("a text")),
        }
    }

    fn bytes(&self, at: usize) -> Result<Vec<u8>, Failure> {
        match self.get(at) {
            Some(Field::Blob(bytes)) => Ok(bytes.clone()),
            _ => Err(Self::unreadable("bytes")),
        }
    }

    fn list(&self, at: usize) -> Result<Vec<String>, Failure> {
        list::from_text(self.text(at)?.as_bytes()).ok_or_else(|| Self::unreadable("a list"))
    }

    fn moment(&self, at: usize) -> Result<Timestamp, Failure> {
        match self.get(at) {
            Some(Field::Integer(seconds)) => Ok(moment(*seconds)),
            _ => Err(Self::unreadable("a moment")),
        }
    }
}
