//! Sessions in a store: what belongs together, and how long it holds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use ig_oauth_common::store::{AccountKey, AccountPage, MemoryStore, Store as _};
use ig_oauth_common::{AuthErrorKind, Config, ConfigBuilder, Flow, LongLived, UserId};
use support::issuer::DAY;
use support::{CLIENT_SECRET, REDIRECT_URI, Site, answering};

const CLIENT: &str = "990602627938098";
const SECRET: &str = "an obviously fake cookie secret for tests";

fn on(store: &Arc<MemoryStore>) -> impl FnOnce(ConfigBuilder) -> ConfigBuilder + use<> {
    let store = Arc::clone(store);
    move |builder| builder.shared_store(store).cookie_secrets([SECRET])
}

async fn logged_in_as(user: u64, store: &Arc<MemoryStore>) -> Site {
    let mut site = Site::with(on(store));
    site.provider.answers(200, format!(r#"{{"access_token":"FAKE-{user}","user_id":{user}}}"#));
    site.log_in().await;
    site
}

#[tokio::test]
async fn a_token_written_to_another_account_does_not_open() {
    let store = Arc::new(MemoryStore::new());
    let (mut ann, mut bob) = (logged_in_as(1, &store).await, logged_in_as(2, &store).await);
    let accounts = store.accounts(AccountPage::new(CLIENT, 10)).await.unwrap();
    let [one, two] = &accounts[..] else { panic!("{accounts:?}") };
    let mut swapped = one.clone();
    swapped.sealed_token.clone_from(&two.sealed_token);
    store.put_account(swapped, None).await.unwrap();
    assert!(!ann.is_logged_in().await, "with another's token she would be that other");
    assert!(bob.is_logged_in().await);
}

#[tokio::test]
async fn a_token_written_to_another_app_does_not_open() {
    let store = Arc::new(MemoryStore::new());
    let ann = logged_in_as(1, &store).await;
    let mut stolen = store.accounts(AccountPage::new(CLIENT, 10)).await.unwrap().pop().unwrap();
    stolen.key = AccountKey::new("1234567890", UserId::from(1));
    store.put_account(stolen, None).await.unwrap();
    let token_of = |client: &str| {
        let builder = Config::builder(client, CLIENT_SECRET, REDIRECT_URI)
            .clock(ann.clock.clone())
            .http_client(answering(&ann.provider));
        let accounts = Flow::new(on(&store)(builder).build().unwrap()).offline_access().unwrap();
        async move { accounts.token(&UserId::from(1)).await }
    };
    assert!(token_of(CLIENT).await.unwrap().is_some());
    let refused = token_of("1234567890").await.unwrap_err();
    assert_eq!(refused.kind(), AuthErrorKind::AccountUnreadable);
}

#[tokio::test]
async fn a_longer_life_by_the_configuration_holds_at_once() {
    let store = Arc::new(MemoryStore::new());
    let lives = |days: u64| {
        let (store, life) = (Arc::clone(&store), Duration::from_secs(days * DAY));
        move |builder: ConfigBuilder| {
            on(&store)(builder)
                .long_lived(LongLived::Require)
                .session_lifetime(life)
                .idle_lifetime(life)
        }
    };
    let mut short = Site::with(lives(1));
    let answer = r#"{"access_token":"FAKE","user_id":1,"token_type":"x","expires_in":5184000}"#;
    short.provider.answers(200, answer);
    short.log_in().await;
    let (token, lines) = short.session(&[("cache-control", "private")]).await;
    assert!(token.is_some() && lines.is_empty(), "nothing is new: {lines:?}");
    let mut long = short.restarted(lives(10));
    let (token, lines) = long.session(&[]).await;
    assert!(token.is_some());
    let max_age = format!("Max-Age={}", 10 * DAY);
    assert!(lines.iter().any(|(_, line)| line.ends_with(&max_age)), "{lines:?}");
    long.clock.advance(9 * DAY);
    assert!(long.is_logged_in().await, "the store was told as well");
}
