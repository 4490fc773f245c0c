//! The samples of Meta's guide "Get Access Tokens and Permissions".

use ig_oauth_common::{Api, Scope};
use ig_oauth_fake_instagram::TokenShape;
use url::Url;

use crate::browser::{Browser, links};
use crate::harness::{Adapter, App, Settings};

fn basic_display() -> Settings {
    Settings::new().api(Api::BasicDisplay)
}

/// "Sample Authorization Window URL", with `state`, and the cookie that goes with it.
pub async fn the_sample_authorization_request_is_made_to_the_letter(adapter: &impl Adapter) {
    let redirect_uri = "https://socialsizzle.herokuapp.com/auth/";
    let settings = basic_display().redirect_uri(redirect_uri).configure(|builder| {
        builder
            .authorize_url(Api::BasicDisplay.authorize_url())
            .scopes([Scope::UserProfile, Scope::UserMedia])
    });
    let app = App::start(adapter, settings).await;
    let start = app.raw("GET", "/auth/instagram/login", &[]).await;
    assert_eq!(start.status, 303);
    let url = Url::parse(start.location()).unwrap();
    assert_eq!(url.origin().ascii_serialization(), "https://api.instagram.com");
    assert_eq!(url.path(), "/oauth/authorize");
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let expected = [
        ("client_id", "990602627938098"),
        ("redirect_uri", redirect_uri),
        ("scope", "user_profile,user_media"),
        ("response_type", "code"),
    ];
    assert_eq!(pairs.len(), 5, "{pairs:?}");
    for ((name, value), (wanted_name, wanted)) in pairs.iter().zip(expected) {
        assert_eq!((name.as_str(), value.as_str()), (wanted_name, wanted));
    }
    let (name, state) = &pairs[4];
    assert_eq!(name, "state");
    assert_eq!(state.len(), 43);
    assert!(state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));

    let cookie = start.header("set-cookie").expect("one cookie");
    let attributes: Vec<_> = cookie.split("; ").collect();
    assert!(attributes[0].starts_with("__Host-ig_login_"), "{cookie}");
    assert!(attributes[0].contains(&format!(".{}=", &state[..8])), "{cookie}");
    for wanted in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(attributes.contains(&wanted), "{wanted} in {cookie}");
    }
    assert_eq!(attributes.len(), 6, "{cookie}");
}

/// "A comma-separated list, or URL-encoded space-separated list".
pub async fn comma_and_encoded_space_scopes_read_alike(adapter: &impl Adapter) {
    let mut asked = Vec::new();
    for list in ["user_profile,user_media", "user_profile user_media"] {
        let scopes: ig_oauth_common::Scopes = list.parse().unwrap();
        let settings = basic_display().configure(move |builder| builder.scopes(scopes));
        let app = App::start(adapter, settings).await;
        let mut browser = Browser::new();
        let start = browser.step(&app.login("")).await;
        let window = start.location().to_owned();
        asked.push(crate::harness::parameter(&window, "scope"));
        // The provider reads both forms as well: either request is allowed.
        let spaced = window.replace("%2C", "%20");
        for window in [window, spaced] {
            let answer = browser.step(&format!("{window}&fake_decision=allow")).await;
            assert_eq!(answer.status, 302, "{}", answer.describe());
        }
    }
    assert_eq!(asked[0].as_deref(), Some("user_profile,user_media"));
    assert_eq!(asked[0], asked[1]);
}

