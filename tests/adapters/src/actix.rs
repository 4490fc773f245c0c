//! The test app on actix-web 4, with the middleware.

use std::net::TcpListener;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder, web};
use ig_oauth_actix::{
    InstagramOAuth, InstagramToken, InstagramTokenWith, MaybeInstagramToken, RequireInstagramToken,
};
use ig_oauth_common::{Config, Scope};
use ig_oauth_conformance::harness::{Adapter, Serving};

use crate::content::{Publishing, captions, described};

/// actix-web 4 with the middleware, on two workers.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a value is made of it by name")]
pub struct Actix;

async fn home(token: MaybeInstagramToken) -> String {
    token.token().map_or_else(|| "anonymous".to_owned(), |token| token.user_id().to_string())
}

async fn me(token: InstagramToken) -> HttpResponse {
    let scopes: Vec<_> = token.scopes().iter().map(ToString::to_string).collect();
    let body = serde_json::json!({
        "user_id": token.user_id().as_str(),
        "scopes": scopes,
        "expires_at": token.expires_at().unix_seconds(),
    });
    HttpResponse::Ok().append_header((CONTENT_TYPE, "application/json")).body(body.to_string())
}

async fn page(request: HttpRequest, token: InstagramToken) -> String {
    format!("page {} {}", request.uri().path_and_query().unwrap(), token.user_id())
}

async fn cookies(_: MaybeInstagramToken) -> HttpResponse {
    HttpResponse::Ok()
        .append_header((SET_COOKIE, "one=1; Path=/"))
        .append_header((SET_COOKIE, "two=2; Path=/"))
        .append_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("cookies")
}

async fn cached(_: MaybeInstagramToken) -> HttpResponse {
    HttpResponse::Ok()
        .append_header((CACHE_CONTROL, "public, max-age=60"))
        .append_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("cached")
}

async fn publish(token: InstagramTokenWith<Publishing>) -> String {
    format!("publishing for {}", token.user_id())
}

async fn media(token: InstagramToken) -> impl Responder {
    match token.get("me/media", &[("fields", "caption")]).await {
        Ok(media) => (captions(media), StatusCode::OK),
        Err(error) => (described(&error), StatusCode::from_u16(error.status()).unwrap()),
    }
}

impl Adapter for Actix {
    fn serve(&self, config: Config, listener: TcpListener) -> Serving {
        Serving::on_its_own_thread(async move |stop| {
            let oauth = InstagramOAuth::new(config);
            let server = HttpServer::new(move || {
                App::new()
                    .wrap(oauth.clone())
                    .route("/", web::get().to(home))
                    .route("/me", web::to(me))
                    .route("/page/{rest:.*}", web::get().to(page))
                    .route("/cookies", web::get().to(cookies))
                    .route("/cached", web::get().to(cached))
                    .route("/publish", web::to(publish))
                    .route("/media", web::get().to(media))
                    .service(
                        web::resource("/guarded")
                            .wrap(
                                RequireInstagramToken::new()
                                    .scopes([Scope::InstagramBusinessContentPublish]),
                            )
                            .route(web::get().to(async || "guarded")),
                    )
                    .route("/plain", web::get().to(async || "plain"))
            });
            let server = server.workers(2).disable_signals().listen(listener).unwrap().run();
            let handle = server.handle();
            tokio::select! {
                ended = server => ended.unwrap(),
                _ = stop => handle.stop(false).await,
            }
        })
    }
}
