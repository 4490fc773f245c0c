//! Scopes that a handler needs beyond the required ones, and what they are for.

use ig_oauth_fake_instagram::{Endpoint, Fault};

use crate::browser::Browser;
use crate::harness::{Adapter, App, Settings};

const PUBLISH: &str = "instagram_business_content_publish";

/// Follows the button of the 403 page to the window, and allows.
async fn granted_by_a_click(app: &App, path: &str) -> String {
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let page = browser.open(&app.url(path)).await;
    assert_eq!(page.response.status, 403, "no redirect: the user decides");
    assert!(page.response.text().contains(PUBLISH), "{}", page.response.text());
    assert_eq!(page.response.header("cache-control"), Some("no-store"));
    let window = browser.click("Ask Instagram for it").await;
    assert_eq!(window.url.host_str(), Some("localhost"));
    assert!(window.response.text().contains(PUBLISH), "{}", window.response.text());
    let page = browser.press("Allow").await;
    assert_eq!(page.url.path(), path.split('?').next().unwrap_or_default());
    assert_eq!(page.url.query(), path.split_once('?').map(|(_, query)| query));
    page.response.text()
}

pub async fn a_click_on_the_page_about_a_missing_permission_asks_for_it(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let text = granted_by_a_click(&app, "/publish?draft=7").await;
    assert_eq!(text, format!("publishing for {}", app.user_id()));
    // What was granted lasts: no further question.
    assert_eq!(app.exchanges(), 2);
}

/// Two routes that need different extras must not take each other's away.
pub async fn asking_for_more_keeps_what_was_granted_before(adapter: &impl Adapter) {
    const INSIGHTS: &str = "instagram_business_manage_insights";
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    for (path, name) in [("/publish", PUBLISH), ("/insights", INSIGHTS)] {
        assert_eq!(browser.open(&app.url(path)).await.response.status, 403, "{path}");
        let window = browser.click("Ask Instagram for it").await;
        assert!(window.response.text().contains(name), "{}", window.response.text());
        let page = browser.press("Allow").await;
        assert_eq!((page.response.status, page.url.path()), (200, path));
    }
    // Both work without asking the user again.
    for path in ["/publish", "/insights", "/publish"] {
        assert_eq!(browser.open(&app.url(path)).await.response.status, 200, "{path}");
    }
    let me = browser.fetch_json("GET", &app.url("/me")).await.json();
    let scopes = serde_json::json!(["instagram_business_basic", PUBLISH, INSIGHTS]);
    assert_eq!(me["scopes"], scopes);
    assert_eq!(app.exchanges(), 3);
}

pub async fn a_program_is_told_what_is_missing_and_where_to_grant_it(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let visitor = browser.fetch_json("GET", &app.url("/publish")).await;
    assert_eq!(visitor.status, 401, "{}", visitor.describe());
    app.log_in(&mut browser).await;
    let answer = browser.fetch_json("GET", &app.url("/publish")).await;
    assert_eq!(answer.status, 403, "{}", answer.describe());
    let json = answer.json();
    assert_eq!(json["error"], "missing_permission");
    assert_eq!(json["missing"], serde_json::json!([PUBLISH]));
    let link = json["login_url"].as_str().expect("a link");
    let start = browser.step(&app.url(link)).await;
    assert!(start.location().contains(PUBLISH), "{}", start.location());
}

pub async fn a_guard_asks_for_its_scopes_too(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    assert_eq!(granted_by_a_click(&app, "/guarded").await, "guarded");
    let mut visitor = Browser::new();
    let page = visitor.fetch_json("GET", &app.url("/guarded")).await;
    assert_eq!(page.status, 401);
}

pub async fn a_handler_lists_media_and_hears_of_a_revoked_token(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let media = browser.fetch_json("GET", &app.url("/media")).await;
    assert_eq!((media.status, media.text().lines().count()), (200, 25), "{}", media.describe());
    assert!(media.text().contains("A simulated post, number 1"), "{}", media.text());
    for token in app.provider.issued_tokens() {
        assert!(!media.text().contains(&token), "the answer's `paging.next` holds it");
    }

    app.provider.set_fault_times(Endpoint::Media, Fault::Throttled { minutes: 19 }, 1);
    let throttled = browser.fetch_json("GET", &app.url("/media")).await;
    assert_eq!((throttled.status, throttled.text().as_str()), (503, "Throttled 1140 s"));
    app.provider.revoke_tokens();
    let revoked = browser.fetch_json("GET", &app.url("/media")).await;
    assert_eq!((revoked.status, revoked.text().as_str()), (401, "TokenInvalid 0 s"));
}
