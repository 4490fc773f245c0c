//! The test app on actix-web 4, with the middleware.

use std::net::TcpListener;
use std::time::Duration;

use crate::harness::{Adapter, Serving};
use crate::mounting::{BODY_LIMIT, Mounting, Mounts};
use crate::stopping::{Ending, Ends};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, SET_COOKIE,
};
use actix_web::middleware::{Compress, DefaultHeaders, Logger, Next, from_fn};
use actix_web::web::{Bytes, ServiceConfig};
use actix_web::{
    App, Error, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, Responder, web,
};
use futures_util::StreamExt as _;
use ig_oauth_actix::{
    InstagramLogin, InstagramOAuth, InstagramRejection, InstagramToken, InstagramTokenWith,
    MaybeInstagramToken, RequireInstagramToken,
};
use ig_oauth_common::{Config, LoginOptions, Scope};

use super::content::{
    self, Counting, Events, Publishing, app_user_cookie, captions, context_of, described, long,
};

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

/// Says something in the header that the query names.
async fn said(request: HttpRequest, _: MaybeInstagramToken) -> HttpResponse {
    HttpResponse::Ok()
        .append_header((request.query_string(), "0"))
        .append_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("said")
}

async fn publish(token: InstagramTokenWith<Publishing>) -> String {
    format!("publishing for {}", token.user_id())
}

async fn insights(token: InstagramTokenWith<Counting>) -> String {
    format!("insights of {}", token.user_id())
}

async fn notes(token: InstagramToken, request: HttpRequest) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let (kind, notes) = content::notes(accept, token.user_id().as_str());
    HttpResponse::Ok().append_header((CONTENT_TYPE, kind)).body(notes)
}

async fn option(token: Option<InstagramToken>) -> String {
    token.map_or_else(|| "none".to_owned(), |token| token.user_id().to_string())
}

async fn maintained(token: Result<InstagramToken, InstagramRejection>) -> String {
    token.map_or_else(|_| "under repair".to_owned(), |token| token.user_id().to_string())
}

/// The app's own guard, which refuses anonymous visitors with an error.
async fn strict(
    token: MaybeInstagramToken,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if token.into_inner().is_none() {
        return Err(actix_web::error::ErrorUnauthorized("members only"));
    }
    next.call(request).await
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

async fn debug(
    token: InstagramToken,
    maybe: MaybeInstagramToken,
    login: InstagramLogin,
    printed: web::Data<String>,
    request: HttpRequest,
) -> String {
    format!("{token:?} {maybe:?} {login:?} {:?} {}", request.extensions(), printed.as_str())
}

/// The app's own session middleware, outside the crate's middleware.
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

async fn leave(token: InstagramToken) -> Result<&'static str, InstagramRejection> {
    token.end_session().await?;
    Ok("gone")
}

async fn leave_cached(token: InstagramToken) -> Result<HttpResponse, InstagramRejection> {
    token.end_session().await?;
    Ok(HttpResponse::Ok()
        .append_header((CACHE_CONTROL, "public, max-age=60"))
        .append_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body("gone"))
}

/// What comes in goes out.
async fn echo(body: web::Payload) -> HttpResponse {
    HttpResponse::SwitchingProtocols().upgrade("websocket").streaming(body)
}

fn pages(events: Events) -> impl FnOnce(&mut ServiceConfig) {
    let more = events.clone();
    move |services| {
        let guard = RequireInstagramToken::new().scopes([Scope::InstagramBusinessContentPublish]);
        services
            .route("/", web::get().to(home))
            .route("/me", web::to(me))
            .route("/page/{rest:.*}", web::get().to(page))
            .route("/cookies", web::get().to(cookies))
            .route("/cached", web::get().to(cached))
            .route("/said", web::get().to(said))
            .route("/publish", web::to(publish))
            .route("/insights", web::to(insights))
            .route("/notes", web::to(notes))
            .route("/option", web::get().to(option))
            .route("/maintained", web::get().to(maintained))
            .route("/media", web::get().to(media))
            .route("/leave", web::to(leave))
            .route("/leave-cached", web::to(leave_cached))
            .service(web::resource("/guarded").wrap(guard).route(web::get().to(async || "guarded")))
            .service(
                web::resource("/strict")
                    .wrap(from_fn(strict))
                    .route(web::get().to(async || "strict")),
            )
            .route("/plain", web::get().to(async || "plain"))
            // Browsers ask for an icon where a page names none.
            .route("/favicon.ico", web::get().to(async || HttpResponse::NoContent().finish()))
            .route("/app-login", web::get().to(app_login))
            .route("/link", web::get().to(link))
            .route("/maybe", web::get().to(async |_: MaybeInstagramToken| "maybe"))
            .route("/links", web::get().to(async |login: InstagramLogin| login.login_path()))
            .route("/long", web::get().to(async || long()))
            .route("/never", web::get().to(std::future::pending::<&str>))
            .route(
                "/events",
                web::get().to(move || {
                    let body = events.stream().map(|text| text.map(Bytes::from));
                    std::future::ready(HttpResponse::Ok().streaming(body))
                }),
            )
            .route("/events/next", web::get().to(move || std::future::ready(more.next())))
            .route("/echo", web::get().to(echo));
    }
}

/// Answers for other origins.
fn for_other_origins() -> DefaultHeaders {
    DefaultHeaders::new().add(("access-control-allow-origin", "*"))
}

