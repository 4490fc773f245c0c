//! Tokens for background jobs, without a user's request.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::api::{Scope, Scopes};
use crate::clock::Timestamp;
use crate::error::{AuthError, AuthErrorKind};
use crate::flow::{Deaths, Flow, Patience, RefreshError, Refreshes, is_due};
use crate::provider::Token;
use crate::session::{Accounts, Stored};
use crate::store::{AccountPage, AccountRecord};
use crate::token_facts::UserId;

/// The stored accounts of one app, for background jobs: a user's valid token at any time.
///
/// It needs a [`store`](crate::ConfigBuilder::store) and is cheap to clone.
/// [`Flow::offline_access`] creates it, so that it shares refreshes with the requests of this
/// process.
///
/// ```no_run
/// use ig_oauth_common::{Config, Flow, UserId};
/// use ig_oauth_common::store::MemoryStore;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # runtime.block_on(async {
/// let config = Config::builder("990602627938098", "fake app secret", "https://app.example/callback")
///     .store(MemoryStore::new())
///     .cookie_secrets(std::env::var("INSTAGRAM_COOKIE_SECRETS")?.split(','))
///     .build()?;
/// let accounts = Flow::new(config).offline_access()?;
///
/// match accounts.token(&UserId::from(17_841_458_366_137_975)).await? {
///     Some(token) => println!("{} posts", token.profile().await?.media_count.unwrap_or(0)),
///     None => println!("this user has not connected an account, or must log in again"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct OfflineAccess {
    pub(super) accounts: Arc<Accounts>,
    pub(super) refreshes: Arc<Refreshes>,
    deaths: Arc<Deaths>,
}

/// An account with a token in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectedAccount {
    /// The user, by the id of the token response.
    pub user_id: UserId,
    /// Other ids of the same account, such as the professional account's.
    pub further_ids: Vec<UserId>,
    /// Whether its token can be used.
    pub state: AccountState,
    /// The granted scopes.
    pub scopes: Scopes,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// When the token expires, unless it is refreshed before.
    pub expires_at: Timestamp,
}

/// Whether the token of a stored account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountState {
    /// Its token is valid as far as is known.
    Live,
    /// The provider reports its token as invalid. The user must log in again.
    Dead,
    /// None of the configured secrets decrypts it. The user is still connected; the configuration
    /// is wrong.
    Unreadable,
}

impl Flow {
    /// Checks in the background whether this instance has the right secrets, once per
    /// configuration.
    pub(crate) fn check_secrets_at_start(&self) {
        let (Some(accounts), Ok(runtime)) = (self.steps.sessions.accounts(), Handle::try_current())
        else {
            return;
        };
        if accounts.is_to_be_checked() {
            let accounts = Arc::clone(accounts);
            // A store that does not answer is reported by the requests that need it.
            runtime.spawn(async move { accounts.newest_opens().await });
        }
    }

    /// The stored accounts, for background jobs.
    ///
    /// # Errors
    ///
    /// `Store` when there is none: sessions and their tokens are then in cookies.
    pub fn offline_access(&self) -> Result<OfflineAccess, AuthError> {
        let steps = &self.steps;
        let Some(accounts) = steps.sessions.accounts() else {
            let cure = "sessions live in cookies, and so do their tokens; set a `store`";
            return Err(AuthError::with_source(AuthErrorKind::Store, cure));
        };
        Ok(OfflineAccess {
            accounts: Arc::clone(accounts),
            refreshes: Arc::clone(&steps.refreshes),
            deaths: Arc::clone(&steps.deaths),
        })
    }
}

