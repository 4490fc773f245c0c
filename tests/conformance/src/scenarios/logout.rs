//! The end of a session.

use url::Url;

use crate::browser::Browser;
use crate::harness::{Adapter, App, Sessions, Settings};

const LOGOUT: &str = "/auth/instagram/logout";

pub async fn logging_out_ends_the_session(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let settings = Settings::new()
            .sessions(sessions)
            .configure(|builder| builder.after_logout("/plain?bye"));
        let app = App::start(adapter, settings).await;
        let mut browser = Browser::new();
        app.log_in(&mut browser).await;
        let url = Url::parse(&app.url(LOGOUT)).unwrap();
        let same_origin = [("sec-fetch-site", "same-origin"), ("origin", app.origin.as_str())];
        let answer = browser.hop("POST", &url, &same_origin).await;
        assert_eq!((answer.status, answer.location()), (303, "/plain?bye#"), "{sessions:?}");
        assert!(browser.jar.named("ig_session").is_empty());
        assert_eq!(browser.step(&app.url("/")).await.text(), "anonymous");
    }
}

/// A store forgets the session, so that a copy of its cookie is worth nothing.
pub async fn a_logged_out_session_id_stays_logged_out(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new().sessions(Sessions::Store)).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let mut copy = browser.clone();
    assert_eq!(copy.step(&app.url("/")).await.text(), app.user_id());
    browser.hop("POST", &Url::parse(&app.url(LOGOUT)).unwrap(), &[]).await;
    assert_eq!(copy.step(&app.url("/")).await.text(), "anonymous");
}

pub async fn only_posts_of_this_site_log_out(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let url = Url::parse(&app.url(LOGOUT)).unwrap();
    let get = browser.hop("GET", &url, &[]).await;
    assert_eq!((get.status, get.header("allow")), (405, Some("POST")));
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ] {
        let answer = browser.hop("POST", &url, headers).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(answer.all("set-cookie").is_empty(), "{headers:?}");
    }
    assert_eq!(browser.step(&app.url("/")).await.text(), app.user_id(), "still logged in");
}

pub async fn a_program_gets_204(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let answer = browser.fetch_json("POST", &app.url(LOGOUT)).await;
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert!(browser.jar.named("ig_session").is_empty());
}
