//! A store that can be switched off, as a database that went away.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ig_oauth_common::store::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, MemoryStore,
    SessionIdHash, SessionRecord, Store, StoreError,
};
use ig_oauth_common::{Timestamp, UserId};

/// A memory store with a switch.
#[derive(Clone, Debug, Default)]
pub struct SwitchedStore {
    inner: Arc<MemoryStore>,
    off: Arc<AtomicBool>,
    hanging: Arc<AtomicBool>,
    rival: Arc<Mutex<Option<AccountRecord>>>,
    read_only: Arc<AtomicBool>,
    fails_an_end: Arc<AtomicBool>,
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

    /// Lets the next end of a session fail, and that one alone.
    pub fn fail_the_next_end(&self) {
        self.fails_an_end.store(true, Ordering::SeqCst);
    }

    /// Whether that end is still to come.
    #[must_use]
    pub fn is_to_fail_an_end(&self) -> bool {
        self.fails_an_end.load(Ordering::SeqCst)
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
    async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.off.load(Ordering::SeqCst) {
            return Err(StoreError::new("the database went away"));
        }
        if self.hanging.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        question.await
    }

    /// As [`ask`](Self::ask), for what changes a record.
    async fn change<T>(
        &self,
        change: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.read_only.load(Ordering::SeqCst) {
            return Err(StoreError::new("the database only reads"));
        }
        self.ask(change).await
    }
}

impl Store for SwitchedStore {
    async fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> Result<(), StoreError> {
        self.ask(self.inner.put_account(account, session)).await
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        self.ask(self.inner.session(id, now)).await
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.change(self.inner.touch_session(id, last_seen_at, expires_at)).await
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        if self.fails_an_end.swap(false, Ordering::SeqCst) {
            return Err(StoreError::new("the connection was lost"));
        }
        self.change(self.inner.end_session(id)).await
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        self.ask(self.inner.sessions(account, now)).await
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        self.change(self.inner.end_sessions(account)).await
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        self.ask(self.inner.account(key, now)).await
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        self.change(self.inner.replace_account(present, account)).await
    }

    async fn accounts(&self, page: AccountPage<'_>) -> Result<Vec<AccountRecord>, StoreError> {
        self.ask(self.inner.accounts(page)).await
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        self.ask(self.inner.accounts_known_by(client_id, id)).await
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        let rival = self.rival.lock().unwrap_or_else(PoisonError::into_inner).take();
        let forgotten = async {
            if let Some(rival) = rival {
                self.inner.put_account(rival, None).await?;
            }
            self.inner.forget_account(key, present).await
        };
        self.ask(forgotten).await
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).push(claim.clone());
        self.ask(self.inner.claim(claim, now)).await
    }

    async fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.ask(self.inner.put_deletion(present, deletion, now)).await
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        self.ask(self.inner.deletion(code_hash, now)).await
    }
}
