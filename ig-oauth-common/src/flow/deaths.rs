//! The provider says that a token is dead: the sessions that hold it end, and the app hears of it.

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
    /// The token for the app, whose calls will tell when it is dead.
    pub(crate) fn watch(self: &Arc<Self>, token: Token) -> Token {
        let watch: Weak<Self> = Arc::downgrade(self);
        token.watched_by(watch)
    }

    /// Ends the sessions that hold this very token. A successor, and a newer login, go on. `why` is the
    /// provider's answer.
    pub(super) async fn end(&self, token: &Token, why: &str) {
        crate::trace::warning(&format!(
            "the provider calls a token invalid: the sessions that hold it end, and its user must \
             log in again: {why}"
        ));
        // At once, whatever becomes of the store.
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

    /// The account, when all instances learn of its death by this.
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
            // A task of its own: a handler that goes away must not leave the session behind.
            let task = self.tasks.spawn(async move { deaths.end(&token, &why).await });
            if let Ok(task) = task {
                let _ = task.await;
            }
        })
    }
}
