//! The provider says that a token is dead: the sessions that hold it end, and the app hears of it.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::time;

use super::{Flow, Shared};
use crate::futures::BoxFuture;
use crate::gone::DeadAccount;
use crate::session;
use crate::token::{DeathWatch, Token};

impl Flow {
    /// The token with this flow as its watch: for handlers and jobs.
    pub(crate) fn watch(&self, token: Token) -> Token {
        let watch: Weak<Shared> = Arc::downgrade(&self.shared);
        token.watched_by(watch)
    }

    /// Whether the provider has called this token invalid, as far as this process knows.
    pub(crate) fn is_dead(&self, token: &Token) -> bool {
        self.tombstones().is_dead(token, self.settings().clock.now())
    }

    /// Ends what holds this very token. Its successor, and a newer login of its user, stay.
    pub(super) async fn token_died(&self, token: &Token, why: &str) {
        let settings = self.settings();
        crate::trace::warning(&format!(
            "the provider calls a token invalid: the sessions that hold it end, and its user must \
             log in again: {why}"
        ));
        // At once, whatever becomes of the store.
        let is_news = self.tombstones().bury_token(token, settings.clock.now());
        if Handle::try_current().is_err() {
            return;
        }
        let dead = match &settings.store {
            None => is_news.then(|| DeadAccount::new(token.user_id().clone(), Vec::new())),
            Some(store) => {
                let marked = session::mark_dead(settings, &**store, token);
                match time::timeout(settings.callback_deadline, marked).await {
                    Ok(Ok(account)) => account.map(|account| {
                        DeadAccount::new(account.key.user_id().clone(), account.further_ids)
                    }),
                    Ok(Err(error)) => {
                        let chain = crate::error::chain(&error);
                        crate::trace::warning(&format!("a dead account is not marked: {chain}"));
                        None
                    }
                    Err(_) => {
                        crate::trace::warning(
                            "a dead account is not marked: the store took too long",
                        );
                        None
                    }
                }
            }
        };
        if let (Some(dead), Some(hooks)) = (dead, &settings.hooks) {
            let told = time::timeout(settings.callback_deadline, hooks.on_dead_account(dead)).await;
            if told.is_err() {
                crate::trace::warning("`on_dead_account` took too long");
            }
        }
    }
}

impl DeathWatch for Shared {
    fn died(self: Arc<Self>, token: Token, why: String) -> BoxFuture<'static, ()> {
        let flow = Flow { shared: self };
        Box::pin(async move {
            if Handle::try_current().is_err() {
                return flow.token_died(&token, &why).await;
            }
            // A task of its own: a handler that goes away must not leave the session behind.
            let ending = flow.clone();
            if let Ok(task) = flow.spawn(async move { ending.token_died(&token, &why).await }) {
                let _ = task.await;
            }
        })
    }
}
