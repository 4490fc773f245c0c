//! What an app that connects accounts keeps by itself: whose accounts they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ig_oauth_common::{
    BoxFuture, DataDeletion, Deauthorization, DeletionStatus, HookError, Hooks, Login,
    LoginDecision, UserId,
};

/// Which of the app's users connected which accounts. A real app has a table of this.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<BTreeMap<String, BTreeSet<UserId>>>>);

impl Connections {
    fn table(&self) -> MutexGuard<'_, BTreeMap<String, BTreeSet<UserId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts of a user.
    #[must_use]
    pub fn of(&self, user: &str) -> Vec<UserId> {
        self.table().get(user).into_iter().flatten().cloned().collect()
    }

    /// Connects an account to a user. Others may have it, too.
    pub fn connect(&self, user: &str, account: UserId) {
        self.table().entry(user.to_owned()).or_default().insert(account);
    }

    /// Takes an account from a user. Whether it was the last who had it.
    #[must_use]
    pub fn disconnect(&self, user: &str, account: &UserId) -> bool {
        let mut table = self.table();
        let had = table.get_mut(user).is_some_and(|accounts| accounts.remove(account));
        had && !table.values().any(|accounts| accounts.contains(account))
    }

    /// Takes an account from everybody.
    pub fn forget(&self, account: &UserId) {
        self.table().values_mut().for_each(|accounts| {
            accounts.remove(account);
        });
    }
}

impl Hooks for Connections {
    /// The app's user started this: their name came along as app data, signed.
    fn on_login(&self, login: Login) -> BoxFuture<'_, Result<LoginDecision, HookError>> {
        Box::pin(async move {
            let user = std::str::from_utf8(login.app_data()).map_err(HookError::new)?;
            self.connect(user, login.token().user_id().clone());
            Ok(LoginDecision::accept())
        })
    }

    /// The store has forgotten the token already.
    fn on_deauthorize(&self, told: Deauthorization) -> BoxFuture<'_, Result<(), HookError>> {
        self.forget(told.user_id());
        Box::pin(async { Ok(()) })
    }

    fn on_data_deletion(
        &self,
        told: DataDeletion,
    ) -> BoxFuture<'_, Result<DeletionStatus, HookError>> {
        self.forget(told.user_id());
        Box::pin(async { Ok(DeletionStatus::Done) })
    }
}
