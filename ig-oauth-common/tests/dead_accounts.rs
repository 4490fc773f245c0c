//! Accounts with dead tokens, and those that only seem so: the results of jobs, the refresher and
//! the hook.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[cfg(feature = "tracing")]
#[path = "support/events.rs"]
mod events;
mod support;

use std::sync::{Arc, Mutex};
#[cfg(feature = "tracing")]
use std::time::Duration;

use ig_oauth_common::hooks::{DeadAccount, Hooks};
use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{
    AccountState, ApiErrorKind, AuthErrorKind, LongLived, OfflineAccess, UserId,
};
use support::Site;
use support::people::People;

const DAY: u64 = 24 * 60 * 60;
const SECRET: &str = "an obviously fake cookie secret for tests";
const NEW_SECRET: &str = "another obviously fake cookie secret";

/// Keeps the users whose accounts died.
#[derive(Clone, Default)]
struct Died(Arc<Mutex<Vec<UserId>>>);

impl Hooks for Died {
    async fn on_dead_account(&self, account: DeadAccount) {
        self.0.lock().unwrap().push(account.user_id.clone());
    }
}

/// Instances of one app on one store.
#[derive(Clone, Default)]
struct World {
    people: People,
    store: Arc<MemoryStore>,
    died: Died,
}

impl World {
    fn first(&self) -> Site {
        self.instance(&Site::new(), &[SECRET])
    }

    fn instance(&self, of: &Site, secrets: &'static [&'static str]) -> Site {
        let (client, store, hooks) =
            (self.people.client(), Arc::clone(&self.store), self.died.clone());
        of.restarted(|builder| {
            let builder = builder.long_lived(LongLived::Require).hooks(hooks);
            builder.http_client(client).shared_store(store).cookie_secrets(secrets)
        })
    }

    fn died(&self) -> Vec<UserId> {
        self.died.0.lock().unwrap().clone()
    }
}

async fn log_in(site: &mut Site, users: impl IntoIterator<Item = u64>) {
    for user in users {
        site.cookies.clear();
        let state = site.start("").await;
        let target = format!("/auth/instagram/callback?code={user}&state={state}");
        assert_eq!(site.get(&target).await.status(), 303);
    }
}

async fn refusal(accounts: &OfflineAccess, user: u64) -> AuthErrorKind {
    accounts.token(&UserId::from(user)).await.unwrap_err().kind()
}

fn accounts(site: &Site) -> OfflineAccess {
    site.flow.offline_access().unwrap()
}

