//! Section 15: who may log out.

use ig_oauth_common::Hooks;
use ig_oauth_conformance::harness::{Adapter, Sessions, Settings};

use crate::site::{LOGIN, LOGOUT, Site};

const LISTED: &str = "https://front.app.example";

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
