//! The trait's methods.

use ig_oauth_common::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, Store,
    StoreFuture, Timestamp, UserId,
};
use redis::ScriptInvocation;

use super::keys::{hex, seconds_to_keep, seconds_to_keep_claim};
use super::reply::{self, Part};
use super::{ENGINE, RedisStore};
use crate::error::Failure;
use crate::record::{list, status_of, status_word, user_id};
use crate::settings::{check_same_account, page_start};

/// Names that one script looks at. It takes well under a millisecond, in which the server does
/// nothing else.
const NAMES_AT_A_TIME: usize = 1_000;

/// An account as arguments. Its token may have been issued a while ago, never later than now, so
/// Redis keeps it long enough.
fn add_account(call: &mut ScriptInvocation<'_>, account: &AccountRecord) {
    let further: Vec<_> = account.further_ids.iter().map(UserId::as_str).collect();
    call.arg(account.key.client_id())
        .arg(account.key.user_id().as_str())
        .arg(further.join(" "))
        .arg(account.sealed_token.as_slice())
        .arg(list::to_text(account.scopes.iter().map(String::as_str)))
        .arg(account.issued_at.unix_seconds())
        .arg(account.expires_at.unix_seconds())
        .arg(seconds_to_keep(account.issued_at, account.expires_at));
}

impl RedisStore {
    async fn walk(
        &self,
        client_id: &str,
        before: Option<Timestamp>,
        after: Option<&AccountKey>,
        limit: usize,
    ) -> Result<Vec<AccountRecord>, Failure> {
        let mut found = Vec::new();
        let mut start = page_start(client_id, after).map(str::to_owned);
        while let Some(after) = start.take().filter(|_| found.len() < limit) {
            let wanted = (limit - found.len()).min(NAMES_AT_A_TIME);
            let mut call = self.call(&self.inner.scripts.accounts);
            call.key(self.inner.keys.accounts(client_id)).arg(client_id).arg(after);
            match before {
                Some(before) => call.arg(before.unix_seconds()),
                None => call.arg(""),
            };
            call.arg(wanted).arg(NAMES_AT_A_TIME);
            let answer: Vec<Part> = self.run(&call).await?;
            let Some((go_on, accounts)) = answer.split_first() else { break };
            let page = reply::accounts(client_id, accounts)?;
            let is_full = page.len() == wanted;
            found.extend(page);
            start = if is_full {
                // More may follow among the names that were not looked at.
                found.last().map(|account| account.key.user_id().to_string())
            } else {
                Some(reply::text(go_on)?.to_owned()).filter(|user| !user.is_empty())
            };
        }
        Ok(found)
    }
}

