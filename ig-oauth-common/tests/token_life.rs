//! A token's life after the login: refreshed when due, shared, narrowed, delivered, and ended.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ig_oauth_common::hooks::{HookError, Hooks, Login, LoginDecision};
use ig_oauth_common::http::{HttpRequest, HttpResponse};
use ig_oauth_common::store::{MemoryStore, Store as _};
use ig_oauth_common::{ConfigBuilder, Lifetime, LongLived, UserId};
use support::issuer::{
    COOKIE_SECRET, DAY, Issuer, Mode, Sessions, USER, at_once, due, site, text, token,
};
use support::{Lines, Site, header};

type Change = fn(ConfigBuilder) -> ConfigBuilder;

#[tokio::test]
async fn a_weekly_visitor_never_logs_in_again_and_never_sees_an_error() {
    let year = Duration::from_secs(365 * DAY);
    for sessions in [Sessions::Cookie, Sessions::Store] {
        for (lifetime, ahead, weeks, refreshes) in [
            (None, 30, 8, 1),
            (Some(year), 30, 52, 10),
            // Refreshed at the last visit before the token's end: the session must outlive it.
            (Some(year), 10, 52, 6),
            (Some(year), 5, 52, 6),
        ] {
            let issuer = Issuer::new();
            let ahead = Duration::from_secs(ahead * DAY);
            let mut site = site(&issuer, sessions, |builder| match lifetime {
                None => builder.refresh_ahead(ahead),
                Some(lifetime) => builder.session_lifetime(lifetime).refresh_ahead(ahead),
            });
            site.log_in().await;
            for week in 1..=weeks {
                site.clock.advance(7 * DAY);
                let (token, _) = site.session(&[]).await;
                let token = token.unwrap_or_else(|| panic!("week {week}, {sessions:?} {ahead:?}"));
                let now =
                    ig_oauth_common::Timestamp::from_unix_seconds(support::START + week * 7 * DAY);
                assert!(token.remaining(now) > ahead, "week {week}");
                assert_eq!(token.lifetime(), Lifetime::LongLived);
            }
            assert_eq!(issuer.refreshes(), refreshes, "{sessions:?}, {weeks} weeks, {ahead:?}");
        }
    }
}

/// Each visit is over before the provider has answered, and the next one is a week later.
#[tokio::test]
async fn a_weekly_visitor_of_a_slow_provider_gets_each_new_token_a_week_later() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let issuer = Issuer::new();
        let mut site = site(&issuer, sessions, |builder| {
            builder.session_lifetime(Duration::from_secs(365 * DAY)).refresh_wait(Duration::ZERO)
        });
        issuer.set(Mode::Waits);
        site.log_in().await;
        for week in 1..=52 {
            site.clock.advance(7 * DAY);
            let before = issuer.refreshes();
            assert!(site.is_logged_in().await, "week {week}, {sessions:?}");
            // No permit is left for the next week, or its response would come immediately.
            issuer.gate.add_permits(issuer.refreshes() - before);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        assert!(issuer.refreshes() <= 10, "{sessions:?}: {} refreshes", issuer.refreshes());
    }
}

/// The first request renews the session's cookie, and is still under way when its user logs in anew.
#[tokio::test]
async fn a_late_renewal_does_not_take_the_place_of_a_new_session() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let issuer = Issuer::new();
        let mut site = site(&issuer, sessions, |builder| builder);
        site.log_in().await;
        site.clock.advance(2 * DAY);
        let lines = site.header_lines(&[]);
        let late = site.flow.attach(&Lines(&lines));
        assert!(late.token().await.unwrap().is_some());
        site.log_in().await;
        let renewed = late.finish(&Lines(&support::private()));
        assert!(renewed.is_empty(), "{sessions:?}: {renewed:?}");
        // One that is in time is sent.
        site.clock.advance(2 * DAY);
        let lines = site.session(&[]).await.1;
        assert!(lines.iter().any(|(name, _)| *name == "set-cookie"), "{sessions:?}: {lines:?}");
    }
}

