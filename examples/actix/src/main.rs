//! "Log in with Instagram" on actix-web.
//!
//! `cargo run -p actix-example`, then open the printed address.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example talks to its user")]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use example_shared::Example;
use ig_oauth_actix::{InstagramLogin, InstagramOAuth, InstagramToken, MaybeInstagramToken};

/// Strangers and users alike.
async fn home(token: MaybeInstagramToken, login: InstagramLogin) -> web::Html {
    web::Html::new(example_shared::home(token.token(), &login.login_path(), &login.logout_path()))
}

/// Logged-in users only: everyone else is led to the login, and back here.
async fn me(token: InstagramToken) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(example_shared::me(&token))
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
    let example = web::Data::from(Arc::new(Example::start()?));
    let listener = example.listener.try_clone()?;
    let greeting = example.greeting("actix-web");
    let oauth = InstagramOAuth::new(example.config.clone());

    let server = HttpServer::new(move || {
        App::new()
            .app_data(example.clone())
            .route("/", web::get().to(home))
            .route("/me", web::get().to(me))
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
