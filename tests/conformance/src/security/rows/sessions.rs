//! Section 9: sessions, stored tokens and keys; and the fixation of sessions from section 3.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::browser::Response;
use crate::harness::{Adapter, Sessions, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ig_oauth_common::hooks::{HookError, Hooks};
use ig_oauth_common::store::{AccountPage, MemoryStore, Store as _};
use ig_oauth_common::{Config, LongLived, Timestamp, UserId};
use ig_oauth_fake_instagram::TokenShape;

use crate::security::site::{LOGIN, LOGOUT, Site, is_ok, session_cookie};
use crate::security::switched_store::SwitchedStore;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECRET: &str = "an obviously fake cookie secret for tests";
const NEW_SECRET: &str = "another obviously fake cookie secret";
const BOTH: [Sessions; 2] = [Sessions::Cookie, Sessions::Store];

/// Refuses sessions that started before a moment, as an app does that logs a user out everywhere.
#[derive(Clone, Default)]
struct StartedSince(Arc<AtomicU64>);

impl Hooks for StartedSince {
    async fn accepts(&self, _: &UserId, session_started_at: Timestamp) -> Result<bool, HookError> {
        let since = self.0.load(Ordering::SeqCst);
        Ok(session_started_at.unix_seconds() >= since)
    }
}

fn value(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().1
}

fn name(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().0
}

/// Not logged in: 401, and the handler did not run.
async fn is_nobody(site: &Site, cookies: &str) -> Response {
    let answer = site.get("/me", cookies).await;
    assert_eq!(answer.status, 401, "{}", answer.describe());
    assert!(answer.text().contains("login_required"));
    assert_eq!(site.get("/", cookies).await.text(), "anonymous");
    answer
}

fn removes(answer: &Response, cookie: &str) -> bool {
    let gone = format!("{}=;", name(cookie));
    answer.all("set-cookie").iter().any(|line| line.starts_with(&gone))
}

pub async fn k_16_a_planted_session_does_not_become_the_users(adapter: &impl Adapter) {
    // Store mode: the planted session, valid or not, is not the one after the login, and ends.
    let site = Site::with(adapter, Settings::new().sessions(Sessions::Store)).await;
    let valid = site.log_in().await;
    let invented = format!("{}={}", name(&valid), URL_SAFE_NO_PAD.encode([7; 32]));
    for planted in [&valid, &invented] {
        let attempt = site.start("").await;
        let query = format!("code={}&state={}", site.code(), attempt.state);
        let answer = site.call_back(&query, &format!("{planted}; {}", attempt.cookie())).await;
        is_ok(&answer);
        let fresh = session_cookie(&answer).unwrap();
        assert_ne!(value(&fresh), value(planted));
        is_nobody(&site, planted).await;
        assert_eq!(site.get("/me", &fresh).await.status, 200);
    }
    // Cookie mode: a new value too; the old one ends where the app refuses what started before.
    let since = StartedSince::default();
    let hooks = since.clone();
    let site = Site::with(adapter, Settings::new().configure(|builder| builder.hooks(hooks))).await;
    let planted = site.log_in().await;
    site.app.advance(Duration::from_secs(60));
    let attempt = site.start("").await;
    let query = format!("code={}&state={}", site.code(), attempt.state);
    let answer = site.call_back(&query, &format!("{planted}; {}", attempt.cookie())).await;
    let fresh = session_cookie(&answer).unwrap();
    assert_ne!(value(&fresh), value(&planted));
    since.0.store(1_800_000_060, Ordering::SeqCst);
    let answer = is_nobody(&site, &planted).await;
    assert!(removes(&answer, &planted));
    assert_eq!(site.get("/me", &fresh).await.status, 200);
}

pub async fn n_01_no_cookie_says_anything(adapter: &impl Adapter) {
    for sessions in BOTH {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let session = site.log_in().await;
        let bytes = URL_SAFE_NO_PAD.decode(value(&session)).unwrap();
        let mut secrets = site.app.provider.issued_tokens();
        secrets.extend([site.app.user_id(), "instagram_business_basic".to_owned()]);
        assert!(secrets.len() >= 3);
        for secret in secrets {
            let holds = |bytes: &[u8]| {
                bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
            };
            assert!(!holds(session.as_bytes()) && !holds(&bytes), "{secret}");
        }
    }
}

pub async fn n_02_a_tampered_session_is_none_and_goes(adapter: &impl Adapter) {
    for sessions in BOTH {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let session = site.log_in().await;
        let bytes = URL_SAFE_NO_PAD.decode(value(&session)).unwrap();
        let (left, right) = bytes.split_at(bytes.len() / 2);
        let mut tampered: Vec<Vec<u8>> =
            vec![[right, left].concat(), [&bytes[..], b"x"].concat(), left.to_vec(), Vec::new()];
        for position in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1;
            tampered.push(flipped);
        }
        for bytes in tampered {
            let cookie = format!("{}={}", name(&session), URL_SAFE_NO_PAD.encode(&bytes));
            let answer = is_nobody(&site, &cookie).await;
            // Of another version or key it may be another instance's, and stays.
            let ours = bytes.first() == Some(&1) && bytes.get(1..5).is_some();
            if sessions == Sessions::Store
                || ours && bytes[1..5] == URL_SAFE_NO_PAD.decode(value(&session)).unwrap()[1..5]
            {
                assert!(removes(&answer, &session), "{}", answer.describe());
            }
        }
        for text in ["", "=", "%", "a b", "AAAA", "\u{e9}", &"A".repeat(5000)] {
            is_nobody(&site, &format!("{}={text}", name(&session))).await;
        }
        assert_eq!(site.get("/me", &session).await.status, 200, "the true one still works");
    }
}

