//! Section V: what a provider that hangs may cost, and what is claimed for all instances.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::{Response, send};
use crate::harness::{Adapter, App, Serving, Settings};
use ig_oauth_common::http::Clock;
use ig_oauth_common::{Api, Config, ConfigBuilder, LongLived, Timestamp};
use ig_oauth_fake_instagram::Endpoint;

use crate::security::faults::is_unavailable;
use crate::security::log;
use crate::security::site::{Attempt, CALLBACK, LOGIN, REDIRECT_URI, Site, is_ok};
use crate::security::switched_store::SwitchedStore;

/// The clock of every app under test, as the harness sets it.
const NOW: u64 = 1_800_000_000;
const COOKIE_SECRET: &str = "an obviously fake cookie secret for tests";
/// What a browser says of a visit.
const VISIT: [(&str, &str); 3] =
    [("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// An app with so many places for exchanges, each of which is one call to the provider.
fn places(places: usize) -> Settings {
    Settings::new().configure(move |builder| {
        builder.max_concurrent_exchanges(places).long_lived(LongLived::Off).failure_url("/plain")
    })
}

/// Until so many exchanges have reached the provider.
async fn exchanging(site: &Site, exchanges: usize) {
    while site.exchanges() < exchanges {
        tokio::task::yield_now().await;
    }
}

/// A refusal that leaves everything as it was: its callback may come again.
fn is_busy(answer: &Response) {
    is_unavailable(answer);
    assert_eq!(answer.header("location"), None, "answered in place: {}", answer.describe());
    assert_eq!(answer.all("set-cookie"), [""; 0], "the attempt's cookie is kept");
}

pub async fn v_01_exchanges_are_bounded_and_who_finds_no_place_loses_nothing(
    adapter: &impl Adapter,
) {
    let site = Site::with(adapter, places(2)).await;
    let held = site.app.provider.hold(Endpoint::CodeExchange);
    let (one, two) = (site.start("").await, site.start("").await);
    let third = site.start("?return_to=/page/x").await;
    let query = format!("code={}&state={}", site.code(), third.state);
    let mut logins = pin!(async { tokio::join!(site.finish(&one), site.finish(&two)) });
    let others = async {
        exchanging(&site, 2).await;
        let cookie = third.cookie();
        let visit = [&VISIT[..], &[("cookie", cookie.as_str())]].concat();
        let page = site.send("GET", &format!("{CALLBACK}?{query}"), &visit).await;
        is_busy(&page);
        assert!(page.text().contains("href=\"\""), "it reloads this callback: {}", page.text());
        is_busy(&site.call_back(&query, &cookie).await);
        // What exchanges no code needs no place.
        let cancelled = site.start("").await;
        let error = format!("error=access_denied&state={}", cancelled.state);
        let answer = site.call_back(&error, &cancelled.cookie()).await;
        assert_eq!(answer.status, 403, "{}", answer.describe());
        assert_eq!(site.get("/plain", "").await.text(), "plain");
        assert_eq!(site.exchanges(), 2, "and the provider hears of none of them");
    };
    tokio::select! {
        _ = &mut logins => panic!("no answer before the provider's"),
        () = others => {}
    }
    // Nor does a second caller of a callback that is under way: it shares the answer.
    let again = async {
        let mut again = pin!(site.finish(&one));
        // Longer than any callback waits for a place.
        let wait = tokio::time::timeout(Duration::from_millis(400), &mut again).await;
        assert!(wait.is_err(), "it waits with the first");
        drop(held);
        again.await
    };
    let (logins, again) = tokio::join!(&mut logins, again);
    for answer in [&logins.0, &logins.1, &again] {
        is_ok(answer);
    }
    let reloaded = site.call_back(&query, &third.cookie()).await;
    is_ok(&reloaded);
    assert_eq!(reloaded.location(), "/page/x#");
    assert_eq!(site.exchanges(), 3);
}

pub async fn v_01_a_refresh_without_a_place_is_put_off(adapter: &impl Adapter) {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let settings = Settings::new().configure(|builder| {
        let wait = Duration::from_secs(10);
        builder.max_concurrent_exchanges(1).refresh_ahead(59 * DAY).refresh_wait(wait)
    });
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    site.app.advance(2 * DAY);
    let held = site.app.provider.hold(Endpoint::CodeExchange);
    let attempt = site.start("").await;
    let mut login = pin!(site.finish(&attempt));
    let others = async {
        exchanging(&site, 2).await;
        assert_eq!(site.get("/me", &session).await.status, 200, "the old token goes on");
        assert_eq!(site.app.provider.count(Endpoint::Refresh), 0);
    };
    tokio::select! {
        _ = &mut login => panic!("no answer before the provider's"),
        () = others => {}
    }
    drop(held);
    is_ok(&login.await);
    // It counts as no failure, so nothing is waited for now.
    assert_eq!(site.get("/me", &session).await.status, 200);
    assert_eq!(site.app.provider.count(Endpoint::Refresh), 1);
}

/// A server of its own for the same app, as another worker has one.
struct Worker {
    address: String,
    _serving: Serving,
}

impl Worker {
    fn start(adapter: &impl Adapter, config: Config) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self { address, _serving: adapter.serve(config, listener) }
    }

    async fn call_back(&self, query: &str, cookies: &str) -> Response {
        let headers = [("host", self.address.clone()), ("cookie", cookies.to_owned())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes()));
        send(&self.address, "GET", &format!("{CALLBACK}?{query}"), &headers, b"").await
    }
}