impl Store for RedisStore {
    fn begin_session(&self, session: SessionRecord, account: AccountRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            check_same_account(ENGINE, &session, &account)?;
            let mut call = self.call(&self.inner.scripts.begin_session);
            call.key(self.inner.keys.session(&session.id_hash));
            add_account(&mut call, &account);
            call.arg(hex(session.id_hash.as_bytes()))
                .arg(session.created_at.unix_seconds())
                .arg(session.last_seen_at.unix_seconds())
                .arg(session.expires_at.unix_seconds())
                .arg(seconds_to_keep(session.created_at, session.expires_at));
            Ok(self.run(&call).await?)
        })
    }

    fn put_account(&self, account: AccountRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.put_account);
            add_account(&mut call, &account);
            Ok(self.run(&call).await?)
        })
    }

    fn session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionRecord, AccountRecord)>> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.session);
            call.key(self.inner.keys.session(id));
            let answer: Vec<Part> = self.run(&call).await?;
            let [client, user, rest @ ..] = answer.as_slice() else {
                return Ok(None);
            };
            let key = AccountKey::new(reply::text(client)?, user_id(ENGINE, reply::text(user)?)?);
            let unreadable = || Failure::unreadable(ENGINE, "a session");
            let (times, account) = rest.split_at_checked(3).ok_or_else(unreadable)?;
            let session = reply::session(*id, &key, times)?;
            let account = reply::account(key, account)?;
            let lives = session.expires_at > now && account.expires_at > now;
            Ok(lives.then_some((session, account)))
        })
    }

    fn touch_session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.touch_session);
            call.key(self.inner.keys.session(id))
                .arg(last_seen_at.unix_seconds())
                .arg(expires_at.unix_seconds())
                .arg(seconds_to_keep(last_seen_at, expires_at));
            Ok(self.run(&call).await?)
        })
    }

    fn end_session<'a>(&'a self, id: &'a SessionIdHash) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.end_session);
            call.key(self.inner.keys.session(id)).arg(hex(id.as_bytes()));
            Ok(self.run(&call).await?)
        })
    }

    fn sessions<'a>(
        &'a self,
        account: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<SessionRecord>> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.sessions);
            call.key(self.inner.keys.sessions(account));
            let answer: Vec<Part> = self.run(&call).await?;
            let session = |parts: &[Part]| {
                let (hash, times) =
                    parts.split_first().ok_or_else(|| Failure::unreadable(ENGINE, "a session"))?;
                reply::session(reply::hash(hash)?, account, times)
            };
            let found: Result<Vec<_>, Failure> = answer.chunks(4).map(session).collect();
            let mut found = found?;
            found.retain(|session| session.expires_at > now);
            found.sort_by_key(|session| (session.created_at, session.id_hash));
            Ok(found)
        })
    }

    fn end_sessions<'a>(&'a self, account: &'a AccountKey) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.end_sessions);
            call.key(self.inner.keys.sessions(account));
            call.arg(account.client_id()).arg(account.user_id().as_str());
            Ok(self.run_once(&call).await?)
        })
    }

    fn account<'a>(
        &'a self,
        key: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<AccountRecord>> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.account);
            call.key(self.inner.keys.account(key));
            call.arg(key.client_id()).arg(key.user_id().as_str());
            let answer: Vec<Part> = self.run(&call).await?;
            if answer.is_empty() {
                return Ok(None);
            }
            let account = reply::account(key.clone(), &answer)?;
            Ok((account.expires_at > now).then_some(account))
        })
    }

    fn replace_account<'a>(
        &'a self,
        present: &'a [u8],
        account: AccountRecord,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.replace_account);
            call.key(self.inner.keys.account(&account.key));
            add_account(&mut call, &account);
            call.arg(present);
            Ok(self.run_once(&call).await?)
        })
    }

    fn accounts<'a>(
        &'a self,
        client_id: &'a str,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        Box::pin(async move { Ok(self.walk(client_id, None, after, limit).await?) })
    }

    fn accounts_expiring<'a>(
        &'a self,
        client_id: &'a str,
        before: Timestamp,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        Box::pin(async move { Ok(self.walk(client_id, Some(before), after, limit).await?) })
    }

    fn accounts_known_by<'a>(
        &'a self,
        client_id: &'a str,
        id: &'a UserId,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.accounts_known_by);
            call.key(self.inner.keys.known(client_id, id)).arg(client_id).arg(id.as_str());
            let answer: Vec<Part> = self.run(&call).await?;
            Ok(reply::accounts(client_id, &answer)?)
        })
    }

    fn revoke<'a>(&'a self, client_id: &'a str, id: &'a UserId) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.revoke);
            call.key(self.inner.keys.known(client_id, id)).arg(client_id).arg(id.as_str());
            Ok(self.run_once(&call).await?)
        })
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.claim);
            call.key(self.inner.keys.claim(&claim.key))
                .arg(&claim.owner)
                .arg(claim.until.unix_seconds())
                .arg(now.unix_seconds())
                .arg(seconds_to_keep_claim(now, claim.until));
            Ok(self.run(&call).await?)
        })
    }

    fn release<'a>(&'a self, key: &'a str, owner: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.release);
            call.key(self.inner.keys.claim(key)).arg(owner);
            Ok(self.run(&call).await?)
        })
    }

    fn put_deletion(&self, deletion: DeletionRecord) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.put_deletion);
            call.key(self.inner.keys.deletion(&deletion.code_hash))
                .arg(status_word(ENGINE, deletion.status)?)
                .arg(deletion.requested_at.unix_seconds())
                .arg(deletion.expires_at.unix_seconds())
                .arg(seconds_to_keep(deletion.requested_at, deletion.expires_at));
            Ok(self.run(&call).await?)
        })
    }

    fn deletion<'a>(
        &'a self,
        code_hash: &'a [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'a, Option<DeletionRecord>> {
        Box::pin(async move {
            let mut call = self.call(&self.inner.scripts.deletion);
            call.key(self.inner.keys.deletion(code_hash));
            let answer: Vec<Part> = self.run(&call).await?;
            let [status, requested_at, expires_at] = answer.as_slice() else {
                return Ok(None);
            };
            let deletion = DeletionRecord::new(
                *code_hash,
                status_of(ENGINE, reply::text(status)?)?,
                reply::moment(requested_at)?,
                reply::moment(expires_at)?,
            );
            Ok((deletion.expires_at > now).then_some(deletion))
        })
    }
}
