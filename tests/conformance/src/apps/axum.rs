//! The test app on axum 0.8, with the Tower layer.

use std::net::TcpListener;
use std::time::Duration;

use crate::harness::{Adapter, Serving};
use crate::mounting::{BODY_LIMIT, Mounting, Mounts};
use crate::stopping::{Ending, Ends};
use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, COOKIE, SET_COOKIE, UPGRADE,
};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{any, get};
use hyper_util::rt::TokioIo;
use ig_oauth_common::{Config, LoginOptions, Scope};
use ig_oauth_tower::{
    InstagramLogin, InstagramOAuthLayer, InstagramRejection, InstagramToken, InstagramTokenWith,
    MaybeInstagramToken, RequireInstagramToken,
};
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_layer::Layer as _;

use super::content::{
    self, Counting, Events, Publishing, app_user_cookie, captions, context_of, described, long,
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

/// Says something in the header that the query names.
async fn said(uri: Uri, _: MaybeInstagramToken) -> impl IntoResponse {
    let name = HeaderName::from_bytes(uri.query().unwrap_or_default().as_bytes()).unwrap();
    ([(name, "0")], "said")
}

async fn publish(token: InstagramTokenWith<Publishing>) -> String {
    format!("publishing for {}", token.user_id())
}

async fn insights(token: InstagramTokenWith<Counting>) -> String {
    format!("insights of {}", token.user_id())
}

async fn notes(token: InstagramToken, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let (kind, notes) = content::notes(accept, token.user_id().as_str());
    ([(CONTENT_TYPE, kind)], notes)
}

async fn option(token: Option<InstagramToken>) -> String {
    token.map_or_else(|| "none".to_owned(), |token| token.user_id().to_string())
}

async fn maintained(token: Result<InstagramToken, InstagramRejection>) -> String {
    token.map_or_else(|_| "under repair".to_owned(), |token| token.user_id().to_string())
}

/// The app's own guard, which refuses anonymous visitors.
async fn strict(token: Option<InstagramToken>, request: Request, next: Next) -> Response {
    if token.is_none() {
        return (StatusCode::UNAUTHORIZED, "members only").into_response();
    }
    next.run(request).await
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

type Everything = (InstagramToken, MaybeInstagramToken, InstagramLogin, Extensions);

fn debug((token, maybe, login, extensions): Everything, printed: &str) -> String {
    format!("{token:?} {maybe:?} {login:?} {extensions:?} {printed}")
}

/// The app's own session middleware, outside the crate's layer.
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

async fn leave(token: InstagramToken) -> Result<&'static str, InstagramRejection> {
    token.end_session().await?;
    Ok("gone")
}

async fn leave_cached(token: InstagramToken) -> Result<impl IntoResponse, InstagramRejection> {
    token.end_session().await?;
    Ok(([(CACHE_CONTROL, "public, max-age=60")], "gone"))
}

async fn nothing_here() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// The request's connection becomes the handler's.
async fn echo(mut request: Request) -> Response {
    let upgrading = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(TokioIo::new(upgrading.await.unwrap()));
        tokio::io::copy(&mut from, &mut to).await
    });
    let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// The pages, and more routes beside them.
fn pages(more_routes: Router) -> Router {
    let events = Events::new();
    let more = events.clone();
    Router::new()
        .route("/", get(home))
        .route("/me", any(me))
        .route("/page/{*rest}", get(page))
        .route("/cookies", get(cookies))
        .route("/cached", get(cached))
        .route("/said", get(said))
        .route("/publish", any(publish))
        .route("/insights", any(insights))
        .route("/notes", any(notes))
        .route("/option", get(option))
        .route("/maintained", get(maintained))
        .route("/media", get(media))
        .route("/leave", any(leave))
        .route("/leave-cached", any(leave_cached))
        .route(
            "/guarded",
            get(async || "guarded").route_layer(
                RequireInstagramToken::new().scopes([Scope::InstagramBusinessContentPublish]),
            ),
        )
        .route("/strict", get(async || "strict").route_layer(from_fn(strict)))
        .route("/plain", get(async || "plain"))
        // Browsers ask for an icon where a page names none.
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .route("/app-login", get(app_login))
        .route("/link", get(link))
        .route("/maybe", get(async |_: MaybeInstagramToken| "maybe"))
        .route("/links", get(async |login: InstagramLogin| login.login_path()))
        .route("/long", get(async || long()))
        .route("/never", get(std::future::pending::<&str>))
        .route("/events", get(async move || Body::from_stream(events.stream())))
        .route("/events/next", get(async move || more.next()))
        .route("/echo", get(echo))
        .merge(more_routes)
        .fallback(nothing_here)
        .layer(map_response(mark("x-inside")))
}

/// Layers of others around `app`.
fn among_others(app: Router, patience: Duration) -> Router {
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, patience);
    app.layer(TraceLayer::new_for_http())
        .layer(CompressionLayer::new())
        .layer(CorsLayer::permissive())
        .layer(timeout)
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
}

fn app(mounting: Mounting, configs: Vec<Config>) -> Router {
    let mut layers = configs.into_iter().map(InstagramOAuthLayer::new);
    let layer = layers.next().unwrap();
    let none = Router::new();
    let app = match mounting {
        Mounting::Middleware => {
            let printed = format!("{layer:?} {:?}", layer.layer(()));
            let debug = Router::new().route("/debug", get(async move |seen| debug(seen, &printed)));
            pages(debug).layer(layer)
        }
        Mounting::Routes => pages(layer.routes()),
        Mounting::MiddlewareAndRoutes => pages(layer.routes()).layer(layer),
        Mounting::NestedRoutes => {
            Router::new().nest("/app", pages(layer.routes_under("/app"))).layer(layer)
        }
        Mounting::NestedMiddleware => Router::new().nest("/app", pages(none).layer(layer)),
        Mounting::MisplacedRoutes => Router::new().nest("/elsewhere", layer.routes()),
        Mounting::Two => Router::new()
            .nest("/shop", pages(none.clone()).layer(layer))
            .nest("/blog", pages(none).layer(layers.next().unwrap())),
        Mounting::Outside { patience } => among_others(pages(none).layer(layer), patience),
        Mounting::Inside { patience } => among_others(pages(none), patience).layer(layer),
    };
    app.layer(from_fn(app_user)).layer(map_response(mark("x-app")))
}

impl Adapter for Axum {
    fn serve(&self, config: Config, listener: TcpListener) -> Serving {
        self.mount(Mounting::Middleware, vec![config], listener)
    }
}

impl Ends for Axum {
    fn serve_to_the_end(&self, config: Config, listener: TcpListener, ending: Ending) -> Serving {
        Serving::on_its_own_thread(async move |stop| {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let layer = InstagramOAuthLayer::new(config);
            let flow = layer.flow().clone();
            let stop = async { drop(stop.await) };
            let app = pages(Router::new()).layer(layer);
            axum::serve(listener, app).with_graceful_shutdown(stop).await.unwrap();
            ending.of(&flow).await;
        })
    }
}

impl Mounts for Axum {
    fn mount(&self, mounting: Mounting, configs: Vec<Config>, listener: TcpListener) -> Serving {
        Serving::on_its_own_thread(async move |stop| {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let serving = axum::serve(listener, app(mounting, configs));
            tokio::select! {
                ended = serving => ended.unwrap(),
                _ = stop => {}
            }
        })
    }
}
