//! The token: its shapes, its scopes, its life.

use std::time::Duration;

use ig_oauth_common::{LongLived, Scope};
use ig_oauth_fake_instagram::{Endpoint, Fault, TokenShape};

use crate::browser::Browser;
use crate::harness::{Adapter, App, Sessions, Settings};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn the_long_lived_token_is_fetched_by_default_today(adapter: &impl Adapter) {
    for (api, calls, life) in [
        (ig_oauth_common::Api::InstagramLogin, 1, 5_183_944),
        (ig_oauth_common::Api::BasicDisplay, 0, 3_600),
    ] {
        let app = App::start(adapter, Settings::new().api(api)).await;
        let mut browser = Browser::new();
        app.log_in(&mut browser).await;
        assert_eq!(app.provider.count(Endpoint::LongLived), calls, "{api:?}");
        let me = browser.fetch_json("GET", &app.url("/me")).await.json();
        assert_eq!(me["expires_at"], 1_800_000_000_u64 + life, "{api:?}");
        // The cookie lives as long as the session in it: 14 idle days, or the token's hour.
        let expected = life.min(14 * DAY.as_secs());
        assert_eq!(browser.jar.named("ig_session")[0].max_age, Some(expected), "{api:?}");
    }
}

pub async fn a_failing_long_lived_exchange_does_not_fail_the_login(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    app.provider.set_fault(Endpoint::LongLived, Fault::html(502));
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    assert_eq!(app.provider.count(Endpoint::LongLived), 1);
    let me = browser.fetch_json("GET", &app.url("/me")).await.json();
    assert_eq!(me["expires_at"], 1_800_003_600_u64);
}

pub async fn a_required_long_lived_exchange_that_fails_fails_the_login(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.long_lived(LongLived::Require));
    let app = App::start(adapter, settings).await;
    app.provider.set_fault(Endpoint::LongLived, Fault::html(502));
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let answer = browser.step(&callback).await;
    assert_eq!(answer.status, 503, "{}", answer.describe());
    assert!(browser.jar.named("ig_session").is_empty());
    app.provider.clear_faults();
    app.log_in(&mut browser).await;
}

pub async fn every_shape_of_token_answer_is_understood(adapter: &impl Adapter) {
    let scopes = [Scope::InstagramBusinessBasic, Scope::InstagramBusinessManageComments];
    let settings = Settings::new().configure(|builder| builder.scopes(scopes));
    let app = App::start(adapter, settings).await;
    for shape in [
        TokenShape::FlatNumberArray,
        TokenShape::WrappedStringIdCommaString,
        TokenShape::WrappedNumberArray,
        TokenShape::FlatNumberCommaString,
        TokenShape::FlatNumberNoPermissions,
        TokenShape::Verbatim(
            r#"{"token_type":"x","access_token":"{token}","user_id":{user_id},"permissions":{"a":1}}"#
                .to_owned(),
        ),
    ] {
        app.provider.set_token_shape(shape.clone());
        let mut browser = Browser::new();
        app.log_in(&mut browser).await;
        let me = browser.fetch_json("GET", &app.url("/me")).await.json();
        assert_eq!(me["user_id"], app.user_id(), "{shape:?}");
        let both = ["instagram_business_basic", "instagram_business_manage_comments"];
        assert_eq!(me["scopes"], serde_json::json!(both), "{shape:?}");
    }
}

pub async fn a_missing_required_permission_keeps_nothing(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let scopes = [Scope::InstagramBusinessBasic, Scope::InstagramBusinessManageComments];
        let settings = Settings::new().sessions(sessions).configure(|builder| {
            builder.scopes(scopes).optional_scopes([Scope::InstagramBusinessManageInsights])
        });
        let app = App::start(adapter, settings).await;
        for (granted, status) in [
            ("instagram_business_basic", 403),
            ("instagram_business_basic,instagram_business_manage_comments", 303),
        ] {
            let mut browser = Browser::new();
            let start = browser.step(&app.login("")).await;
            let window = format!("{}&fake_decision=allow&fake_scope={granted}", start.location());
            let callback = browser.step(&window).await.location().to_owned();
            let answer = browser.step(&callback).await;
            assert_eq!(answer.status, status, "{}", answer.describe());
            let kept = browser.jar.named("ig_session").len();
            assert_eq!(kept, usize::from(status == 303));
            if status == 403 {
                assert!(answer.text().contains("missing_permission"));
                assert_eq!(app.provider.count(Endpoint::LongLived), 0, "nothing more is asked");
            } else {
                // The optional scope was refused, and that is reported.
                let me = browser.fetch_json("GET", &app.url("/me")).await.json();
                assert_eq!(me["scopes"].as_array().unwrap().len(), 2);
            }
        }
    }
}

