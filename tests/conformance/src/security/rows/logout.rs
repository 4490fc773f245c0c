//! Section 15: who may log out, and the page for a logout that did not happen.

use crate::harness::{Adapter, Sessions, Settings};
use ig_oauth_common::hooks::Hooks;

use crate::security::site::{LOGIN, LOGOUT, Site};

const LISTED: &str = "https://front.app.example";
const PERSON: [(&str, &str); 2] = [("sec-fetch-mode", "navigate"), ("accept", "text/html")];

struct Quiet;

impl Hooks for Quiet {}

pub async fn w_04_a_listed_front_end_on_a_sibling_host_logs_out(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let settings = Settings::new().sessions(sessions);
        let settings = settings.configure(|builder| builder.allowed_return_origins([LISTED]));
        let site = Site::with(adapter, settings).await;
        let session = site.log_in().await;
        let cookie = ("cookie", session.as_str());
        let other = "https://other.app.example";
        for (origin, sent_from) in [
            (Some(LISTED), "cross-site"),
            (Some(other), "cross-site"),
            (Some(other), "same-site"),
            (Some("null"), "same-site"),
            (None, "same-site"),
        ] {
            let mut headers = vec![cookie, ("sec-fetch-site", sent_from)];
            headers.extend(origin.map(|origin| ("origin", origin)));
            let answer = site.send("POST", LOGOUT, &headers).await;
            assert_eq!(answer.status, 403, "{headers:?}");
            assert!(answer.all("set-cookie").is_empty(), "{headers:?}");
            headers.push(("accept", "application/json"));
            let program = site.send("POST", LOGOUT, &headers).await;
            let message = program.json()["message"].to_string();
            assert!(message.contains("log out"), "{message}");
        }
        assert_eq!(site.get("/", &session).await.text(), site.app.user_id(), "still logged in");
        let listed = [cookie, ("origin", LISTED), ("sec-fetch-site", "same-site")];
        let answer = site.send("POST", LOGOUT, &listed).await;
        assert_eq!(answer.status, 303, "{sessions:?}");
        assert!(answer.header("set-cookie").is_some_and(|line| line.contains("Max-Age=0")));
        if sessions == Sessions::Store {
            assert_eq!(site.get("/", &session).await.text(), "anonymous");
        }
    }
    // The list says where users may go, and not who may start.
    for linking in [false, true] {
        let settings = Settings::new().configure(move |builder| {
            let builder = builder.allowed_return_origins([LISTED]);
            if linking { builder.linking(true).hooks(Quiet) } else { builder.require_post(true) }
        });
        let site = Site::with(adapter, settings).await;
        for sent_from in ["same-site", "cross-site"] {
            let headers =
                [("cookie", "app_user=ann"), ("origin", LISTED), ("sec-fetch-site", sent_from)];
            let answer = site.send("POST", LOGIN, &headers).await;
            assert_eq!(answer.status, 403, "{sent_from}");
            assert!(answer.all("set-cookie").is_empty());
        }
    }
}

pub async fn w_14_a_logout_that_did_not_happen_offers_the_button(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.failure_url("/failed"));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    let foreign = ("sec-fetch-site", "cross-site");
    for (method, status, more) in [
        ("GET", 405, None),
        ("POST", 403, Some(foreign)),
        ("POST", 403, Some(("sec-fetch-site", "same-site"))),
    ] {
        let mut headers = PERSON.to_vec();
        headers.push(("cookie", session.as_str()));
        headers.extend(more);
        let answer = site.send(method, LOGOUT, &headers).await;
        assert_eq!(answer.status, status, "{method}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("POST"));
        let page = answer.text();
        assert!(page.contains(&format!("<form method=\"post\" action=\"{LOGOUT}\">")), "{page}");
        assert!(page.to_lowercase().contains("log out"), "{page}");
        assert!(!page.contains(LOGIN), "nobody who wants out is offered a login: {page}");
        // Without a referrer, browsers would post with `Origin: null`.
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert!(answer.all("set-cookie").is_empty());
    }
    assert_eq!(site.get("/", &session).await.text(), site.app.user_id(), "still logged in");
    let press = [
        PERSON[0],
        PERSON[1],
        ("cookie", session.as_str()),
        ("origin", "https://app.example"),
        ("sec-fetch-site", "same-origin"),
    ];
    let pressed = site.send("POST", LOGOUT, &press).await;
    assert_eq!((pressed.status, pressed.location()), (303, "/#"));
    assert!(pressed.header("set-cookie").is_some_and(|line| line.contains("Max-Age=0")));
    for (method, status) in [("GET", 405), ("POST", 403)] {
        let headers = [("accept", "application/json"), foreign];
        let program = site.send(method, LOGOUT, &headers).await;
        assert_eq!(program.status, status);
        assert!(program.json()["message"].is_string());
    }
}
