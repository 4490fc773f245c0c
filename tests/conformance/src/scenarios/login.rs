//! From the click to a handler that has the token.

use ig_oauth_common::Api;

use crate::browser::{Browser, forms};
use crate::harness::{Adapter, App, Sessions, Settings};

/// The whole way as a person goes it, with every redirect and the window's button.
pub async fn the_login_button_leads_through_the_window_to_a_logged_in_page(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    assert_eq!(browser.open(&app.url("/")).await.response.text(), "anonymous");
    let window = browser.follow("/auth/instagram/login").await;
    assert_eq!(window.url.host_str(), Some("localhost"), "the window is another site");
    assert!(window.response.text().contains("Simulator"));
    let home = browser.press("Allow").await;
    assert_eq!(home.response.status, 200);
    assert_eq!(home.response.text(), app.user_id());
    assert_eq!(home.url.path(), "/");
    let me = browser.open(&app.url("/me")).await;
    assert_eq!(me.response.status, 200);
    assert_eq!(me.response.json()["user_id"], app.user_id());
    assert_eq!(browser.jar.refused, Vec::<String>::new(), "a strict jar took every cookie");
    assert!(browser.jar.named("ig_login").is_empty(), "the attempt is over");
}

pub async fn a_page_that_needs_a_token_is_reached_after_the_login(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    browser.open(&app.url("/page/inbox?unread=1&q=%C3%A9")).await;
    assert_eq!(browser.page().url.host_str(), Some("localhost"));
    let page = browser.press("Allow").await;
    let expected = format!("page /page/inbox?unread=1&q=%C3%A9 {}", app.user_id());
    assert_eq!(page.response.text(), expected);
}

pub async fn another_account_can_be_chosen_in_the_window(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let second = app.provider.accounts()[1].user_id().to_string();
    let mut browser = Browser::new();
    let start = browser.step(&app.login("")).await;
    let window = format!("{}&fake_decision=allow&fake_account={second}", start.location());
    let callback = browser.step(&window).await.location().to_owned();
    browser.step(&callback).await;
    assert_eq!(browser.step(&app.url("/")).await.text(), second);
}

pub async fn cancel_ends_on_a_calm_page_and_the_attempt_is_over(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    browser.open(&app.url("/page/here")).await;
    let page = browser.press("Cancel").await;
    assert_eq!(page.response.status, 403);
    assert!(page.response.text().contains("Nothing was changed"));
    assert!(page.response.text().contains("access_denied"));
    assert!(browser.jar.named("ig_login").is_empty());
    assert!(browser.jar.named("ig_session").is_empty());
    assert_eq!(app.exchanges(), 0);
    // The link leads to the window again, and then to the original target.
    browser.click("Try again").await;
    let page = browser.press("Allow").await;
    assert_eq!(page.response.text(), format!("page /page/here {}", app.user_id()));
}

/// Two logins side by side, finished in the other order, both end where they wanted.
pub async fn a_second_tab_does_not_kill_the_first(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let first = app.allowed(&mut browser, "?return_to=/page/first").await;
    let second = app.allowed(&mut browser, "?return_to=/page/second").await;
    assert_eq!(browser.jar.named("ig_login").len(), 2);
    let landed = browser.step(&second).await;
    assert_eq!((landed.status, landed.location()), (303, "/page/second#"));
    assert_eq!(browser.jar.named("ig_login").len(), 1, "the other attempt lives on");
    let landed = browser.step(&first).await;
    assert_eq!((landed.status, landed.location()), (303, "/page/first#"));
    assert_eq!(app.exchanges(), 2);
}

