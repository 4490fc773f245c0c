//! The trait's methods.

use ig_oauth_common::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, Store,
    StoreFuture, Timestamp, UserId,
};
use rusqlite::params;

use super::{ENGINE, SqliteStore, row};
use crate::record::{moment, status_of, status_word};
use crate::settings::{check_same_account, page_start};

/// SQLite counts in 64 bits with a sign.
fn limit_to_sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    fn begin_session(&self, session: SessionRecord, account: AccountRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            check_same_account(ENGINE, &session, &account)?;
            let now = session.created_at;
            self.change(move |transaction, sql| {
                row::put_account(transaction, sql, &account)?;
                row::put_session(transaction, sql, &session)
            })
            .await?;
            self.tidy_up_when_due(now);
            Ok(())
        })
    }

    fn put_account(&self, account: AccountRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            Ok(self
                .change(move |transaction, sql| row::put_account(transaction, sql, &account))
                .await?)
        })
    }

    fn session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionRecord, AccountRecord)>> {
        let id = *id;
        Box::pin(async move {
            let found = self.read(move |connection, sql| {
                let mut select = connection.prepare_cached(&sql.session)?;
                let mut rows = select.query(params![id.as_bytes(), moment::to_sql(now)])?;
                let Some(found) = rows.next()? else {
                    return Ok(None);
                };
                let account = row::account(found)?;
                let session = row::session(found, id, &account.key, 7)?;
                Ok(Some((session, account)))
            });
            Ok(found.await?)
        })
    }

    fn touch_session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreFuture<'a, ()> {
        let id = *id;
        Box::pin(async move {
            let (seen, expires) = (moment::to_sql(last_seen_at), moment::to_sql(expires_at));
            let touched = self.change(move |transaction, sql| {
                let mut update = transaction.prepare_cached(&sql.touch_session)?;
                update.execute(params![id.as_bytes(), seen, expires])?;
                Ok(())
            });
            Ok(touched.await?)
        })
    }

    fn end_session<'a>(&'a self, id: &'a SessionIdHash) -> StoreFuture<'a, ()> {
        let id = *id;
        Box::pin(async move {
            let ended = self.change(move |transaction, sql| {
                transaction.prepare_cached(&sql.end_session)?.execute(params![id.as_bytes()])?;
                Ok(())
            });
            Ok(ended.await?)
        })
    }

    fn sessions<'a>(
        &'a self,
        account: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<SessionRecord>> {
        let key = account.clone();
        Box::pin(async move {
            let found = self.read(move |connection, sql| {
                let (client, user) = (key.client_id(), key.user_id().as_str());
                let mut select = connection.prepare_cached(&sql.sessions)?;
                let mut rows = select.query(params![client, user, moment::to_sql(now)])?;
                let mut found = Vec::new();
                while let Some(next) = rows.next()? {
                    let id = SessionIdHash::from_bytes(next.get(0)?);
                    found.push(row::session(next, id, &key, 1)?);
                }
                Ok(found)
            });
            Ok(found.await?)
        })
    }

    fn end_sessions<'a>(&'a self, account: &'a AccountKey) -> StoreFuture<'a, u64> {
        let key = account.clone();
        Box::pin(async move {
            let ended = self.change(move |transaction, sql| {
                let mut delete = transaction.prepare_cached(&sql.end_sessions)?;
                Ok(delete.execute(params![key.client_id(), key.user_id().as_str()])? as u64)
            });
            Ok(ended.await?)
        })
    }

    fn account<'a>(
        &'a self,
        key: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<AccountRecord>> {
        let key = key.clone();
        Box::pin(async move {
            let found = self.read(move |connection, sql| {
                let (client, user) = (key.client_id(), key.user_id().as_str());
                let mut select = connection.prepare_cached(&sql.account)?;
                let mut rows = select.query(params![client, user, moment::to_sql(now)])?;
                rows.next()?.map(row::account).transpose()
            });
            Ok(found.await?)
        })
    }

    fn replace_account<'a>(
        &'a self,
        present: &'a [u8],
        account: AccountRecord,
    ) -> StoreFuture<'a, bool> {
        let present = present.to_vec();
        Box::pin(async move {
            let replaced = self.change(move |transaction, sql| {
                row::replace_account(transaction, sql, &present, &account)
            });
            Ok(replaced.await?)
        })
    }

    fn accounts<'a>(
        &'a self,
        client_id: &'a str,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        Box::pin(async move {
            let Some(start) = page_start(client_id, after).map(str::to_owned) else {
                return Ok(Vec::new());
            };
            let client = client_id.to_owned();
            let found = self.read(move |connection, sql| {
                let mut select = connection.prepare_cached(&sql.accounts)?;
                let rows = select.query(params![client, start, limit_to_sql(limit)])?;
                row::accounts(rows)
            });
            Ok(found.await?)
        })
    }

    fn accounts_expiring<'a>(
        &'a self,
        client_id: &'a str,
        before: Timestamp,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        Box::pin(async move {
            let Some(start) = page_start(client_id, after).map(str::to_owned) else {
                return Ok(Vec::new());
            };
            let client = client_id.to_owned();
            let before = moment::to_sql(before);
            let found = self.read(move |connection, sql| {
                let mut select = connection.prepare_cached(&sql.accounts_expiring)?;
                row::accounts(select.query(params![client, start, limit_to_sql(limit), before])?)
            });
            Ok(found.await?)
        })
    }

    fn accounts_known_by<'a>(
        &'a self,
        client_id: &'a str,
        id: &'a UserId,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        let (client, id) = (client_id.to_owned(), id.clone());
        Box::pin(async move {
            let found = self.read(move |connection, sql| {
                let mut select = connection.prepare_cached(&sql.accounts_known_by)?;
                row::accounts(select.query(params![client, id.as_str()])?)
            });
            Ok(found.await?)
        })
    }

    fn revoke<'a>(&'a self, client_id: &'a str, id: &'a UserId) -> StoreFuture<'a, u64> {
        let (client, id) = (client_id.to_owned(), id.clone());
        Box::pin(async move {
            let revoked = self.change(move |transaction, sql| {
                let mut delete = transaction.prepare_cached(&sql.revoke)?;
                Ok(delete.execute(params![client, id.as_str()])? as u64)
            });
            Ok(revoked.await?)
        })
    }

    fn forget_account<'a>(
        &'a self,
        key: &'a AccountKey,
        present: &'a [u8],
    ) -> StoreFuture<'a, bool> {
        let (key, present) = (key.clone(), present.to_vec());
        Box::pin(async move {
            let forgotten = self.change(move |transaction, sql| {
                let mut delete = transaction.prepare_cached(&sql.forget_account)?;
                let account = params![key.client_id(), key.user_id().as_str(), present];
                Ok(delete.execute(account)? == 1)
            });
            Ok(forgotten.await?)
        })
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let claimed = self.change(move |transaction, sql| {
                let (until, now) = (moment::to_sql(claim.until), moment::to_sql(now));
                let mut insert = transaction.prepare_cached(&sql.claim)?;
                Ok(insert.execute(params![claim.key, claim.owner, until, now])? == 1)
            });
            let claimed = claimed.await?;
            self.tidy_up_when_due(now);
            Ok(claimed)
        })
    }

    fn release<'a>(&'a self, key: &'a str, owner: &'a str) -> StoreFuture<'a, ()> {
        let (key, owner) = (key.to_owned(), owner.to_owned());
        Box::pin(async move {
            let released = self.change(move |transaction, sql| {
                transaction.prepare_cached(&sql.release)?.execute(params![key, owner])?;
                Ok(())
            });
            Ok(released.await?)
        })
    }

    fn put_deletion(&self, deletion: DeletionRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let status = status_word(ENGINE, deletion.status)?;
            let requested = deletion.requested_at;
            let kept = self.change(move |transaction, sql| {
                transaction.prepare_cached(&sql.put_deletion)?.execute(params![
                    deletion.code_hash,
                    status,
                    moment::to_sql(deletion.requested_at),
                    moment::to_sql(deletion.expires_at),
                ])?;
                Ok(())
            });
            kept.await?;
            self.tidy_up_when_due(requested);
            Ok(())
        })
    }

    fn deletion<'a>(
        &'a self,
        code_hash: &'a [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'a, Option<DeletionRecord>> {
        let code_hash = *code_hash;
        Box::pin(async move {
            let found = self.read(move |connection, sql| {
                let mut select = connection.prepare_cached(&sql.deletion)?;
                let mut rows = select.query(params![code_hash, moment::to_sql(now)])?;
                let Some(row) = rows.next()? else {
                    return Ok(None);
                };
                let status: String = row.get(0)?;
                Ok(Some(DeletionRecord::new(
                    code_hash,
                    status_of(ENGINE, &status)?,
                    moment::from_sql(row.get(1)?),
                    moment::from_sql(row.get(2)?),
                )))
            });
            Ok(found.await?)
        })
    }
}