pub async fn v_01_clones_of_one_configuration_share_states_and_places(adapter: &impl Adapter) {
    let shared = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&shared);
    let serve = |config: Config, listener| {
        *keep.lock().unwrap() = Some(config.clone());
        adapter.serve(config, listener)
    };
    let app = App::start_by(serve, places(1).redirect_uri(REDIRECT_URI)).await;
    let site = Site { app };
    let other = Worker::start(adapter, shared.lock().unwrap().take().unwrap());
    let (first, second) = (site.start("").await, site.start("").await);
    let query = |attempt: &Attempt| format!("code={}&state={}", site.code(), attempt.state);
    let held = site.app.provider.hold(Endpoint::CodeExchange);
    let mut login = pin!(site.finish(&first));
    let others = async {
        exchanging(&site, 1).await;
        is_busy(&other.call_back(&query(&second), &second.cookie()).await);
    };
    tokio::select! {
        _ = &mut login => panic!("no answer before the provider's"),
        () = others => {}
    }
    drop(held);
    is_ok(&login.await);
    let replay = other.call_back(&query(&first), &first.cookie()).await;
    assert_ne!(replay.status, 503, "{}", replay.describe());
    assert_eq!(crate::security::site::session_cookie(&replay), None);
    assert_eq!(site.exchanges(), 1, "the state is consumed for all of them");
    is_ok(&other.call_back(&query(&second), &second.cookie()).await);
}

pub async fn v_02_only_a_code_is_claimed_and_no_longer_than_its_attempt_lives(
    adapter: &impl Adapter,
) {
    let store = SwitchedStore::new();
    let kept = store.clone();
    let settings =
        Settings::new().configure(|builder| builder.store(kept).cookie_secrets([COOKIE_SECRET]));
    let site = Site::with(adapter, settings).await;
    for error in ["access_denied", "server_error", "temporarily_unavailable", "invalid_scope", "x"]
    {
        let attempt = site.start("").await;
        let query = format!("error={error}&state={}", attempt.state);
        let answer = site.call_back(&query, &attempt.cookie()).await;
        assert!(answer.status >= 400, "{}", answer.describe());
        assert_eq!(store.claims(), [], "{error}: no record is written");
        // It is consumed all the same.
        let answer = site.finish(&attempt).await;
        assert_eq!(crate::security::site::session_cookie(&answer), None);
        assert_eq!(site.exchanges(), 0);
    }
    site.log_in().await;
    let claims = store.claims();
    let [claim] = &claims[..] else { panic!("{claims:?}") };
    assert_eq!(claim.until, Timestamp::from_unix_seconds(NOW + 600 + 60));
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(NOW)
    }
}

/// Two instances of one app, which share what the store has and nothing else.
async fn two_instances(
    adapter: &impl Adapter,
    api: Api,
    store: Option<SwitchedStore>,
    linking: bool,
) -> (Site, Worker) {
    let configure = move |builder: ConfigBuilder| {
        let builder = builder.api(api).cookie_secrets([COOKIE_SECRET]).linking(linking);
        match store {
            Some(store) => builder.store(store),
            None => builder,
        }
    };
    let site = Site::with(adapter, Settings::new().api(api).configure(configure.clone())).await;
    let provider = &site.app.provider;
    let builder = Config::builder(provider.client_id(), provider.client_secret(), REDIRECT_URI)
        .authorize_url(provider.authorize_url())
        .token_url(provider.token_url())
        .graph_url(provider.graph_url())
        .clock(Standing);
    let other = Worker::start(adapter, configure(builder).build().unwrap());
    (site, other)
}

