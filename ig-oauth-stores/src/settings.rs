//! The settings of all engines.

use std::future::Future;
use std::time::Duration;

use ig_oauth_common::store::{AccountPage, AccountRecord, SessionRecord};

use crate::error::{Failure, StoreSetupError, StoreSetupErrorKind};

/// The default prefix of tables and keys.
pub(crate) const DEFAULT_PREFIX: &str = "ig_oauth";

/// The longest prefix. PostgreSQL cuts names at 63 bytes, and the crate's names continue after the
/// prefix.
const MAX_PREFIX_BYTES: usize = 40;

/// The default of the longest time for an operation: shorter than a browser's timeout and than the
/// deadline of a login, longer than a database's usual delays.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) prefix: String,
    pub(crate) timeout: Duration,
    pub(crate) connections: usize,
}

impl Settings {
    pub(crate) fn new(connections: usize) -> Self {
        Self { prefix: DEFAULT_PREFIX.to_owned(), timeout: DEFAULT_TIMEOUT, connections }
    }

    pub(crate) fn check(&self) -> Result<(), StoreSetupError> {
        check_prefix(&self.prefix)?;
        let invalid = |text| Err(StoreSetupError::new(StoreSetupErrorKind::InvalidSetting, text));
        if self.timeout < Duration::from_millis(1) {
            return invalid("the timeout is zero: give each operation some time, say 2 seconds");
        }
        if self.connections == 0 {
            return invalid("the pool size is zero: at least one connection is needed");
        }
        Ok(())
    }
}

/// The prefix becomes part of SQL text and scripts, so only safe characters are allowed.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), StoreSetupError> {
    let starts_well = prefix.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
    let is_harmless = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if starts_well && prefix.bytes().all(is_harmless) && prefix.len() <= MAX_PREFIX_BYTES {
        return Ok(());
    }
    let rule = "use lower-case letters, digits and _, no digit first, at most 40 characters";
    let text = format!("the prefix cannot be part of a table's name: {rule}");
    Err(StoreSetupError::new(StoreSetupErrorKind::InvalidSetting, text))
}

/// Whether an operation may be run again when it is unknown whether it ran.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Its second run changes nothing more and returns the same answer.
    Once,
    /// Its answer depends on what it changed.
    Never,
}

/// Waits for `operation`, at most for `timeout`.
pub(crate) async fn bounded<T>(
    engine: &'static str,
    timeout: Duration,
    operation: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(timeout, operation)
        .await
        .unwrap_or_else(|_| Err(Failure::new(engine, format!("no answer within {timeout:?}"))))
}

/// The user id that a page of an app's accounts starts after, empty for the first page. `None` when
/// all of the app's accounts come before the page's key.
pub(crate) fn page_start<'a>(page: &AccountPage<'a>) -> Option<&'a str> {
    let Some(after) = page.after else {
        return Some("");
    };
    match page.client_id.cmp(after.client_id()) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(after.user_id().as_str()),
        std::cmp::Ordering::Greater => Some(""),
    }
}

/// A session can only be stored with its own account.
pub(crate) fn check_same_account(
    engine: &'static str,
    session: &SessionRecord,
    account: &AccountRecord,
) -> Result<(), Failure> {
    if session.account == account.key {
        return Ok(());
    }
    Err(Failure::new(engine, "a session was given with the account of somebody else"))
}