/// The first request finds its session over, and is still under way when its user logs in.
#[tokio::test]
async fn a_late_removal_does_not_take_the_cookie_of_a_new_session() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        for is_late in [true, false] {
            let issuer = Issuer::new();
            let mut site = site(&issuer, sessions, |builder| builder);
            site.log_in().await;
            // A day more than the idle life.
            site.clock.advance(15 * DAY);
            let lines = site.header_lines(&[]);
            let request = site.flow.attach(&Lines(&lines));
            assert!(request.token().await.unwrap().is_none());
            if is_late {
                site.log_in().await;
            }
            let removed = request.finish(&Lines(&[]));
            assert_eq!(removed.is_empty(), is_late, "{sessions:?}: {removed:?}");
            // A browser that still sends the old cookie gets the removal.
            let old = site.flow.attach(&Lines(&lines));
            assert!(old.token().await.unwrap().is_none());
            assert!(!old.finish(&Lines(&[])).is_empty(), "{sessions:?}");
        }
    }
}

/// The old one fits, works, and is renewed like any other: no answer more carries a cookie for it.
#[tokio::test]
async fn a_new_token_that_no_cookie_holds_costs_the_requests_nothing() {
    let issuer = Issuer::new();
    let long: Vec<_> = (0..5).map(|index| format!("{}_{index}", "s".repeat(60))).collect();
    issuer.granted.lock().unwrap().push_str(&format!(",{}", long.join(",")));
    let mut site = due(&issuer, Sessions::Cookie).await;
    issuer.padding.store(2_000, Ordering::SeqCst);
    let is_renewed = |lines: &[(&str, String)]| lines.iter().any(|(name, _)| *name == "set-cookie");
    let (token, lines) = site.session(&[]).await;
    assert_eq!(token.as_ref().map(text), Some("FAKE-LONG-1"));
    assert!(is_renewed(&lines), "its own renewal was due: {lines:?}");
    for _ in 0..3 {
        let (token, lines) = site.session(&[("cache-control", "private")]).await;
        assert_eq!(token.as_ref().map(text), Some("FAKE-LONG-1"));
        assert!(lines.is_empty(), "{lines:?}");
    }
    // A tenth of the idle life later.
    site.clock.advance(6 * DAY);
    assert!(is_renewed(&site.session(&[]).await.1));
    assert_eq!(issuer.refreshes(), 1);
}

#[tokio::test]
async fn one_who_stays_away_is_asked_to_log_in_calmly() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let issuer = Issuer::new();
        let mut site = site(&issuer, sessions, |builder| builder);
        site.log_in().await;
        site.clock.advance(14 * DAY - 1);
        assert!(site.is_logged_in().await);
        site.clock.advance(14 * DAY);
        let lines = site.header_lines(&[("accept", "text/html")]);
        let lines = Lines(&lines);
        let request = site.flow.attach(&lines);
        let caller =
            request.caller(&ig_oauth_common::adapter::Request::new("GET", "/inbox", &lines));
        let answer = request.require(&caller).await.unwrap_err();
        assert_eq!(answer.status(), 303, "{sessions:?}");
        let login = "/auth/instagram/login?return_to=%2Finbox";
        assert_eq!(header(&answer, "location"), Some(login));
        // The useless cookie goes.
        assert!(!site.is_logged_in().await);
        assert!(site.cookies.is_empty(), "{:?}", site.cookies.keys());
        assert_eq!(issuer.refreshes(), 0);
    }
}

