//! The data of an app that connects accounts: which user connected which accounts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ig_oauth_common::hooks::{
    DataDeletion, Deauthorization, DeletionStatus, HookError, Hooks, Login, LoginDecision,
};
use ig_oauth_common::{Timestamp, UserId};

/// The accounts of each of the app's users, and when they were connected.
type Table = BTreeMap<String, BTreeMap<UserId, Timestamp>>;

/// Which of the app's users connected which accounts. A real app has a database table for this.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<Table>>);

impl Connections {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts of a user.
    #[must_use]
    pub fn of(&self, user: &str) -> Vec<UserId> {
        self.table().get(user).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// Connects an account to a user. Other users may have it too.
    pub fn connect(&self, user: &str, account: UserId, at: Timestamp) {
        self.table().entry(user.to_owned()).or_default().insert(account, at);
    }

    /// Whether only this user has the account.
    #[must_use]
    pub fn is_last(&self, user: &str, account: &UserId) -> bool {
        let table = self.table();
        let mut owners = table.iter().filter(|(_, accounts)| accounts.contains_key(account));
        owners.next().is_some_and(|(owner, _)| owner == user) && owners.next().is_none()
    }

    /// Removes an account from a user.
    pub fn disconnect(&self, user: &str, account: &UserId) {
        if let Some(accounts) = self.table().get_mut(user) {
            accounts.remove(account);
        }
    }

    /// Removes accounts from all users who had connected them by then. A later connection is kept.
    pub fn forget(&self, accounts: &[UserId], is_meant: impl Fn(Timestamp) -> bool) {
        self.table().values_mut().for_each(|connected| {
            connected.retain(|account, at| !accounts.contains(account) || !is_meant(*at));
        });
    }
}

impl Hooks for Connections {
    /// The app's user started this login: the user's name is in the signed app data.
    async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
        let user = std::str::from_utf8(&login.app_data).map_err(HookError::new)?;
        let token = login.token;
        self.connect(user, token.user_id().clone(), token.issued_at());
        Ok(LoginDecision::accept())
    }

    /// The store has deleted the token already.
    async fn on_deauthorize(&self, told: Deauthorization) -> Result<(), HookError> {
        self.forget(&told.user_ids, |connected_at| told.request.covers(connected_at));
        Ok(())
    }

    async fn on_data_deletion(&self, told: DataDeletion) -> Result<DeletionStatus, HookError> {
        self.forget(&told.user_ids, |connected_at| told.request.covers(connected_at));
        Ok(DeletionStatus::Done)
    }
}