/// "#_ will be appended to the end of the redirect URI, but it is not part of the code itself".
pub async fn the_sample_success_redirect_logs_in(adapter: &impl Adapter) {
    let app = App::start(adapter, basic_display()).await;
    for escaped in [false, true] {
        let mut browser = Browser::new();
        let mut callback = app.allowed(&mut browser, "").await;
        assert!(callback.ends_with("#_"), "{callback}");
        if escaped {
            // A client that passes the fragment on as part of the code.
            let code = app.provider.issued_codes().pop().unwrap();
            callback = callback.trim_end_matches("#_").replace(&code, &format!("{code}%23_"));
        }
        let landed = browser.step(&callback).await;
        assert_eq!(landed.status, 303, "{}", landed.describe());
        let exchange = app.provider.requests().pop().unwrap();
        assert_eq!(exchange.field("code"), app.provider.issued_codes().last().map(String::as_str));
        // "Body Parameters": all of them, in the guide's order, and the same redirect URI.
        let names: Vec<_> = exchange.form().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["client_id", "client_secret", "grant_type", "redirect_uri", "code"]);
        assert_eq!(exchange.field("redirect_uri"), Some(&*app.url("/auth/instagram/callback")));
        assert_eq!(exchange.query(), None);
        assert_eq!(exchange.header("authorization"), None);
    }
}

/// "Canceled Authorization": three parameters, in the sample without `state`.
pub async fn the_sample_cancel_redirect_shows_a_calm_page(adapter: &impl Adapter) {
    let app = App::start(adapter, basic_display()).await;
    // Without the state it is not proven that this browser cancelled a login.
    for (without_state, status, title) in
        [(false, 403, "Nothing was changed"), (true, 400, "This login cannot go on")]
    {
        app.provider.set_cancel_without_state(without_state);
        let mut browser = Browser::new();
        let callback = app.decided(&mut browser, "", "cancel").await;
        let query = callback.split('?').nth(1).unwrap();
        assert!(
            query.starts_with(
                "error=access_denied&error_reason=user_denied&\
                 error_description=The+user+denied+your+request"
            ),
            "{callback}"
        );
        assert_eq!(query.contains("state="), !without_state, "{callback}");
        let page = browser.step(&callback).await;
        assert_eq!(page.status, status);
        assert!(page.text().contains(title), "{}", page.text());
        assert!(links(&page.text()).iter().any(|(text, _)| text == "Try again"));
        assert_eq!(app.exchanges(), 0);
    }
}

/// "Sample Success Response".
pub async fn the_sample_success_json_is_understood(adapter: &impl Adapter) {
    let app = App::start(adapter, basic_display()).await;
    app.provider.set_token_shape(TokenShape::Verbatim(
        r#"{
  "access_token": "IGQVJ...",
  "user_id": 17841405793187218
}"#
        .to_owned(),
    ));
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let me = browser.fetch_json("GET", &app.url("/me")).await;
    assert_eq!(me.status, 200, "{}", me.describe());
    assert_eq!(me.json()["user_id"], "17841405793187218");
    assert_eq!(me.json()["scopes"], serde_json::json!(["user_profile"]));
}

/// "Sample Rejected Response".
pub async fn the_sample_rejected_json_asks_to_start_again(adapter: &impl Adapter) {
    let app = App::start(adapter, basic_display()).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "?return_to=/page/kept").await;
    app.provider.set_fault(
        ig_oauth_fake_instagram::Endpoint::CodeExchange,
        ig_oauth_fake_instagram::Fault::json(
            400,
            r#"{
  "error_type": "OAuthException",
  "code": 400,
  "error_message": "Matching code was not found or was already used"
}"#,
        ),
    );
    let page = browser.step(&callback).await;
    assert_eq!(page.status, 400, "{}", page.describe());
    assert!(page.text().contains("code_rejected"));
    assert!(!page.text().contains("Matching code"), "the provider's text stays in the log");
    let links = links(&page.text());
    let (_, again) = links.iter().find(|(text, _)| text == "Try again").unwrap();
    assert_eq!(app.exchanges(), 1, "the exchange is not repeated");
    assert!(browser.jar.named("ig_session").is_empty());
    app.provider.clear_faults();
    browser.open(&app.url(again)).await;
    assert_eq!(browser.press("Allow").await.url.path(), "/page/kept");
}
