//! The trait's methods.

use ig_oauth_common::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, Store,
    StoreError, Timestamp, UserId,
};
use rusqlite::params;

use super::{SqliteStore, row};
use crate::engine::SQLITE;
use crate::record::{moment, status_of, status_word};
use crate::settings::{check_same_account, page_start};

/// SQLite counts in 64 bits with a sign.
fn limit_to_sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Store for SqliteStore {
    async fn begin_session(
        &self,
        session: SessionRecord,
        account: AccountRecord,
    ) -> Result<(), StoreError> {
        check_same_account(SQLITE, &session, &account)?;
        let now = session.created_at;
        self.change(move |transaction, sql| {
            row::put_account(transaction, sql, &account)?;
            row::put_session(transaction, sql, &session)
        })
        .await?;
        self.tidy_up_when_due(now);
        Ok(())
    }

    async fn put_account(&self, account: AccountRecord) -> Result<(), StoreError> {
        Ok(self
            .change(move |transaction, sql| row::put_account(transaction, sql, &account))
            .await?)
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        let id = *id;
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
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let id = *id;
        let (seen, expires) = (moment::to_sql(last_seen_at), moment::to_sql(expires_at));
        let touched = self.change(move |transaction, sql| {
            let mut update = transaction.prepare_cached(&sql.touch_session)?;
            update.execute(params![id.as_bytes(), seen, expires])?;
            Ok(())
        });
        Ok(touched.await?)
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        let id = *id;
        let ended = self.change(move |transaction, sql| {
            transaction.prepare_cached(&sql.end_session)?.execute(params![id.as_bytes()])?;
            Ok(())
        });
        Ok(ended.await?)
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let key = account.clone();
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
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        let key = account.clone();
        let ended = self.change(move |transaction, sql| {
            let mut delete = transaction.prepare_cached(&sql.end_sessions)?;
            Ok(delete.execute(params![key.client_id(), key.user_id().as_str()])? as u64)
        });
        Ok(ended.await?)
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        let key = key.clone();
        let found = self.read(move |connection, sql| {
            let (client, user) = (key.client_id(), key.user_id().as_str());
            let mut select = connection.prepare_cached(&sql.account)?;
            let mut rows = select.query(params![client, user, moment::to_sql(now)])?;
            rows.next()?.map(row::account).transpose()
        });
        Ok(found.await?)
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        let present = present.to_vec();
        let replaced = self.change(move |transaction, sql| {
            row::replace_account(transaction, sql, &present, &account)
        });
        Ok(replaced.await?)
    }

    async fn accounts(
        &self,
        client_id: &str,
        after: Option<&AccountKey>,
        limit: usize,
    ) -> Result<Vec<AccountRecord>, StoreError> {
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
    }

    async fn accounts_expiring(
        &self,
        client_id: &str,
        before: Timestamp,
        after: Option<&AccountKey>,
        limit: usize,
    ) -> Result<Vec<AccountRecord>, StoreError> {
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
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        let (client, id) = (client_id.to_owned(), id.clone());
        let found = self.read(move |connection, sql| {
            let mut select = connection.prepare_cached(&sql.accounts_known_by)?;
            row::accounts(select.query(params![client, id.as_str()])?)
        });
        Ok(found.await?)
    }

    async fn revoke(&self, client_id: &str, id: &UserId) -> Result<u64, StoreError> {
        let (client, id) = (client_id.to_owned(), id.clone());
        let revoked = self.change(move |transaction, sql| {
            let mut delete = transaction.prepare_cached(&sql.revoke)?;
            Ok(delete.execute(params![client, id.as_str()])? as u64)
        });
        Ok(revoked.await?)
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        let (key, present) = (key.clone(), present.to_vec());
        let forgotten = self.change(move |transaction, sql| {
            let mut delete = transaction.prepare_cached(&sql.forget_account)?;
            let account = params![key.client_id(), key.user_id().as_str(), present];
            Ok(delete.execute(account)? == 1)
        });
        Ok(forgotten.await?)
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        let claimed = self.change(move |transaction, sql| {
            let (until, now) = (moment::to_sql(claim.until), moment::to_sql(now));
            let mut insert = transaction.prepare_cached(&sql.claim)?;
            Ok(insert.execute(params![claim.key, claim.owner, until, now])? == 1)
        });
        let claimed = claimed.await?;
        self.tidy_up_when_due(now);
        Ok(claimed)
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        let (key, owner) = (key.to_owned(), owner.to_owned());
        let released = self.change(move |transaction, sql| {
            transaction.prepare_cached(&sql.release)?.execute(params![key, owner])?;
            Ok(())
        });
        Ok(released.await?)
    }

    async fn put_deletion(&self, deletion: DeletionRecord) -> Result<(), StoreError> {
        let status = status_word(SQLITE, deletion.status)?;
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
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        let code_hash = *code_hash;
        let found = self.read(move |connection, sql| {
            let mut select = connection.prepare_cached(&sql.deletion)?;
            let mut rows = select.query(params![code_hash, moment::to_sql(now)])?;
            let Some(row) = rows.next()? else {
                return Ok(None);
            };
            let status: String = row.get(0)?;
            Ok(Some(DeletionRecord::new(
                code_hash,
                status_of(SQLITE, &status)?,
                moment::from_sql(row.get(1)?),
                moment::from_sql(row.get(2)?),
            )))
        });
        Ok(found.await?)
    }
}
