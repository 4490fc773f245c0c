//! "Log in with Instagram" on axum.
//!
//! `cargo run -p axum-example`, then open the printed address.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example talks to its user")]

use std::error::Error;
use std::future::IntoFuture as _;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use example_shared::{Example, Links, Media, Visitor, finish, until_stopped};
use ig_oauth_tower::{
    ApiError, ApiErrorKind, InstagramLogin, InstagramOAuthLayer, InstagramToken, LoginOptions,
    MaybeInstagramToken,
};

/// For anonymous visitors and for users.
async fn home(
    State(example): State<Arc<Example>>,
    token: MaybeInstagramToken,
    login: InstagramLogin,
) -> Html<String> {
    let more = login.login_url(&example_shared::more(example.config.api()));
    let links = Links {
        more: more.unwrap_or_else(|_| login.login_path()),
        login: login.login_path(),
        logout: login.logout_path(),
        pages: true,
    };
    Html(example_shared::home(&Visitor::of(token.token()).await, &links))
}

/// Only for logged-in users: all others are redirected to the login and back here.
async fn me(token: InstagramToken) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, example_shared::me(&token))
}

/// The user's media, by a call to the provider's API.
async fn media(token: InstagramToken, login: InstagramLogin) -> Result<String, Response> {
    let media: Media = token
        .get("me/media", &[("fields", "id,caption"), ("limit", "10")])
        .await
        .map_err(|error| failed(&error, &login, "/media"))?;
    Ok(example_shared::media(&media))
}

/// If the token is no longer valid, links to a login that returns here. Other errors are shown.
fn failed(error: &ApiError, login: &InstagramLogin, here: &str) -> Response {
    if error.kind() == ApiErrorKind::TokenInvalid
        && let Ok(again) = login.login_url(&LoginOptions::new().return_to(here))
    {
        return Redirect::to(&again).into_response();
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, error.to_string()).into_response()
}

async fn plain() -> &'static str {
    "plain\n"
}

/// Only needed on one machine: `localhost` and `127.0.0.1` have separate cookies.
async fn one_host_name(
    State(example): State<Arc<Example>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match example.canonical_location(host, path) {
        Some(location) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        None => next.run(request).await,
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let (example, listener) = Example::start().await?;
    let example = Arc::new(example);
    let layer = InstagramOAuthLayer::new(example.config.clone());
    let flow = layer.flow().clone();
    let app = Router::new()
        .route("/", get(home))
        .route("/me", get(me))
        .route("/media", get(media))
        .route("/plain", get(plain))
        // Browsers request an icon for pages that are not HTML with an icon.
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .with_state(Arc::clone(&example))
        .layer(layer)
        .layer(from_fn_with_state(Arc::clone(&example), one_host_name));

    let listener = tokio::net::TcpListener::from_std(listener)?;
    println!("{}", example.greeting("axum"));
    until_stopped(|stop| axum::serve(listener, app).with_graceful_shutdown(stop).into_future())
        .await?;
    finish(&flow).await;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
