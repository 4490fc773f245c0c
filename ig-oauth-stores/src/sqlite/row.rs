//! Records to parameters, and rows to records.

use ig_oauth_common::{AccountKey, AccountRecord, SessionIdHash, SessionRecord, UserId};
use rusqlite::{Connection, OptionalExtension as _, Row, Rows, params};

use super::statements::Sql;
use crate::engine::SQLITE;
use crate::error::Failure;
use crate::record::{list, moment, user_id};

/// Writes an account, further ids joined with those that are there.
pub(super) fn put_account(
    connection: &Connection,
    sql: &Sql,
    account: &AccountRecord,
) -> Result<(), Failure> {
    let (client, user) = (account.key.client_id(), account.key.user_id().as_str());
    let mut select = connection.prepare_cached(&sql.further_ids)?;
    let earlier: Option<String> =
        select.query_row(params![client, user], |row| row.get(0)).optional()?;
    let mut ids = account.further_ids.clone();
    for id in list::ids(SQLITE, earlier.as_deref().unwrap_or("[]").as_bytes())? {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    connection.prepare_cached(&sql.put_account)?.execute(params![
        client,
        user,
        list::to_text(ids.iter().map(UserId::as_str)),
        account.sealed_token,
        list::to_text(account.scopes.iter().map(String::as_str)),
        moment::to_sql(account.issued_at),
        moment::to_sql(account.expires_at),
    ])?;
    know(connection, sql, account)
}

/// Writes an account in the place of the one whose sealed token is `present`. Whether there was one.
pub(super) fn replace_account(
    connection: &Connection,
    sql: &Sql,
    present: &[u8],
    account: &AccountRecord,
) -> Result<bool, Failure> {
    let (client, user) = (account.key.client_id(), account.key.user_id().as_str());
    let replaced = connection.prepare_cached(&sql.replace_account)?.execute(params![
        client,
        user,
        list::to_text(account.further_ids.iter().map(UserId::as_str)),
        account.sealed_token,
        list::to_text(account.scopes.iter().map(String::as_str)),
        moment::to_sql(account.issued_at),
        moment::to_sql(account.expires_at),
        present,
    ])?;
    if replaced == 0 {
        return Ok(false);
    }
    connection.prepare_cached(&sql.unknow)?.execute(params![client, user])?;
    know(connection, sql, account)?;
    Ok(true)
}

/// The index of further ids.
fn know(connection: &Connection, sql: &Sql, account: &AccountRecord) -> Result<(), Failure> {
    let (client, user) = (account.key.client_id(), account.key.user_id().as_str());
    let mut insert = connection.prepare_cached(&sql.know)?;
    for id in &account.further_ids {
        insert.execute(params![client, id.as_str(), user])?;
    }
    Ok(())
}

pub(super) fn put_session(
    connection: &Connection,
    sql: &Sql,
    session: &SessionRecord,
) -> Result<(), Failure> {
    connection.prepare_cached(&sql.put_session)?.execute(params![
        session.id_hash.as_bytes(),
        session.account.client_id(),
        session.account.user_id().as_str(),
        moment::to_sql(session.created_at),
        moment::to_sql(session.last_seen_at),
        moment::to_sql(session.expires_at),
    ])?;
    Ok(())
}

/// The account in the first seven columns.
pub(super) fn account(row: &Row<'_>) -> Result<AccountRecord, Failure> {
    let client: String = row.get(0)?;
    let user: String = row.get(1)?;
    let further_ids: String = row.get(2)?;
    let scopes: String = row.get(4)?;
    Ok(AccountRecord::new(
        AccountKey::new(client, user_id(SQLITE, &user)?),
        list::ids(SQLITE, further_ids.as_bytes())?,
        row.get(3)?,
        list::from_text(SQLITE, scopes.as_bytes())?,
        moment::from_sql(row.get(5)?),
        moment::from_sql(row.get(6)?),
    ))
}

/// A session of `key`, its times from the column `from` on.
pub(super) fn session(
    row: &Row<'_>,
    id: SessionIdHash,
    key: &AccountKey,
    from: usize,
) -> Result<SessionRecord, Failure> {
    Ok(SessionRecord::new(
        id,
        key.clone(),
        moment::from_sql(row.get(from)?),
        moment::from_sql(row.get(from + 1)?),
        moment::from_sql(row.get(from + 2)?),
    ))
}

/// All accounts of an answer.
pub(super) fn accounts(mut rows: Rows<'_>) -> Result<Vec<AccountRecord>, Failure> {
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(account(row)?);
    }
    Ok(accounts)
}