#[tokio::test]
async fn a_token_that_is_not_due_is_left_alone() {
    let cases: [(&str, u64, Change); 4] = [
        ("younger than 24 hours", DAY - 1, |builder| {
            builder.refresh_ahead(Duration::from_secs(59 * DAY))
        }),
        ("more than 30 days left", 29 * DAY, |builder| builder),
        ("refreshing is off", 59 * DAY, |builder| builder.refresh_ahead(Duration::ZERO)),
        ("short-lived", 59 * 60, |builder| {
            let ahead = Duration::from_secs(59 * DAY);
            builder.long_lived(LongLived::Off).refresh_ahead(ahead)
        }),
    ];
    for (what, age, change) in cases {
        let issuer = Issuer::new();
        let mut site = site(&issuer, Sessions::Cookie, |builder| {
            change(builder.idle_lifetime(Duration::from_secs(60 * DAY)))
        });
        site.log_in().await;
        site.clock.advance(age);
        token(&mut site).await;
        assert_eq!(issuer.refreshes(), 0, "{what}");
    }
    // And at the very moment it is.
    for (age, ahead) in [(DAY, 59 * DAY), (5_183_944 - 30 * DAY, 30 * DAY)] {
        let issuer = Issuer::new();
        let mut site = site(&issuer, Sessions::Cookie, |builder| {
            builder
                .idle_lifetime(Duration::from_secs(60 * DAY))
                .refresh_ahead(Duration::from_secs(ahead))
        });
        site.log_in().await;
        site.clock.advance(age);
        assert_eq!(text(&token(&mut site).await), "FAKE-LONG-2", "after {age} s");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_requests_with_a_due_token_make_one_refresh() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let issuer = Issuer::new();
        let site = due(&issuer, sessions).await;
        let tokens = at_once(&site, 200).await;
        assert_eq!(tokens.len(), 200);
        assert!(tokens.iter().all(|token| token == "FAKE-LONG-2"), "{sessions:?}: {tokens:?}");
        assert_eq!(issuer.refreshes(), 1, "{sessions:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_provider_down_all_go_on_with_the_old_token_after_one_call() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let issuer = Issuer::new();
        issuer.set(Mode::Fails);
        let mut site = due(&issuer, sessions).await;
        let tokens = at_once(&site, 200).await;
        assert!(tokens.iter().all(|token| token == "FAKE-LONG-1"), "{tokens:?}");
        assert_eq!(issuer.refreshes(), 1);
        // The waits grow: one minute, then two.
        for (seconds, refreshes) in [(59, 1), (1, 2), (119, 2), (1, 3)] {
            site.clock.advance(seconds);
            assert_eq!(text(&token(&mut site).await), "FAKE-LONG-1");
            assert_eq!(issuer.refreshes(), refreshes, "{sessions:?}");
        }
        issuer.set(Mode::Works);
        site.clock.advance(240);
        assert_eq!(text(&token(&mut site).await), "FAKE-LONG-2", "{sessions:?}");
    }
}

/// The clock of the runtime is virtual here, so the wait is exact and takes no time.
#[tokio::test(start_paused = true)]
async fn a_slow_provider_delays_by_the_bound_at_most_and_the_next_request_gets_the_new_token() {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let issuer = Issuer::new();
        issuer.set(Mode::Waits);
        let mut site = due(&issuer, sessions).await;
        let before = tokio::time::Instant::now();
        let tokens = at_once(&site, 200).await;
        assert_eq!(before.elapsed().as_secs(), 1, "the bound is one second");
        assert!(tokens.iter().all(|token| token == "FAKE-LONG-1"));
        // Those who come later do not wait at all.
        let before = tokio::time::Instant::now();
        assert_eq!(text(&token(&mut site).await), "FAKE-LONG-1");
        assert!(before.elapsed().is_zero());

        issuer.gate.add_permits(1);
        let (token, lines) = loop {
            tokio::task::yield_now().await;
            let (token, lines) = site.session(&[]).await;
            if token.as_ref().map(text) == Some("FAKE-LONG-2") {
                break (token, lines);
            }
        };
        assert!(token.is_some());
        let delivers = lines.iter().any(|(name, _)| *name == "set-cookie");
        assert!(delivers || sessions == Sessions::Store, "{sessions:?}: {lines:?}");
        assert_eq!(issuer.refreshes(), 1);
        // From now on it is the session's own.
        assert_eq!(site.session(&[]).await.0.as_ref().map(text), Some("FAKE-LONG-2"));
        assert_eq!(issuer.refreshes(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_without_end_is_given_up_and_tried_again_later() {
    let issuer = Issuer::new();
    issuer.set(Mode::Waits);
    let mut site = due(&issuer, Sessions::Cookie).await;
    token(&mut site).await;
    // Past the deadline of 20 s.
    tokio::time::sleep(Duration::from_secs(21)).await;
    token(&mut site).await;
    assert_eq!(issuer.refreshes(), 1, "it waits a minute first");
    issuer.set(Mode::Works);
    site.clock.advance(60);
    assert_eq!(text(&token(&mut site).await), "FAKE-LONG-2");
}

#[tokio::test]
async fn an_answer_that_a_cache_may_keep_carries_no_new_token_and_the_next_one_does() {
    let issuer = Issuer::new();
    let mut site = due(&issuer, Sessions::Cookie).await;
    let (token, lines) = site.session(&[("cache-control", "public, max-age=60")]).await;
    assert_eq!(token.as_ref().map(text), Some("FAKE-LONG-2"));
    assert!(lines.is_empty(), "{lines:?}");
    let (token, lines) = site.session(&[]).await;
    assert_eq!(token.as_ref().map(text), Some("FAKE-LONG-2"));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(issuer.refreshes(), 1, "the outcome is kept for that");
}

#[tokio::test]
async fn an_answer_for_the_caches_of_a_network_carries_no_new_token() {
    for (headers, carries) in [
        (&[("cdn-cache-control", "max-age=60")][..], false),
        (&[("surrogate-control", "max-age=60")], false),
        (&[("cache-control", "private"), ("cdn-cache-control", "max-age=60")], false),
        (&[("cache-control", "private"), ("cdn-cache-control", "no-store")], true),
        (&[("cdn-cache-control", "no-store")], true),
    ] {
        let issuer = Issuer::new();
        let mut site = due(&issuer, Sessions::Cookie).await;
        let (_, lines) = site.session(headers).await;
        let sent = lines.iter().any(|(name, _)| *name == "set-cookie");
        assert_eq!(sent, carries, "{headers:?}: {lines:?}");
    }
}

#[tokio::test]
async fn a_refresh_never_widens_what_was_granted() {
    for (extra, scopes) in [
        ("", "instagram_business_basic,instagram_business_manage_comments"),
        (r#","permissions":"instagram_business_basic""#, "instagram_business_basic"),
        (
            r#","permissions":["instagram_business_basic","instagram_business_manage_messages"]"#,
            "instagram_business_basic",
        ),
        (r#","permissions":7"#, "instagram_business_basic,instagram_business_manage_comments"),
    ] {
        let issuer = Issuer::new();
        let mut site = due(&issuer, Sessions::Cookie).await;
        extra.clone_into(&mut issuer.extra.lock().unwrap());
        let token = token(&mut site).await;
        assert_eq!((text(&token), token.scopes().to_string().as_str()), ("FAKE-LONG-2", scopes));
        assert!(token.scopes_reported());
    }
}

#[tokio::test]
async fn a_refresh_for_another_user_is_no_refresh() {
    let issuer = Issuer::new();
    let mut site = due(&issuer, Sessions::Cookie).await;
    r#","user_id":"42""#.clone_into(&mut issuer.extra.lock().unwrap());
    let token = token(&mut site).await;
    assert_eq!((text(&token), token.user_id().to_u64()), ("FAKE-LONG-1", Some(USER)));
}

#[tokio::test]
async fn a_refresh_that_ends_after_the_logout_brings_nobody_back() {
    let issuer = Issuer::new();
    let mut site = due(&issuer, Sessions::Cookie).await;
    let lines = site.header_lines(&[]);
    let request = site.flow.attach(&Lines(&lines));
    assert_eq!(text(&request.token().await.unwrap().unwrap()), "FAKE-LONG-2");
    let _ = site.send("POST", "/auth/instagram/logout", &[]).await;
    assert!(
        request.finish(&Lines(&support::private())).is_empty(),
        "a cookie would bring the session back"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_on_one_store_refresh_once_and_share_the_token() {
    let issuer = Issuer::new();
    let store = Arc::new(MemoryStore::new());
    let shared = |builder: ConfigBuilder| {
        builder.shared_store(Arc::clone(&store)).idle_lifetime(Duration::from_secs(60 * DAY))
    };
    let mut one = site(&issuer, Sessions::Cookie, shared);
    let mut two = one.restarted(|builder| {
        shared(
            builder
                .long_lived(LongLived::Require)
                .http_client(issuer.client())
                .cookie_secrets([COOKIE_SECRET]),
        )
    });
    one.log_in().await;
    two.cookies = one.cookies.clone();
    one.clock.advance(40 * DAY);
    issuer.set(Mode::Waits);
    let (from_one, from_two) = tokio::join!(at_once(&one, 20), async {
        // Instance two gets a request while instance one refreshes: it does not refresh too.
        while issuer.refreshes() == 0 {
            tokio::task::yield_now().await;
        }
        let tokens = at_once(&two, 20).await;
        issuer.gate.add_permits(1);
        tokens
    });
    assert!(from_two.iter().all(|token| token == "FAKE-LONG-1"), "{from_two:?}");
    assert!(from_one.iter().all(|token| token == "FAKE-LONG-2"), "{from_one:?}");
    assert_eq!(text(&token(&mut two).await), "FAKE-LONG-2", "by the store");
    assert_eq!(issuer.refreshes(), 1);
}

#[tokio::test]
async fn a_user_who_was_revoked_during_a_refresh_stays_revoked() {
    let issuer = Issuer::new();
    let store = Arc::new(MemoryStore::new());
    let mut site = site(&issuer, Sessions::Cookie, |builder| {
        builder
            .shared_store(Arc::clone(&store))
            .idle_lifetime(Duration::from_secs(60 * DAY))
            .refresh_wait(Duration::ZERO)
    });
    site.log_in().await;
    site.clock.advance(40 * DAY);
    issuer.set(Mode::Waits);
    token(&mut site).await;
    while issuer.refreshes() == 0 {
        tokio::task::yield_now().await;
    }
    let accounts = site.flow.offline_access().unwrap();
    assert_eq!(accounts.revoke(&UserId::from(USER)).await.unwrap(), 1);
    issuer.gate.add_permits(1);
    // The task gives its claim back when it is done.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!site.is_logged_in().await);
    let account = ig_oauth_common::store::AccountKey::new("990602627938098", UserId::from(USER));
    let now = ig_oauth_common::Timestamp::from_unix_seconds(support::START);
    assert!(store.account(&account, now).await.unwrap().is_none());
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_and_keeps_the_account() {
    let issuer = Issuer::new();
    let store = Arc::new(MemoryStore::new());
    let mut phone =
        site(&issuer, Sessions::Cookie, |builder| builder.shared_store(Arc::clone(&store)));
    phone.log_in().await;
    let phone_cookies = std::mem::take(&mut phone.cookies);
    phone.log_in().await;
    let user = UserId::from(USER);
    assert_eq!(phone.flow.log_out_everywhere(&user).await.unwrap(), 2);
    assert!(!phone.is_logged_in().await);
    phone.cookies = phone_cookies;
    assert!(!phone.is_logged_in().await);
    assert_eq!(phone.flow.log_out_everywhere(&user).await.unwrap(), 0);
    assert_eq!(store.accounts_known_by("990602627938098", &user).await.unwrap().len(), 1);

    // Cookie sessions cannot be reached, which is said and not passed over.
    let cookie = site(&issuer, Sessions::Cookie, |builder| builder);
    let error = cookie.flow.log_out_everywhere(&user).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("`Hooks::accepts`"), "{source}");
}

#[tokio::test]
async fn a_stored_token_is_sealed_anew_after_a_rotation_of_keys() {
    let issuer = Issuer::new();
    let store = Arc::new(MemoryStore::new());
    let with = |secrets: &'static [&'static str]| {
        let store = Arc::clone(&store);
        let client = issuer.client();
        move |builder: ConfigBuilder| {
            builder
                .long_lived(LongLived::Require)
                .shared_store(store)
                .http_client(client)
                .cookie_secrets(secrets)
        }
    };
    const NEW: &str = "another obviously fake cookie secret";
    let mut old = site(&issuer, Sessions::Cookie, with(&[COOKIE_SECRET]));
    old.log_in().await;
    let mut both = old.restarted(with(&[NEW, COOKIE_SECRET]));
    assert!(both.is_logged_in().await);
    // The old secret is not needed any more.
    let mut new = both.restarted(with(&[NEW]));
    assert!(new.is_logged_in().await);
}

#[tokio::test]
async fn the_profile_comes_with_the_login_and_its_ids_find_the_account() {
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Option<Option<String>>>>);
    impl Hooks for Seen {
        async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
            let name = login.profile.map(|profile| profile.username.to_owned());
            *self.0.lock().unwrap() = Some(name);
            Ok(LoginDecision::accept())
        }
    }
    for (profile, name) in [
        (r#"{"id":"42","user_id":"17841477965412211","username":"bakery"}"#, Some("bakery")),
        (r#"{"error":{"message":"later","type":"OAuthException","code":2}}"#, None),
    ] {
        let seen = Seen::default();
        let store = Arc::new(MemoryStore::new());
        let mut site = Site::with(|builder| {
            builder
                .shared_store(Arc::clone(&store))
                .cookie_secrets([COOKIE_SECRET])
                .fetch_profile(true)
                .hooks(seen.clone())
                .http_client(move |request: HttpRequest| async move {
                    let token = format!(r#"{{"access_token":"FAKE","user_id":{USER}}}"#);
                    let body = if request.form.is_some() { token } else { profile.to_owned() };
                    Ok(HttpResponse::new(200, body.into_bytes()))
                })
        });
        site.log_in().await;
        assert_eq!(seen.0.lock().unwrap().clone(), Some(name.map(str::to_owned)));
        for (id, known) in [(USER, true), (17_841_477_965_412_211, name.is_some()), (7, false)] {
            let found = store.accounts_known_by("990602627938098", &UserId::from(id)).await;
            assert_eq!(found.unwrap().len(), usize::from(known), "{id}");
        }
        assert!(site.is_logged_in().await);
    }
}

/// Random 96-bit nonces: the chance of a repetition among these is 1 in 10^19, so one is a defect.
#[tokio::test]
async fn a_hundred_thousand_seals_never_repeat_a_nonce() {
    let issuer = Issuer::new();
    let mut site = site(&issuer, Sessions::Cookie, |builder| builder.long_lived(LongLived::Off));
    let mut nonces = std::collections::HashSet::new();
    for _ in 0..100_000 {
        site.cookies.clear();
        site.log_in().await;
        let value = site.cookies.values().next().unwrap();
        // Version, key id of four bytes, nonce of twelve: 24 characters are 18 bytes.
        let head = URL_SAFE_NO_PAD.decode(value.get(..24).unwrap()).unwrap();
        let nonce: [u8; 12] = head[5..17].try_into().unwrap();
        assert!(nonces.insert(nonce), "a nonce came twice");
    }
}
