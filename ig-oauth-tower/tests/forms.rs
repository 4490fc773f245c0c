//! What the provider posts, through `routes()` as well as through the layer.

#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, reason = "tests")]

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use http::StatusCode;
use http_body_util::BodyExt as _;
use ig_oauth_tower::http::Clock;
use ig_oauth_tower::{Config, InstagramOAuthLayer, Timestamp};
use tower::ServiceExt as _;

/// A vector of the provider's format, with the key `appsecret`, and a moment at which it is fresh.
const SIGNED: &str = "N32LNcvDGXq0GI1jxm-tj1ysJh2uqkNIBcUhUmTp19k.\
                      eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjEyOTE4NDA0MDAsImlzc3VlZF9h\
                      dCI6MTI5MTgzNjgwMCwidXNlcl9pZCI6IjIxODQ3MSJ9";

struct Then;

impl Clock for Then {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(1_291_838_000)
    }
}

fn layer(prefix: &str) -> InstagramOAuthLayer {
    let secret = "FAKE-app-secret-of-more-than-32-bytes";
    let redirect_uri = format!("https://app.example{prefix}/auth/instagram/callback");
    let config = Config::builder("990602627938098", secret, redirect_uri)
        .login_path(format!("{prefix}/auth/instagram/login"))
        .logout_path(format!("{prefix}/auth/instagram/logout"))
        .deauthorize_path(format!("{prefix}/gone"))
        .data_deletion_path(format!("{prefix}/deletion"))
        .signed_request_secrets(["appsecret"])
        .clock(Then);
    InstagramOAuthLayer::new(config.build().unwrap())
}

async fn post(app: &Router, path: &str, body: impl Into<Body>) -> (StatusCode, String) {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    let answer = app.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn forms_are_read_in_every_wiring() {
    let page = || Router::new().route("/page", get(async || "page"));
    for (wiring, app, prefix) in [
        ("layer", page().layer(layer("")), ""),
        ("routes", page().merge(layer("").routes()), ""),
        ("both", page().merge(layer("").routes()).layer(layer("")), ""),
        ("nested", Router::new().nest("/app", layer("/app").routes_under("/app")), "/app"),
    ] {
        let form = format!("signed_request={SIGNED}");
        let (gone, deletion) = (format!("{prefix}/gone"), format!("{prefix}/deletion"));
        assert_eq!(post(&app, &gone, form.clone()).await.0, StatusCode::OK, "{wiring}");
        let (status, confirmed) = post(&app, &deletion, form.clone()).await;
        assert_eq!(status, StatusCode::OK, "{wiring}: {confirmed}");
        let url = format!("https://app.example{prefix}/deletion?code=");
        assert!(confirmed.contains(&url), "{wiring}: {confirmed}");
        for path in [&gone, &deletion] {
            assert_eq!(post(&app, path, "x=1").await.0, StatusCode::BAD_REQUEST, "{wiring}");
            let huge = "x".repeat(20_000);
            assert_eq!(post(&app, path, huge).await.0, StatusCode::PAYLOAD_TOO_LARGE, "{wiring}");
        }
    }
}
