//! Rows to records.

use ig_oauth_common::{AccountKey, AccountRecord, SessionIdHash, SessionRecord};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::pool::Parameter;
use crate::engine::POSTGRESQL;
use crate::error::Failure;
use crate::record::{moment, user_id};

/// A column; what cannot be read as asked for is an error and no panic.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Result<T, Failure> {
    row.try_get(at).map_err(|_| Failure::unreadable(POSTGRESQL, "a column"))
}

/// Thirty-two bytes.
pub(super) fn hash(row: &Row, at: usize) -> Result<[u8; 32], Failure> {
    column::<&[u8]>(row, at)?.try_into().map_err(|_| Failure::unreadable(POSTGRESQL, "a hash"))
}

/// The account in the first seven columns.
pub(super) fn account(row: &Row) -> Result<AccountRecord, Failure> {
    let further_ids = column::<Vec<&str>>(row, 2)?.into_iter();
    Ok(AccountRecord::new(
        AccountKey::new(column::<&str>(row, 0)?, user_id(POSTGRESQL, column(row, 1)?)?),
        further_ids.map(|digits| user_id(POSTGRESQL, digits)).collect::<Result<_, _>>()?,
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

/// The parameters 1 to 7 of what writes an account.
pub(super) fn account_parameters(account: &AccountRecord) -> Vec<Parameter> {
    let further_ids: Vec<String> =
        account.further_ids.iter().map(|id| id.as_str().to_owned()).collect();
    parameters![
        account.key.client_id().to_owned(),
        account.key.user_id().as_str().to_owned(),
        further_ids,
        account.sealed_token.clone(),
        account.scopes.clone(),
        moment::to_sql(account.issued_at),
        moment::to_sql(account.expires_at),
    ]
}
