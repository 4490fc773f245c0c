//! A store in the memory of one process. It is bounded and deletes expired records.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contract::Store;
use super::records::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, StoreError,
};
use crate::clock::Timestamp;
use crate::expiring_map::{Expires, ExpiringMap};
use crate::token_facts::UserId;

/// The default for the most records of each kind.
const DEFAULT_CAPACITY: usize = 100_000;

/// Sessions and accounts in this process's memory. A restart ends all sessions, and instances do
/// not share them: for development, tests and single servers.
///
/// The number of records of each kind is limited. At the limit, the record that expires first is
/// removed.
///
/// ```no_run
/// use ig_oauth_common::Config;
/// use ig_oauth_common::store::MemoryStore;
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

    /// Whether this token is the account's present one.
    fn holds(&self, key: &AccountKey, sealed_token: &[u8]) -> bool {
        self.accounts.get(key).is_some_and(|account| account.sealed_token == sealed_token)
    }
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
        let records = Records {
            sessions: ExpiringMap::new(capacity),
            accounts: ExpiringMap::new(capacity),
            claims: ExpiringMap::new(capacity),
            deletions: ExpiringMap::new(capacity),
        };
        Self { capacity, records: Mutex::new(records) }
    }

    /// How many sessions it holds, including expired ones.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.records().sessions.len()
    }

    /// Ignores poisoning: each change is one insertion or removal, so a panic leaves no partial
    /// record.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
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
    async fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> Result<(), StoreError> {
        let mut records = self.records();
        records.put_account(account);
        if let Some(session) = session {
            records.sessions.insert(session.id_hash, session);
        }
        Ok(())
    }

    async fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError> {
        let mut records = self.records();
        let Some(session) = records.sessions.get(id) else { return Ok(None) };
        if session.expires_at <= now {
            records.sessions.remove(id);
            return Ok(None);
        }
        let account = records.accounts.get(&session.account);
        let account = account.filter(|account| account.expires_at > now);
        Ok(account.map(|account| (session.clone(), account.clone())))
    }

    async fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut records = self.records();
        if let Some(session) = records.sessions.remove(id) {
            records.sessions.insert(*id, SessionRecord { last_seen_at, expires_at, ..session });
        }
        Ok(())
    }

    async fn end_session(&self, id: &SessionIdHash) -> Result<(), StoreError> {
        self.records().sessions.remove(id);
        Ok(())
    }

    async fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let records = self.records();
        let live =
            |session: &&SessionRecord| session.account == *account && session.expires_at > now;
        let mut sessions: Vec<_> = records.sessions.values().filter(live).cloned().collect();
        sessions.sort_by_key(|session| (session.created_at, session.id_hash));
        Ok(sessions)
    }

    async fn end_sessions(&self, account: &AccountKey) -> Result<u64, StoreError> {
        let ended = self.records().sessions.retain(|session| session.account != *account);
        Ok(u64::try_from(ended).unwrap_or(u64::MAX))
    }

    async fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> Result<Option<AccountRecord>, StoreError> {
        let records = self.records();
        Ok(records.accounts.get(key).filter(|account| account.expires_at > now).cloned())
    }

    async fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> Result<bool, StoreError> {
        let mut records = self.records();
        let is_present = records.holds(&account.key, present);
        if is_present {
            records.accounts.insert(account.key.clone(), account);
        }
        Ok(is_present)
    }

    async fn accounts(&self, page: AccountPage<'_>) -> Result<Vec<AccountRecord>, StoreError> {
        let is_wanted = |account: &&AccountRecord| {
            account.key.client_id() == page.client_id
                && page.expiring_before.is_none_or(|before| account.expires_at < before)
        };
        let records = self.records();
        let accounts = records.accounts.values_after(page.after);
        Ok(accounts.filter(is_wanted).take(page.limit).cloned().collect())
    }

    async fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        let is_known = |account: &&AccountRecord| {
            account.key.client_id() == client_id
                && (account.key.user_id() == id || account.further_ids.contains(id))
        };
        Ok(self.records().accounts.values().filter(is_known).cloned().collect())
    }

    async fn forget_account(&self, key: &AccountKey, present: &[u8]) -> Result<bool, StoreError> {
        let mut records = self.records();
        let is_present = records.holds(key, present);
        if is_present {
            records.accounts.remove(key);
            records.sessions.retain(|session| session.account != *key);
        }
        Ok(is_present)
    }

    async fn claim(&self, claim: Claim, now: Timestamp) -> Result<bool, StoreError> {
        let mut records = self.records();
        let held = records.claims.get(&claim.key);
        if held.is_some_and(|held| held.owner != claim.owner && held.until > now) {
            return Ok(false);
        }
        if claim.until > now {
            records.claims.insert(claim.key.clone(), claim);
        } else {
            records.claims.remove(&claim.key);
        }
        Ok(true)
    }

    async fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut records = self.records();
        let found = records.deletions.get(&deletion.code_hash);
        let found = found.filter(|found| found.expires_at > now).map(|found| found.status);
        if found == present {
            records.deletions.insert(deletion.code_hash, deletion);
        }
        Ok(found == present)
    }

    async fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<DeletionRecord>, StoreError> {
        let records = self.records();
        Ok(records.deletions.get(code_hash).filter(|record| record.expires_at > now).cloned())
    }
}
