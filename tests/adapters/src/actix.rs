//! The test app on actix-web 4, with the middleware.

use std::net::TcpListener;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, SET_COOKIE};
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::{
    App, Error, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, Responder, web,
};
use ig_oauth_actix::{
    InstagramLogin, InstagramOAuth, InstagramToken, InstagramTokenRejection, InstagramTokenWith,
    MaybeInstagramToken, RequireInstagramToken,
};
use ig_oauth_common::{Config, LoginOptions, Scope};
use ig_oauth_conformance::harness::{Adapter, Serving};

use crate::content::{Publishing, app_user_cookie, captions, context_of, described};

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

async fn option(token: Option<InstagramToken>) -> String {
    token.map_or_else(|| "none".to_owned(), |token| token.user_id().to_string())
}

async fn maintained(token: Result<InstagramToken, InstagramTokenRejection>) -> String {
    token.map_or_else(|_| "under repair".to_owned(), |token| token.user_id().to_string())
}

async fn app_login(request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok()
        .append_header((SET_COOKIE, app_user_cookie(request.uri().query())))
        .append_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("welcome")
}

async fn link(login: InstagramLogin) -> String {
    login.login_url(&LoginOptions::new()).unwrap_or_else(|error| error.to_string())
}

/// The app's own session middleware, outside of ours.
async fn app_user(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let cookies = request.headers().get(COOKIE).and_then(|value| value.to_str().ok());
    if let Some(context) = cookies.and_then(context_of) {
        request.extensions_mut().insert(context);
    }
    next.call(request).await
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
                    .wrap(DefaultHeaders::new().add(("x-inside", "1")))
                    .wrap(oauth.clone())
                    .wrap(from_fn(app_user))
                    .wrap(DefaultHeaders::new().add(("x-app", "1")))
                    .route("/app-login", web::get().to(app_login))
                    .route("/link", web::get().to(link))
                    .route("/", web::get().to(home))
                    .route("/me", web::to(me))
                    .route("/page/{rest:.*}", web::get().to(page))
                    .route("/cookies", web::get().to(cookies))
                    .route("/cached", web::get().to(cached))
                    .route("/publish", web::to(publish))
                    .route("/option", web::get().to(option))
                    .route("/maintained", web::get().to(maintained))
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
