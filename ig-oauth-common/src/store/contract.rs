//! The trait that a store answers to.

use super::records::{
    AccountKey, AccountRecord, Claim, DeletionRecord, SessionIdHash, SessionRecord, StoreError,
};
use crate::clock::Timestamp;
use crate::futures::boxed;
use crate::token_facts::UserId;

/// Keeps sessions, accounts, claims and deletion requests for all instances of an app.
///
/// A store sees no secret in clear: session ids come hashed and tokens sealed. Times come from the
/// caller, so that one clock rules; a store may use its own for forgetting what has expired.
///
/// Write the methods as `async fn`. Their futures must be `Send`, and safe to drop halfway.
#[diagnostic::on_unimplemented(note = "a store in an `Arc` goes to `shared_store`")]
pub trait Store: Send + Sync + 'static {
    /// Keeps a new session and the account it belongs to, as [`put_account`](Self::put_account)
    /// does: both or neither. The account's other sessions stay and use the new token.
    fn begin_session(
        &self,
        session: SessionRecord,
        account: AccountRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps an account. One of the same key gives way, further ids joined.
    fn put_account(
        &self,
        account: AccountRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The session with its account, in one round trip: `None` when either is missing or has
    /// expired at `now`.
    fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<(SessionRecord, AccountRecord)>, StoreError>> + Send;

    /// Notes that a session was seen. Unknown sessions are left unknown.
    fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends a session, if it is there.
    fn end_session(
        &self,
        id: &SessionIdHash,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The sessions of an account that have not expired at `now`, oldest first.
    fn sessions(
        &self,
        account: &AccountKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send;

    /// Ends all sessions of an account, which itself stays. How many there were.
    fn end_sessions(
        &self,
        account: &AccountKey,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The account of that key: `None` when it is missing or has expired at `now`.
    fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<AccountRecord>, StoreError>> + Send;

    /// Replaces an account if its sealed token is still `present`, so that a late writer never
    /// undoes a newer login. Whether it did.
    fn replace_account(
        &self,
        present: &[u8],
        account: AccountRecord,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Up to `limit` accounts of an app in the order of their keys, after `after`: for batches.
    fn accounts(
        &self,
        client_id: &str,
        after: Option<&AccountKey>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<AccountRecord>, StoreError>> + Send;

    /// Up to `limit` accounts of an app whose tokens stop working before `before`, in the order of
    /// their keys, after `after`: for keeping tokens alive.
    fn accounts_expiring(
        &self,
        client_id: &str,
        before: Timestamp,
        after: Option<&AccountKey>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<AccountRecord>, StoreError>> + Send;

    /// The accounts of an app that are known by `id`: their own, or one of the further ids.
    fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> impl Future<Output = Result<Vec<AccountRecord>, StoreError>> + Send;

    /// Forgets every account of an app that is known by `id`, and all sessions of it. How many
    /// accounts there were.
    fn revoke(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Forgets an account and all sessions of it if its sealed token is still `present`, so that a
    /// late revocation never undoes a newer login. Whether it did.
    fn forget_account(
        &self,
        key: &AccountKey,
        present: &[u8],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Makes a claim, unless another owner's holds at `now`. Whether it was made. A claim of the
    /// same owner is renewed.
    fn claim(
        &self,
        claim: Claim,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Gives a claim back, if `owner` holds it.
    fn release(
        &self,
        key: &str,
        owner: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps a deletion request; one of the same code gives way.
    fn put_deletion(
        &self,
        deletion: DeletionRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The deletion request of that code: `None` when it is missing or has expired at `now`.
    fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<DeletionRecord>, StoreError>> + Send;
}

boxed! {
    /// A [`Store`] behind a pointer.
    BoxedStore of Store {
        fn begin_session(session: SessionRecord, account: AccountRecord) -> Result<(), StoreError>;
        fn put_account(account: AccountRecord) -> Result<(), StoreError>;
        fn session(id: &'a SessionIdHash, now: Timestamp) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError>;
        fn touch_session(id: &'a SessionIdHash, last_seen_at: Timestamp, expires_at: Timestamp) -> Result<(), StoreError>;
        fn end_session(id: &'a SessionIdHash) -> Result<(), StoreError>;
        fn sessions(account: &'a AccountKey, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError>;
        fn end_sessions(account: &'a AccountKey) -> Result<u64, StoreError>;
        fn account(key: &'a AccountKey, now: Timestamp) -> Result<Option<AccountRecord>, StoreError>;
        fn replace_account(present: &'a [u8], account: AccountRecord) -> Result<bool, StoreError>;
        fn accounts(client_id: &'a str, after: Option<&'a AccountKey>, limit: usize) -> Result<Vec<AccountRecord>, StoreError>;
        fn accounts_expiring(client_id: &'a str, before: Timestamp, after: Option<&'a AccountKey>, limit: usize) -> Result<Vec<AccountRecord>, StoreError>;
        fn accounts_known_by(client_id: &'a str, id: &'a UserId) -> Result<Vec<AccountRecord>, StoreError>;
        fn forget_account(key: &'a AccountKey, present: &'a [u8]) -> Result<bool, StoreError>;
        fn claim(claim: Claim, now: Timestamp) -> Result<bool, StoreError>;
        fn release(key: &'a str, owner: &'a str) -> Result<(), StoreError>;
        fn put_deletion(deletion: DeletionRecord) -> Result<(), StoreError>;
        fn deletion(code_hash: &'a [u8; 32], now: Timestamp) -> Result<Option<DeletionRecord>, StoreError>;
    }
}
