//! Hooks that the app keeps a handle on.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::flow::Reply;
use crate::gone::{DataDeletion, DeadAccount, Deauthorization};
use crate::hooks::{
    Denial, Failure, HookError, Hooks, Login, LoginDecision, LoginStart, LoginStartDecision, Logout,
};
use crate::provider::http::BoxFuture;
use crate::session::DeletionStatus;
use crate::token::UserId;

impl<H: Hooks + ?Sized> Hooks for Arc<H> {
    fn before_login(
        &self,
        start: LoginStart,
    ) -> BoxFuture<'_, Result<LoginStartDecision, HookError>> {
        (**self).before_login(start)
    }

    fn on_login(&self, login: Login) -> BoxFuture<'_, Result<LoginDecision, HookError>> {
        (**self).on_login(login)
    }

    fn on_denied(&self, denial: Denial) -> BoxFuture<'_, Option<Reply>> {
        (**self).on_denied(denial)
    }

    fn on_failure(&self, failure: Failure) -> BoxFuture<'_, Option<Reply>> {
        (**self).on_failure(failure)
    }

    fn on_logout(&self, logout: Logout) -> BoxFuture<'_, ()> {
        (**self).on_logout(logout)
    }

    fn on_dead_account(&self, account: DeadAccount) -> BoxFuture<'_, ()> {
        (**self).on_dead_account(account)
    }

    fn on_deauthorize(&self, told: Deauthorization) -> BoxFuture<'_, Result<(), HookError>> {
        (**self).on_deauthorize(told)
    }

    fn on_data_deletion(
        &self,
        told: DataDeletion,
    ) -> BoxFuture<'_, Result<DeletionStatus, HookError>> {
        (**self).on_data_deletion(told)
    }

    fn accepts<'a>(
        &'a self,
        user_id: &'a UserId,
        session_started_at: Timestamp,
    ) -> BoxFuture<'a, Result<bool, HookError>> {
        (**self).accepts(user_id, session_started_at)
    }
}
