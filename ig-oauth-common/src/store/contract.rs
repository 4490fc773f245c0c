//! The trait that a store answers to.

use super::records::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, StoreError,
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
///
/// Records may gain fields, with a default where `new` is not told of one. A store keeps those it knows:
/// what the flow cannot do without goes into an account's sealed token, which every store keeps whole.
#[diagnostic::on_unimplemented(note = "a store in an `Arc` goes to `shared_store`")]
pub trait Store: Send + Sync + 'static {
    /// Keeps an account, and a session of it where one begins: both or neither. An account of the same
    /// key gives way, further ids joined; its other sessions stay and use the new token.
    fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
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

    /// A page of an app's accounts, in the order of their keys.
    fn accounts(
        &self,
        page: AccountPage<'_>,
    ) -> impl Future<Output = Result<Vec<AccountRecord>, StoreError>> + Send;

    /// The accounts of an app that are known by `id`: their own, or one of the further ids.
    fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> impl Future<Output = Result<Vec<AccountRecord>, StoreError>> + Send;

    /// Forgets an account and all sessions of it if its sealed token is still `present`, so that a
    /// late revocation never undoes a newer login. Whether it did.
    fn forget_account(
        &self,
        key: &AccountKey,
        present: &[u8],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Makes a claim, unless another owner's holds at `now`. Whether it was made. The claim of the same
    /// owner is renewed: longer, shorter, or until a moment that has passed, which gives it back. Such
    /// a claim keeps nobody out, so a store need not keep it.
    fn claim(
        &self,
        claim: Claim,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Keeps a deletion request if the status of its code is still `present`, none where there is no
    /// such request or it has expired at `now`: so of two who report at once none is overwritten
    /// unseen. Whether it did.
    fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

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
        fn put_account(account: AccountRecord, session: Option<SessionRecord>) -> Result<(), StoreError>;
        fn session(id: &'a SessionIdHash, now: Timestamp) -> Result<Option<(SessionRecord, AccountRecord)>, StoreError>;
        fn touch_session(id: &'a SessionIdHash, last_seen_at: Timestamp, expires_at: Timestamp) -> Result<(), StoreError>;
        fn end_session(id: &'a SessionIdHash) -> Result<(), StoreError>;
        fn sessions(account: &'a AccountKey, now: Timestamp) -> Result<Vec<SessionRecord>, StoreError>;
        fn end_sessions(account: &'a AccountKey) -> Result<u64, StoreError>;
        fn account(key: &'a AccountKey, now: Timestamp) -> Result<Option<AccountRecord>, StoreError>;
        fn replace_account(present: &'a [u8], account: AccountRecord) -> Result<bool, StoreError>;
        fn accounts(page: AccountPage<'a>) -> Result<Vec<AccountRecord>, StoreError>;
        fn accounts_known_by(client_id: &'a str, id: &'a UserId) -> Result<Vec<AccountRecord>, StoreError>;
        fn forget_account(key: &'a AccountKey, present: &'a [u8]) -> Result<bool, StoreError>;
        fn claim(claim: Claim, now: Timestamp) -> Result<bool, StoreError>;
        fn put_deletion(present: Option<DeletionStatus>, deletion: DeletionRecord, now: Timestamp) -> Result<bool, StoreError>;
        fn deletion(code_hash: &'a [u8; 32], now: Timestamp) -> Result<Option<DeletionRecord>, StoreError>;
    }
}
