//! "Log in with Instagram" for actix-web.
//!
//! One middleware mounts the login and callback routes and gives handlers an [`InstagramToken`]:
//!
//! ```
//! use actix_web::{App, HttpServer, web};
//! use ig_oauth_actix::{Config, InstagramOAuth, InstagramToken};
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
//! let oauth = InstagramOAuth::new(config); // once: all workers share it
//! let server = HttpServer::new(move || {
//!     App::new()
//!         .route("/", web::get().to(home))
//!         .wrap(oauth.clone())
//! });
//! # drop(server);
//! # Ok::<(), ig_oauth_actix::ConfigError>(())
//! ```
//!
//! # How it works
//!
//! The middleware answers these paths itself and passes all other requests through unchanged:
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
//! app sets its own caching headers ([`ConfigBuilder::no_store`]). [`MaybeInstagramToken`] is for pages
//! that serve both users and anonymous visitors. A store outage is always a 503, never "nobody is
//! logged in". [`RequireInstagramToken`] guards a whole scope, and [`InstagramLogin`] has the links for
//! your pages:
//!
//! ```
//! use actix_web::web;
//! use ig_oauth_actix::{InstagramLogin, MaybeInstagramToken};
//!
//! async fn home(token: MaybeInstagramToken, login: InstagramLogin) -> web::Html {
//!     web::Html::new(match token.token() {
//!         Some(token) => format!(
//!             r#"{} <form method="post" action="{}"><button>Log out</button></form>"#,
//!             token.user_id(),
//!             login.logout_path(),
//!         ),
//!         None => format!(r#"<a href="{}">Log in with Instagram</a>"#, login.login_path()),
//!     })
//! }
//! # let _ = actix_web::App::new().route("/", web::get().to(home));
//! ```
//!
//! `Option<InstagramToken>` loses errors: actix drops the error and treats the request as that of an
//! anonymous visitor, even if the store is down or the middleware is missing.
//! `Either<InstagramToken, T>` continues with `T` after any error. Use `MaybeInstagramToken` wherever
//! that matters, for example in a guard of your own.
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
//! [`InstagramToken::require`], by taking an [`InstagramTokenWith`], or for a whole scope with
//! [`RequireInstagramToken::scopes`]. If a permission is missing, the user gets a page with a button
//! that asks Instagram for it, and then returns. [`Token::profile`] fetches the account's profile, and
//! [`Token::get`] calls any other GET endpoint of the provider's API:
//!
//! ```
//! use ig_oauth_actix::{ApiError, InstagramToken};
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
//! use ig_oauth_actix::{Config, Text, Texts};
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
//! # Ok::<(), ig_oauth_actix::ConfigError>(())
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
//! [`flow`](InstagramOAuth::flow) returns the flow.
//!
//! # Mounting
//!
//! Create the [`InstagramOAuth`] once, outside `HttpServer::new`, and move clones in. Wrap the whole
//! app: `App::wrap` sees every request, also those that match no route, and the order of `wrap` and
//! `route` does not matter.
//!
//! | setup (`O` is the middleware) | answers the login paths? |
//! |---|---|
//! | `App::new().wrap(O)` | yes |
//! | `web::scope("/app").wrap(O)` | those below `/app`: a scope sees full paths, so configure them there |
//! | `web::resource("/me").wrap(O)` | no: a resource sees its own requests only; add `configure(O.configure())` to the app |
//! | `App::new().configure(O.configure())` | yes, as real resources; handlers with a token also need `wrap` |
//! | `web::scope("/app").configure(O.configure_under("/app"))` | yes, when the configured paths are below `/app` |
//!
//! `wrap` and `configure` together answer once. All paths are the public ones, and are compared as
//! received. A percent-encoded spelling of a path (`/auth/instagram/%6cogin`) is another path.
//!
//! To use two of the provider's apps on one host, use two middlewares: wrap each around its own scope,
//! with paths below it. If two middlewares are stacked, handlers see the users of the inner one.
//!
//! The middleware's own answers are `Ok`, so a `Logger`, `Cors` or `Compress` that is wrapped later
//! (outside) sees them. If a middleware inside answers with an `Err`, that answer cannot carry a
//! session cookie of the crate. The cookie is sent with the next answer. An app with its own login puts
//! a [`LoginContext`] into the request's extensions, also in a middleware that is wrapped later.
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
//!   access log prints whole URLs, it also prints codes. Actix's `Logger` does so by default: give it a
//!   format with `%U` (the path) instead of `%r`.
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
//! actix-web's graceful shutdown waits for connections. A login whose browser has disconnected may have
//! no connection, and its code is already used:
//!
//! ```no_run
//! # use actix_web::{App, HttpServer};
//! # use ig_oauth_actix::InstagramOAuth;
//! # async fn serve(config: ig_oauth_actix::Config) -> std::io::Result<()> {
//! let oauth = InstagramOAuth::new(config);
//! let flow = oauth.flow().clone();
//! HttpServer::new(move || App::new().wrap(oauth.clone())).bind("127.0.0.1:3000")?.run().await?;
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
//! | `rustls` | yes | https through rustls |
//! | `native-tls` | no | https through the system's TLS library |
//! | `tracing` | yes | one event for each error answer, with a random id that is also on the page; nothing without a subscriber |
//!
//! actix-web is used without its default features, and `cookies` is not needed. Turn on the features
//! that your app needs in your own `Cargo.toml`.

mod extract;
mod form;
pub mod future;
mod guard;
mod headers;
mod middleware;
pub mod plain;
mod response;

pub use extract::{
    InstagramLogin, InstagramRejection, InstagramToken, InstagramTokenWith, MaybeInstagramToken,
};
pub use guard::{RequireInstagramToken, RequireInstagramTokenService};
pub use ig_oauth_common::{
    AccessToken, AccountState, AccountType, Api, ApiError, ApiErrorKind, AppDataTooLong, AuthError,
    AuthErrorKind, Config, ConfigBuilder, ConfigError, ConnectedAccount, ErrorCode, Flow, Lifetime,
    LoginContext, LoginOptions, LoginOptionsError, LongLived, OfflineAccess, OtherScope, Profile,
    ProviderRejection, RefreshReport, Refresher, RequiredScopes, ResealReport, Scope, ScopeError,
    Scopes, Text, Texts, Timestamp, Token, UserId, UserIdError,
};
pub use ig_oauth_common::{hooks, http, store};
pub use middleware::{InstagramOAuth, InstagramOAuthService};
