//! Converts values to parameters, and rows to records.

use ig_oauth_common::Timestamp;
use tokio_postgres::types::{FromSql, ToSql};

use crate::engine::POSTGRESQL;
use crate::error::Failure;
use crate::record::Row;
use crate::sql::{Value, moment};

/// A parameter of a statement. It may outlive the operation's caller.
pub(super) type Parameter = Box<dyn ToSql + Send + Sync>;

pub(super) fn parameter(value: Value) -> Parameter {
    match value {
        Value::Text(text) => Box::new(text),
        Value::Bytes(bytes) => Box::new(bytes),
        Value::Number(number) => Box::new(number),
        Value::List(texts) => Box::new(texts),
        Value::Null => Box::new(None::<String>),
    }
}

fn column<'a, T: FromSql<'a>>(row: &'a tokio_postgres::Row, at: usize) -> Result<T, Failure> {
    row.try_get(at).map_err(|_| tokio_postgres::Row::unreadable("a column"))
}

impl Row for tokio_postgres::Row {
    const ENGINE: &'static str = POSTGRESQL;

    fn text(&self, at: usize) -> Result<String, Failure> {
        column(self, at)
    }

    fn bytes(&self, at: usize) -> Result<Vec<u8>, Failure> {
        column(self, at)
    }

    fn list(&self, at: usize) -> Result<Vec<String>, Failure> {
        column(self, at)
    }

    fn moment(&self, at: usize) -> Result<Timestamp, Failure> {
        column(self, at).map(moment)
    }
}
