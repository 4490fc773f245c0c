//! The trait's methods.

use ig_oauth_common::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, Store, StoreError, Timestamp, UserId,
};
use rusqlite::params;

use super::{SqliteStore, row};
use crate::engine::SQLITE;
use crate::record::{moment, status_of, status_word};
use crate::settings::{check_same_account, page_start};

impl Store for SqliteStore {
    async fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> Result<(), StoreError> {
        if let Some(session) = &session {
            check_same_account(SQLITE, session, &account)?;
        }
        let begun_at = session.as_ref().map(|session| session.created_at);
        self.change(move |transaction, sql| {
            row::put_account(transaction, sql, &account)?;
            session.map_or(Ok(()), |session| row::put_session(transaction, sql, &session))
        })
        .await?;
        if let Some(now) = begun_at {
            self.tidy_up_when_due(now);
        }
        Ok(())
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

    async fn accounts(&self, page: AccountPage<'_>) -> Result<Vec<AccountRecord>, StoreError> {
        let Some(start) = page_start(&page) else { return Ok(Vec::new()) };
        let (client, start) = (page.client_id.to_owned(), start.to_owned());
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let before = page.expiring_before.map(moment::to_sql);
        let found = self.read(move |connection, sql| match before {
            None => {
                let mut select = connection.prepare_cached(&sql.accounts)?;
                row::accounts(select.query(params![client, start, limit])?)
            }
            Some(before) => {
                let mut select = connection.prepare_cached(&sql.accounts_expiring)?;
                row::accounts(select.query(params![client, start, limit, before])?)
            }
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

    async fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let present = present.map(|status| status_word(SQLITE, status)).transpose()?;
        let status = status_word(SQLITE, deletion.status)?;
        let kept = self.change(move |transaction, sql| {
            let mut insert = transaction.prepare_cached(&sql.put_deletion)?;
            let kept = insert.execute(params![
                deletion.code_hash,
                status,
                moment::to_sql(deletion.requested_at),
                moment::to_sql(deletion.expires_at),
                present,
                moment::to_sql(now),
            ]);
            Ok(kept? == 1)
        });
        let kept = kept.await?;
        self.tidy_up_when_due(now);
        Ok(kept)
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