impl OfflineAccess {
    /// The valid token of a user, given any of the user's ids. A token that is due is refreshed
    /// first; if the refresh fails, the old token is returned. `None` when there is no such account
    /// or its token has expired: the user must log in again.
    ///
    /// # Errors
    ///
    /// - `TokenDead` when the provider reports the token as invalid, now or earlier: the user has
    ///   removed the app or changed the password, and must log in again.
    /// - `AccountUnreadable` when none of the configured secrets decrypts the account. The user is
    ///   still connected, so do not mail them: this instance has the wrong `cookie_secrets`.
    /// - `Store` when the store does not answer.
    pub async fn token(&self, user_id: &UserId) -> Result<Option<Token>, AuthError> {
        let accounts = self.accounts.known_by(user_id).await?;
        // An account whose own id matches comes first. The same number as another kind of id may
        // belong to another user.
        let own = accounts.iter().find(|account| account.key.user_id() == user_id);
        let candidates = own.map_or(&*accounts, std::slice::from_ref);
        let now = self.accounts.now();
        let mut problem = None;
        let mut valid = None;
        for account in candidates {
            match self.accounts.open(account) {
                Stored::Live(token) if token.expires_at() > now => {
                    valid = Some((account, token));
                    break;
                }
                Stored::Live(_) => {}
                Stored::Dead(_) => problem = problem.or(Some(AuthErrorKind::TokenDead)),
                Stored::Unreadable => problem = Some(AuthErrorKind::AccountUnreadable),
            }
        }
        let Some((account, token)) = valid else {
            return problem.map_or(Ok(None), |problem| Err(problem.into()));
        };
        if !is_due(self.refreshes.ahead(), &token, now) {
            return Ok(Some(self.deaths.watch(token)));
        }
        match self.refreshes.refreshed(&token, Some(account), Patience::Job).await {
            Ok(token) => Ok(Some(self.deaths.watch(token))),
            Err(RefreshError::Dead) => Err(AuthErrorKind::TokenDead.into()),
            Err(RefreshError::Unreadable) => Err(AuthErrorKind::AccountUnreadable.into()),
            Err(RefreshError::AccountDeleted) => Ok(None),
            Err(_) if matches!(self.accounts.open(account), Stored::Dead(_)) => {
                Err(AuthErrorKind::TokenDead.into())
            }
            Err(_) => Ok(Some(self.deaths.watch(token))),
        }
    }

    /// Whether the newest stored account can be decrypted with the configured secrets. Also true
    /// when there is no account. Use it as a start-up or health check: an instance with the wrong
    /// `cookie_secrets` can read no account. In a store with many accounts, only the first thousand
    /// in the order of user ids are considered.
    ///
    /// # Errors
    ///
    /// `Store` when the store does not answer.
    pub async fn can_read_accounts(&self) -> Result<bool, AuthError> {
        self.accounts.newest_opens().await
    }

    /// Up to `limit` accounts in the order of their user ids, after `after`: for jobs that visit
    /// all accounts.
    ///
    /// # Errors
    ///
    /// `Store` when the store does not answer.
    pub async fn accounts(
        &self,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<ConnectedAccount>, AuthError> {
        let connected = self.batch(after, limit).await?.into_iter().map(|record| {
            let state = match self.accounts.open(&record) {
                Stored::Live(_) => AccountState::Live,
                Stored::Dead(_) => AccountState::Dead,
                Stored::Unreadable => AccountState::Unreadable,
            };
            ConnectedAccount {
                user_id: record.key.user_id().clone(),
                further_ids: record.further_ids,
                state,
                scopes: record.scopes.iter().filter_map(|name| Scope::reported(name)).collect(),
                issued_at: record.issued_at,
                expires_at: record.expires_at,
            }
        });
        Ok(connected.collect())
    }

    pub(super) async fn batch(
        &self,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<AccountRecord>, AuthError> {
        let after = after.map(|id| self.accounts.key(id));
        let page = AccountPage::new(&self.accounts.client_id, limit).after(after.as_ref());
        Ok(self.accounts.store.accounts(page).await?)
    }

    /// Deletes every account with the id `id`, its token and all its sessions, on every instance.
    /// Returns how many accounts there were. An account of a user who logs in meanwhile is deleted
    /// too.
    ///
    /// # Errors
    ///
    /// `Store` when the store does not answer, or when an account keeps changing. What was deleted
    /// before stays deleted; call it again.
    pub async fn revoke(&self, id: &UserId) -> Result<u64, AuthError> {
        let revoked = self.accounts.revoke(id, |_| true).await?;
        Ok(u64::try_from(revoked.accounts.len()).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for OfflineAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfflineAccess")
            .field("client_id", &self.accounts.client_id)
            .finish_non_exhaustive()
    }
}
