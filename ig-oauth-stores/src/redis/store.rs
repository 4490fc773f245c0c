//! Implements the `Store` trait.

use ig_oauth_common::store::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, Store, StoreError,
};
use ig_oauth_common::{Timestamp, UserId};
use redis::ScriptInvocation;

use super::RedisStore;
use super::row::{self, Fields, hex, life};
use crate::engine::REDIS;
use crate::error::Failure;
use crate::record::{Row, status_word};
use crate::settings::{bounded, check_same_account, page_start};

/// The most accounts that one script reads. That takes a few milliseconds, in which the server runs
/// nothing else.
const PAGE: usize = 500;

impl RedisStore {
    /// Reads up to `limit` accounts that `is_wanted` accepts, with as many calls as needed. `call`
    /// receives the start of a page and the most accounts it may have.
    async fn pages<'a>(
        &'a self,
        start: &str,
        limit: usize,
        is_wanted: impl Fn(&AccountRecord) -> bool + Send,
        call: impl Fn(&str, usize) -> ScriptInvocation<'a> + Send,
    ) -> Result<Vec<AccountRecord>, Failure> {
        let (mut start, mut found) = (start.to_owned(), Vec::new());
        while found.len() < limit {
            let most = (limit - found.len()).min(PAGE);
            let call = call(&start, most);
            let (page, next): (Vec<Fields>, String) = self.run_repeatable(&call).await?;
            for fields in page {
                let account = fields.account()?;
                if is_wanted(&account) {
                    found.push(account);
                }
            }
            if next.is_empty() {
                break;
            }
            start = next;
        }
        Ok(found)
    }
}

impl Store for RedisStore {
    async fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> Result<(), StoreError> {
        let mut call = self.inner.scripts.put_account();
        row::add_account(&mut call, &account);
        if let Some(session) = session {
            check_same_account(REDIS, &session, &account)?;
            call.arg(hex(session.id_hash.as_bytes()))
                .arg(session.created_at.unix_seconds())
                .arg(session.last_seen_at.unix_seconds())
                .arg(session.expires_at.unix_seconds())
                .arg(life(session.created_at, session.expires_at));
        }
        Ok(self.run_repeatable(&call).await?)
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        let mut call = self.inner.scripts.session();
        call.arg(hex(id.as_bytes()));
        let found: Option<Fields> = self.run_repeatable(&call).await?;
        let Some(fields) = found else { return Ok(None) };
        let account = fields.account()?;
        let session = fields.session(&account.key, 7)?;
        let is_live = session.expires_at > now && account.expires_at > now;
        Ok(is_live.then_some((session, account)))
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut call = self.inner.scripts.touch_session();
        call.arg(hex(id.as_bytes()))
            .arg(last_seen_at.unix_seconds())
            .arg(expires_at.unix_seconds())
            .arg(life(last_seen_at, expires_at));
        Ok(self.run_repeatable(&call).await?)
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        let mut call = self.inner.scripts.end_session();
        call.arg(hex(id.as_bytes()));
        Ok(self.run_repeatable(&call).await?)
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let mut call = self.inner.scripts.sessions();
        call.arg(account.client_id()).arg(account.user_id().as_str());
        let found: Vec<Fields> = self.run_repeatable(&call).await?;
        let sessions = found.iter().map(|fields| fields.session(account, 0));
        let mut sessions = sessions.collect::<Result<Vec<_>, _>>()?;
        sessions.retain(|session| session.expires_at > now);
        sessions.sort_by_key(|session| (session.created_at, session.id_hash));
        Ok(sessions)
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        let mut call = self.inner.scripts.end_sessions();
        call.arg(account.client_id()).arg(account.user_id().as_str());
        Ok(self.run_once(&call).await?)
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        let mut call = self.inner.scripts.account();
        call.arg(key.client_id()).arg(key.user_id().as_str());
        let found: Option<Fields> = self.run_repeatable(&call).await?;
        let found = found.as_ref().map(Row::account).transpose()?;
        Ok(found.filter(|account| account.expires_at > now))
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        let mut call = self.inner.scripts.replace_account();
        row::add_account(&mut call, &account);
        call.arg(present);
        Ok(self.run_once(&call).await?)
    }

    async fn accounts(&self, page: AccountPage<'_>) -> Result<Vec<AccountRecord>, StoreError> {
        let Some(start) = page_start(&page) else { return Ok(Vec::new()) };
        let before = page.expiring_before;
        let call = |start: &str, most| {
            let mut call = self.inner.scripts.accounts();
            call.arg(page.client_id).arg(start).arg(most);
            call.arg(before.map(|before| before.unix_seconds().to_string()).unwrap_or_default());
            call
        };
        let is_wanted =
            |account: &AccountRecord| before.is_none_or(|before| account.expires_at < before);
        let found = self.pages(start, page.limit, is_wanted, call);
        Ok(bounded(REDIS, self.inner.settings.timeout, found).await?)
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        let mut call = self.inner.scripts.accounts_known_by();
        call.arg(client_id).arg(id.as_str());
        let found: Vec<Fields> = self.run_repeatable(&call).await?;
        let accounts = found.iter().map(Row::account);
        let mut accounts = accounts.collect::<Result<Vec<_>, _>>()?;
        accounts.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(accounts)
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        let mut call = self.inner.scripts.forget_account();
        call.arg(key.client_id()).arg(key.user_id().as_str()).arg(present);
        Ok(self.run_once(&call).await?)
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        let mut call = self.inner.scripts.claim();
        call.arg(&claim.key)
            .arg(&claim.owner)
            .arg(claim.until.unix_seconds())
            .arg(now.unix_seconds())
            .arg(life(now, claim.until));
        Ok(self.run_repeatable(&call).await?)
    }

    async fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let present = present.map(|status| status_word(REDIS, status)).transpose()?;
        let mut call = self.inner.scripts.put_deletion();
        call.arg(hex(&deletion.code_hash))
            .arg(present.unwrap_or_default())
            .arg(now.unix_seconds())
            .arg(status_word(REDIS, deletion.status)?)
            .arg(deletion.requested_at.unix_seconds())
            .arg(deletion.expires_at.unix_seconds())
            .arg(life(deletion.requested_at, deletion.expires_at));
        Ok(self.run_once(&call).await?)
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        let mut call = self.inner.scripts.deletion();
        call.arg(hex(code_hash));
        let found: Option<Fields> = self.run_repeatable(&call).await?;
        let found = found.map(|fields| fields.deletion(*code_hash)).transpose()?;
        Ok(found.filter(|deletion| deletion.expires_at > now))
    }
}
