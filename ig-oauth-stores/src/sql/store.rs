//! Implements the `Store` trait.

use ig_oauth_common::store::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, Store, StoreError,
};
use ig_oauth_common::{Timestamp, UserId};

use super::{Engine, SqlStore, Value};
use crate::record::{Row, status_word};
use crate::settings::{Repeat, check_same_account, page_start};

/// The parameters of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$(Value::from($value)),*]
    };
}

/// The parameters 1 to 7 of a statement that writes an account.
fn account_values(account: AccountRecord) -> Vec<Value> {
    let further_ids = account.further_ids.iter().map(ToString::to_string).collect();
    vec![
        account.key.client_id().into(),
        account.key.user_id().into(),
        Value::List(further_ids),
        Value::Bytes(account.sealed_token),
        Value::List(account.scopes),
        account.issued_at.into(),
        account.expires_at.into(),
    ]
}

/// All accounts of a result.
fn accounts(rows: &[impl Row]) -> Result<Vec<AccountRecord>, StoreError> {
    rows.iter().map(|row| Ok(row.account()?)).collect()
}

impl<E: Engine> Store for SqlStore<E> {
    async fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> Result<(), StoreError> {
        let sql = &self.inner.sql;
        let Some(session) = session else {
            self.execute(&sql.put_account, account_values(account), Repeat::Once).await?;
            return Ok(());
        };
        check_same_account(E::NAME, &session, &account)?;
        let mut values = account_values(account);
        values.extend(values![
            session.id_hash.as_bytes(),
            session.created_at,
            session.last_seen_at,
            session.expires_at,
        ]);
        self.execute(&sql.put_account_and_session, values, Repeat::Once).await?;
        self.tidy_up_when_due(session.created_at);
        Ok(())
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        let values = values![id.as_bytes(), now];
        let rows = self.query(&self.inner.sql.session, values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let account = row.account()?;
        Ok(Some((row.session(&account.key, 7)?, account)))
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let values = values![id.as_bytes(), last_seen_at, expires_at];
        self.execute(&self.inner.sql.touch_session, values, Repeat::Once).await?;
        Ok(())
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        let values = values![id.as_bytes()];
        self.execute(&self.inner.sql.end_session, values, Repeat::Once).await?;
        Ok(())
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let values = values![account.client_id(), account.user_id(), now];
        let rows = self.query(&self.inner.sql.sessions, values).await?;
        rows.iter().map(|row| Ok(row.session(account, 0)?)).collect()
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        let values = values![account.client_id(), account.user_id()];
        Ok(self.execute(&self.inner.sql.end_sessions, values, Repeat::Never).await?)
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        let values = values![key.client_id(), key.user_id(), now];
        let rows = self.query(&self.inner.sql.account, values).await?;
        Ok(rows.first().map(Row::account).transpose()?)
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        let mut values = account_values(account);
        values.push(present.into());
        Ok(self.execute(&self.inner.sql.replace_account, values, Repeat::Never).await? == 1)
    }

    async fn accounts(&self, page: AccountPage<'_>) -> Result<Vec<AccountRecord>, StoreError> {
        let Some(start) = page_start(&page) else { return Ok(Vec::new()) };
        let mut values = values![page.client_id, start, page.limit];
        let statement = match page.expiring_before {
            None => &self.inner.sql.accounts,
            Some(before) => {
                values.push(before.into());
                &self.inner.sql.accounts_expiring
            }
        };
        accounts(&self.query(statement, values).await?)
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        accounts(&self.query(&self.inner.sql.accounts_known_by, values![client_id, id]).await?)
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        let values = values![key.client_id(), key.user_id(), present];
        Ok(self.execute(&self.inner.sql.forget_account, values, Repeat::Never).await? == 1)
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        let values = values![&*claim.key, &*claim.owner, claim.until, now];
        let made = self.execute(&self.inner.sql.claim, values, Repeat::Once).await?;
        self.tidy_up_when_due(now);
        Ok(made == 1)
    }

    async fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let present = match present {
            Some(status) => status_word(E::NAME, status)?.into(),
            None => Value::Null,
        };
        let values = values![
            &deletion.code_hash,
            status_word(E::NAME, deletion.status)?,
            deletion.requested_at,
            deletion.expires_at,
            present,
            now,
        ];
        let kept = self.execute(&self.inner.sql.put_deletion, values, Repeat::Never).await?;
        self.tidy_up_when_due(now);
        Ok(kept == 1)
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        let rows = self.query(&self.inner.sql.deletion, values![code_hash, now]).await?;
        Ok(rows.first().map(|row| row.deletion(*code_hash)).transpose()?)
    }
}
