//! A store that can be switched off, as a database that went away.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ig_oauth_common::{
    AccountKey, AccountRecord, Claim, DeletionRecord, MemoryStore, SessionIdHash, SessionRecord,
    Store, StoreError, StoreFuture, Timestamp, UserId,
};

/// A memory store with a switch.
#[derive(Clone, Debug, Default)]
pub struct SwitchedStore {
    inner: Arc<MemoryStore>,
    off: Arc<AtomicBool>,
    hanging: Arc<AtomicBool>,
    rival: Arc<Mutex<Option<AccountRecord>>>,
    read_only: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    claims: Arc<Mutex<Vec<Claim>>>,
}

impl SwitchedStore {
    /// One that is on.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches it off or on.
    pub fn set_off(&self, off: bool) {
        self.off.store(off, Ordering::SeqCst);
    }

    /// Lets it answer nothing at all, or answer again.
    pub fn set_hanging(&self, hanging: bool) {
        self.hanging.store(hanging, Ordering::SeqCst);
    }

    /// Lets another instance write this account right before the next one is forgotten.
    pub fn set_rival(&self, account: AccountRecord) {
        *self.rival.lock().unwrap_or_else(PoisonError::into_inner) = Some(account);
    }

    /// Makes it refuse to change what is there, as a database does whose disk is full or that became
    /// a replica.
    pub fn set_read_only(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::SeqCst);
    }

    /// How often it was asked.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Every claim that was asked for.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is in it.
    #[must_use]
    pub fn inner(&self) -> &MemoryStore {
        &self.inner
    }

    /// Asks the inner store, which is not even reached while this is off.
    fn ask<'a, T: Send + 'a>(
        &'a self,
        question: impl FnOnce(&'a MemoryStore) -> StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.off.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::new("the database went away")) });
        }
        if self.hanging.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        question(&self.inner)
    }

    /// As [`ask`](Self::ask), for what changes a record.
    fn change<'a, T: Send + 'a>(
        &'a self,
        change: impl FnOnce(&'a MemoryStore) -> StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        if self.read_only.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::new("the database only reads")) });
        }
        self.ask(change)
    }
}

impl Store for SwitchedStore {
    fn begin_session(&self, session: SessionRecord, account: AccountRecord) -> StoreFuture<'_, ()> {
        self.ask(move |store| store.begin_session(session, account))
    }

    fn put_account(&self, account: AccountRecord) -> StoreFuture<'_, ()> {
        self.ask(move |store| store.put_account(account))
    }

    fn session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionRecord, AccountRecord)>> {
        self.ask(move |store| store.session(id, now))
    }

    fn touch_session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreFuture<'a, ()> {
        self.change(move |store| store.touch_session(id, last_seen_at, expires_at))
    }

    fn end_session<'a>(&'a self, id: &'a SessionIdHash) -> StoreFuture<'a, ()> {
        self.change(move |store| store.end_session(id))
    }

    fn sessions<'a>(
        &'a self,
        account: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<SessionRecord>> {
        self.ask(move |store| store.sessions(account, now))
    }

    fn end_sessions<'a>(&'a self, account: &'a AccountKey) -> StoreFuture<'a, u64> {
        self.change(move |store| store.end_sessions(account))
    }

    fn account<'a>(
        &'a self,
        key: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<AccountRecord>> {
        self.ask(move |store| store.account(key, now))
    }

    fn replace_account<'a>(
        &'a self,
        present: &'a [u8],
        account: AccountRecord,
    ) -> StoreFuture<'a, bool> {
        self.change(move |store| store.replace_account(present, account))
    }

    fn accounts<'a>(
        &'a self,
        client_id: &'a str,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.ask(move |store| store.accounts(client_id, after, limit))
    }

    fn accounts_expiring<'a>(
        &'a self,
        client_id: &'a str,
        before: Timestamp,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.ask(move |store| store.accounts_expiring(client_id, before, after, limit))
    }

    fn accounts_known_by<'a>(
        &'a self,
        client_id: &'a str,
        id: &'a UserId,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.ask(move |store| store.accounts_known_by(client_id, id))
    }

    fn revoke<'a>(&'a self, client_id: &'a str, id: &'a UserId) -> StoreFuture<'a, u64> {
        self.ask(move |store| store.revoke(client_id, id))
    }

    fn forget_account<'a>(
        &'a self,
        key: &'a AccountKey,
        present: &'a [u8],
    ) -> StoreFuture<'a, bool> {
        let rival = self.rival.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.ask(move |store| {
            Box::pin(async move {
                if let Some(rival) = rival {
                    store.put_account(rival).await?;
                }
                store.forget_account(key, present).await
            })
        })
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> StoreFuture<'_, bool> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).push(claim.clone());
        self.ask(move |store| store.claim(claim, now))
    }

    fn release<'a>(&'a self, key: &'a str, owner: &'a str) -> StoreFuture<'a, ()> {
        self.ask(move |store| store.release(key, owner))
    }

    fn put_deletion(&self, deletion: DeletionRecord) -> StoreFuture<'_, ()> {
        self.ask(move |store| store.put_deletion(deletion))
    }

    fn deletion<'a>(
        &'a self,
        code_hash: &'a [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'a, Option<DeletionRecord>> {
        self.ask(move |store| store.deletion(code_hash, now))
    }
}
