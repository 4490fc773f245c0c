//! Section 8, the life of a token: what was granted, and what a refresh does.

use std::time::Duration;

use crate::browser::Response;
use crate::harness::{Adapter, Sessions, Settings};
use ig_oauth_common::store::Store as _;
use ig_oauth_common::{Scope, Scopes, UserId};
use ig_oauth_fake_instagram::{Endpoint, Fault, TokenShape};

use crate::security::site::{REDIRECT_URI, Site, is_ok, is_refused, session_cookie};
use crate::security::switched_store::SwitchedStore;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn login_granting(site: &Site, scopes: &str) -> Response {
    let attempt = site.start("").await;
    let code = site.app.provider.issue_code(REDIRECT_URI, scopes);
    site.call_back(&format!("code={code}&state={}", attempt.state), &attempt.cookie()).await
}

pub async fn t_15_fewer_scopes_than_required_keep_nothing(adapter: &impl Adapter) {
    let store = SwitchedStore::new();
    let kept = store.clone();
    let settings = Settings::new().configure(|builder| {
        builder
            .scopes([Scope::InstagramBusinessBasic, Scope::InstagramBusinessManageComments])
            .optional_scopes([Scope::InstagramBusinessManageInsights])
            .store(store)
            .cookie_secrets(["an obviously fake cookie secret for tests"])
    });
    let site = Site::with(adapter, settings).await;
    let both = "instagram_business_basic,instagram_business_manage_comments";
    let text = r#"{"access_token":"{token}","user_id":{user_id},"permissions":""}"#;
    let list = r#"{"access_token":"{token}","user_id":{user_id},"permissions":[]}"#;
    let odd = r#"{"access_token":"{token}","user_id":{user_id},"permissions":{"a":1}}"#;
    let shape = |body: &str| TokenShape::Verbatim(body.to_owned());
    for (shape, granted, works) in [
        (TokenShape::FlatNumberArray, "instagram_business_basic", false),
        (TokenShape::WrappedStringIdCommaString, "instagram_business_manage_comments", false),
        // Present, but empty: nothing was granted.
        (shape(text), both, false),
        (shape(list), both, false),
        // Absent, or of no known shape: what was asked for (RFC 6749, section 5.1).
        (TokenShape::FlatNumberNoPermissions, "instagram_business_basic", true),
        (shape(odd), both, true),
        // The optional one may be left out.
        (TokenShape::FlatNumberArray, both, true),
    ] {
        site.app.provider.set_token_shape(shape.clone());
        let client_id = site.app.provider.client_id();
        // The stored user is not the one who logs in now.
        let user = site.app.user_id().parse::<UserId>().unwrap();
        for account in kept.inner().accounts_known_by(client_id, &user).await.unwrap() {
            kept.inner().forget_account(&account.key, &account.sealed_token).await.unwrap();
        }
        let before = kept.inner().session_count();
        let answer = login_granting(&site, granted).await;
        if works {
            is_ok(&answer);
            let me = site.get("/me", &session_cookie(&answer).unwrap()).await.json();
            let insights = me["scopes"].to_string().contains("insights");
            let reported = matches!(shape, TokenShape::FlatNumberArray);
            assert_eq!(insights, !reported, "{shape:?}: {me}");
        } else {
            is_refused(&answer, "missing_permission");
            assert_eq!(answer.status, 403);
            assert_eq!(kept.inner().session_count(), before, "{shape:?}");
            let accounts = kept.inner().accounts_known_by(client_id, &user).await.unwrap();
            assert!(accounts.is_empty(), "{shape:?}");
        }
    }
    let names: Scopes = both.parse().unwrap();
    assert_eq!(names.len(), 2);
}

/// The longest a request may wait: enough for a provider that answers, on any machine.
const AMPLE: Duration = Duration::from_secs(10);

async fn due(adapter: &impl Adapter, sessions: Sessions, wait: Duration) -> (Site, String) {
    let settings = Settings::new()
        .sessions(sessions)
        .configure(move |builder| builder.idle_lifetime(60 * DAY).refresh_wait(wait));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    site.app.advance(40 * DAY);
    (site, session)
}

/// `requests` concurrent requests: which distinct expiries of a token they saw.
async fn expiries(site: &Site, session: &str, requests: usize) -> Vec<u64> {
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..requests {
        let (address, cookie) = (site.app.address().to_owned(), session.as_bytes().to_vec());
        answers.spawn(async move {
            let headers =
                [("host".to_owned(), b"app.example".to_vec()), ("cookie".to_owned(), cookie)];
            crate::browser::send(&address, "GET", "/me", &headers, b"").await
        });
    }
    let answers = answers.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let mut ends: Vec<_> =
        answers.iter().map(|answer| answer.json()["expires_at"].as_u64().unwrap()).collect();
    ends.dedup();
    ends
}

pub async fn t_17_a_due_token_is_refreshed_once_and_a_failure_keeps_the_old_one(
    adapter: &impl Adapter,
) {
    let start = 1_800_000_000;
    let (old_end, new_end) = (start + 5_183_944, start + 40 * DAY.as_secs() + 5_183_944);
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let (site, session) = due(adapter, sessions, AMPLE).await;
        assert_eq!(expiries(&site, &session, 200).await, [new_end], "{sessions:?}");
        assert_eq!(site.app.provider.count(Endpoint::Refresh), 1, "{sessions:?}");

        for fault in [Fault::html(503), Fault::Throttled { minutes: 5 }, Fault::Empty] {
            let (site, session) = due(adapter, sessions, AMPLE).await;
            site.app.provider.set_fault(Endpoint::Refresh, fault.clone());
            assert_eq!(expiries(&site, &session, 20).await, [old_end], "{fault:?}");
            assert_eq!(expiries(&site, &session, 20).await, [old_end], "{fault:?}");
            assert_eq!(site.app.provider.count(Endpoint::Refresh), 1, "{fault:?}");
            // Later it is tried again.
            site.app.provider.clear_faults();
            site.app.advance(Duration::from_secs(5 * 60));
            let end = expiries(&site, &session, 20).await;
            assert_eq!(end, [new_end + 5 * 60], "{sessions:?} {fault:?}");
        }
        let (site, session) = due(adapter, sessions, Duration::from_millis(300)).await;
        site.app.provider.set_fault(Endpoint::Refresh, Fault::NeverAnswer);
        assert_eq!(expiries(&site, &session, 200).await, [old_end]);
        assert_eq!(site.app.provider.count(Endpoint::Refresh), 1);
    }
    // One that keeps its string is another one by the time of its issue.
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let (site, session) = due(adapter, sessions, AMPLE).await;
        site.app.provider.set_refresh_keeps_token(true);
        let before = site.app.provider.issued_tokens().len();
        assert_eq!(expiries(&site, &session, 200).await, [new_end], "{sessions:?}");
        assert_eq!(expiries(&site, &session, 20).await, [new_end], "{sessions:?}");
        assert_eq!(site.app.provider.count(Endpoint::Refresh), 1, "{sessions:?}");
        assert_eq!(site.app.provider.issued_tokens().len(), before, "no string but the old one");
    }
    // Younger than a day, however near its end.
    let settings = Settings::new().configure(|builder| builder.refresh_ahead(59 * DAY));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    site.app.advance(DAY - Duration::from_secs(1));
    assert_eq!(site.get("/me", &session).await.status, 200);
    assert_eq!(site.app.provider.count(Endpoint::Refresh), 0);
}