/// Answers 504 when its patience is over.
async fn impatient(
    patience: Duration,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match tokio::time::timeout(patience, next.call(request)).await {
        Ok(answer) => answer.map(ServiceResponse::map_into_boxed_body),
        Err(_) => Err(actix_web::error::ErrorGatewayTimeout("too late")),
    }
}

/// Answers 413 to bodies over the limit.
async fn limited(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: usize| length > BODY_LIMIT)
    {
        return Err(actix_web::error::ErrorPayloadTooLarge("too long"));
    }
    next.call(request).await
}

/// The wiring, a macro because each `wrap` makes another type.
macro_rules! among_others {
    ($app:expr, $patience:expr) => {{
        let patience = $patience;
        $app.wrap(Logger::new("%U %s"))
            .wrap(Compress::default())
            .wrap(for_other_origins())
            .wrap(from_fn(move |request, next| impatient(patience, request, next)))
            .wrap(from_fn(limited))
    }};
}

/// Puts into the root of an app what is not simply wrapped around it.
fn mounted(
    mounting: Mounting,
    events: Events,
    middlewares: Vec<InstagramOAuth>,
) -> impl FnOnce(&mut ServiceConfig) {
    move |services| {
        let mut middlewares = middlewares.into_iter();
        let oauth = middlewares.next().unwrap();
        let app = |prefix| web::scope(prefix).configure(pages(events.clone()));
        match mounting {
            Mounting::Middleware => services.service(app("").wrap(inside()).wrap(oauth)),
            Mounting::Routes => {
                services.service(app("").configure(oauth.configure()).wrap(inside()))
            }
            Mounting::MiddlewareAndRoutes => {
                let routes = oauth.configure();
                services.service(app("").configure(routes).wrap(inside()).wrap(oauth))
            }
            Mounting::NestedRoutes => {
                let app = app("/app").configure(oauth.configure_under("/app")).wrap(inside());
                services.service(web::scope("").service(app).wrap(oauth))
            }
            Mounting::NestedMiddleware => services.service(app("/app").wrap(inside()).wrap(oauth)),
            Mounting::MisplacedRoutes => {
                services.service(web::scope("/elsewhere").configure(oauth.configure()))
            }
            Mounting::Two => {
                let second = middlewares.next().unwrap();
                let shop = app("/shop").wrap(inside()).wrap(oauth);
                services.service(shop).service(app("/blog").wrap(inside()).wrap(second))
            }
            Mounting::Outside { patience } => {
                let app = app("").wrap(inside()).wrap(oauth);
                services.service(among_others!(app, patience))
            }
            Mounting::Inside { patience } => {
                let app = among_others!(app("").wrap(inside()), patience);
                services.service(app.wrap(oauth))
            }
        };
    }
}

fn inside() -> DefaultHeaders {
    DefaultHeaders::new().add(("x-inside", "1"))
}

fn outermost() -> DefaultHeaders {
    DefaultHeaders::new().add(("x-app", "1"))
}

macro_rules! serve {
    ($app:expr, $listener:expr) => {
        serve!($app, $listener, listen)
    };
    ($app:expr, $listener:expr, $listen:ident) => {
        Serving::on_its_own_thread(async move |stop| {
            let server = HttpServer::new($app).workers(2).disable_signals();
            let server = server.$listen($listener).unwrap().run();
            let handle = server.handle();
            tokio::select! {
                ended = server => ended.unwrap(),
                _ = stop => handle.stop(false).await,
            }
        })
    };
}

/// The app with the middleware around it, a macro because its type has no name.
macro_rules! app {
    ($config:expr) => {{
        let oauth = InstagramOAuth::new($config);
        let events = Events::new();
        move || {
            App::new()
                .app_data(web::Data::new(format!("{oauth:?}")))
                .route("/debug", web::get().to(debug))
                .configure(pages(events.clone()))
                .wrap(inside())
                .wrap(oauth.clone())
                .wrap(from_fn(app_user))
                .wrap(outermost())
        }
    }};
}

impl Adapter for Actix {
    fn serve(&self, config: Config, listener: TcpListener) -> Serving {
        serve!(app!(config), listener)
    }

    fn serve_http2(&self, config: Config, listener: TcpListener) -> Serving {
        serve!(app!(config), listener, listen_auto_h2c)
    }

    fn option_keeps_failures(&self) -> bool {
        false
    }
}

impl Ends for Actix {
    fn serve_to_the_end(&self, config: Config, listener: TcpListener, ending: Ending) -> Serving {
        Serving::on_its_own_thread(async move |stop| {
            let oauth = InstagramOAuth::new(config);
            let (flow, events) = (oauth.flow().clone(), Events::new());
            let app = move || App::new().configure(pages(events.clone())).wrap(oauth.clone());
            let server = HttpServer::new(app).workers(2).disable_signals();
            let server = server.listen(listener).unwrap().run();
            let handle = server.handle();
            let stop = async {
                drop(stop.await);
                handle.stop(true).await;
            };
            tokio::join!(server, stop).0.unwrap();
            ending.of(&flow).await;
        })
    }
}

impl Mounts for Actix {
    fn mount(&self, mounting: Mounting, configs: Vec<Config>, listener: TcpListener) -> Serving {
        let middlewares: Vec<_> = configs.into_iter().map(InstagramOAuth::new).collect();
        let events = Events::new();
        let app = move || {
            App::new()
                .configure(mounted(mounting, events.clone(), middlewares.clone()))
                .wrap(from_fn(app_user))
                .wrap(outermost())
        };
        serve!(app, listener)
    }
}
