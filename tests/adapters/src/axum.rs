//! The test app on axum 0.8, with the Tower layer.

use std::net::TcpListener;

use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{any, get};
use ig_oauth_common::{Config, LoginOptions, Scope};
use ig_oauth_conformance::harness::{Adapter, Serving};

use crate::content::{Publishing, app_user_cookie, captions, context_of, described};
use ig_oauth_tower::{
    InstagramLogin, InstagramOAuthLayer, InstagramToken, InstagramTokenRejection,
    InstagramTokenWith, MaybeInstagramToken, RequireInstagramToken,
};

/// axum 0.8 with the Tower layer.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a value is made of it by name")]
pub struct Axum;

async fn home(token: MaybeInstagramToken) -> String {
    token.token().map_or_else(|| "anonymous".to_owned(), |token| token.user_id().to_string())
}

async fn me(token: InstagramToken) -> impl IntoResponse {
    let scopes: Vec<_> = token.scopes().iter().map(ToString::to_string).collect();
    let body = serde_json::json!({
        "user_id": token.user_id().as_str(),
        "scopes": scopes,
        "expires_at": token.expires_at().unix_seconds(),
    });
    ([(CONTENT_TYPE, "application/json")], body.to_string())
}

async fn page(OriginalUri(uri): OriginalUri, token: InstagramToken) -> String {
    format!("page {} {}", uri.path_and_query().unwrap(), token.user_id())
}

async fn cookies(_: MaybeInstagramToken) -> impl IntoResponse {
    (AppendHeaders([(SET_COOKIE, "one=1; Path=/"), (SET_COOKIE, "two=2; Path=/")]), "cookies")
}

async fn cached(_: MaybeInstagramToken) -> impl IntoResponse {
    ([(CACHE_CONTROL, "public, max-age=60")], "cached")
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

/// Marks answers with a header of that name.
fn mark(name: &'static str) -> impl Fn(Response) -> std::future::Ready<Response> + Clone {
    move |mut response| {
        response.headers_mut().insert(name, HeaderValue::from_static("1"));
        std::future::ready(response)
    }
}

async fn app_login(uri: Uri) -> impl IntoResponse {
    (AppendHeaders([(SET_COOKIE, app_user_cookie(uri.query()))]), "welcome")
}

async fn link(login: InstagramLogin) -> String {
    login.login_url(&LoginOptions::new()).unwrap_or_else(|error| error.to_string())
}

/// The app's own session middleware, outside of ours.
async fn app_user(mut request: Request, next: Next) -> Response {
    let cookies = request.headers().get(COOKIE).and_then(|value| value.to_str().ok());
    if let Some(context) = cookies.and_then(context_of) {
        request.extensions_mut().insert(context);
    }
    next.run(request).await
}

async fn media(token: InstagramToken) -> impl IntoResponse {
    match token.get("me/media", &[("fields", "caption")]).await {
        Ok(media) => (StatusCode::OK, captions(media)),
        Err(error) => (StatusCode::from_u16(error.status()).unwrap(), described(&error)),
    }
}

impl Adapter for Axum {
    fn serve(&self, config: Config, listener: TcpListener) -> Serving {
        Serving::on_its_own_thread(async move |stop| {
            let app = Router::new()
                .route("/", get(home))
                .route("/me", any(me))
                .route("/page/{*rest}", get(page))
                .route("/cookies", get(cookies))
                .route("/cached", get(cached))
                .route("/publish", any(publish))
                .route("/option", get(option))
                .route("/maintained", get(maintained))
                .route("/media", get(media))
                .route(
                    "/guarded",
                    get(async || "guarded").route_layer(
                        RequireInstagramToken::new()
                            .scopes([Scope::InstagramBusinessContentPublish]),
                    ),
                )
                .route("/plain", get(async || "plain"))
                .route("/app-login", get(app_login))
                .route("/link", get(link))
                .layer(map_response(mark("x-inside")))
                .layer(InstagramOAuthLayer::new(config))
                .layer(from_fn(app_user))
                .layer(map_response(mark("x-app")));
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
                let _ = stop.await;
            });
            serving.await.unwrap();
        })
    }
}
