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
//! The layer answers these paths itself and passes all other requests through unchanged:
//!
//! | path (each a setting) | method | what it does |
//! |---|---|---|
//! | `/auth/instagram/login` | GET | 303 to the authorization window, with one signed cookie per attempt; `?return_to=/path` sets the page to return to |
//! | the path of the redirect URI | GET | proves the attempt, exchanges the code, keeps the token, 303 to `return_to` |
//! | `/auth/instagram/logout` | POST | ends the session, 303 to `after_logout`; 204 when JSON is preferred |
//! | [`deauthorize_path`](ConfigBuilder::deauthorize_path), when set | POST | the provider's signed report that a user removed the app: deletes their sessions and tokens, and calls a hook |
//! | [`data_deletion_path`](ConfigBuilder::data_deletion_path), when set | POST; GET with a code | the same for a user who wants their data deleted; GET is the status page |
//!
//! A handler that takes [`InstagramToken`] runs for logged-in users only. The answer to other requests
//! depends on the client. A person who opens the page is sent to the login and back. A person who sends
//! a form gets a page that asks them to log in and send it again. htmx gets 401 with `HX-Redirect`. A
//! program gets 401 and JSON with a `login_url`. Responses made with a token are not cached unless the
//! app sets its own caching headers ([`ConfigBuilder::no_store`]). [`MaybeInstagramToken`], or
//! `Option<InstagramToken>`, is for pages that serve both users and anonymous visitors. A store outage
//! is always a 503, never "nobody is logged in". [`RequireInstagramToken`] guards a whole router, and
//! [`InstagramLogin`] has the links for your pages:
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
//! [`Config`] lists every setting with its default. [`Hooks`](hooks::Hooks) runs the app's own code during a login.
//! [`AuthErrorKind`] lists everything that can go wrong.
//!
//! # On the other framework
//!
//! Both adapters have the same API, and requests get the same answers, byte for byte.
//!
//! | | axum, tower: `ig-oauth-tower` | actix-web: `ig-oauth-actix` |
//! |---|---|---|
//! | around the app | `.layer(InstagramOAuthLayer::new(config))` | `.wrap(InstagramOAuth::new(config))` |
//! | as real routes | `.merge(layer.routes())` | `.configure(oauth.configure())` |
//! | nested at `/app` | `.nest("/app", layer.routes_under("/app"))` | `web::scope("/app").configure(oauth.configure_under("/app"))` |
//! | a handler for users | `token: InstagramToken` | `token: InstagramToken` |
//! | a handler for users and anonymous visitors | `token: MaybeInstagramToken`, `Option<InstagramToken>` | `token: MaybeInstagramToken` |
//! | a handler that needs permissions | `token: InstagramTokenWith<Publishing>` | `token: InstagramTokenWith<Publishing>` |
//! | a handler that answers failures itself | `token: Result<InstagramToken, InstagramRejection>` | `token: Result<InstagramToken, InstagramRejection>` |
//! | pages for users only | `.route_layer(RequireInstagramToken::new())` | `.wrap(RequireInstagramToken::new())` |
//! | links | `login: InstagramLogin` | `login: InstagramLogin` |
//! | without extractors | `request.instagram()` of `AttachedRequest` | `request.instagram()` of `AttachedRequest` |
//!
//! # Tokens, permissions, API calls
//!
//! The login fetches the 60-day token (a [setting](ConfigBuilder::long_lived)). The crate refreshes it
//! automatically: when a handler asks for a token that ends within [30
//! days](ConfigBuilder::refresh_ahead), it asks the provider once, for all requests with that token. A
//! request waits at most [a second](ConfigBuilder::refresh_wait) and then continues with the old token.
//! Users who return within [two weeks](ConfigBuilder::idle_lifetime) stay logged in, up to the
//! [session's lifetime](ConfigBuilder::session_lifetime).
//!
//! A user can refuse permissions. [`Token::scopes`] has the granted ones. A handler asks for more with
//! [`InstagramToken::require`], by taking an [`InstagramTokenWith`], or for a whole router with
//! [`RequireInstagramToken::scopes`]. If a permission is missing, the user gets a page with a button
//! that asks Instagram for it, and then returns. [`Token::profile`] fetches the account's profile, and
//! [`Token::get`] calls any other GET endpoint of the provider's API:
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
//! [`ApiErrorKind`] distinguishes a dead token, a missing permission, a rate limit with its wait, and
//! the provider's misleading "Unsupported request".
//!
//! # Your own texts and pages
//!
//! [`Texts`] replaces the texts of the crate's pages and JSON messages, one language at a time.
//! [`site_name`](ConfigBuilder::site_name) adds the name of your site:
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
//! [`failure_url`](ConfigBuilder::failure_url). That page gets three query parameters: `error`, an
//! [`ErrorCode`]; `id`, the id of the log event with the details; and `options`, signed, for a link to
//! `/auth/instagram/login?options=…` that starts the same login again, with its `return_to` and scopes.
//!
//! # Several instances, and background jobs
//!
//! Sessions are stored in their cookies unless you set a [`store`](ConfigBuilder::store).
//! `ig-oauth-stores` has stores for Redis, PostgreSQL and SQLite, and [`MemoryStore`](store::MemoryStore) is for tests.
//! With a store, instances share logins, and a user can be [logged out
//! everywhere](Flow::log_out_everywhere). [`Flow::offline_access`] gives jobs a user's valid token by
//! id, and a [`Refresher`] that refreshes all stored tokens before they expire.
//! [`flow`](InstagramOAuthLayer::flow) returns the flow.
//!
//! # Mounting
//!
//! Call `.layer` last, or wrap the whole app (`layer.layer(router)`, with [`tower_layer::Layer`] in
//! scope), which costs the least. In some setups axum silently drops a layer that answers paths. In
//! these setups, add [`routes`], which are real routes:
//!
//! | setup (`L` is the layer) | answered by the layer? |
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
//! Under `nest` all paths are the public ones. A router nested at `/app` has its `login_path`, its
//! `logout_path` and its redirect URI below `/app`. Its routes come from [`routes_under("/app")`].
//!
//! To use two of the provider's apps on one host, use two layers: give each router its own layer with
//! `route_layer(layer.clone())` and its paths with `merge(layer.routes())`. If two layers are stacked,
//! handlers see the users of the inner one.
//!
//! Layers that change the body type, for example compression, go *outside* and need no change. If the
//! inner service's body cannot be made from bytes, call
//! [`either_body`](InstagramOAuthLayer::either_body).
//!
//! # Without axum
//!
//! With `default-features = false` (and `rustls` or `native-tls`) the layer works on any tower service
//! over `http` types, including hyper's. The extractors need axum. A plain service gets the token from
//! the request itself:
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use ig_oauth_tower::{Config, InstagramOAuthLayer};
//! use ig_oauth_tower::plain::AttachedRequest as _;
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
//! - Each attempt has one random state in its own signed `__Host-` cookie. Two tabs do not disturb each
//!   other, and a forged callback does not end an attempt.
//! - Nothing is sent to the provider, and nothing in the request is trusted, before the state is
//!   proven. A code is exchanged only once.
//! - Sessions are sealed (AES-256-GCM), or are in a store behind a random id. Cookies are always
//!   `Secure`, `HttpOnly` and `SameSite=Lax`. Only on plain-http loopback they lack `Secure`.
//! - `return_to` must match a strict grammar for local targets. `Host` and forwarded headers are never
//!   read.
//! - No `Debug`, no error and no event of this crate contains tokens, codes or secrets. If your own
//!   access log prints whole URLs, it also prints codes: log only the path.
//!
//! # Behind a proxy
//!
//! Nothing is derived from `Host` or forwarded headers, so a proxy needs no special header. If it
//! strips a prefix, set [`public_prefix`](ConfigBuilder::public_prefix). If it rewrites the callback's
//! path, set [`callback_path`](ConfigBuilder::callback_path). Allow 8 KiB of request headers. Calls to
//! the provider honour `HTTPS_PROXY`.
//!
//! # Stopping
//!
//! axum's `with_graceful_shutdown` waits for connections. A login whose browser has disconnected has no
//! connection, and its code is already used:
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
//! [`Flow::finished`] waits for such a login, at most 20 seconds.
//!
//! # Testing your app
//!
//! `ig-oauth-fake-instagram` is a simulator of the provider. Start one in the test, point
//! [`authorize_url`](ConfigBuilder::authorize_url), [`token_url`](ConfigBuilder::token_url) and
//! [`graph_url`](ConfigBuilder::graph_url) at it, and log in over real HTTP. Add `&fake_decision=allow`
//! to the address of its window to press the button. [`Clock`](http::Clock) moves the time. The guide [to a first
//! app](https://github.com/ig-oauth/ig-oauth/blob/main/docs/first-app.md) has a whole test.
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
pub mod body;
mod form;
pub mod future;
mod headers;
mod layer;
pub mod plain;
mod service;

#[cfg(feature = "axum")]
pub use crate::axum::{
    InstagramLogin, InstagramRejection, InstagramToken, InstagramTokenWith, MaybeInstagramToken,
    RequireInstagramToken, RequireInstagramTokenService,
};
pub use ig_oauth_common::{
    AccessToken, AccountState, AccountType, Api, ApiError, ApiErrorKind, AppDataTooLong, AuthError,
    AuthErrorKind, Config, ConfigBuilder, ConfigError, ConnectedAccount, ErrorCode, Flow, Lifetime,
    LoginContext, LoginOptions, LoginOptionsError, LongLived, OfflineAccess, OtherScope, Profile,
    ProviderRejection, RefreshReport, Refresher, RequiredScopes, ResealReport, Scope, ScopeError,
    Scopes, Text, Texts, Timestamp, Token, UserId, UserIdError,
};
pub use ig_oauth_common::{hooks, http, store};
pub use layer::InstagramOAuthLayer;
pub use service::InstagramOAuthService;