pub async fn n_03_an_expired_session_is_none_however_long_it_is_kept(adapter: &impl Adapter) {
    let second = Duration::from_secs(1);
    for sessions in BOTH {
        // Idle, absolute, and the one-hour token's own end.
        let long_idle = Settings::new()
            .sessions(sessions)
            .configure(|builder| builder.idle_lifetime(90 * DAY).session_lifetime(50 * DAY));
        let short = Settings::new()
            .sessions(sessions)
            .configure(|builder| builder.long_lived(LongLived::Off));
        for (settings, life) in [
            (Settings::new().sessions(sessions), 14 * DAY),
            (long_idle, 50 * DAY),
            (short, Duration::from_secs(60 * 60)),
        ] {
            let site = Site::with(adapter, settings).await;
            let session = site.log_in().await;
            site.app.advance(life - second);
            // `/plain` asks for no session, so it counts as no visit.
            assert_eq!(site.get("/plain", &session).await.status, 200);
            site.app.advance(second);
            is_nobody(&site, &session).await;
        }
        // A visit in time prolongs the idle life, and never the absolute one.
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let mut session = site.log_in().await;
        for _ in 0..5 {
            site.app.advance(10 * DAY);
            let answer = site.get("/me", &session).await;
            assert_eq!(answer.status, 200);
            session = session_cookie(&answer).unwrap_or(session);
        }
        site.app.advance(10 * DAY);
        is_nobody(&site, &session).await;
    }
}

pub async fn n_04_a_session_that_was_logged_out_does_not_come_back(adapter: &impl Adapter) {
    let site = Site::with(adapter, Settings::new().sessions(Sessions::Store)).await;
    let session = site.log_in().await;
    let answer = site.send("POST", LOGOUT, &[("cookie", &session)]).await;
    assert!(removes(&answer, &session));
    is_nobody(&site, &session).await;

    let since = StartedSince::default();
    let hooks = since.clone();
    let site = Site::with(adapter, Settings::new().configure(|builder| builder.hooks(hooks))).await;
    let session = site.log_in().await;
    let other = site.log_in().await;
    let answer = site.send("POST", LOGOUT, &[("cookie", &session)]).await;
    assert!(removes(&answer, &session));
    // A cookie has no record to delete: the app's own memory of the moment ends all of them.
    site.app.advance(Duration::from_secs(1));
    since.0.store(1_800_000_001, Ordering::SeqCst);
    is_nobody(&site, &session).await;
    is_nobody(&site, &other).await;
    let fresh = site.log_in().await;
    assert_eq!(site.get("/me", &fresh).await.status, 200);
}

