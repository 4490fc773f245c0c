//! The trait's methods.

use ig_oauth_common::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, Store,
    StoreFuture, Timestamp, UserId,
};
use redis::ScriptInvocation;

use super::row::{self, Fields, hex, life};
use super::{ENGINE, RedisStore};
use crate::error::Failure;
use crate::record::status_word;
use crate::settings::{bounded, check_same_account, page_start};

/// Most accounts one script reads: it takes a few milliseconds, in which the server does nothing else.
const PAGE: usize = 500;

impl RedisStore {
    /// Up to `limit` accounts by as many calls as it takes, leaving out what `is_wanted` does not
    /// want. `call` is given where a page starts and how many accounts it may have.
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
            let (page, next): (Vec<Fields>, String) = self.ask(&call).await?;
            for fields in page {
                let account = row::account(fields)?;
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
    fn begin_session(&self, session: SessionRecord, account: AccountRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            check_same_account(ENGINE, &session, &account)?;
            let mut call = self.inner.scripts.begin_session();
            row::add_account(&mut call, &account);
            call.arg(hex(session.id_hash.as_bytes()))
                .arg(session.created_at.unix_seconds())
                .arg(session.last_seen_at.unix_seconds())
                .arg(session.expires_at.unix_seconds())
                .arg(life(session.created_at, session.expires_at));
            Ok(self.ask(&call).await?)
        })
    }

    fn put_account(&self, account: AccountRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut call = self.inner.scripts.put_account();
            row::add_account(&mut call, &account);
            Ok(self.ask(&call).await?)
        })
    }

    fn session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionRecord, AccountRecord)>> {
        Box::pin(async move {
            let mut call = self.inner.scripts.session();
            call.arg(hex(id.as_bytes()));
            let found: Option<(Fields, Fields)> = self.ask(&call).await?;
            let Some((session, account)) = found else {
                return Ok(None);
            };
            let account = row::account(account)?;
            let session = row::session(session, &account.key)?;
            let is_live = session.expires_at > now && account.expires_at > now;
            Ok(is_live.then_some((session, account)))
        })
    }

    fn touch_session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut call = self.inner.scripts.touch_session();
            call.arg(hex(id.as_bytes()))
                .arg(last_seen_at.unix_seconds())
                .arg(expires_at.unix_seconds())
                .arg(life(last_seen_at, expires_at));
            Ok(self.ask(&call).await?)
        })
    }

    fn end_session<'a>(&'a self, id: &'a SessionIdHash) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut call = self.inner.scripts.end_session();
            call.arg(hex(id.as_bytes()));
            Ok(self.ask(&call).await?)
        })
    }

    fn sessions<'a>(
        &'a self,
        account: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<SessionRecord>> {
        Box::pin(async move {
            let mut call = self.inner.scripts.sessions();
            call.arg(account.client_id()).arg(account.user_id().as_str());
            let found: Vec<Fields> = self.ask(&call).await?;
            let sessions = found.into_iter().map(|fields| row::session(fields, account));
            let mut sessions = sessions.collect::<Result<Vec<_>, _>>()?;
            sessions.retain(|session| session.expires_at > now);
            sessions.sort_by_key(|session| (session.created_at, session.id_hash));
            Ok(sessions)
        })
    }

    fn end_sessions<'a>(&'a self, account: &'a AccountKey) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut call = self.inner.scripts.end_sessions();
            call.arg(account.client_id()).arg(account.user_id().as_str());
            Ok(self.tell(&call).await?)
        })
    }

    fn account<'a>(
        &'a self,
        key: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<AccountRecord>> {
        Box::pin(async move {
            let mut call = self.inner.scripts.account();
            call.arg(key.client_id()).arg(key.user_id().as_str());
            let found: Option<Fields> = self.ask(&call).await?;
            let found = found.map(row::account).transpose()?;
            Ok(found.filter(|account| account.expires_at > now))
        })
    }

    fn replace_account<'a>(
        &'a self,
        present: &'a [u8],
        account: AccountRecord,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut call = self.inner.scripts.replace_account();
            row::add_account(&mut call, &account);
            call.arg(present);
            Ok(self.tell(&call).await?)
        })
    }

    fn accounts<'a>(
        &'a self,
        client_id: &'a str,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        Box::pin(async move {
            let Some(start) = page_start(client_id, after) else {
                return Ok(Vec::new());
            };
            let call = |start: &str, most| {
                let mut call = self.inner.scripts.accounts();
                call.arg(client_id).arg(start).arg(most);
                call
            };
            let found = self.pages(start, limit, |_| true, call);
            Ok(bounded(ENGINE, self.inner.settings.timeout, found).await?)
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
            let Some(start) = page_start(client_id, after) else {
                return Ok(Vec::new());
            };
            let call = |start: &str, most| {
                let mut call = self.inner.scripts.accounts_expiring();
                call.arg(client_id).arg(start).arg(most).arg(before.unix_seconds());
                call
            };
            let is_wanted = |account: &AccountRecord| account.expires_at < before;
            let found = self.pages(start, limit, is_wanted, call);
            Ok(bounded(ENGINE, self.inner.settings.timeout, found).await?)
        })
    }

    fn accounts_known_by<'a>(
        &'a self,
        client_id: &'a str,
        id: &'a UserId,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        Box::pin(async move {
            let mut call = self.inner.scripts.accounts_known_by();
            call.arg(client_id).arg(id.as_str());
            let found: Vec<Fields> = self.ask(&call).await?;
            let accounts = found.into_iter().map(row::account);
            let mut accounts = accounts.collect::<Result<Vec<_>, _>>()?;
            accounts.sort_by(|one, other| one.key.cmp(&other.key));
            Ok(accounts)
        })
    }

    fn revoke<'a>(&'a self, client_id: &'a str, id: &'a UserId) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut call = self.inner.scripts.revoke();
            call.arg(client_id).arg(id.as_str());
            Ok(self.tell(&call).await?)
        })
    }

    fn forget_account<'a>(
        &'a self,
        key: &'a AccountKey,
        present: &'a [u8],
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut call = self.inner.scripts.forget_account();
            call.arg(key.client_id()).arg(key.user_id().as_str()).arg(present);
            Ok(self.tell(&call).await?)
        })
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let mut call = self.inner.scripts.claim();
            call.arg(&claim.key)
                .arg(&claim.owner)
                .arg(claim.until.unix_seconds())
                .arg(now.unix_seconds())
                .arg(life(now, claim.until));
            Ok(self.ask(&call).await?)
        })
    }

    fn release<'a>(&'a self, key: &'a str, owner: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut call = self.inner.scripts.release();
            call.arg(key).arg(owner);
            Ok(self.ask(&call).await?)
        })
    }

    fn put_deletion(&self, deletion: DeletionRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut call = self.inner.scripts.put_deletion();
            call.arg(hex(&deletion.code_hash))
                .arg(status_word(ENGINE, deletion.status)?)
                .arg(deletion.requested_at.unix_seconds())
                .arg(deletion.expires_at.unix_seconds())
                .arg(life(deletion.requested_at, deletion.expires_at));
            Ok(self.ask(&call).await?)
        })
    }

    fn deletion<'a>(
        &'a self,
        code_hash: &'a [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'a, Option<DeletionRecord>> {
        Box::pin(async move {
            let mut call = self.inner.scripts.deletion();
            call.arg(hex(code_hash));
            let found: Option<Fields> = self.ask(&call).await?;
            let found = found.map(|fields| row::deletion(*code_hash, fields)).transpose()?;
            Ok(found.filter(|deletion| deletion.expires_at > now))
        })
    }
}
