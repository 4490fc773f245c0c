//! The stored accounts of one app: seals and opens their tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::invalid_timestamps::InvalidTimestamps;
use super::sealing::{Sealer, Unopened};
use super::token_bytes;
use super::tombstones::{Ended, Tombstones};
use crate::clock::{Clock, Timestamp};
use crate::error::{AuthError, AuthErrorKind};
use crate::provider::{Provider, Token};
use crate::store::{AccountKey, AccountPage, AccountRecord, BoxedStore};
use crate::token_facts::UserId;

/// How often a write is tried when other writes keep preceding it.
pub(crate) const MOST_WRITES: usize = 4;

/// The most accounts read to find the newest one.
const LOOKED_AT: usize = 1_000;

pub(crate) struct Accounts {
    pub(crate) store: Arc<dyn BoxedStore>,
    pub(crate) client_id: String,
    pub(super) sealer: Sealer,
    pub(super) provider: Arc<Provider>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) tombstones: Arc<Tombstones>,
    pub(super) invalid_timestamps: Arc<InvalidTimestamps>,
    pub(super) was_checked: AtomicBool,
    pub(super) was_unreadable: AtomicBool,
}

/// The state of a stored account.
pub(crate) enum Stored {
    /// Its token, valid as far as is known.
    Live(Token),
    /// Its token, which the provider reports as invalid.
    Dead(Token),
    /// None of the configured secrets opens it, or its times are impossible.
    Unreadable,
}

/// An account's sealed token, opened.
pub(super) struct OpenedAccount {
    pub(super) token: Token,
    pub(super) is_dead: bool,
    pub(super) is_by_newest_key: bool,
}

impl Accounts {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn key(&self, user_id: &UserId) -> AccountKey {
        AccountKey::new(&self.client_id, user_id.clone())
    }

    /// The state of an account and its token.
    pub(crate) fn open(&self, account: &AccountRecord) -> Stored {
        match self.opened(account) {
            Ok(OpenedAccount { token, is_dead, .. }) if !self.has_impossible_times(&token) => {
                // This process may learn that a token is dead before the store does.
                if is_dead || self.tombstones.is_dead(&token, self.now()) {
                    Stored::Dead(token)
                } else {
                    Stored::Live(token)
                }
            }
            _ => Stored::Unreadable,
        }
    }

    /// The account with that key, and its state.
    pub(crate) async fn present(
        &self,
        key: &AccountKey,
    ) -> Result<Option<(AccountRecord, Stored)>, AuthError> {
        let account = self.store.account(key, self.now()).await?;
        Ok(account.map(|account| {
            let stored = self.open(&account);
            (account, stored)
        }))
    }

    /// The accounts with this id, as their own or as a further id.
    pub(crate) async fn known_by(&self, id: &UserId) -> Result<Vec<AccountRecord>, AuthError> {
        Ok(self.store.accounts_known_by(&self.client_id, id).await?)
    }

    /// Stores an account without a session.
    pub(crate) async fn keep(
        &self,
        token: &Token,
        further_ids: Vec<UserId>,
    ) -> Result<(), AuthError> {
        let account = self.record(token, further_ids)?;
        Ok(self.store.put_account(account, None).await?)
    }

    /// Replaces the token that `account` holds with a refreshed one. False when the account has
    /// changed meanwhile.
    pub(crate) async fn replace_token(
        &self,
        account: &AccountRecord,
        token: &Token,
    ) -> Result<bool, AuthError> {
        let record = self.record(token, account.further_ids.clone())?;
        Ok(self.store.replace_account(&account.sealed_token, record).await?)
    }

    /// Ends every session of the accounts with the id `id`. Returns how many there were.
    pub(crate) async fn end_sessions_of(&self, id: &UserId) -> Result<u64, AuthError> {
        let mut ended = 0;
        for account in self.known_by(id).await? {
            ended += self.store.end_sessions(&account.key).await?;
        }
        Ok(ended)
    }

    /// Whether the newest stored account opens with the configured secrets. Also true when there is
    /// none.
    pub(crate) async fn newest_opens(&self) -> Result<bool, AuthError> {
        let accounts = self.store.accounts(AccountPage::new(&self.client_id, LOOKED_AT)).await?;
        let newest = accounts.iter().max_by_key(|account| account.issued_at);
        Ok(newest.is_none_or(|account| self.opened(account).is_ok()))
    }

    /// Whether the check for unreadable accounts has not run yet. The caller then runs it.
    pub(crate) fn is_to_be_checked(&self) -> bool {
        !self.was_checked.swap(true, Ordering::Relaxed)
    }

    pub(super) fn has_impossible_times(&self, token: &Token) -> bool {
        self.invalid_timestamps.are(Ended::Token(token.hash()), self.now(), &[], token)
    }

    pub(super) fn record(
        &self,
        token: &Token,
        further_ids: Vec<UserId>,
    ) -> Result<AccountRecord, AuthError> {
        let key = self.key(token.user_id());
        let sealed_token = self.seal(&key, token, false)?;
        let scopes = token.scopes().iter().map(ToString::to_string).collect();
        let (issued_at, expires_at) = (token.issued_at(), token.expires_at());
        Ok(AccountRecord::new(key, further_ids, sealed_token, scopes, issued_at, expires_at))
    }

    pub(super) fn seal(
        &self,
        key: &AccountKey,
        token: &Token,
        is_dead: bool,
    ) -> Result<Vec<u8>, AuthError> {
        self.sealer.seal(about(key), &token_bytes::encode(token, is_dead))
    }

    /// Opens an account. Only the first failure is logged: a wrong secret makes every account fail.
    pub(super) fn opened(&self, account: &AccountRecord) -> Result<OpenedAccount, Unopened> {
        let opened = self.try_open(account);
        if opened.is_err() && !self.was_unreadable.swap(true, Ordering::Relaxed) {
            crate::trace::warning(
                "a stored account does not open with any of the `cookie_secrets`: this instance has \
                 other secrets than the one that sealed it, or that one was removed before all \
                 accounts were sealed anew. Its user is still connected. Compare the secrets of all \
                 instances, and add the missing one behind the newest",
            );
        }
        opened
    }

    fn try_open(&self, account: &AccountRecord) -> Result<OpenedAccount, Unopened> {
        let opened = self.sealer.open(about(&account.key), &account.sealed_token)?;
        let decoded = token_bytes::decode(&opened.text, &self.provider);
        let (token, is_dead) = decoded.ok_or(Unopened::Broken)?;
        if token.user_id() != account.key.user_id() {
            return Err(Unopened::Broken);
        }
        Ok(OpenedAccount { token, is_dead, is_by_newest_key: opened.is_by_newest_key })
    }
}

fn about(key: &AccountKey) -> [&str; 2] {
    [key.client_id(), key.user_id().as_str()]
}

/// No write succeeded.
pub(crate) fn contended() -> AuthError {
    // Or the store reads from a replica that lags behind its primary.
    let why = "an account's record changes all the time, or reads lag behind writes";
    AuthError::with_source(AuthErrorKind::Store, why)
}
