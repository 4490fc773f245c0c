//! A store behind an [`Arc`], so that the app, several configurations and jobs can use one.

use std::sync::Arc;

use super::store::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, Store,
    StoreFuture,
};
use crate::clock::Timestamp;
use crate::token::UserId;

impl<S: Store + ?Sized> Store for Arc<S> {
    fn begin_session(&self, session: SessionRecord, account: AccountRecord) -> StoreFuture<'_, ()> {
        (**self).begin_session(session, account)
    }

    fn put_account(&self, account: AccountRecord) -> StoreFuture<'_, ()> {
        (**self).put_account(account)
    }

    fn session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionRecord, AccountRecord)>> {
        (**self).session(id, now)
    }

    fn touch_session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreFuture<'a, ()> {
        (**self).touch_session(id, last_seen_at, expires_at)
    }

    fn end_session<'a>(&'a self, id: &'a SessionIdHash) -> StoreFuture<'a, ()> {
        (**self).end_session(id)
    }

    fn sessions<'a>(
        &'a self,
        account: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<SessionRecord>> {
        (**self).sessions(account, now)
    }

    fn end_sessions<'a>(&'a self, account: &'a AccountKey) -> StoreFuture<'a, u64> {
        (**self).end_sessions(account)
    }

    fn account<'a>(
        &'a self,
        key: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<AccountRecord>> {
        (**self).account(key, now)
    }

    fn replace_account<'a>(
        &'a self,
        present: &'a [u8],
        account: AccountRecord,
    ) -> StoreFuture<'a, bool> {
        (**self).replace_account(present, account)
    }

    fn accounts<'a>(
        &'a self,
        client_id: &'a str,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        (**self).accounts(client_id, after, limit)
    }

    fn accounts_expiring<'a>(
        &'a self,
        client_id: &'a str,
        before: Timestamp,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        (**self).accounts_expiring(client_id, before, after, limit)
    }

    fn accounts_known_by<'a>(
        &'a self,
        client_id: &'a str,
        id: &'a UserId,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        (**self).accounts_known_by(client_id, id)
    }

    fn revoke<'a>(&'a self, client_id: &'a str, id: &'a UserId) -> StoreFuture<'a, u64> {
        (**self).revoke(client_id, id)
    }

    fn forget_account<'a>(
        &'a self,
        key: &'a AccountKey,
        present: &'a [u8],
    ) -> StoreFuture<'a, bool> {
        (**self).forget_account(key, present)
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> StoreFuture<'_, bool> {
        (**self).claim(claim, now)
    }

    fn release<'a>(&'a self, key: &'a str, owner: &'a str) -> StoreFuture<'a, ()> {
        (**self).release(key, owner)
    }

    fn put_deletion(&self, deletion: DeletionRecord) -> StoreFuture<'_, ()> {
        (**self).put_deletion(deletion)
    }

    fn deletion<'a>(
        &'a self,
        code_hash: &'a [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'a, Option<DeletionRecord>> {
        (**self).deletion(code_hash, now)
    }
}
