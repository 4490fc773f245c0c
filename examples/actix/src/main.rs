//! "Log in with Instagram" on actix-web.
//!
//! `cargo run -p actix-example`, then open the printed address.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example talks to its user")]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use example_shared::{Example, Links, Visitor, finish};
use ig_oauth_actix::{
    ApiError, ApiErrorKind, InstagramLogin, InstagramOAuth, InstagramToken, LoginOptions,
    MaybeInstagramToken,
};

/// For anonymous visitors and for users.
async fn home(
    example: web::Data<Example>,
    token: MaybeInstagramToken,
    login: InstagramLogin,
) -> web::Html {
    let more = login.login_url(&example_shared::more(example.config.api()));
    let links = Links {
        more: more.unwrap_or_else(|_| login.login_path()),
        login: login.login_path(),
        logout: login.logout_path(),
        pages: true,
    };
    web::Html::new(example_shared::home(&Visitor::of(token.token()).await, &links))
}

/// Only for logged-in users: all others are redirected to the login and back here.
async fn me(token: InstagramToken) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(example_shared::me(&token))
}

/// The user's media, by a call to the provider's API.
async fn media(token: InstagramToken, login: InstagramLogin) -> HttpResponse {
    match token.get("me/media", &[("fields", "id,caption"), ("limit", "10")]).await {
        Ok(media) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(example_shared::media(&media)),
        Err(error) => failed(&error, &login, "/media"),
    }
}

/// If the token is no longer valid, links to a login that returns here. Other errors are shown.
fn failed(error: &ApiError, login: &InstagramLogin, here: &str) -> HttpResponse {
    if error.kind() == ApiErrorKind::TokenInvalid
        && let Ok(again) = login.login_url(&LoginOptions::new().return_to(here))
    {
        return HttpResponse::SeeOther().insert_header((header::LOCATION, again)).finish();
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(error.to_string())
}

async fn plain() -> &'static str {
    "plain\n"
}

/// Only needed on one machine: `localhost` and `127.0.0.1` have separate cookies.
async fn one_host_name(
    example: web::Data<Example>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match example.canonical_location(host, path) {
        Some(location) => {
            let redirect = HttpResponse::TemporaryRedirect()
                .insert_header((header::LOCATION, location))
                .finish();
            Ok(request.into_response(redirect).map_into_right_body())
        }
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let (example, listener) = Example::start().await?;
    let example = web::Data::from(Arc::new(example));
    let greeting = example.greeting("actix-web");
    let oauth = InstagramOAuth::new(example.config.clone());
    let flow = oauth.flow().clone();

    let server = HttpServer::new(move || {
        App::new()
            .app_data(example.clone())
            .route("/", web::get().to(home))
            .route("/me", web::get().to(me))
            .route("/media", web::get().to(media))
            .route("/plain", web::get().to(plain))
            // Browsers request an icon for pages that are not HTML with an icon.
            .route("/favicon.ico", web::get().to(HttpResponse::NoContent))
            .wrap(oauth.clone())
            .wrap(from_fn(one_host_name))
    })
    .listen(listener)?;
    println!("{greeting}");
    server.run().await?;
    finish(&flow).await;
    Ok(())
}

#[actix_web::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
