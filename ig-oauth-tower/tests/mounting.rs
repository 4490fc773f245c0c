//! Where the layer and the routes can be mounted, and on what.

#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Full, combinators::UnsyncBoxBody};
use ig_oauth_tower::http::{HttpRequest as ProviderRequest, HttpResponse as Answer};
use ig_oauth_tower::{
    Config, InstagramLogin, InstagramOAuthLayer, InstagramToken, LongLived, MaybeInstagramToken,
    RequireInstagramToken,
};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

const LOGIN: &str = "/auth/instagram/login";
const CALLBACK: &str = "/auth/instagram/callback";

fn layer() -> InstagramOAuthLayer {
    with_prefix("")
}

fn with_prefix(prefix: &str) -> InstagramOAuthLayer {
    let secret = "FAKE-app-secret-of-more-than-32-bytes";
    let redirect_uri = format!("https://app.example{prefix}{CALLBACK}");
    let config = Config::builder("990602627938098", secret, redirect_uri)
        .login_path(format!("{prefix}{LOGIN}"))
        .logout_path(format!("{prefix}/auth/instagram/logout"))
        .long_lived(LongLived::Off)
        .http_client(|_: ProviderRequest| async {
            Ok(Answer::new(200, br#"{"access_token":"FAKE","user_id":17841458366137975}"#.to_vec()))
        });
    InstagramOAuthLayer::new(config.build().unwrap())
}

/// Logs in at `login` and the callback beside it, and gives the session's cookie.
async fn log_in(app: &Router, login: &str) -> String {
    let start = app.clone().oneshot(request(login)).await.unwrap();
    assert_eq!(start.status(), StatusCode::SEE_OTHER);
    let mut cookies = start.headers().get_all("set-cookie").iter();
    let attempt = cookies.next().unwrap().to_str().unwrap().split(';').next().unwrap();
    assert!(cookies.next().is_none(), "answered once");
    let location = start.headers()["location"].to_str().unwrap();
    let state = location.rsplit_once("&state=").unwrap().1;
    let callback = login.replace("/login", "/callback");
    let mut request = request(&format!("{callback}?code=FAKE&state={state}"));
    request.headers_mut().insert("cookie", attempt.parse().unwrap());
    let landed = app.clone().oneshot(request).await.unwrap();
    assert_eq!(landed.status(), StatusCode::SEE_OTHER);
    let lines = landed.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let mut sessions = lines.filter(|line| line.contains("ig_session"));
    let session = sessions.next().unwrap().split(';').next().unwrap().to_owned();
    assert!(sessions.next().is_none(), "answered once");
    session
}

fn request(path: &str) -> Request {
    Request::builder().uri(path).body(Body::empty()).unwrap()
}

async fn status(app: &Router, path: &str) -> StatusCode {
    app.clone().oneshot(request(path)).await.unwrap().status()
}

async fn text(app: &Router, path: &str) -> (StatusCode, String) {
    let response = app.clone().oneshot(request(path)).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn token(_: InstagramToken) -> &'static str {
    "token"
}

async fn nothing_here() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "nothing here")
}

/// Every wiring of the table in the crate's documentation: does the layer answer its own paths?
#[tokio::test]
async fn the_layer_answers_where_the_table_says_so() {
    let page = || Router::new().route("/page", get(async || "page"));
    let cases: Vec<(&str, Router, String, bool)> = vec![
        ("an empty router", Router::new().layer(layer()), LOGIN.into(), true),
        ("after the routes", page().layer(layer()), LOGIN.into(), true),
        (
            "a route added later",
            Router::new().layer(layer()).route("/page", get(async || "page")),
            LOGIN.into(),
            true,
        ),
        (
            "a router merged in later",
            Router::new().layer(layer()).merge(page()),
            LOGIN.into(),
            false,
        ),
        ("a fallback before", page().fallback(nothing_here).layer(layer()), LOGIN.into(), true),
        ("a fallback after", page().layer(layer()).fallback(nothing_here), LOGIN.into(), false),
        ("route_layer", page().route_layer(layer()), LOGIN.into(), false),
        (
            "nested without a fallback",
            Router::new().nest("/app", page().layer(with_prefix("/app"))),
            format!("/app{LOGIN}"),
            false,
        ),
        (
            "nested with a fallback",
            Router::new().nest("/app", page().fallback(nothing_here).layer(with_prefix("/app"))),
            format!("/app{LOGIN}"),
            true,
        ),
        (
            "two nests deep",
            Router::new().nest(
                "/a",
                Router::new().nest("/b", page().fallback(nothing_here).layer(with_prefix("/a/b"))),
            ),
            format!("/a/b{LOGIN}"),
            false,
        ),
        (
            "nest_service",
            Router::new().nest_service("/app", page().layer(with_prefix("/app"))),
            format!("/app{LOGIN}"),
            true,
        ),
        (
            "merged into a router without a fallback",
            Router::new().merge(page().layer(layer())),
            LOGIN.into(),
            true,
        ),
        (
            "merged into a router with a fallback",
            Router::new().fallback(nothing_here).merge(page().layer(layer())),
            LOGIN.into(),
            false,
        ),
        (
            "around a wildcard route",
            Router::new().route("/{*rest}", get(async || "page")).layer(layer()),
            LOGIN.into(),
            true,
        ),
        (
            "around a route of another method",
            Router::new()
                .route(LOGIN, post(async || "posted"))
                .route(CALLBACK, post(async || "posted"))
                .layer(layer()),
            LOGIN.into(),
            true,
        ),
        (
            "outside of nested routers",
            Router::new().nest("/x", page()).layer(layer()),
            LOGIN.into(),
            true,
        ),
    ];
    for (wiring, app, path, answered) in cases {
        let expected = if answered { StatusCode::SEE_OTHER } else { StatusCode::NOT_FOUND };
        assert_eq!(status(&app, &path).await, expected, "{wiring}");
        if answered {
            log_in(&app, &path).await;
        }
    }
    // Around the whole app: the cheapest place.
    let response = layer().layer(page()).oneshot(request(LOGIN)).await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}

