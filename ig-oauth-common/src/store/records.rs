//! What a store keeps.

use std::error::Error;
use std::fmt;

use crate::clock::Timestamp;
use crate::error::{AuthError, AuthErrorKind};
use crate::token_facts::UserId;

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

/// Which of an app's accounts to give, in the order of their keys: by text, the app first.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AccountPage<'a> {
    /// The app.
    pub client_id: &'a str,
    /// How many at most.
    pub limit: usize,
    /// The key to start after, which need not be there.
    pub after: Option<&'a AccountKey>,
    /// Only those whose tokens stop working before this moment.
    pub expiring_before: Option<Timestamp>,
}

impl<'a> AccountPage<'a> {
    /// The first `limit` accounts of that app.
    #[must_use]
    pub const fn new(client_id: &'a str, limit: usize) -> Self {
        Self { client_id, limit, after: None, expiring_before: None }
    }

    /// The page that starts after this key.
    #[must_use]
    pub const fn after(self, key: Option<&'a AccountKey>) -> Self {
        Self { after: key, ..self }
    }

    /// Of those only the accounts whose tokens stop working before `moment`: for keeping them alive.
    #[must_use]
    pub const fn expiring_before(self, moment: Timestamp) -> Self {
        Self { expiring_before: Some(moment), ..self }
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

    /// What gives the claim back. It has ended by the clock of every instance, however far they differ.
    #[must_use]
    pub fn given_back(key: impl Into<String>, owner: impl Into<String>) -> Self {
        Self::new(key, owner, Timestamp::from_unix_seconds(0))
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
#[derive(Debug, thiserror::Error)]
#[error("the store failed")]
pub struct StoreError(#[source] Box<dyn Error + Send + Sync>);

impl StoreError {
    /// A failure with its cause, which must show no secret.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        Self::with_source(AuthErrorKind::Store, error)
    }
}