pub async fn n_05_session_ids_cannot_be_guessed(adapter: &impl Adapter) {
    let site = Site::with(adapter, Settings::new().sessions(Sessions::Store)).await;
    let session = site.log_in().await;
    let id = URL_SAFE_NO_PAD.decode(value(&session)).unwrap();
    assert_eq!(id.len(), 32, "256 bits");
    let second = URL_SAFE_NO_PAD.decode(value(&site.log_in().await)).unwrap();
    let alike = id.iter().zip(&second).filter(|(one, other)| one == other).count();
    assert!(alike < 8, "nothing of the user is in it: {alike} bytes alike");
    // Every neighbour of a true id, and others.
    for bit in 0..256 {
        let mut guess = id.clone();
        guess[bit / 8] ^= 1 << (bit % 8);
        let cookie = format!("{}={}", name(&session), URL_SAFE_NO_PAD.encode(guess));
        assert_eq!(site.get("/me", &cookie).await.status, 401);
    }
    for guess in [site.app.user_id(), "1".to_owned(), URL_SAFE_NO_PAD.encode([0; 32])] {
        let cookie = format!("{}={guess}", name(&session));
        assert_eq!(site.get("/me", &cookie).await.status, 401);
    }
}

/// A hundred thousand of them are counted in-process, by
/// `a_hundred_thousand_seals_never_repeat_a_nonce`.
pub async fn n_06_equal_sessions_look_different(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    site.app.provider.set_token_shape(TokenShape::Verbatim(
        r#"{"access_token":"always-the-same","user_id":{user_id}}"#.to_owned(),
    ));
    let mut nonces = std::collections::BTreeSet::new();
    let mut values = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let session = site.log_in().await;
        let bytes = URL_SAFE_NO_PAD.decode(value(&session)).unwrap();
        values.insert(bytes.clone());
        // version, key id of four bytes, nonce of twelve
        nonces.insert(bytes[5..17].to_vec());
    }
    assert_eq!((nonces.len(), values.len()), (100, 100));
}

pub async fn n_07_keys_rotate_without_logging_anybody_out(adapter: &impl Adapter) {
    for sessions in BOTH {
        let store = Arc::new(MemoryStore::new());
        let with = |secrets: &'static [&'static str]| {
            let store = Arc::clone(&store);
            Settings::new().configure(move |builder| {
                let builder = builder.cookie_secrets(secrets);
                if sessions == Sessions::Store { builder.shared_store(store) } else { builder }
            })
        };
        let old = Site::with(adapter, with(&[SECRET])).await;
        let session = old.log_in().await;
        let attempt = old.start("").await;

        let both = Site::with(adapter, with(&[NEW_SECRET, SECRET])).await;
        is_ok(&both.finish(&attempt).await);
        let answer = both.get("/me", &session).await;
        assert_eq!(answer.status, 200);
        let renewed = session_cookie(&answer).unwrap_or_else(|| session.clone());
        assert_eq!(renewed != session, sessions == Sessions::Cookie, "sealed by the new key");

        let new = Site::with(adapter, with(&[NEW_SECRET])).await;
        assert_eq!(new.get("/me", &renewed).await.status, 200, "{sessions:?}");
        if sessions == Sessions::Cookie {
            is_nobody(&new, &session).await;
        }
        let attempt = old.start("").await;
        crate::security::site::is_refused(&new.finish(&attempt).await, "invalid_state");
        let fresh = new.log_in().await;
        assert_eq!(new.get("/me", &fresh).await.status, 200);
    }
}