/// In a trial both refreshers counted a revoked account as `left`: a job's own refresh had met the 190
/// before, and its pause stood for the death.
#[tokio::test]
async fn a_death_that_a_job_met_is_counted_and_named_by_every_refresher() {
    let world = World::default();
    let mut one = world.first();
    let two = world.instance(&one, &[SECRET]);
    log_in(&mut one, [7, 8]).await;
    one.clock.advance(40 * DAY);
    world.people.refuse(7, 400, 190);
    assert_eq!(refusal(&accounts(&one), 7).await, AuthErrorKind::TokenDead);
    for site in [&one, &two] {
        let refresher = accounts(site).refresher().per_minute(u32::MAX);
        let report = refresher.run_once().await;
        assert_eq!((report.dead_accounts, report.skipped, report.failed), (1, 0, 0), "{report}");
        assert_eq!(report.dead_users().collect::<Vec<_>>(), [&UserId::from(7)]);
        refresher.run_once().await;
        assert_eq!(refresher.totals().dead_users().collect::<Vec<_>>(), [&UserId::from(7)]);
    }
    assert_eq!(world.died(), [UserId::from(7)], "once across instances");
    // No further refresh is tried, here or there, however much time goes by.
    one.clock.advance(DAY);
    assert_eq!(refusal(&accounts(&two), 7).await, AuthErrorKind::TokenDead);
    assert_eq!(world.people.refreshes.lock().unwrap()["7"], 1);

    // A new login makes it live again.
    world.people.refusals.lock().unwrap().clear();
    log_in(&mut one, [7]).await;
    for site in [&one, &two] {
        assert!(accounts(site).token(&UserId::from(7)).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_death_at_a_jobs_call_is_known_to_all_jobs() {
    let world = World::default();
    let mut one = world.first();
    let two = world.instance(&one, &[SECRET]);
    log_in(&mut one, [7, 8]).await;
    assert!(one.is_logged_in().await, "as user 8");
    let token = accounts(&one).token(&UserId::from(8)).await.unwrap().unwrap();
    world.people.refuse_calls(8, 400, 190);
    let error = token.get::<serde_json::Value>("me/media", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ApiErrorKind::TokenInvalid);
    assert!(!one.is_logged_in().await, "the session holds that very token");
    for site in [&one, &two] {
        assert_eq!(refusal(&accounts(site), 8).await, AuthErrorKind::TokenDead);
        let listed = accounts(site).accounts(None, 10).await.unwrap();
        let states: Vec<_> = listed.iter().map(|account| account.state).collect();
        assert_eq!(states, [AccountState::Live, AccountState::Dead]);
    }
    assert_eq!(world.died(), [UserId::from(8)]);
    // Again with a clone of the token: the hook is not called twice.
    let _ = token.clone().profile().await;
    assert_eq!(world.died().len(), 1);
    // The mark survives a rotation of the secrets.
    let rotated = world.instance(&one, &[NEW_SECRET, SECRET]);
    assert_eq!(accounts(&rotated).reseal(None, 10).await.unwrap().resealed, 2);
    assert_eq!(refusal(&accounts(&rotated), 8).await, AuthErrorKind::TokenDead);
}

#[tokio::test]
async fn a_late_190_for_an_old_token_leaves_its_successor_and_a_newer_login_alone() {
    for is_login in [true, false] {
        let world = World::default();
        let mut site = world.first();
        log_in(&mut site, [7]).await;
        site.clock.advance(20 * DAY);
        let old = accounts(&site).token(&UserId::from(7)).await.unwrap().unwrap();
        site.clock.advance(20 * DAY);
        if is_login {
            log_in(&mut site, [7]).await;
        } else {
            accounts(&site).token(&UserId::from(7)).await.unwrap().unwrap();
            assert_eq!(world.people.counts(), [1]);
        }
        world.people.refuse_calls(7, 400, 190);
        let error = old.profile().await.unwrap_err();
        assert_eq!(error.kind(), ApiErrorKind::TokenInvalid);
        assert!(accounts(&site).token(&UserId::from(7)).await.unwrap().is_some());
        assert_eq!(site.is_logged_in().await, is_login, "the other session was idle for too long");
        assert!(world.died().is_empty());
    }
}

#[tokio::test]
async fn v_13_an_account_that_no_secret_opens_is_an_error_and_not_a_user_who_left() {
    let world = World::default();
    let mut site = world.first();
    let fresh = accounts(&site);
    assert!(fresh.can_read_accounts().await.unwrap(), "nobody has logged in yet");
    log_in(&mut site, [7, 8]).await;
    assert!(fresh.can_read_accounts().await.unwrap());
    let wrong = world.instance(&site, &[NEW_SECRET]);
    let accounts = accounts(&wrong);
    assert!(!accounts.can_read_accounts().await.unwrap());
    for user in [7, 8] {
        assert_eq!(refusal(&accounts, user).await, AuthErrorKind::AccountUnreadable);
    }
    assert!(accounts.token(&UserId::from(9)).await.unwrap().is_none(), "who never was there");
    let listed = accounts.accounts(None, 10).await.unwrap();
    assert!(listed.iter().all(|account| account.state == AccountState::Unreadable));
    wrong.clock.advance(40 * DAY);
    let report = accounts.refresher().per_minute(u32::MAX).run_once().await;
    assert_eq!((report.unreadable, report.dead_accounts, report.skipped), (2, 0, 0), "{report}");
    let named: Vec<_> = report.unreadable_users().cloned().collect();
    assert_eq!(named, [UserId::from(7), UserId::from(8)]);
    let report = accounts.reseal(None, 10).await.unwrap();
    assert_eq!((report.seen, report.unreadable), (2, 2));
    assert!(world.died().is_empty(), "nobody is called dead");
}

/// A wrong secret fails every account, each time: the log has it once for a process, and each pass's
/// report has the count.
#[cfg(feature = "tracing")]
#[tokio::test]
async fn v_13_a_wrong_secret_is_one_event_whatever_meets_it_and_however_often() {
    let world = World::default();
    let mut site = world.first();
    log_in(&mut site, [7, 8]).await;
    let (events, _guard) = events::Events::capture();
    let mut wrong = world.instance(&site, &[NEW_SECRET]);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let logged = events.all();
    let [event] = &logged[..] else { panic!("the look at the start: {logged:?}") };
    for words in [
        "does not open with any of the `cookie_secrets`",
        "Its user is still connected",
        "Compare the secrets of all instances",
    ] {
        assert!(event.contains(words), "{words}: {event}");
    }
    assert!(!event.contains(SECRET) && !event.contains(NEW_SECRET), "{event}");

    let accounts = accounts(&wrong);
    wrong.clock.advance(40 * DAY);
    let refresher = accounts.refresher().per_minute(u32::MAX);
    for pass in 1..=2 {
        assert_eq!(refresher.run_once().await.unreadable, 2, "{pass}");
        assert_eq!(accounts.reseal(None, 10).await.unwrap().unreadable, 2, "{pass}");
        assert_eq!(refusal(&accounts, 7).await, AuthErrorKind::AccountUnreadable);
        assert_eq!(accounts.accounts(None, 10).await.unwrap().len(), 2);
        assert!(!accounts.can_read_accounts().await.unwrap());
        assert!(!wrong.is_logged_in().await);
    }
    assert_eq!(events.all(), logged, "nothing further");
    // Another process logs its own.
    world.instance(&site, &[NEW_SECRET]);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(events.all().len(), 2);
}

/// An account whose times cannot be is one event for each, whatever job meets it.
#[cfg(feature = "tracing")]
#[tokio::test]
async fn v_04_an_account_from_the_future_is_one_event_however_many_jobs_meet_it() {
    let world = World::default();
    let mut site = world.first();
    site.clock.advance(DAY);
    log_in(&mut site, [7, 8]).await;
    site.clock.set(support::START);
    let (events, _guard) = events::Events::capture();
    let accounts = accounts(&site);
    let refresher = accounts.refresher().ahead(Duration::from_secs(70 * DAY));
    let refresher = refresher.per_minute(u32::MAX);
    for _ in 0..2 {
        assert_eq!(refresher.run_once().await.unreadable, 2);
        assert_eq!(accounts.reseal(None, 10).await.unwrap().unreadable, 2);
        assert_eq!(refusal(&accounts, 7).await, AuthErrorKind::AccountUnreadable);
    }
    let logged = events.all();
    assert_eq!(logged.len(), 2, "{logged:?}");
    for event in &logged {
        assert!(event.contains("the account of token") && event.contains("is ignored"), "{event}");
        assert!(!event.contains("FAKE"), "{event}");
    }
}
