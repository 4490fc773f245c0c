//! What the provider posts, through `configure()` as well as through the middleware.

#![allow(clippy::unwrap_used, reason = "tests")]

use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use ig_oauth_actix::http::Clock;
use ig_oauth_actix::{Config, InstagramOAuth, Timestamp};

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

fn oauth(prefix: &str) -> InstagramOAuth {
    let secret = "FAKE-app-secret-of-more-than-32-bytes";
    let redirect_uri = format!("https://app.example{prefix}/auth/instagram/callback");
    let config = Config::builder("990602627938098", secret, redirect_uri)
        .login_path(format!("{prefix}/auth/instagram/login"))
        .logout_path(format!("{prefix}/auth/instagram/logout"))
        .deauthorize_path(format!("{prefix}/gone"))
        .data_deletion_path(format!("{prefix}/deletion"))
        .signed_request_secrets(["appsecret"])
        .clock(Then);
    InstagramOAuth::new(config.build().unwrap())
}

async fn post<S, B>(app: &S, path: &str, body: String) -> (StatusCode, String)
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: actix_web::body::MessageBody,
{
    let request = TestRequest::post()
        .uri(path)
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(body);
    let answer = call_service(app, request.to_request()).await;
    let status = answer.status();
    (status, String::from_utf8(read_body(answer).await.to_vec()).unwrap())
}

/// The prefix, and a service that has it.
macro_rules! forms_are_read {
    ($wiring:literal, $prefix:literal, $app:expr) => {
        let app = init_service($app).await;
        let form = format!("signed_request={SIGNED}");
        let (gone, deletion) = (concat!($prefix, "/gone"), concat!($prefix, "/deletion"));
        assert_eq!(post(&app, gone, form.clone()).await.0, StatusCode::OK, $wiring);
        let (status, confirmed) = post(&app, deletion, form.clone()).await;
        assert_eq!(status, StatusCode::OK, "{}: {confirmed}", $wiring);
        let url = concat!("https://app.example", $prefix, "/deletion?code=");
        assert!(confirmed.contains(url), "{}: {confirmed}", $wiring);
        for path in [gone, deletion] {
            let (status, _) = post(&app, path, "x=1".to_owned()).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, $wiring);
            let (status, _) = post(&app, path, "x".repeat(20_000)).await;
            assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, $wiring);
        }
    };
}

#[actix_web::test]
async fn forms_are_read_in_every_wiring() {
    let page = || web::resource("/page").to(async || "page");
    forms_are_read!("middleware", "", App::new().service(page()).wrap(oauth("")));
    forms_are_read!("resources", "", App::new().configure(oauth("").configure()));
    let both = oauth("");
    forms_are_read!("both", "", App::new().configure(both.configure()).wrap(both.clone()));
    let nested = oauth("/app");
    let scope = web::scope("/app").configure(nested.configure_under("/app"));
    forms_are_read!("nested", "/app", App::new().service(scope));
}