pub async fn n_08_an_unknown_version_or_key_opens_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let session = site.log_in().await;
    let bytes = URL_SAFE_NO_PAD.decode(value(&session)).unwrap();
    let mut forged = Vec::new();
    for version in [0, 2, 127, 128, 255] {
        let mut bytes = bytes.clone();
        bytes[0] = version;
        forged.push(bytes);
    }
    for key_id in [[0; 4], [255; 4], [0, 0, 0, 1]] {
        let mut bytes = bytes.clone();
        bytes[1..5].copy_from_slice(&key_id);
        forged.push(bytes);
    }
    // Without key id, or without the head at all.
    forged.push([&bytes[..1], &bytes[5..]].concat());
    forged.push(bytes[5..].to_vec());
    forged.push(bytes[..5].to_vec());
    for bytes in forged {
        let cookie = format!("{}={}", name(&session), URL_SAFE_NO_PAD.encode(bytes));
        is_nobody(&site, &cookie).await;
        // It hides no true session beside it.
        let both = format!("{cookie}; {session}");
        assert_eq!(site.get("/me", &both).await.status, 200);
    }
    // Another instance may have the key: the cookie is left for it, and one that is broken goes.
    for sessions in BOTH {
        let store = Arc::new(MemoryStore::new());
        let with = |secret: &'static str| {
            let store = Arc::clone(&store);
            Settings::new().configure(move |builder| {
                let builder = builder.cookie_secrets([secret]);
                if sessions == Sessions::Store { builder.shared_store(store) } else { builder }
            })
        };
        let site = Site::with(adapter, with(SECRET)).await;
        let session = site.log_in().await;
        let other = Site::with(adapter, with(NEW_SECRET)).await;
        let answer = is_nobody(&other, &session).await;
        assert!(!removes(&answer, &session), "{sessions:?}: {}", answer.describe());
        assert_eq!(site.get("/me", &session).await.status, 200, "{sessions:?}");
        if sessions == Sessions::Cookie {
            continue;
        }
        let client_id = site.app.provider.client_id();
        let user = site.app.user_id().parse::<UserId>().unwrap();
        let [kept] =
            <[_; 1]>::try_from(store.accounts_known_by(client_id, &user).await.unwrap()).unwrap();
        let end = kept.sealed_token.len() - 1;
        for (place, is_ours) in [(0, false), (1, false), (5, true), (17, true), (end, true)] {
            let mut changed = kept.clone();
            changed.sealed_token[place] ^= 1;
            store.put_account(changed, None).await.unwrap();
            let answer = is_nobody(&site, &session).await;
            assert_eq!(removes(&answer, &session), is_ours, "byte {place}");
        }
    }
}

#[allow(clippy::unused_async, reason = "as all rows")]
pub async fn n_09_weak_secrets_are_no_secrets(_: &impl Adapter) {
    let readme = "0123456789abcdef0123456789abcdef";
    for secret in [
        "",
        "x",
        "secret",
        "changeme",
        &"x".repeat(31),
        &"a".repeat(64),
        &"ab".repeat(32),
        readme,
        " leading white space in a long enough secret",
        "a line end after a long enough cookie secret\n",
        &"00".repeat(32),
        &"correct horse".repeat(5),
    ] {
        let config = Config::builder("1", "fake app secret", "https://app.example/callback");
        let error = config.cookie_secrets([secret]).build().unwrap_err();
        assert_eq!(error.field(), "cookie_secrets", "{secret:?}");
        assert!(secret.len() < 8 || !format!("{error} {error:?}").contains(secret));
    }
    let config = Config::builder("1", "fake app secret", "https://app.example/callback");
    assert!(config.cookie_secrets([SECRET]).build().is_ok());
}

