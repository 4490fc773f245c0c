//! "Log in with Instagram" for axum, and for every other tower or hyper service.
//!
//! One layer mounts the login and callback routes and gives handlers an [`InstagramToken`]:
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::{Router, routing::get};
//! use ig_oauth_tower::{Config, InstagramOAuthLayer, InstagramToken};
//!
//! async fn home(token: InstagramToken) -> String {
//!     format!("Hello, user {}", token.user_id())
//! }
//!
//! let config = Config::builder(
//!     "990602627938098",                              // the Instagram app id
//!     "obviously-fake-app-secret-0123456789",         // the Instagram app secret
//!     "https://app.example/auth/instagram/callback",  // as the dashboard lists it
//! )
//! .build()?;
//!
//! let app: Router = Router::new()
//!     .route("/", get(home))
//!     .layer(InstagramOAuthLayer::new(config));
//! # Ok::<(), ig_oauth_tower::ConfigError>(())
//! ```
//!
//! # How it works
//!
//! The layer answers these paths itself and passes everything else through untouched:
//!
//! | path (each a setting) | method | what it does |
//! |---|---|---|
//! | `/auth/instagram/login` | GET | 303 to the authorization window, with one signed cookie per attempt; `?return_to=/path` says where to end |
//! | the path of the redirect URI | GET | proves the attempt, exchanges the code, keeps the token, 303 to `return_to` |
//! | `/auth/instagram/logout` | POST | forgets the session, 303 to `after_logout`; 204 when JSON is preferred |
//! | [`deauthorize_path`](ConfigBuilder::deauthorize_path), when set | POST | the provider's signed word that a user removed the app: their sessions and tokens go, and a hook is told |
//! | [`data_deletion_path`](ConfigBuilder::data_deletion_path), when set | POST; GET with a code | the same for a user who wants their data deleted; GET is the page that says how far that has come |
//!
//! A handler takes [`InstagramToken`] and runs for logged-in users only. Others are answered by who
//! asks: a person who opens the page is led to the login and back, a person who sends a form gets a page
//! that says to log in and send it again, htmx gets 401 with `HX-Redirect`, and a program gets 401 and
//! JSON with a `login_url`. What is answered with a token is not cached unless the app says otherwise
//! ([`ConfigBuilder::no_store`]).
//! [`MaybeInstagramToken`], or `Option<InstagramToken>`, is for pages that serve both. A store that is
//! down is 503 in every form: never "nobody is logged in". [`RequireInstagramToken`] guards a whole
//! router, and [`InstagramLogin`] has the links for your pages:
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::response::Html;
//! use ig_oauth_tower::{InstagramLogin, MaybeInstagramToken};
//!
//! async fn home(token: MaybeInstagramToken, login: InstagramLogin) -> Html<String> {
//!     Html(match token.token() {
//!         Some(token) => format!(
//!             r#"{} <form method="post" action="{}"><button>Log out</button></form>"#,
//!             token.user_id(),
//!             login.logout_path(),
//!         ),
//!         None => format!(r#"<a href="{}">Log in with Instagram</a>"#, login.login_path()),
//!     })
//! }
//! # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(home));
//! ```
//!
//! Every setting with its default is listed at [`Config`]; [`Hooks`] are the app's own code at the
//! turns of the flow; [`AuthErrorKind`] is what can go wrong.
//!
//! # On the other framework
//!
//! Whoever knows one adapter knows the other; requests get the same answers, byte for byte.
//!
//! | | axum, tower: `ig-oauth-tower` | actix-web: `ig-oauth-actix` |
//! |---|---|---|
//! | around the app | `.layer(InstagramOAuthLayer::new(config))` | `.wrap(InstagramOAuth::new(config))` |
//! | as real routes | `.merge(layer.routes())` | `.configure(oauth.configure())` |
//! | nested at `/app` | `.nest("/app", layer.routes_under("/app"))` | `web::scope("/app").configure(oauth.configure_under("/app"))` |
//! | a handler for users | `token: InstagramToken` | `token: InstagramToken` |
//! | a handler for users and strangers | `token: MaybeInstagramToken`, `Option<InstagramToken>` | `token: MaybeInstagramToken` |
//! | a handler that needs permissions | `token: InstagramTokenWith<Publishing>` | `token: InstagramTokenWith<Publishing>` |
//! | a handler that answers failures itself | `token: Result<InstagramToken, InstagramTokenRejection>` | `token: Result<InstagramToken, InstagramTokenRejection>` |
//! | pages for users only | `.route_layer(RequireInstagramToken::new())` | `.wrap(RequireInstagramToken::new())` |
//! | links | `login: InstagramLogin` | `login: InstagramLogin` |
//! | without extractors | `request.instagram()` of `AttachedRequest` | `request.instagram()` of `AttachedRequest` |
//!
//! # Tokens, permissions, API calls
//!
//! The 60-day token is fetched at the login (a [setting](ConfigBuilder::long_lived)) and refreshed by
//! itself: when a handler asks for a token that ends within
//! [30 days](ConfigBuilder::refresh_ahead), the provider is asked once, for all requests with that
//! token. A request waits for [a second](ConfigBuilder::refresh_wait) at most and then goes on with
//! the token there is. Who comes back before [two weeks](ConfigBuilder::idle_lifetime) are over
//! never logs in again, up to the [session's lifetime](ConfigBuilder::session_lifetime).
//!
//! A user can leave permissions out. [`Token::scopes`] are those granted; a handler asks for more
//! with [`InstagramToken::require`], by taking an [`InstagramTokenWith`], or for a whole router with
//! [`RequireInstagramToken::scopes`]. Where one is missing, the user gets a page with a button that
//! asks Instagram for it, and comes back. [`Token::profile`] says who the account is, and
//! [`Token::get`] reads the rest of the provider's API:
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use ig_oauth_tower::{ApiError, InstagramToken};
//!
//! #[derive(serde::Deserialize)]
//! struct Media {
//!     data: Vec<Medium>,
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct Medium {
//!     id: String,
//!     caption: Option<String>,
//! }
//!
//! async fn captions(token: InstagramToken) -> Result<Vec<String>, ApiError> {
//!     let fields = [("fields", "id,caption"), ("limit", "25")];
//!     let media: Media = token.get("me/media", &fields).await?;
//!     Ok(media.data.into_iter().map(|medium| medium.caption.unwrap_or(medium.id)).collect())
//! }
//! # let _ = captions;
//! ```
//!
//! [`ApiErrorKind`] tells a dead token from a missing permission, a limit with its wait, and the
//! provider's misleading "Unsupported request".
//!
//! # Your own words and pages
//!
//! [`Texts`] replace what the crate says on its pages and in JSON messages, a language at a time, and
//! [`site_name`](ConfigBuilder::site_name) puts the name of your site there:
//!
//! ```
//! use ig_oauth_tower::{Config, Text, Texts};
//!
//! # let secret = "obviously-fake-app-secret-0123456789";
//! # let builder = Config::builder("1", secret, "https://app.example/callback");
//! let config = builder
//!     .site_name("Fish & Chips")
//!     // The first is for readers whose languages you do not have.
//!     .texts(Texts::new("en"))
//!     .texts(Texts::new("de").with(Text::TryAgain, "Noch einmal versuchen"))
//!     .failure_url("/oops")
//!     .build()?;
//! # Ok::<(), ig_oauth_tower::ConfigError>(())
//! ```
//!
//! A user whose login failed sees a page of the crate, or the one at
//! [`failure_url`](ConfigBuilder::failure_url). That gets three parameters: `error`, an [`ErrorCode`];
//! `id`, under which the log has the details; and `options`, signed, for a link to
//! `/auth/instagram/login?options=…` that starts the same login again, with its `return_to` and scopes.
//!
//! # Several instances, and background jobs
//!
//! Sessions live in their cookies until a [`store`](ConfigBuilder::store) is set: `ig-oauth-stores` has
//! Redis, PostgreSQL and SQLite, [`MemoryStore`] is for tests. With one, instances share logins, a user
//! can be [logged out everywhere](Flow::log_out_everywhere), and
//! [`Flow::offline_access`] gives jobs a user's valid token by id and a [`Refresher`] that keeps all
//! stored tokens alive. [`flow`](InstagramOAuthLayer::flow) has the flow.
//!
//! # Mounting
//!
//! Call `.layer` last, or wrap the whole app (`layer.layer(router)`, with [`tower_layer::Layer`] in
//! scope), which is the cheapest place. A layer that answers paths is silently lost in some wirings of
//! axum; there, add [`routes`], which are real routes:
//!
//! | wiring (`L` is the layer) | answered by the layer? |
//! |---|---|
//! | `Router::new().layer(L)`; `.layer(L)` after the routes; `.route(…)` after that | yes |
//! | `.fallback(f)` and then `.layer(L)` | yes |
//! | `.layer(L)` and then `.fallback(f)`, or then `.merge(other)` | no: add `routes()` |
//! | `.route_layer(L)` | no: add `routes()` |
//! | `.nest("/app", inner.layer(L))`, where `inner` has a fallback of its own | yes |
//! | the same without a fallback, or two nests deep | no: add `routes_under("/app")` inside |
//! | `.nest_service("/app", inner.layer(L))` | yes |
//! | `.merge(inner.layer(L))` into a router without a fallback | yes |
//! | the same into a router with one | no: add `routes()` |
//! | an outer `.layer(L)` over nested routers | yes |
//!
//! Under `nest` all paths are the public ones: a router nested at `/app` has `login_path`,
//! `logout_path` and the redirect URI below `/app`, and its routes come from
//! [`routes_under("/app")`].
//!
//! Two apps of the provider on one host are two layers: give each router its own by
//! `route_layer(layer.clone())` and its paths by `merge(layer.routes())`. Where two layers are stacked,
//! handlers see the inner one's users.
//!
//! Layers that change the body type, such as compression, go *outside* as they are. Where the inner
//! service's body cannot be made from bytes, call [`either_body`](InstagramOAuthLayer::either_body).
//!
//! # Without axum
//!
//! With `default-features = false` (and `rustls` or `native-tls`) the layer works on any tower
//! service over `http` types, hyper's included. Handlers' extractors are axum's; a plain service asks
//! the layer's request itself:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use ig_oauth_tower::{AttachedRequest as _, Config, InstagramOAuthLayer};
//! use tower::{Layer as _, Service as _, service_fn};
//!
//! let app = service_fn(|request: Request<Full<Bytes>>| async move {
//!     let instagram = request.instagram().expect("the layer is outside of this service");
//!     let hello = match instagram.token().await {
//!         Ok(Some(token)) => format!("Hello, user {}", token.user_id()),
//!         Ok(None) => format!("Log in at {}", instagram.flow().login_path()),
//!         Err(error) => return Err(error),
//!     };
//!     Ok(Response::new(Full::<Bytes>::from(hello)))
//! });
//!
//! # let secret = "obviously-fake-app-secret-0123456789";
//! let config = Config::builder("990602627938098", secret, "https://app.example/callback").build()?;
//! let mut service = InstagramOAuthLayer::new(config).layer(app);
//! # let call = service.call(Request::new(Full::default()));
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # let body = http_body_util::BodyExt::collect(runtime.block_on(call).unwrap().into_body());
//! # assert_eq!(runtime.block_on(body).unwrap().to_bytes(), "Log in at /auth/instagram/login");
//! # Ok::<(), ig_oauth_tower::ConfigError>(())
//! ```
//!
//! # Security
//!
//! - One random state per attempt, in a signed `__Host-` cookie of its own: two tabs do not disturb
//!   each other, and a forged callback ends nothing.
//! - Nothing is sent to the provider, and nothing of the request is believed, before the state is
//!   proven. A code is exchanged once, never again.
//! - Sessions are sealed (AES-256-GCM) or live in a store behind a random id. Cookies are `Secure`,
//!   `HttpOnly` and `SameSite=Lax`, which is no setting; on plain-http loopback they go without `Secure`.
//! - `return_to` is a grammar of what is proven local. `Host` and forwarded headers are never read.
//! - Tokens, codes and secrets are in no `Debug`, no error and no event of this crate. An access log
//!   of yours that prints whole URLs prints codes, though: log the path only.
//!
//! # Behind a proxy
//!
//! Nothing is derived from the request, so a proxy needs no special header. If it strips a prefix, say
//! so with [`public_prefix`](ConfigBuilder::public_prefix); if it rewrites the callback's path, with
//! [`callback_path`](ConfigBuilder::callback_path). Allow 8 KiB of request headers. Calls to the
//! provider honour `HTTPS_PROXY`.
//!
//! # Stopping
//!
//! axum's `with_graceful_shutdown` waits for connections. A login whose browser hung up has none
//! any more, and its code is spent:
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! # async fn serve(config: ig_oauth_tower::Config) -> std::io::Result<()> {
//! # use ig_oauth_tower::InstagramOAuthLayer;
//! # let router = axum::Router::<()>::new();
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! # let stop = std::future::pending();
//! let layer = InstagramOAuthLayer::new(config);
//! let flow = layer.flow().clone();
//! axum::serve(listener, router.layer(layer)).with_graceful_shutdown(stop).await?;
//! flow.finished().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Flow::finished`] waits for it, for 20 seconds at most.
//!
//! # Testing your app
//!
//! `ig-oauth-fake-instagram` is a simulator of the provider: start one in the test, point
//! [`authorize_url`](ConfigBuilder::authorize_url), [`token_url`](ConfigBuilder::token_url) and
//! [`graph_url`](ConfigBuilder::graph_url) at it, and log in over real HTTP. `&fake_decision=allow`, added
//! to the address of its window, presses the button. [`Clock`] moves the time. The guide
//! [to a first app](https://github.com/ig-oauth/ig-oauth/blob/main/docs/first-app.md) has a whole test.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `axum` | yes | extractors, the guard and `routes()` for axum 0.8 |
//! | `rustls` | yes | https through rustls |
//! | `native-tls` | no | https through the system's TLS library |
//! | `tracing` | yes | one event for each error answer, with a random id that is also on the page; nothing without a subscriber |
//!
// Without axum these are not there to be linked to.
#![cfg_attr(not(feature = "axum"), doc = include_str!("without_axum.md"))]
#![cfg_attr(feature = "axum", doc = "[`routes`]: InstagramOAuthLayer::routes")]
#![cfg_attr(
    feature = "axum",
    doc = "[`routes_under(\"/app\")`]: InstagramOAuthLayer::routes_under"
)]

#[cfg(feature = "axum")]
mod axum;
mod body;
mod form;
mod future;
mod headers;
mod layer;
mod service;

#[cfg(feature = "axum")]
pub use crate::axum::{
    InstagramLogin, InstagramToken, InstagramTokenRejection, InstagramTokenWith,
    MaybeInstagramToken, RequireInstagramToken, RequireInstagramTokenService,
};
pub use body::{AnyBody, EitherBody, ResponseBody, SameBody};
pub use future::ResponseFuture;
pub use ig_oauth_common::*;
pub use layer::InstagramOAuthLayer;
pub use service::{AttachedRequest, InstagramOAuth};
