//! What a store keeps, and the trait it answers to.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{AuthError, AuthErrorKind};
use crate::futures::boxed;
use crate::token::UserId;

/// SHA-256 of a session id. The id itself never reaches a store, so a leaked database opens no
/// session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionIdHash([u8; 32]);

impl SessionIdHash {
    /// The hash read back from a database.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Which account: a user of one app.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey {
    client_id: String,
    user_id: UserId,
}

impl AccountKey {
    /// The account of `user_id` with the app `client_id`.
    #[must_use]
    pub fn new(client_id: impl Into<String>, user_id: UserId) -> Self {
        Self { client_id: client_id.into(), user_id }
    }

    /// The app.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The user, by the id of the token answer.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }
}

/// A browser's session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionRecord {
    /// The key of the record.
    pub id_hash: SessionIdHash,
    /// Whose session it is.
    pub account: AccountKey,
    /// When the login ended that made it.
    pub created_at: Timestamp,
    /// When a request last asked for it, to a tenth of the idle lifetime.
    pub last_seen_at: Timestamp,
    /// When it ends, unless it is seen before. The store may forget it then.
    pub expires_at: Timestamp,
}

impl SessionRecord {
    /// A record of these parts.
    #[must_use]
    pub fn new(
        id_hash: SessionIdHash,
        account: AccountKey,
        created_at: Timestamp,
        last_seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self { id_hash, account, created_at, last_seen_at, expires_at }
    }
}

/// An account with its token, sealed.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountRecord {
    /// The key of the record.
    pub key: AccountKey,
    /// Other ids the provider uses for the same account. A revocation can name any of them.
    pub further_ids: Vec<UserId>,
    /// Token and scopes, sealed for this very key: records cannot be swapped.
    pub sealed_token: Vec<u8>,
    /// The granted scopes, by the provider's names, for queries over accounts.
    pub scopes: Vec<String>,
    /// When the provider issued the token.
    pub issued_at: Timestamp,
    /// When the token stops working. The store may forget the record then.
    pub expires_at: Timestamp,
}

impl AccountRecord {
    /// A record of these parts.
    #[must_use]
    pub fn new(
        key: AccountKey,
        further_ids: Vec<UserId>,
        sealed_token: Vec<u8>,
        scopes: Vec<String>,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self { key, further_ids, sealed_token, scopes, issued_at, expires_at }
    }
}

impl fmt::Debug for AccountRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountRecord")
            .field("key", &self.key)
            .field("sealed_token", &"[redacted]")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Something only one instance may do at a time, or once: consuming a state, refreshing a token,
/// telling the app of a deletion, writing how far one has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// What is claimed.
    pub key: String,
    /// Who claims it: random text.
    pub owner: String,
    /// How long the claim holds, even when its owner is gone.
    pub until: Timestamp,
}

impl Claim {
    /// A claim of these parts.
    #[must_use]
    pub fn new(key: impl Into<String>, owner: impl Into<String>, until: Timestamp) -> Self {
        Self { key: key.into(), owner: owner.into(), until }
    }
}

/// How far a request to delete a user's data has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeletionStatus {
    /// Accepted, not finished.
    Queued,
    /// Finished.
    Done,
    /// Did not work; somebody must look.
    Failed,
}

/// A request to delete a user's data, found again by its confirmation code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeletionRecord {
    /// SHA-256 of the confirmation code.
    pub code_hash: [u8; 32],
    /// How far it has come.
    pub status: DeletionStatus,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the record may be forgotten.
    pub expires_at: Timestamp,
}

impl DeletionRecord {
    /// A record of these parts.
    #[must_use]
    pub fn new(
        code_hash: [u8; 32],
        status: DeletionStatus,
        requested_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self { code_hash, status, requested_at, expires_at }
    }
}

/// The store did not answer, or not with what it should.
#[derive(Debug)]
pub struct StoreError(Box<dyn Error + Send + Sync>);

impl StoreError {
    /// A failure with its cause, which must show no secret.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store failed")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = &*self.0;
        Some(source)
    }
}

/// A failure of the store, as an error of the flow.
pub(crate) fn unavailable(error: StoreError) -> AuthError {
    AuthError::with_source(AuthErrorKind::Store, error)
}

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
        fn revoke(client_id: &'a str, id: &'a UserId) -> Result<u64, StoreError>;
        fn forget_account(key: &'a AccountKey, present: &'a [u8]) -> Result<bool, StoreError>;
        fn claim(claim: Claim, now: Timestamp) -> Result<bool, StoreError>;
        fn release(key: &'a str, owner: &'a str) -> Result<(), StoreError>;
        fn put_deletion(deletion: DeletionRecord) -> Result<(), StoreError>;
        fn deletion(code_hash: &'a [u8; 32], now: Timestamp) -> Result<Option<DeletionRecord>, StoreError>;
    }
}

/// Whether a session that was last seen at `seen` should be noted as seen again: after a tenth of
/// the idle lifetime, not at each request.
pub(crate) fn is_touch_due(seen: Timestamp, now: Timestamp, idle: Duration) -> bool {
    now.saturating_since(seen) >= idle / 10
}