pub async fn n_10_every_key_has_one_purpose(adapter: &impl Adapter) {
    let store = SwitchedStore::new();
    let kept = store.clone();
    let settings =
        Settings::new().configure(|builder| builder.store(store).cookie_secrets([SECRET]));
    let stores = Site::with(adapter, settings).await;
    let settings = Settings::new().configure(|builder| builder.cookie_secrets([SECRET]));
    let cookies = Site::with(adapter, settings).await;
    let session = cookies.log_in().await;
    let id = stores.log_in().await;
    let attempt = cookies.start("").await;
    let account =
        kept.accounts(AccountPage::new(stores.app.provider.client_id(), 1)).await.unwrap();
    let sealed = URL_SAFE_NO_PAD.encode(&account[0].sealed_token);
    // The sealed record of a store is no session cookie, nor is an attempt, nor the other way round.
    for foreign in [sealed.as_str(), &attempt.value, value(&id)] {
        is_nobody(&cookies, &format!("{}={foreign}", name(&session))).await;
    }
    for foreign in [sealed.as_str(), &attempt.value, value(&session)] {
        is_nobody(&stores, &format!("{}={foreign}", name(&id))).await;
    }
    for foreign in [sealed.as_str(), value(&session), value(&id)] {
        let query = format!("code={}&state={}", cookies.code(), attempt.state);
        let answer = cookies.call_back(&query, &format!("{}={foreign}", attempt.name)).await;
        crate::security::site::is_refused(&answer, "invalid_state");
        let login = cookies.get(&format!("{LOGIN}?options={foreign}"), "").await;
        assert_eq!(login.status, 200, "the page with one button, without the options");
    }
}

