//! The records of a store.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{AuthError, AuthErrorKind};
use crate::token_facts::UserId;

/// SHA-256 of a session id. The id never reaches a store, so a leaked database gives access to no
/// session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionIdHash([u8; 32]);

impl SessionIdHash {
    /// The hash as read from a database.
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

/// The key of an account: a user of one app.
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

    /// The app's client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The user, by the id of the token response.
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
    /// The account that the session belongs to.
    pub account: AccountKey,
    /// When the login that created it ended.
    pub created_at: Timestamp,
    /// When a request last used it, rounded to a tenth of the idle lifetime.
    pub last_seen_at: Timestamp,
    /// When it expires, unless it is used before. After that the store may delete it.
    pub expires_at: Timestamp,
}

impl SessionRecord {
    /// A record of these values.
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

/// An account with its encrypted token.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountRecord {
    /// The key of the record.
    pub key: AccountKey,
    /// Other ids that the provider uses for the same account. A revocation can name any of them.
    pub further_ids: Vec<UserId>,
    /// Token and scopes, encrypted for this key only, so records cannot be swapped.
    pub sealed_token: Vec<u8>,
    /// The granted scopes, by the provider's names, for queries over accounts.
    pub scopes: Vec<String>,
    /// When the provider issued the token.
    pub issued_at: Timestamp,
    /// When the token expires. After that the store may delete the record.
    pub expires_at: Timestamp,
}

impl AccountRecord {
    /// A record of these values.
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

/// A page of an app's accounts, in the order of their keys: compared as text, client id first.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AccountPage<'a> {
    /// The app's client id.
    pub client_id: &'a str,
    /// The most accounts to return.
    pub limit: usize,
    /// The key to start after. It need not exist.
    pub after: Option<&'a AccountKey>,
    /// Only accounts whose tokens expire before this time.
    pub expiring_before: Option<Timestamp>,
}

impl<'a> AccountPage<'a> {
    /// The first `limit` accounts of that app.
    #[must_use]
    pub const fn new(client_id: &'a str, limit: usize) -> Self {
        Self { client_id, limit, after: None, expiring_before: None }
    }

    /// Starts the page after this key.
    #[must_use]
    pub const fn after(self, key: Option<&'a AccountKey>) -> Self {
        Self { after: key, ..self }
    }

    /// Restricts the page to accounts whose tokens expire before `moment`, for refreshing them.
    #[must_use]
    pub const fn expiring_before(self, moment: Timestamp) -> Self {
        Self { expiring_before: Some(moment), ..self }
    }
}

/// A claim on work that only one instance may do at a time, or once: consuming a state, refreshing
/// a token, calling the app's hook about a deletion, recording a deletion's progress.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// What is claimed.
    pub key: String,
    /// The owner: random text.
    pub owner: String,
    /// How long the claim holds, even if its owner has stopped.
    pub until: Timestamp,
}

impl Claim {
    /// A claim of these values.
    #[must_use]
    pub fn new(key: impl Into<String>, owner: impl Into<String>, until: Timestamp) -> Self {
        Self { key: key.into(), owner: owner.into(), until }
    }

    /// Releases the claim. Its end is in the past by the clock of every instance, however much the
    /// clocks differ.
    #[must_use]
    pub fn given_back(key: impl Into<String>, owner: impl Into<String>) -> Self {
        Self::new(key, owner, Timestamp::from_unix_seconds(0))
    }
}

/// The status of a request to delete a user's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeletionStatus {
    /// Accepted, not finished.
    Queued,
    /// Finished.
    Done,
    /// Failed. The app's operator has to look into it.
    Failed,
}

/// A request to delete a user's data, identified by its confirmation code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeletionRecord {
    /// SHA-256 of the confirmation code.
    pub code_hash: [u8; 32],
    /// Its status.
    pub status: DeletionStatus,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// When the record may be deleted.
    pub expires_at: Timestamp,
}

impl DeletionRecord {
    /// A record of these values.
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

/// The store did not answer, or its answer was unusable.
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