pub async fn attempts_are_bounded_and_the_oldest_make_room(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    for (query, at_most) in [
        ("", 8),
        (
            "?return_to=/a-rather-long-path-that-makes-each-cookie-larger-\
        and-so-leaves-room-for-fewer-of-them-in-the-two-and-a-half-kilobytes-that-all-may-take/and-\
        then-some-more-to-make-sure-of-it/and-more/and-more/and-more/and-more/and-more/end",
            5,
        ),
    ] {
        let mut browser = Browser::new();
        let oldest = app.allowed(&mut browser, query).await;
        let mut newest = String::new();
        for _ in 0..20 {
            app.advance(std::time::Duration::from_secs(1));
            newest = app.allowed(&mut browser, query).await;
            let kept = browser.jar.named("ig_login");
            let bytes: usize = kept.iter().map(|c| c.name.len() + c.value.len() + 1).sum();
            assert!(kept.len() <= at_most, "{} attempts", kept.len());
            assert!(bytes <= 2_560, "{bytes} bytes");
        }
        assert_eq!(browser.step(&oldest).await.status, 400);
        assert_eq!(browser.step(&newest).await.status, 303);
    }
}

pub async fn both_apis_work_with_both_kinds_of_sessions(adapter: &impl Adapter) {
    for api in [Api::InstagramLogin, Api::BasicDisplay] {
        for sessions in [Sessions::Cookie, Sessions::Store] {
            let app = App::start(adapter, Settings::new().api(api).sessions(sessions)).await;
            let mut browser = Browser::new();
            browser.open(&app.url("/me")).await;
            let me = browser.press("Allow").await;
            assert_eq!(me.response.status, 200, "{api:?} {sessions:?}");
            let json = me.response.json();
            let user_id = json["user_id"].as_str().unwrap();
            let body = app.provider.requests();
            assert!(!body.is_empty());
            // Basic Display's token names the account's id, today's API the app-scoped one.
            let expected = match api {
                Api::BasicDisplay => "17841477965412211".to_owned(),
                _ => app.user_id(),
            };
            assert_eq!(user_id, expected, "{api:?} {sessions:?}");
            let scope = api.required_scope().to_string();
            assert_eq!(json["scopes"], serde_json::json!([scope]));
            let page = browser.open(&app.url("/page/again")).await;
            assert_eq!(page.response.status, 200, "the session lasts: {api:?} {sessions:?}");
        }
    }
}

pub async fn a_post_only_login_shows_a_button_first(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.require_post(true));
    let app = App::start(adapter, settings).await;
    let mut browser = Browser::new();
    let page = browser.open(&app.login("?return_to=/page/there")).await;
    assert_eq!(page.response.status, 200);
    assert!(browser.jar.named("ig_login").is_empty(), "nothing has started");
    let page = browser.press("Log in with Instagram").await;
    assert_eq!(page.url.host_str(), Some("localhost"));
    let page = browser.press("Allow").await;
    assert_eq!(page.response.text(), format!("page /page/there {}", app.user_id()));

    let login = "/auth/instagram/login";
    for (headers, status) in [
        (&[("sec-fetch-site", "same-origin")][..], 303),
        (&[("sec-fetch-site", "none")], 303),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("origin", app.origin.as_str())], 303),
        (&[], 303),
    ] {
        let answer = app.raw("POST", login, headers).await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.all("set-cookie").len(), usize::from(status == 303), "{headers:?}");
    }
    let form = app.raw("GET", login, &[]).await;
    assert_eq!(forms(&form.text())[0].method, "POST");
    assert_eq!(form.header("referrer-policy"), Some("same-origin"), "or `Origin` would be null");
}

pub async fn garbage_in_an_attempt_cookie_does_not_stop_a_login(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let origin = url::Url::parse(&app.origin).unwrap();
    app.allowed(&mut browser, "").await;
    let name = browser.jar.named("ig_login")[0].name.clone();
    let prefix = name.split('.').next().unwrap().to_owned();
    for (index, garbage) in ["", "garbage", "AAAA", "%00%ff", "AQAAAAAAAAAA"].iter().enumerate() {
        browser.jar.plant(&origin, &format!("{prefix}.garbage{index}"), garbage);
    }
    browser.jar.plant(&origin, &name, "changed");
    let callback = app.allowed(&mut browser, "").await;
    assert_eq!(browser.jar.named("ig_login").len(), 1, "the garbage is gone");
    assert_eq!(browser.step(&callback).await.status, 303);
}
