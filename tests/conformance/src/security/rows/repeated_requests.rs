//! Row V-11: a signed request that comes again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::{Response, send};
use crate::harness::{Adapter, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ig_oauth_common::Timestamp;
use ig_oauth_common::hooks::{DataDeletion, Deauthorization, DeletionStatus, HookError, Hooks};
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::security::site::Site;
use crate::security::switched_store::SwitchedStore;

const DEAUTHORIZE: &str = "/auth/instagram/deauthorize";
const DELETION: &str = "/auth/instagram/data-deletion";
const COOKIE_SECRET: &str = "an obviously fake cookie secret for tests";
const NOW: u64 = 1_800_000_000;

/// The hooks' calls: which hook, and whether the request covers half a minute into the future.
#[derive(Clone)]
struct Told {
    calls: Arc<Mutex<Vec<(&'static str, bool)>>>,
    fails: Arc<Mutex<bool>>,
    /// Each call takes one.
    turns: Arc<Semaphore>,
}

impl Told {
    fn new() -> Self {
        let turns = Arc::new(Semaphore::new(1_000));
        Self { calls: Arc::default(), fails: Arc::default(), turns }
    }

    fn take(&self) -> Vec<(&'static str, bool)> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    async fn note(&self, call: (&'static str, bool)) -> Result<(), HookError> {
        self.calls.lock().unwrap().push(call);
        self.turns.acquire().await.unwrap().forget();
        if *self.fails.lock().unwrap() { Err(HookError::new("no")) } else { Ok(()) }
    }
}

impl Hooks for Told {
    async fn on_deauthorize(&self, told: Deauthorization) -> Result<(), HookError> {
        let reaches = told.request.covers(Timestamp::from_unix_seconds(NOW + 30));
        self.note(("removal", reaches)).await
    }

    async fn on_data_deletion(&self, told: DataDeletion) -> Result<DeletionStatus, HookError> {
        let reaches = told.request.covers(Timestamp::from_unix_seconds(NOW + 30));
        self.note(("deletion", reaches)).await?;
        Ok(DeletionStatus::Done)
    }
}

fn signed(site: &Site, user: &str, issued_at: u64) -> String {
    let payload =
        format!(r#"{{"algorithm":"HMAC-SHA256","issued_at":{issued_at},"user_id":"{user}"}}"#);
    let payload = URL_SAFE_NO_PAD.encode(payload);
    let secret = site.app.provider.client_secret();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

async fn post(site: &Site, path: &str, request: &str) -> Response {
    let body = format!("signed_request={request}");
    let headers = [
        ("host", site.app.address().to_owned()),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes()));
    send(site.app.address(), "POST", path, &headers, body.as_bytes()).await
}

async fn site(adapter: &impl Adapter, told: &Told, has_store: bool) -> Site {
    let hooks = told.clone();
    let settings = Settings::new().configure(move |builder| {
        let builder = builder.platform_callbacks().hooks(hooks).cookie_secrets([COOKIE_SECRET]);
        if has_store { builder.store(SwitchedStore::new()) } else { builder }
    });
    Site::with(adapter, settings).await
}

pub async fn v_11_a_signed_request_acts_once_at_each_callback(adapter: &impl Adapter) {
    for has_store in [true, false] {
        let told = Told::new();
        let site = site(adapter, &told, has_store).await;
        for (user, first, second, names) in [
            ("71", DEAUTHORIZE, DELETION, ["removal", "deletion"]),
            ("72", DELETION, DEAUTHORIZE, ["deletion", "removal"]),
        ] {
            let request = signed(&site, user, NOW);
            // A request whose hook failed calls the hook again, with everything that it covers.
            *told.fails.lock().unwrap() = true;
            assert_eq!(post(&site, first, &request).await.status, 500);
            *told.fails.lock().unwrap() = false;
            let answers = [post(&site, first, &request).await, post(&site, first, &request).await];
            assert_eq!((answers[0].status, answers[0].text()), (200, answers[1].text()));
            assert_eq!(told.take(), [(names[0], true), (names[0], true)], "store: {has_store}");
            // A removal and a deletion within one second are the same text: both act, and the later
            // one reaches nothing newer than itself.
            for _ in 0..2 {
                assert_eq!(post(&site, second, &request).await.status, 200);
            }
            assert_eq!(told.take(), [(names[1], false)], "store: {has_store}");
            for path in [first, second, first] {
                assert_eq!(post(&site, path, &request).await.status, 200);
            }
            assert_eq!(told.take(), []);
            // Another request of the same user is another one.
            let later = signed(&site, user, NOW + 1);
            assert_eq!(post(&site, first, &later).await.status, 200);
            assert_eq!(told.take(), [(names[0], true)]);
        }
    }
}

pub async fn v_11_a_repeat_waits_for_the_first_and_answers_alike(adapter: &impl Adapter) {
    for has_store in [true, false] {
        let told = Told::new();
        let site = site(adapter, &told, has_store).await;
        for path in [DEAUTHORIZE, DELETION] {
            told.turns.forget_permits(1_000);
            let request = signed(&site, "7", NOW);
            let (first, repeat, ()) =
                tokio::join!(post(&site, path, &request), post(&site, path, &request), async {
                    while told.calls.lock().unwrap().is_empty() {
                        tokio::task::yield_now().await;
                    }
                    assert_eq!(site.get("/plain", "").await.text(), "plain");
                    told.turns.add_permits(1_000);
                },);
            assert_eq!((first.status, first.text()), (200, repeat.text()), "{path}");
            assert_eq!(repeat.status, 200);
            assert_eq!(told.take().len(), 1, "{path}, store: {has_store}");
        }
    }
}

pub async fn v_11_a_repeat_does_not_undo_a_newer_connection(adapter: &impl Adapter) {
    let told = Told::new();
    let site = site(adapter, &told, true).await;
    let user = site.app.user_id();
    let (removal, deletion) = (signed(&site, &user, NOW), signed(&site, &user, NOW - 1));
    let before = site.log_in().await;
    assert_eq!(post(&site, DEAUTHORIZE, &removal).await.status, 200);
    assert_eq!(site.get("/me", &before).await.status, 401);
    // Within the minute by which clocks may differ.
    site.app.advance(Duration::from_secs(30));
    let again = site.log_in().await;
    for path in [DEAUTHORIZE, DELETION] {
        assert_eq!(post(&site, path, &removal).await.status, 200);
        assert_eq!(site.get("/me", &again).await.status, 200, "{path}");
    }
    // A request of its own reaches as far as clocks may differ.
    assert_eq!(post(&site, DELETION, &deletion).await.status, 200);
    assert_eq!(site.get("/me", &again).await.status, 401);
}