/// The lines that name this attempt by its id: warnings, which say no more of it.
fn warnings_about(attempt: &Attempt) -> Vec<String> {
    let id = &attempt.state[..8];
    let lines: Vec<_> = log::lines().into_iter().filter(|line| line.contains(id)).collect();
    for line in &lines {
        assert!(line.starts_with("WARN"), "{line}");
        assert!(!line.contains(&attempt.state), "the id alone: {line}");
    }
    lines
}

pub async fn v_14_a_callback_that_another_instance_had_leaves_one_warning(adapter: &impl Adapter) {
    log::capture();
    for (api, scopes, store) in [
        (Api::InstagramLogin, "instagram_business_basic", Some(SwitchedStore::new())),
        (Api::InstagramLogin, "instagram_business_basic", None),
        (Api::BasicDisplay, "user_profile", None),
    ] {
        let is_stored = store.is_some();
        let (site, other) = two_instances(adapter, api, store, false).await;
        let attempt = site.start("").await;
        let code = site.app.provider.issue_code(REDIRECT_URI, scopes);
        let query = format!("code={code}&state={}", attempt.state);
        is_ok(&site.call_back(&query, &attempt.cookie()).await);
        assert_eq!(warnings_about(&attempt), [""; 0], "store: {is_stored}: it ended well");
        let again = other.call_back(&query, &attempt.cookie()).await;
        assert_eq!(again.status, 400, "{}", again.describe());
        let warnings = warnings_about(&attempt);
        assert_eq!(warnings.len(), 1, "{api:?} {is_stored}: {warnings:?}");
        assert!(warnings[0].contains("another instance may have died"), "{warnings:?}");
    }
}

pub async fn v_14_so_does_a_linking_that_another_instance_had(adapter: &impl Adapter) {
    log::capture();
    let ann = [("cookie", "app_user=ann"), ("sec-fetch-site", "same-origin")];
    for store in [Some(SwitchedStore::new()), None] {
        let is_stored = store.is_some();
        let (site, other) = two_instances(adapter, Api::InstagramLogin, store, true).await;
        let start = site.send("POST", &format!("{LOGIN}?return_to=/page/accounts"), &ann).await;
        let attempt = crate::security::site::attempt(&start);
        let query = format!("code={}&state={}", site.code(), attempt.state);
        let cookies = format!("{}; app_user=ann", attempt.cookie());
        assert_eq!(site.call_back(&query, &cookies).await.location(), "/page/accounts#");
        let again = other.call_back(&query, &cookies).await;
        if is_stored {
            // The app's page shows what is connected: here it cannot be known.
            assert_eq!((again.status, again.location()), (303, "/page/accounts#"));
        } else {
            assert_eq!(again.status, 400, "{}", again.describe());
        }
        let warnings = warnings_about(&attempt);
        assert_eq!(warnings.len(), 1, "store: {is_stored}: {warnings:?}");
        // The same instance knows how it ended, and has nothing to warn of.
        assert_eq!(site.call_back(&query, &cookies).await.location(), "/page/accounts#");
        assert_eq!(warnings_about(&attempt).len(), 1);
    }
}

pub async fn v_14_a_code_that_was_not_spent_speaks_of_no_other_instance(adapter: &impl Adapter) {
    const TWO_HOURS: Duration = Duration::from_secs(2 * 60 * 60);
    log::capture();
    let (site, _) = two_instances(adapter, Api::InstagramLogin, None, false).await;
    let refused = async |code: &str, attempt: &Attempt| {
        let query = format!("code={code}&state={}", attempt.state);
        let answer = site.call_back(&query, &attempt.cookie()).await;
        assert_eq!(answer.status, 400, "{}", answer.describe());
        assert!(answer.text().contains("code_rejected"), "{}", answer.text());
    };
    // Made up; of another login; of another redirect URI.
    let elsewhere = "https://app.example/elsewhere";
    site.app.provider.register_redirect_uri(elsewhere);
    let other_uri = site.app.provider.issue_code(elsewhere, "instagram_business_basic");
    for code in ["x", "FAKECODE-x", &other_uri] {
        let attempt = site.start("").await;
        refused(code, &attempt).await;
        assert_eq!(warnings_about(&attempt), [""; 0], "{code}");
    }
    // Too old: by the provider's clock, since an attempt is over long before its code.
    let code = site.code();
    site.app.provider.advance(TWO_HOURS);
    let attempt = site.start("").await;
    refused(&code, &attempt).await;
    assert_eq!(warnings_about(&attempt), [""; 0], "too old");
}
