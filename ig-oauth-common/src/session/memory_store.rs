//! A store in the memory of one process: bounded, and forgetting what has expired.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::store::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, Store,
    StoreError, StoreFuture,
};
use crate::clock::Timestamp;
use crate::token::UserId;

/// Most records of each kind, unless told otherwise.
const DEFAULT_CAPACITY: usize = 100_000;

/// Sessions and accounts in this process's memory. A restart logs everybody out, and a second
/// instance knows nothing of them: for development, tests and single servers.
///
/// Each kind of record is bounded. When one is full, what has expired goes first, then what expires
/// soonest.
///
/// ```
/// use ig_oauth_common::{Config, MemoryStore};
///
/// # let secret = "an obviously fake cookie secret, do not use";
/// let config = Config::builder("1", "fake app secret", "https://app.example/callback")
///     .store(MemoryStore::new())
///     .cookie_secrets([secret])
///     .build()?;
/// # Ok::<(), ig_oauth_common::ConfigError>(())
/// ```
pub struct MemoryStore {
    capacity: usize,
    records: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    sessions: HashMap<SessionIdHash, SessionRecord>,
    accounts: BTreeMap<AccountKey, AccountRecord>,
    claims: HashMap<String, Claim>,
    deletions: HashMap<[u8; 32], DeletionRecord>,
}

impl Records {
    fn put_account(&mut self, mut account: AccountRecord, capacity: usize) {
        if let Some(earlier) = self.accounts.get(&account.key) {
            for id in &earlier.further_ids {
                if !account.further_ids.contains(id) {
                    account.further_ids.push(id.clone());
                }
            }
        } else if self.accounts.len() >= capacity {
            self.accounts.retain(|_, kept| kept.expires_at > account.issued_at);
            let soonest = self.accounts.values().min_by_key(|account| account.expires_at);
            if self.accounts.len() >= capacity
                && let Some(key) = soonest.map(|account| account.key.clone())
            {
                self.accounts.remove(&key);
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
        Self { capacity: capacity.max(1), records: Mutex::default() }
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

    fn with<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Records) -> T,
    ) -> StoreFuture<'_, T> {
        let result: Result<T, StoreError> = Ok(change(&mut self.records()));
        Box::pin(std::future::ready(result))
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

/// Makes room for one more record under `capacity`. The key given is about to be written.
fn make_room<K: Eq + Hash + Clone, V>(
    records: &mut HashMap<K, V>,
    key: &K,
    capacity: usize,
    now: Timestamp,
    expires_at: impl Fn(&V) -> Timestamp,
) {
    if records.len() < capacity || records.contains_key(key) {
        return;
    }
    records.retain(|_, record| expires_at(record) > now);
    while records.len() >= capacity {
        let soonest = records.iter().min_by_key(|(_, record)| expires_at(record));
        let Some(key) = soonest.map(|(key, _)| key.clone()) else {
            return;
        };
        records.remove(&key);
    }
}

impl Store for MemoryStore {
    fn begin_session(&self, session: SessionRecord, account: AccountRecord) -> StoreFuture<'_, ()> {
        self.with(|records| {
            let now = session.created_at;
            make_room(&mut records.sessions, &session.id_hash, self.capacity, now, |session| {
                session.expires_at
            });
            records.put_account(account, self.capacity);
            records.sessions.insert(session.id_hash, session);
        })
    }

    fn put_account(&self, account: AccountRecord) -> StoreFuture<'_, ()> {
        self.with(|records| records.put_account(account, self.capacity))
    }

