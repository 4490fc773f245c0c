//! Accounts connected to users of the app: who may start, who may finish, and the back button.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::Arc;

use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{ConfigBuilder, LoginContext};
use support::{CODE, Site, body, header, state_of};

const CALLBACK: &str = "/auth/instagram/callback";
const LOGIN: &str = "/auth/instagram/login";
const SECRET: &str = "an obviously fake cookie secret for tests";

fn linking(builder: ConfigBuilder) -> ConfigBuilder {
    builder.linking(true)
}

fn ann() -> Option<LoginContext> {
    Some(LoginContext::bound_to("ann"))
}

/// Starts as Ann. The state.
async fn start(site: &mut Site) -> String {
    site.context = ann();
    state_of(&site.send("POST", LOGIN, &[]).await)
}

#[tokio::test]
async fn an_anonymous_visitor_who_posts_is_asked_to_log_in_to_the_app() {
    let mut site = Site::with(linking);
    for (accept, link) in [("text/html", "<a "), ("application/json", "login_url")] {
        for method in ["GET", "POST"] {
            let reply = site.send(method, LOGIN, &[("accept", accept)]).await;
            assert_eq!((reply.status(), header(&reply, "allow")), (401, None), "{method}");
            assert!(body(&reply).contains("Log in to this site first"), "{}", body(&reply));
            // The crate's login path would answer the same, and only the app knows its own login
            // path.
            assert!(!body(&reply).contains(link), "{}", body(&reply));
            assert_eq!(header(&reply, "www-authenticate"), Some("InstagramLogin"));
        }
    }
    let put = site.send("PUT", LOGIN, &[]).await;
    assert_eq!((put.status(), header(&put, "allow")), (405, Some("GET, POST")));
}

#[tokio::test]
async fn an_attempt_from_before_linking_was_switched_on_connects_nothing() {
    let mut before = Site::new();
    let state = before.start("").await;
    for context in [None, ann()] {
        let mut site = before.restarted(linking);
        site.context = context;
        let reply = site.call_back(&state).await;
        assert_eq!(reply.status(), 400, "{}", body(&reply));
        assert!(body(&reply).contains("invalid_state"), "{}", body(&reply));
    }
    assert_eq!(before.provider.calls(), 0);
}

#[tokio::test]
async fn the_back_button_lands_only_where_the_account_was_connected() {
    let mut site = Site::with(linking);
    // Connected: the attempt's cookie is removed by then, but the history may still have the
    // callback.
    let state = start(&mut site).await;
    let cookies = site.cookies.clone();
    assert_eq!(site.call_back(&state).await.status(), 303);
    site.cookies = cookies;
    let back = site.call_back(&state).await;
    assert_eq!((back.status(), header(&back, "location")), (303, Some("/#")));
    assert!(site.cookies.is_empty(), "the attempt goes again: {:?}", site.cookies);
    // Declined, and refused by the provider: the back button says so again.
    for (answer, first) in [("error=access_denied".to_owned(), 403), (format!("code={CODE}"), 400)]
    {
        site.provider.answers(
            400,
            r#"{"error_type":"OAuthException","code":400,
            "error_message":"This authorization code has been used"}"#,
        );
        let state = start(&mut site).await;
        let cookies = site.cookies.clone();
        let target = format!("{CALLBACK}?{answer}&state={state}");
        let reply = site.get(&target).await;
        assert_eq!(reply.status(), first, "{}", body(&reply));
        site.cookies = cookies;
        let back = site.get(&target).await;
        assert_eq!(back.status(), 400, "{}", body(&back));
        assert!(body(&back).contains("code_rejected"), "{}", body(&back));
    }
}

#[tokio::test]
async fn another_instance_leads_on_and_lets_the_apps_page_say_what_is_connected() {
    let store = Arc::new(MemoryStore::new());
    let shared = |builder: ConfigBuilder| {
        builder.linking(true).shared_store(Arc::clone(&store)).cookie_secrets([SECRET])
    };
    let mut one = Site::with(shared);
    let state = start(&mut one).await;
    let mut other = one.restarted(shared);
    assert_eq!(one.call_back(&state).await.status(), 303);
    let back = other.call_back(&state).await;
    assert_eq!((back.status(), header(&back, "location")), (303, Some("/#")), "{}", body(&back));
    assert_eq!(one.provider.calls(), 1, "nothing is exchanged twice");
}
