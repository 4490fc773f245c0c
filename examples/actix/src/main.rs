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
use example_shared::{Example, Links};
use ig_oauth_actix::{
    ApiError, InstagramLogin, InstagramOAuth, InstagramToken, MaybeInstagramToken,
};

/// Strangers and users alike.
async fn home(
    example: web::Data<Example>,
    token: MaybeInstagramToken,
    login: InstagramLogin,
) -> web::Html {
    let profile = match token.token() {
        Some(token) => token.profile().await.ok(),
        None => None,
    };
    let more = login.login_url(&example_shared::more(example.config.api()));
    let links = Links {
        more: more.unwrap_or_else(|_| login.login_path()),
        login: login.login_path(),
        logout: login.logout_path(),
        pages: true,
    };
    web::Html::new(example_shared::home(token.token(), profile.as_ref(), &links))
}

/// Logged-in users only: everyone else is led to the login, and back here.
async fn me(token: InstagramToken) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(example_shared::me(&token))
}

/// The user's media: the five lines that a call to the provider's API takes.
async fn media(token: InstagramToken) -> (String, StatusCode) {
    match token.get("me/media", &[("fields", "id,caption"), ("limit", "10")]).await {
        Ok(media) => (example_shared::media(&media), StatusCode::OK),
        Err(error) => (error.to_string(), status(&error)),
    }
}

fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn plain() -> &'static str {
    "plain\n"
}

/// For trying it out on one machine: `localhost` and `127.0.0.1` have separate cookies.
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
    let example = web::Data::from(Arc::new(Example::start().await?));
    let listener = example.listener.try_clone()?;
    let greeting = example.greeting("actix-web");
    let oauth = InstagramOAuth::new(example.config.clone());

    let server = HttpServer::new(move || {
        App::new()
            .app_data(example.clone())
            .route("/", web::get().to(home))
            .route("/me", web::get().to(me))
            .route("/media", web::get().to(media))
            .route("/plain", web::get().to(plain))
            .wrap(oauth.clone())
            .wrap(from_fn(one_host_name))
    })
    .listen(listener)?;
    println!("{greeting}");
    server.run().await?;
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