    fn session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionRecord, AccountRecord)>> {
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

    fn touch_session<'a>(
        &'a self,
        id: &'a SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> StoreFuture<'a, ()> {
        self.with(|records| {
            if let Some(session) = records.sessions.get_mut(id) {
                session.last_seen_at = last_seen_at;
                session.expires_at = expires_at;
            }
        })
    }

    fn end_session<'a>(&'a self, id: &'a SessionIdHash) -> StoreFuture<'a, ()> {
        self.with(|records| {
            records.sessions.remove(id);
        })
    }

    fn sessions<'a>(
        &'a self,
        account: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<SessionRecord>> {
        self.with(|records| {
            let sessions = records.sessions.values();
            let live =
                |session: &&SessionRecord| session.account == *account && session.expires_at > now;
            let mut sessions: Vec<_> = sessions.filter(live).cloned().collect();
            sessions.sort_by_key(|session| (session.created_at, session.id_hash));
            sessions
        })
    }

    fn end_sessions<'a>(&'a self, account: &'a AccountKey) -> StoreFuture<'a, u64> {
        self.with(|records| {
            let before = records.sessions.len();
            records.sessions.retain(|_, session| session.account != *account);
            count(before - records.sessions.len())
        })
    }

    fn account<'a>(
        &'a self,
        key: &'a AccountKey,
        now: Timestamp,
    ) -> StoreFuture<'a, Option<AccountRecord>> {
        self.with(|records| {
            records.accounts.get(key).filter(|account| account.expires_at > now).cloned()
        })
    }

    fn replace_account<'a>(
        &'a self,
        present: &'a [u8],
        account: AccountRecord,
    ) -> StoreFuture<'a, bool> {
        self.with(|records| {
            let Some(found) = records.accounts.get_mut(&account.key) else {
                return false;
            };
            if found.sealed_token != present {
                return false;
            }
            *found = account;
            true
        })
    }

    fn accounts<'a>(
        &'a self,
        client_id: &'a str,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.with(|records| {
            let follows = |key: &AccountKey| after.is_none_or(|after| key > after);
            let accounts = records.accounts.values();
            accounts
                .filter(|account| account.key.client_id() == client_id && follows(&account.key))
                .take(limit)
                .cloned()
                .collect()
        })
    }

    fn accounts_expiring<'a>(
        &'a self,
        client_id: &'a str,
        before: Timestamp,
        after: Option<&'a AccountKey>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.with(|records| {
            let follows = |key: &AccountKey| after.is_none_or(|after| key > after);
            let accounts = records.accounts.values();
            accounts
                .filter(|account| account.key.client_id() == client_id && follows(&account.key))
                .filter(|account| account.expires_at < before)
                .take(limit)
                .cloned()
                .collect()
        })
    }

    fn accounts_known_by<'a>(
        &'a self,
        client_id: &'a str,
        id: &'a UserId,
    ) -> StoreFuture<'a, Vec<AccountRecord>> {
        self.with(|records| records.known_by(client_id, id).cloned().collect())
    }

    fn revoke<'a>(&'a self, client_id: &'a str, id: &'a UserId) -> StoreFuture<'a, u64> {
        self.with(|records| {
            let keys: Vec<_> =
                records.known_by(client_id, id).map(|account| account.key.clone()).collect();
            for key in &keys {
                records.accounts.remove(key);
            }
            records.sessions.retain(|_, session| !keys.contains(&session.account));
            count(keys.len())
        })
    }

    fn forget_account<'a>(
        &'a self,
        key: &'a AccountKey,
        present: &'a [u8],
    ) -> StoreFuture<'a, bool> {
        self.with(|records| {
            if records.accounts.get(key).is_none_or(|found| found.sealed_token != present) {
                return false;
            }
            records.accounts.remove(key);
            records.sessions.retain(|_, session| session.account != *key);
            true
        })
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> StoreFuture<'_, bool> {
        self.with(|records| {
            let held = records.claims.get(&claim.key);
            if held.is_some_and(|held| held.owner != claim.owner && held.until > now) {
                return false;
            }
            make_room(&mut records.claims, &claim.key, self.capacity, now, |claim| claim.until);
            records.claims.insert(claim.key.clone(), claim);
            true
        })
    }

    fn release<'a>(&'a self, key: &'a str, owner: &'a str) -> StoreFuture<'a, ()> {
        self.with(|records| {
            if records.claims.get(key).is_some_and(|claim| claim.owner == owner) {
                records.claims.remove(key);
            }
        })
    }

    fn put_deletion(&self, deletion: DeletionRecord) -> StoreFuture<'_, ()> {
        self.with(|records| {
            let (key, now) = (deletion.code_hash, deletion.requested_at);
            make_room(&mut records.deletions, &key, self.capacity, now, |record| record.expires_at);
            records.deletions.insert(key, deletion);
        })
    }

    fn deletion<'a>(
        &'a self,
        code_hash: &'a [u8; 32],
        now: Timestamp,
    ) -> StoreFuture<'a, Option<DeletionRecord>> {
        self.with(|records| {
            records.deletions.get(code_hash).filter(|record| record.expires_at > now).cloned()
        })
    }
}
