//! Handles dead tokens: ends the sessions of a token that the provider reports as invalid, and
//! notifies the app.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time;

use crate::error::chain;
use crate::futures::BoxFuture;
use crate::hooks::{BoxedHooks, DeadAccount};
use crate::provider::{DeathWatch, Token};
use crate::session::{Accounts, Sessions};
use crate::tasks::Tasks;

pub(crate) struct Deaths {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) deadline: Duration,
}

impl Deaths {
    /// The token for the app. Its calls report when it is dead.
    pub(crate) fn watch(self: &Arc<Self>, token: Token) -> Token {
        let watch: Weak<Self> = Arc::downgrade(self);
        token.watched_by(watch)
    }

    /// Ends the sessions with exactly this token. A refreshed token and a newer login remain valid.
    /// `why` is the provider's response.
    pub(super) async fn end(&self, token: &Token, why: &str) {
        crate::trace::warning(&format!(
            "the provider calls a token invalid: the sessions that hold it end, and its user must \
             log in again: {why}"
        ));
        // First, because it works even when the store fails.
        let is_news = self.sessions.bury_token(token);
        if Handle::try_current().is_err() {
            return;
        }
        let dead = match self.sessions.accounts() {
            None => is_news
                .then(|| DeadAccount { user_id: token.user_id().clone(), further_ids: Vec::new() }),
            Some(accounts) => self.mark(accounts, token).await,
        };
        if let (Some(dead), Some(hooks)) = (dead, &self.hooks) {
            let heard = time::timeout(self.deadline, hooks.on_dead_account(dead)).await;
            if heard.is_err() {
                crate::trace::warning("`on_dead_account` took too long");
            }
        }
    }

    /// Marks the account as dead for all instances. Returns it if it was not marked before.
    async fn mark(&self, accounts: &Accounts, token: &Token) -> Option<DeadAccount> {
        let why = match time::timeout(self.deadline, accounts.mark_dead(token)).await {
            Ok(Ok(account)) => {
                return account.map(|account| DeadAccount {
                    user_id: account.key.user_id().clone(),
                    further_ids: account.further_ids,
                });
            }
            Ok(Err(error)) => chain(&error),
            Err(_) => "the store took too long".to_owned(),
        };
        crate::trace::warning(&format!("a dead account is not marked: {why}"));
        None
    }
}

impl DeathWatch for Deaths {
    fn died(self: Arc<Self>, token: Token, why: String) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if Handle::try_current().is_err() {
                return self.end(&token, &why).await;
            }
            let deaths = Arc::clone(&self);
            // In its own task: when the handler is cancelled, the session must still end.
            let task = self.tasks.spawn(async move { deaths.end(&token, &why).await });
            if let Ok(task) = task {
                let _ = task.await;
            }
        })
    }
}