pub async fn a_session_ends_with_its_idle_life_and_is_renewed_by_use(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, Settings::new().sessions(sessions)).await;
        let mut browser = Browser::new();
        app.log_in(&mut browser).await;
        let asked_at_once = browser.step(&app.url("/")).await;
        assert!(asked_at_once.all("set-cookie").is_empty(), "not rewritten at each request");
        let left_alone = browser.clone();
        for _ in 0..5 {
            app.advance(10 * DAY);
            let answer = browser.step(&app.url("/")).await;
            assert_eq!(answer.text(), app.user_id(), "{sessions:?}");
            assert_eq!(answer.all("set-cookie").len(), 1, "{sessions:?}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        if sessions == Sessions::Cookie {
            // The copy without renewals: 50 days are more than 14.
            assert_eq!(left_alone.clone().step(&app.url("/")).await.text(), "anonymous");
        }
        app.advance(10 * DAY);
        // 60 days: the token itself has ended.
        assert_eq!(browser.step(&app.url("/")).await.text(), "anonymous", "{sessions:?}");
    }
}

pub async fn a_weekly_visitor_never_logs_in_again_and_who_stays_away_is_asked_to(
    adapter: &impl Adapter,
) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let year = Settings::new()
            .sessions(sessions)
            .configure(|builder| builder.session_lifetime(365 * DAY));
        for (settings, weeks, refreshes) in
            [(Settings::new().sessions(sessions), 8, 1), (year, 52, 10)]
        {
            let app = App::start(adapter, settings).await;
            let mut browser = Browser::new();
            app.log_in(&mut browser).await;
            for week in 1..=weeks {
                app.advance(7 * DAY);
                let page = browser.open(&app.url("/page/weekly")).await;
                assert_eq!(page.response.status, 200, "week {week}, {sessions:?}");
                assert_eq!(page.hops.len(), 1, "no detour over the login in week {week}");
                let media = browser.open(&app.url("/media")).await;
                assert_eq!(media.response.status, 200, "the token works in week {week}");
            }
            assert_eq!(app.exchanges(), 1);
            assert_eq!(app.provider.count(Endpoint::Refresh), refreshes, "{sessions:?}");

            app.advance(15 * DAY);
            let page = browser.open(&app.url("/page/again")).await;
            assert_eq!(page.url.host_str(), Some("localhost"), "led to the window");
            let page = browser.press("Allow").await;
            assert_eq!((page.url.path(), page.response.status), ("/page/again", 200));
        }
    }
}

/// The provider's servers and what stands before them write either form.
pub async fn a_wait_is_read_in_seconds_and_as_a_date(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let body = r#"{"error":{"message":"x","type":"OAuthException","code":4}}"#;
    let date = "Date: Wed, 21 Oct 2026 07:28:00 GMT\r\n";
    for (date, retry_after, wait) in [
        (date, "120", "120"),
        (date, "Wed, 21 Oct 2026 07:30:00 GMT", "120"),
        // Obsolete forms that every recipient must accept (RFC 9110, section 5.6.7).
        (date, "Wednesday, 21-Oct-26 07:30:00 GMT", "120"),
        (date, "Wed Oct 21 07:30:00 2026", "120"),
        // A moment that has gone by says no more than no header.
        (date, "Wed, 21 Oct 2026 07:27:59 GMT", "0"),
        (date, "soon", "0"),
        ("", "Thu, 01 Jan 1970 00:00:00 GMT", "0"),
        ("Date: noon\r\n", "120", "120"),
    ] {
        let answer = format!(
            "HTTP/1.1 429 Too Many Requests\r\n{date}Retry-After: {retry_after}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        app.provider.set_fault(Endpoint::Media, Fault::Raw(answer.into_bytes()));
        let told = browser.step(&app.url("/media")).await;
        assert_eq!(told.text(), format!("Throttled {wait} s"), "{date}{retry_after}");
    }
}
