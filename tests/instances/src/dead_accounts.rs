//! A token that the provider calls invalid, met by one instance: the mark in the database's account is
//! what the others go by.

use std::sync::{Arc, Mutex};

use ig_oauth_common::hooks::{DeadAccount, Hooks};
use ig_oauth_common::{
    AccountState, ApiErrorKind, AuthErrorKind, LongLived, OfflineAccess, Token, UserId,
};

use crate::engine::{COOKIE_SECRET, Engine};
use crate::refreshers::{UNTIL_DUE, log_in};
use crate::support::Site;
use crate::support::people::People;

const NEW_SECRET: &str = "FAKE-cookie-secret-that-comes-next-9876543210";

/// Keeps the users whose accounts died, of all instances.
#[derive(Clone, Default)]
struct Died(Arc<Mutex<Vec<UserId>>>);

impl Hooks for Died {
    async fn on_dead_account(&self, account: DeadAccount) {
        self.0.lock().unwrap().push(account.user_id.clone());
    }
}

/// One more instance, with connections of its own.
async fn instance(
    of: &Site,
    engine: &Engine,
    people: &People,
    died: &Died,
    secrets: &'static [&'static str],
) -> Site {
    let (store, client, died) = (engine.store().await, people.client(), died.clone());
    of.restarted(move |builder| {
        let builder = builder.long_lived(LongLived::Require).http_client(client).hooks(died);
        store.used_by(builder).cookie_secrets(secrets)
    })
}

fn accounts(site: &Site) -> OfflineAccess {
    site.flow.offline_access().unwrap()
}

async fn token(site: &Site, user: u64) -> Result<Option<Token>, AuthErrorKind> {
    accounts(site).token(&UserId::from(user)).await.map_err(|error| error.kind())
}

async fn states(site: &Site) -> Vec<AccountState> {
    let listed = accounts(site).accounts(None, 10).await.unwrap();
    listed.iter().map(|account| account.state).collect()
}

/// What one instance learns of a token all know, whichever they are asked: sessions, jobs, refreshers
/// and those that seal anew.
pub async fn a_dead_account_is_marked_for_all_instances(engine: &Engine) {
    let (people, died) = (People::default(), Died::default());
    let first = Site::new();
    let mut one = instance(&first, engine, &people, &died, &[COOKIE_SECRET]).await;
    let mut two = instance(&one, engine, &people, &died, &[COOKIE_SECRET]).await;
    log_in(&mut one, [7, 8]).await;
    two.cookies.clone_from(&one.cookies);
    assert!(one.is_logged_in().await && two.is_logged_in().await, "as user 8");

    // Both instances meet it at the same time. One of them marks the account, and runs the hook.
    people.refuse_calls(8, 400, 190);
    let (here, there) = (token(&one, 8).await.unwrap(), token(&two, 8).await.unwrap());
    let (here, there) = (here.unwrap(), there.unwrap());
    let (here, there) = tokio::join!(here.profile(), there.profile());
    for answer in [here, there] {
        assert_eq!(answer.unwrap_err().kind(), ApiErrorKind::TokenInvalid);
    }
    assert_eq!(*died.0.lock().unwrap(), [UserId::from(8)], "once for all instances");

    // One that was not there, and starts after it.
    let mut three = instance(&two, engine, &people, &died, &[COOKIE_SECRET]).await;
    for site in [&mut one, &mut two, &mut three] {
        assert!(!site.is_logged_in().await, "the session held that very token");
        assert_eq!(token(site, 8).await.unwrap_err(), AuthErrorKind::TokenDead);
        assert!(token(site, 7).await.unwrap().is_some(), "nobody else's");
        assert_eq!(states(site).await, [AccountState::Live, AccountState::Dead]);
    }
    // The mark survives a change of the secrets.
    let rotated = instance(&one, engine, &people, &died, &[NEW_SECRET, COOKIE_SECRET]).await;
    assert_eq!(accounts(&rotated).reseal(None, 10).await.unwrap().resealed, 2);
    assert_eq!(states(&rotated).await, [AccountState::Live, AccountState::Dead]);
    // No refresher asks the provider about it, and each names its user.
    rotated.clock.advance(UNTIL_DUE);
    for pass in 1..=2 {
        let report = accounts(&rotated).refresher().per_minute(u32::MAX).run_once().await;
        assert_eq!((report.dead_accounts, report.failed), (1, 0), "{pass}: {report}");
        assert_eq!(report.dead_users().collect::<Vec<_>>(), [&UserId::from(8)]);
    }
    assert_eq!(people.refreshes.lock().unwrap().get("8"), None);
    // A new login makes it live again, for all.
    people.refused_calls.lock().unwrap().clear();
    let mut rotated = rotated;
    log_in(&mut rotated, [8]).await;
    assert!(rotated.is_logged_in().await);
    let four = instance(&rotated, engine, &people, &died, &[NEW_SECRET]).await;
    assert_eq!(states(&four).await, [AccountState::Live, AccountState::Live]);
    assert!(token(&four, 8).await.unwrap().is_some());
    assert_eq!(died.0.lock().unwrap().len(), 1);
}
