//! Rows to records.

use ig_oauth_common::{AccountKey, AccountRecord, SessionIdHash, SessionRecord, UserId};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::ENGINE;
use crate::error::Failure;
use crate::record::{moment, user_id};

/// A column; what cannot be read as asked for is an error and no panic.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, Failure> {
    row.try_get(at).map_err(|_| Failure::unreadable(ENGINE, "a column"))
}

/// Thirty-two bytes.
pub(super) fn hash(row: &Row, at: usize) -> Result<[u8; 32], Failure> {
    column::<&[u8]>(row, at)?.try_into().map_err(|_| Failure::unreadable(ENGINE, "a hash"))
}

/// The account in the first seven columns.
pub(super) fn account(row: &Row) -> Result<AccountRecord, Failure> {
    let further_ids = column::<Vec<&str>>(row, 2)?.into_iter();
    Ok(AccountRecord::new(
        AccountKey::new(column::<&str>(row, 0)?, user_id(ENGINE, column(row, 1)?)?),
        further_ids.map(|digits| user_id(ENGINE, digits)).collect::<Result<_, _>>()?,
        column(row, 3)?,
        column(row, 4)?,
        moment::from_sql(column(row, 5)?),
        moment::from_sql(column(row, 6)?),
    ))
}

/// All accounts of an answer.
pub(super) fn accounts(rows: &[Row]) -> Result<Vec<AccountRecord>, Failure> {
    rows.iter().map(account).collect()
}

/// A session of `key`, its times from the column `from` on.
pub(super) fn session(
    row: &Row,
    id: SessionIdHash,
    key: &AccountKey,
    from: usize,
) -> Result<SessionRecord, Failure> {
    Ok(SessionRecord::new(
        id,
        key.clone(),
        moment::from_sql(column(row, from)?),
        moment::from_sql(column(row, from + 1)?),
        moment::from_sql(column(row, from + 2)?),
    ))
}

/// A record's parts in the types the driver takes.
pub(super) struct AccountParameters<'a> {
    pub(super) client: &'a str,
    pub(super) user: &'a str,
    pub(super) further_ids: Vec<&'a str>,
    pub(super) issued: i64,
    pub(super) expires: i64,
}

impl<'a> AccountParameters<'a> {
    pub(super) fn of(account: &'a AccountRecord) -> Self {
        Self {
            client: account.key.client_id(),
            user: account.key.user_id().as_str(),
            further_ids: account.further_ids.iter().map(UserId::as_str).collect(),
            issued: moment::to_sql(account.issued_at),
            expires: moment::to_sql(account.expires_at),
        }
    }
}
