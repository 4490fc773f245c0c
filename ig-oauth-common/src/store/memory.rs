//! A store in the memory of one process: bounded, and forgetting what has expired.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contract::Store;
use super::records::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, StoreError,
};
use crate::clock::Timestamp;
use crate::expiring_map::{Expires, ExpiringMap};
use crate::token_facts::UserId;

/// Most records of each kind, unless told otherwise.
const DEFAULT_CAPACITY: usize = 100_000;

/// Sessions and accounts in this process's memory. A restart logs everybody out, and a second
/// instance knows nothing of them: for development, tests and single servers.
///
/// Each kind of record is bounded. When one is full, what expires soonest makes room.
///
/// ```no_run
/// use ig_oauth_common::{Config, MemoryStore};
///
/// let config = Config::builder("1", "fake app secret", "https://app.example/callback")
///     .store(MemoryStore::new())
///     .cookie_secrets(std::env::var("INSTAGRAM_COOKIE_SECRETS")?.split(','))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MemoryStore {
    capacity: usize,
    records: Mutex<Records>,
}

struct Records {
    sessions: ExpiringMap<SessionIdHash, SessionRecord>,
    accounts: ExpiringMap<AccountKey, AccountRecord>,
    claims: ExpiringMap<String, Claim>,
    deletions: ExpiringMap<[u8; 32], DeletionRecord>,
}

impl Expires for SessionRecord {
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Expires for AccountRecord {
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Expires for Claim {
    fn expires_at(&self) -> Timestamp {
        self.until
    }
}

impl Expires for DeletionRecord {
    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl Records {
    fn new(capacity: usize) -> Self {
        Self {
            sessions: ExpiringMap::new(capacity),
            accounts: ExpiringMap::new(capacity),
            claims: ExpiringMap::new(capacity),
            deletions: ExpiringMap::new(capacity),
        }
    }

    fn put_account(&mut self, mut account: AccountRecord) {
        if let Some(earlier) = self.accounts.get(&account.key) {
            for id in &earlier.further_ids {
                if !account.further_ids.contains(id) {
                    account.further_ids.push(id.clone());
                }
            }
        }
        self.accounts.insert(account.key.clone(), account);
    }

    fn known_by(&self, client_id: &str, id: &UserId) -> impl Iterator<Item = &AccountRecord> {
        self.accounts.values().filter(move |account| {
            account.key.client_id() == client_id
                && (account.key.user_id() == id || account.further_ids.contains(id))
        })
    }
}

fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}

impl MemoryStore {
    /// A store for up to 100,000 records of each kind.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// A store for up to `capacity` records of each kind, at least one.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, records: Mutex::new(Records::new(capacity)) }
    }

    /// How many sessions it holds, expired ones included.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.records().sessions.len()
    }

    /// A panic elsewhere leaves whole records behind: each change is one insertion or removal.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Records) -> T) -> Result<T, StoreError> {
        Ok(change(&mut self.records()))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    async fn begin_session(
        &self,
        session: SessionRecord,
        account: AccountRecord,
    ) -> Result<(), StoreError> {
        self.with(|records| {
            records.put_account(account);
            records.sessions.insert(session.id_hash, session);
        })
    }

    async fn put_account(&self, account: AccountRecord) -> Result<(), StoreError> {
        self.with(|records| records.put_account(account))
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        self.with(|records| {
            let session = records.sessions.get(id)?;
            if session.expires_at <= now {
                records.sessions.remove(id);
                return None;
            }
            let account = records.accounts.get(&session.account)?;
            (account.expires_at > now).then(|| (session.clone(), account.clone()))
        })
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.with(|records| {
            if let Some(session) = records.sessions.remove(id) {
                let session = SessionRecord { last_seen_at, expires_at, ..session };
                records.sessions.insert(*id, session);
            }
        })
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        self.with(|records| {
            records.sessions.remove(id);
        })
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        self.with(|records| {
            let sessions = records.sessions.values();
            let live =
                |session: &&SessionRecord| session.account == *account && session.expires_at > now;
            let mut sessions: Vec<_> = sessions.filter(live).cloned().collect();
            sessions.sort_by_key(|session| (session.created_at, session.id_hash));
            sessions
        })
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        self.with(|records| count(records.sessions.retain(|session| session.account != *account)))
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        self.with(|records| {
            records.accounts.get(key).filter(|account| account.expires_at > now).cloned()
        })
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        self.with(|records| {
            let found = records.accounts.get(&account.key);
            if found.is_none_or(|found| found.sealed_token != present) {
                return false;
            }
            records.accounts.insert(account.key.clone(), account);
            true
        })
    }

    async fn accounts(
        &self,
        client_id: &str,
        after: Option<&AccountKey>,
        limit: usize,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        self.with(|records| {
            let accounts = records.accounts.values_after(after);
            accounts
                .filter(|account| account.key.client_id() == client_id)
                .take(limit)
                .cloned()
                .collect()
        })
    }

    async fn accounts_expiring(
        &self,
        client_id: &str,
        before: Timestamp,
        after: Option<&AccountKey>,
        limit: usize,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        self.with(|records| {
            let accounts = records.accounts.values_after(after);
            accounts
                .filter(|account| account.key.client_id() == client_id)
                .filter(|account| account.expires_at < before)
                .take(limit)
                .cloned()
                .collect()
        })
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        self.with(|records| records.known_by(client_id, id).cloned().collect())
    }

    async fn revoke(&self, client_id: &str, id: &UserId) -> Result<u64, StoreError> {
        self.with(|records| {
            let keys: Vec<_> =
                records.known_by(client_id, id).map(|account| account.key.clone()).collect();
            for key in &keys {
                records.accounts.remove(key);
            }
            records.sessions.retain(|session| !keys.contains(&session.account));
            count(keys.len())
        })
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        self.with(|records| {
            if records.accounts.get(key).is_none_or(|found| found.sealed_token != present) {
                return false;
            }
            records.accounts.remove(key);
            records.sessions.retain(|session| session.account != *key);
            true
        })
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        self.with(|records| {
            let held = records.claims.get(&claim.key);
            if held.is_some_and(|held| held.owner != claim.owner && held.until > now) {
                return false;
            }
            records.claims.insert(claim.key.clone(), claim);
            true
        })
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        self.with(|records| {
            if records.claims.get(key).is_some_and(|claim| claim.owner == owner) {
                records.claims.remove(key);
            }
        })
    }

    async fn put_deletion(&self, deletion: DeletionRecord) -> Result<(), StoreError> {
        self.with(|records| {
            records.deletions.insert(deletion.code_hash, deletion);
        })
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        self.with(|records| {
            records.deletions.get(code_hash).filter(|record| record.expires_at > now).cloned()
        })
    }
}