/// Not even axum takes it for a way to mount.
#[test]
#[should_panic(expected = "before any routes is a no-op")]
fn a_route_layer_on_an_empty_router_is_refused_by_axum() {
    let _: Router = Router::new().route_layer(layer());
}

/// Real routes survive where the layer's own paths do not.
#[tokio::test]
async fn routes_answer_in_every_wiring() {
    let page = || Router::new().route("/page", get(async || "page"));
    let nested = with_prefix("/app");
    let deep = with_prefix("/a/b");
    for (wiring, app, path) in [
        ("merged", page().merge(layer().routes()), LOGIN.to_owned()),
        (
            "with a fallback",
            page().merge(layer().routes()).fallback(nothing_here),
            LOGIN.to_owned(),
        ),
        (
            "nested",
            Router::new().nest("/app", page().merge(nested.routes_under("/app"))),
            format!("/app{LOGIN}"),
        ),
        (
            "two nests deep",
            Router::new().nest(
                "/a",
                Router::new().nest("/b", deep.routes_under("/a/b")).fallback(nothing_here),
            ),
            format!("/a/b{LOGIN}"),
        ),
        (
            "under a route_layer",
            page().merge(layer().routes()).route_layer(layer()),
            LOGIN.to_owned(),
        ),
    ] {
        let response = app.clone().oneshot(request(&path)).await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{wiring}");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 1, "{wiring}: once");
        log_in(&app, &path).await;
        // Any method gets there, and the flow judges it.
        let head = Request::builder().method("HEAD").uri(&path).body(Body::empty()).unwrap();
        let answer = app.oneshot(head).await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{wiring}");
    }
}