pub async fn n_11_nothing_fails_open(adapter: &impl Adapter) {
    let uri = "https://app.example/callback";
    for (config, field) in [
        (Config::builder("1", "", uri), "client_secret"),
        (Config::builder("", "fake app secret", uri), "client_id"),
        (Config::builder("1", "fake app secret", uri), "cookie_secrets"),
        (Config::builder("1", "fake app secret", uri).store(MemoryStore::new()), "cookie_secrets"),
    ] {
        assert_eq!(config.build().unwrap_err().field(), field);
    }
    let store = SwitchedStore::new();
    let switch = store.clone();
    let settings =
        Settings::new().configure(|builder| builder.store(store).cookie_secrets([SECRET]));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    let attempt = site.start("").await;
    assert_eq!(site.get("/strict", "").await.text(), "members only");
    assert_eq!(site.get("/strict", &session).await.text(), "strict");
    switch.set_off(true);
    for target in ["/", "/me", "/page/x", "/strict"] {
        let answer = site.get(target, &session).await;
        assert_eq!(answer.status, 503, "{target}: {}", answer.describe());
        let marked = answer.header("x-inside").is_some();
        assert!(marked || target == "/strict", "{target}: the app's middlewares have their say");
        assert!(answer.text().contains("store_unavailable"), "{target}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.all("set-cookie").is_empty(), "the cookie stays");
    }
    let option = site.get("/option", &session).await;
    if adapter.option_keeps_failures() {
        assert_eq!(option.status, 503, "{}", option.describe());
        assert!(option.text().contains("store_unavailable"), "{}", option.describe());
    } else {
        assert_eq!((option.status, &*option.text()), (200, "none"));
    }
    let answer = site.get("/maintained", &session).await;
    assert_eq!((answer.status, &*answer.text()), (200, "under repair"), "the app decides");
    let answer = site.finish(&attempt).await;
    assert_eq!((answer.status, session_cookie(&answer)), (503, None));
    // Who has no session, and what needs none, is not in its way.
    let calls = switch.calls();
    assert_eq!(site.get("/", "").await.text(), "anonymous");
    assert_eq!(site.get("/plain", &session).await.text(), "plain");
    assert_eq!(site.start("").await.state.len(), 43);
    assert_eq!(switch.calls(), calls, "nobody asked the store");
    let answer = site.send("POST", LOGOUT, &[("cookie", &session)]).await;
    assert_eq!(answer.status, 503);
    assert!(removes(&answer, &session), "the browser forgets it in any case");
    switch.set_off(false);
    assert_eq!(site.get("/me", &session).await.status, 200, "no restart is needed");
}

pub async fn n_12_only_our_own_cookie_makes_a_user(adapter: &impl Adapter) {
    for sessions in BOTH {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let session = site.log_in().await;
        let user = site.app.user_id();
        let bearer = format!("Bearer {}", site.app.provider.issued_tokens()[0]);
        for (header, text) in [
            ("authorization", bearer.as_str()),
            ("x-instagram-token", &bearer),
            ("x-user-id", &user),
            ("x-forwarded-user", &user),
            ("x-ig-session", value(&session)),
            ("set-cookie", &session),
            ("cookie2", &session),
            ("x-cookie", &session),
        ] {
            let answer = site.send("GET", "/me", &[(header, text)]).await;
            assert_eq!(answer.status, 401, "{header}");
            assert_eq!(site.send("GET", "/", &[(header, text)]).await.text(), "anonymous");
        }
        is_nobody(&site, "").await;
        is_nobody(&site, &format!("{}=x", name(&session))).await;
        // By another name it is another cookie.
        let upper = session.replacen("__Host-", "__HOST-", 1);
        let plain = session.replacen("__Host-", "", 1);
        for other in [upper.as_str(), &plain, &format!("x{session}")] {
            is_nobody(&site, other).await;
        }
        let page = site.send("GET", "/me", &[("sec-fetch-mode", "navigate")]).await;
        assert_eq!(page.status, 303, "a navigation is led to the login");
        site.app.advance(15 * DAY);
        is_nobody(&site, &session).await;
    }
}

pub async fn n_13_chunks_are_not_put_together(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let session = site.log_in().await;
    let (name, value) = session.split_once('=').unwrap();
    let (left, right) = value.split_at(value.len() / 2);
    for cookies in [
        format!("{name}.0={left}; {name}.1={right}"),
        format!("{name}.0={value}"),
        format!("{name}0={left}; {name}1={right}"),
        format!("{name}={left}; {name}.1={right}"),
        (0..40).map(|index| format!("{name}.{index}={left}; ")).collect::<String>()
            + &format!("{name}.99999={right}"),
    ] {
        is_nobody(&site, &cookies).await;
    }
}

pub async fn n_15_a_user_is_an_id_and_not_a_name(adapter: &impl Adapter) {
    let store = SwitchedStore::new();
    let kept = store.clone();
    let settings = Settings::new()
        .configure(|builder| builder.store(store).cookie_secrets([SECRET]).fetch_profile(true));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    let before = site.get("/", &session).await.text();
    let id = site.app.provider.accounts()[0].user_id();
    site.app.provider.rename(id, "another.user.name");
    let again = site.log_in().await;
    assert_eq!(site.get("/", &again).await.text(), before);
    assert_eq!(before, id.to_string());
    let client_id = site.app.provider.client_id();
    let accounts = kept.accounts(AccountPage::new(client_id, 10)).await.unwrap();
    assert_eq!(accounts.len(), 1, "the same account");
    // Both kinds of ids lead to the account, and remain distinct.
    let professional = accounts[0].further_ids.clone();
    assert_eq!((accounts[0].key.user_id().clone(), professional.len()), (UserId::from(id), 1));
    let found = kept.accounts_known_by(client_id, &professional[0]).await.unwrap();
    assert_eq!(found.len(), 1);
}

pub async fn n_16_another_account_is_another_session_and_nothing_is_merged(adapter: &impl Adapter) {
    for sessions in BOTH {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let first = site.log_in().await;
        let me = site.get("/me", &first).await.json();
        let other = site.app.provider.accounts()[1].user_id();
        let attempt = site.start("").await;
        let code = site.app.provider.issue_code_for(
            other,
            crate::security::site::REDIRECT_URI,
            "instagram_business_basic,instagram_business_manage_comments",
        );
        let query = format!("code={code}&state={}", attempt.state);
        let answer = site.call_back(&query, &format!("{first}; {}", attempt.cookie())).await;
        is_ok(&answer);
        let second = session_cookie(&answer).unwrap();
        let mine = site.get("/me", &second).await.json();
        assert_eq!(mine["user_id"], other.to_string());
        assert_ne!(mine["scopes"], me["scopes"], "the scopes are the new user's alone");
        if sessions == Sessions::Store {
            is_nobody(&site, &first).await;
        }
    }
}
