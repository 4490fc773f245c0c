//! The trait that stores implement.

use super::records::{
    AccountKey, AccountPage, AccountRecord, Claim, DeletionRecord, DeletionStatus, SessionIdHash,
    SessionRecord, StoreError,
};
use crate::clock::Timestamp;
use crate::futures::boxed;
use crate::token_facts::UserId;

/// Stores sessions, accounts, claims and deletion requests for all instances of an app.
///
/// A store never sees a secret in plain text: session ids are hashed and tokens are encrypted.
/// Times come from the caller, so that a single clock decides; a store may use its own clock to
/// delete expired records.
///
/// Implement the methods as `async fn`. Their futures must be `Send` and cancel-safe: they can be
/// dropped at any point.
///
/// Later versions may add fields to records, with a default that `new` sets. A store keeps the
/// fields it knows. Data that the flow depends on is put into an account's sealed token, which
/// every store keeps whole.
#[diagnostic::on_unimplemented(note = "a store in an `Arc` goes to `shared_store`")]
pub trait Store: Send + Sync + 'static {
    /// Stores an account together with a session if one is given: both or neither. It replaces an
    /// account with the same key and merges the further ids. The account's other sessions stay and
    /// use the new token.
    fn put_account(
        &self,
        account: AccountRecord,
        session: Option<SessionRecord>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The session and its account, in one round trip: `None` when either is missing or has expired
    /// at `now`.
    fn session(
        &self,
        id: &SessionIdHash,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<(SessionRecord, AccountRecord)>, StoreError>> + Send;

    /// Records when a session was last seen. An unknown session is not created.
    fn touch_session(
        &self,
        id: &SessionIdHash,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends a session, if it exists.
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

    /// Ends all sessions of an account and keeps the account. Returns how many there were.
    fn end_sessions(
        &self,
        account: &AccountKey,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The account with that key: `None` when it is missing or has expired at `now`.
    fn account(
        &self,
        key: &AccountKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<AccountRecord>, StoreError>> + Send;

    /// Replaces an account if its sealed token is still `present`, so that a late write never
    /// overwrites a newer login. Returns whether it did.
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

    /// The accounts of an app with this id, as their own or as one of the further ids.
    fn accounts_known_by(
        &self,
        client_id: &str,
        id: &UserId,
    ) -> impl Future<Output = Result<Vec<AccountRecord>, StoreError>> + Send;

    /// Deletes an account and all its sessions if its sealed token is still `present`, so that a
    /// late revocation never deletes a newer login. Returns whether it did.
    fn forget_account(
        &self,
        key: &AccountKey,
        present: &[u8],
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes a claim, unless another owner holds it at `now`. Returns whether it was taken. The
    /// same owner's claim is renewed: longer, shorter, or until a time in the past, which releases
    /// it. A released claim blocks nobody, so a store need not keep it.
    fn claim(
        &self,
        claim: Claim,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Stores a deletion request if the status of its code is still `present`: `None` when there is
    /// no such request or it has expired at `now`. Of two concurrent reports, neither overwrites
    /// the other unseen. Returns whether it was stored.
    fn put_deletion(
        &self,
        present: Option<DeletionStatus>,
        deletion: DeletionRecord,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The deletion request with that code: `None` when it is missing or has expired at `now`.
    fn deletion(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<DeletionRecord>, StoreError>> + Send;
}

boxed! {
    /// A [`Store`] as a trait object.
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