#[tokio::test]
async fn routes_under_another_prefix_say_what_to_change() {
    let app = Router::new().nest("/app", layer().routes());
    let (status, body) = text(&app, &format!("/app{LOGIN}")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    for words in ["another path", LOGIN, CALLBACK, "redirect URI"] {
        assert!(body.contains(words), "{words} in {body}");
    }
}

/// What a configuration takes, a router must reach.
#[tokio::test]
async fn every_character_that_a_path_may_have_is_mounted() {
    let callback = "/a!$&'()+,;=:@-._~b/:c/callback";
    let redirect_uri = format!("https://app.example{callback}");
    let secret = "FAKE-app-secret-of-more-than-32-bytes";
    let config = Config::builder("990602627938098", secret, redirect_uri).build().unwrap();
    let layer = InstagramOAuthLayer::new(config);
    assert_eq!(status(&layer.routes(), callback).await, StatusCode::BAD_REQUEST);
    assert_eq!(status(&Router::new().layer(layer), callback).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_handler_without_the_layer_asks_for_it() {
    let app = Router::new()
        .route("/token", get(token))
        .route("/optional", get(async |_: Option<InstagramToken>| "optional"))
        .route("/maybe", get(async |_: MaybeInstagramToken| "maybe"))
        .route("/links", get(async |_: InstagramLogin| "links"))
        .route("/members", get(async || "members").route_layer(RequireInstagramToken::new()))
        .merge(layer().routes());
    for path in ["/token", "/optional", "/maybe", "/links", "/members"] {
        let (status, body) = text(&app, path).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(body.contains("Is `InstagramOAuthLayer` enabled?"), "{path}: {body}");
    }
}

#[tokio::test]
async fn extractors_tell_visitors_from_users_and_the_guard_keeps_visitors_out() {
    let members = Router::new()
        .route("/members", get(async || "members"))
        .route_layer(RequireInstagramToken::new());
    let app = Router::new()
        .route("/token", get(token))
        .route("/optional", get(async |token: Option<InstagramToken>| token.is_some().to_string()))
        .route("/maybe", get(async |token: MaybeInstagramToken| token.is_some().to_string()))
        .route(
            "/links",
            get(async |login: InstagramLogin| [login.login_path(), login.logout_path()].join(" ")),
        )
        .merge(members)
        .layer(layer());
    let session = log_in(&app, LOGIN).await;
    for (path, visitor, member) in [
        ("/token", (401, "login_required"), (200, "token")),
        ("/members", (401, "login_required"), (200, "members")),
        ("/optional", (200, "false"), (200, "true")),
        ("/maybe", (200, "false"), (200, "true")),
        ("/links", (200, LOGIN), (200, LOGIN)),
    ] {
        for (cookie, (status, words)) in [("", visitor), (&*session, member)] {
            let mut request = request(path);
            request.headers_mut().insert("cookie", cookie.parse().unwrap());
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(String::from_utf8(body.to_vec()).unwrap().contains(words), "{path}");
        }
    }
}

/// An extension that an app sets, or a header that a client sends, is not the layer's word.
#[tokio::test]
async fn nothing_but_the_layer_can_vouch_for_a_token() {
    let app = Router::new().route("/token", get(token)).layer(layer());
    for (name, value) in [
        ("authorization", "Bearer FAKE"),
        ("x-instagram-token", "FAKE"),
        ("cookie", "__Host-ig_session_x=FAKE; instagram_token=FAKE"),
    ] {
        let mut request = request("/token");
        request.headers_mut().insert(name, value.parse().unwrap());
        let status = app.clone().oneshot(request).await.unwrap().status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name}");
    }
}

/// Panics when it is called before it said it was ready, and says so on this very instance only.
#[derive(Default)]
struct Stateful {
    ready: bool,
}

impl Clone for Stateful {
    fn clone(&self) -> Self {
        Self { ready: false }
    }
}

impl Service<Request> for Stateful {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called before it was ready");
        std::future::ready(Ok(Response::new(Body::from("inner"))))
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_called() {
    let mut service = layer().layer(Stateful::default());
    for path in ["/page", LOGIN, "/page"] {
        let response = service.ready().await.unwrap().call(request(path)).await.unwrap();
        let expected = if path == LOGIN { StatusCode::SEE_OTHER } else { StatusCode::OK };
        assert_eq!(response.status(), expected);
    }
    let mut guarded = layer().layer(RequireInstagramToken::new().layer(Stateful::default()));
    let response = guarded.ready().await.unwrap().call(request("/page")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

/// The readiness or error of the inner service is passed on.
#[tokio::test]
async fn an_inner_service_that_fails_is_not_hidden() {
    #[derive(Clone)]
    struct Failing;
    impl Service<Request> for Failing {
        type Response = Response<Body>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Response<Body>, &'static str>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Err("overloaded"))
        }
        fn call(&mut self, _: Request) -> Self::Future {
            std::future::ready(Err("called"))
        }
    }
    let mut service = layer().layer(Failing);
    assert_eq!(service.ready().await.err(), Some("overloaded"));
    assert_eq!(service.call(request("/page")).await.err(), Some("called"));
}

#[tokio::test]
async fn either_body_serves_bodies_that_cannot_be_made_from_bytes() {
    type Boxed = UnsyncBoxBody<Bytes, Infallible>;
    let boxed = service_fn(|_: Request| async {
        let body: Boxed = Full::new(Bytes::from_static(b"inner")).boxed_unsync();
        Ok::<_, Infallible>(Response::new(body))
    });
    let empty = service_fn(|_: Request| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let app = layer().either_body().layer(boxed);
    let inner = app.oneshot(request("/page")).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(inner.to_bytes(), "inner");
    let own = layer().either_body().layer(empty).oneshot(request(CALLBACK)).await.unwrap();
    assert_eq!(own.status(), StatusCode::BAD_REQUEST);
    let size = http_body::Body::size_hint(own.body()).exact().unwrap();
    let page = own.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(u64::try_from(page.len()).unwrap(), size);
    assert!(page.starts_with(b"<!doctype html>"));
    // On a Router, and directly around a layer that changes the body.
    let router: Router =
        Router::new().route("/page", get(async || "page")).layer(layer().either_body());
    assert_eq!(text(&router, "/page").await, (StatusCode::OK, "page".to_owned()));
    let compressed = tower_http::compression::CompressionLayer::new().layer(router);
    let service = layer().either_body().layer(compressed);
    assert_eq!(service.oneshot(request(LOGIN)).await.unwrap().status(), StatusCode::SEE_OTHER);
}
