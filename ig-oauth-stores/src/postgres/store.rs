//! The trait's methods.

use ig_oauth_common::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, Store, StoreError, Timestamp, UserId,
};

use super::PostgresStore;
use super::row::{self, account_parameters, column};
use crate::engine::POSTGRESQL;
use crate::record::{moment, status_of, status_word};
use crate::settings::{check_same_account, page_start};

impl Store for PostgresStore {
    async fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> Result<(), StoreError> {
        let mut values = account_parameters(&account);
        let Some(session) = session else {
            self.execute(&self.inner.sql.put_account, values).await?;
            return Ok(());
        };
        check_same_account(POSTGRESQL, &session, &account)?;
        values.extend(parameters![
            session.id_hash.as_bytes().to_vec(),
            moment::to_sql(session.created_at),
            moment::to_sql(session.last_seen_at),
            moment::to_sql(session.expires_at),
        ]);
        self.execute(&self.inner.sql.put_account_and_session, values).await?;
        self.tidy_up_when_due(session.created_at);
        Ok(())
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        let hash = id.as_bytes().to_vec();
        let rows =
            self.query(&self.inner.sql.session, parameters![hash, moment::to_sql(now)]).await?;
        let Some(found) = rows.first() else {
            return Ok(None);
        };
        let account = row::account(found)?;
        let session = row::session(found, *id, &account.key, 7)?;
        Ok(Some((session, account)))
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let hash = id.as_bytes().to_vec();
        let (seen, expires) = (moment::to_sql(last_seen_at), moment::to_sql(expires_at));
        self.execute(&self.inner.sql.touch_session, parameters![hash, seen, expires]).await?;
        Ok(())
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        let hash = id.as_bytes().to_vec();
        self.execute(&self.inner.sql.end_session, parameters![hash]).await?;
        Ok(())
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let (client, user) =
            (account.client_id().to_owned(), account.user_id().as_str().to_owned());
        let statement = &self.inner.sql.sessions;
        let rows = self.query(statement, parameters![client, user, moment::to_sql(now)]).await?;
        let session = |found| {
            let id = SessionIdHash::from_bytes(row::hash(found, 0)?);
            Ok(row::session(found, id, account, 1)?)
        };
        rows.iter().map(session).collect()
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        let (client, user) =
            (account.client_id().to_owned(), account.user_id().as_str().to_owned());
        Ok(self.execute_once(&self.inner.sql.end_sessions, parameters![client, user]).await?)
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        let (client, user) = (key.client_id().to_owned(), key.user_id().as_str().to_owned());
        let statement = &self.inner.sql.account;
        let rows = self.query(statement, parameters![client, user, moment::to_sql(now)]).await?;
        Ok(rows.first().map(row::account).transpose()?)
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        let mut values = account_parameters(&account);
        values.extend(parameters![present.to_vec()]);
        let replaced = self.execute_once(&self.inner.sql.replace_account, values).await?;
        Ok(replaced == 1)
    }

    async fn accounts(&self, page: AccountPage<'_>) -> Result<Vec<AccountRecord>, StoreError> {
        let Some(start) = page_start(&page) else { return Ok(Vec::new()) };
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let mut values = parameters![page.client_id.to_owned(), start.to_owned(), limit];
        let statement = match page.expiring_before {
            None => &self.inner.sql.accounts,
            Some(before) => {
                values.extend(parameters![moment::to_sql(before)]);
                &self.inner.sql.accounts_expiring
            }
        };
        Ok(row::accounts(&self.query(statement, values).await?)?)
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        let statement = &self.inner.sql.accounts_known_by;
        let rows = self
            .query(statement, parameters![client_id.to_owned(), id.as_str().to_owned()])
            .await?;
        Ok(row::accounts(&rows)?)
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        let (client, user) = (key.client_id().to_owned(), key.user_id().as_str().to_owned());
        let statement = &self.inner.sql.forget_account;
        let values = parameters![client, user, present.to_vec()];
        Ok(self.execute_once(statement, values).await? == 1)
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        let (until, moment) = (moment::to_sql(claim.until), moment::to_sql(now));
        let statement = &self.inner.sql.claim;
        let made =
            self.execute(statement, parameters![claim.key, claim.owner, until, moment]).await?;
        self.tidy_up_when_due(now);
        Ok(made == 1)
    }

    async fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let present = present.map(|status| status_word(POSTGRESQL, status)).transpose()?;
        let values = parameters![
            deletion.code_hash.to_vec(),
            status_word(POSTGRESQL, deletion.status)?,
            moment::to_sql(deletion.requested_at),
            moment::to_sql(deletion.expires_at),
            present,
            moment::to_sql(now),
        ];
        let kept = self.execute_once(&self.inner.sql.put_deletion, values).await?;
        self.tidy_up_when_due(now);
        Ok(kept == 1)
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        let (hash, now) = (code_hash.to_vec(), moment::to_sql(now));
        let rows = self.query(&self.inner.sql.deletion, parameters![hash, now]).await?;
        let Some(found) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(DeletionRecord::new(
            *code_hash,
            status_of(POSTGRESQL, column(found, 0)?)?,
            moment::from_sql(column(found, 1)?),
            moment::from_sql(column(found, 2)?),
        )))
    }
}
