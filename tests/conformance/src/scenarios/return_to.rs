//! Where a login ends.

use url::Url;

use crate::browser::Browser;
use crate::harness::{Adapter, App, Settings};

async fn lands_on(app: &App, query: &str) -> String {
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, query).await;
    let landed = browser.step(&callback).await;
    assert_eq!(landed.status, 303, "{}", landed.describe());
    landed.location().to_owned()
}

fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

pub async fn a_login_ends_where_it_was_asked_to_with_query_and_fragment(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    for target in [
        "/",
        "/dash",
        "/dash?x=1&y=2",
        "/dash?x=1#top",
        "/a/b/c.html",
        "/caf%C3%A9",
        "/a@b",
        "/search?q=https://other.example/",
        "/search?next=//x",
        "/~user",
        "/a:b",
        "/x;y=1",
        "/?q=%2F%2F",
        "/?q=a%0Ab",
        "/a/b/",
    ] {
        let location = lands_on(&app, &format!("?return_to={}", encode(target))).await;
        let expected = if target.contains('#') { target.to_owned() } else { format!("{target}#") };
        assert_eq!(location, expected);
    }
}

pub async fn hostile_targets_end_on_the_default_page(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.after_login("/default"));
    let app = App::start(adapter, settings).await;
    for target in [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "https:/evil.example",
        "HtTpS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "",
        "/.//evil.example",
        "/x/..//evil.example",
        "/%2e%2e//evil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/%09/evil.example",
        "/..;/evil",
        "/x%0d%0aSet-Cookie:a=b",
        "/%ff",
        "/%zz",
        "%",
        "/\u{2028}/evil.example",
        "/%E2%80%AE/evil.example",
        "?next=//evil.example",
        "@evil.example",
        "https://app.example@evil.example",
    ] {
        assert_eq!(lands_on(&app, &format!("?return_to={}", encode(target))).await, "/default#");
    }
    let long = format!("/{}", "a".repeat(512));
    assert_eq!(lands_on(&app, &format!("?return_to={long}")).await, "/default#");
    // What only the callback says about it is ignored.
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await.replace('?', "?return_to=//evil.example&");
    assert_eq!(browser.step(&callback).await.location(), "/default#");
}

pub async fn our_own_routes_are_no_place_to_return_to(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    for path in ["/auth/instagram/login", "/auth/instagram/callback?x=1", "/auth/instagram/logout"]
    {
        assert_eq!(lands_on(&app, &format!("?return_to={}", encode(path))).await, "/#");
    }
}

pub async fn allowed_origins_may_be_returned_to(adapter: &impl Adapter) {
    let settings =
        Settings::new().configure(|builder| builder.allowed_return_origins(["https://ok.example"]));
    let app = App::start(adapter, settings).await;
    for (target, allowed) in [
        ("https://ok.example", true),
        ("https://ok.example/x?y#z", true),
        ("https://ok.example.evil", false),
        ("https://okxexample", false),
        ("http://ok.example", false),
        ("https://ok.example:444", false),
        ("https://u@ok.example", false),
        ("https://sub.ok.example", false),
        ("https://ok.example//x", false),
        ("https://ok.example\\x", false),
    ] {
        let location = lands_on(&app, &format!("?return_to={}", encode(target))).await;
        let expected = match (allowed, target.contains('#')) {
            (true, true) => target.to_owned(),
            (true, false) => format!("{target}#"),
            (false, _) => "/#".to_owned(),
        };
        assert_eq!(location, expected, "{target}");
    }
}

/// A browser carries a fragment over a redirect whose `Location` has none.
pub async fn the_providers_fragment_does_not_follow_the_user(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    browser.open(&app.url("/me")).await;
    let window = browser.page().url.clone();
    assert_ne!(window.host(), Url::parse(&app.origin).unwrap().host());
    let page = browser.press("Allow").await;
    assert!(page.hops.iter().any(|hop| hop.describe().contains("#_")), "the provider appends it");
    assert_eq!(page.url.fragment(), Some(""));
    assert_eq!(page.url.path(), "/me");
}
