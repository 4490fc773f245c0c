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
//! The middleware answers these paths itself and passes everything else through untouched:
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
//! [`MaybeInstagramToken`] is for pages that serve both. A store that is down is 503 in every form:
//! never "nobody is logged in". [`RequireInstagramToken`] guards a whole scope, and
//! [`InstagramLogin`] has the links for your pages:
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
//! `Option<InstagramToken>` is lossy: actix drops the error and makes an anonymous visitor of it, also
//! when the store is down or the middleware is missing. `Either<InstagramToken, T>` goes on to `T`
//! whatever the error was. Take `MaybeInstagramToken` wherever that matters, as in a guard of your own.
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
//! with [`InstagramToken::require`], by taking an [`InstagramTokenWith`], or for a whole scope with
//! [`RequireInstagramToken::scopes`]. Where one is missing, the user gets a page with a button that
//! asks Instagram for it, and comes back. [`Token::profile`] says who the account is, and
//! [`Token::get`] reads the rest of the provider's API:
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
//! [`ApiErrorKind`] tells a dead token from a missing permission, a limit with its wait, and the
//! provider's misleading "Unsupported request".
//!
//! # Your own words and pages
//!
//! [`Texts`] replace what the crate says on its pages and in JSON messages, a language at a time, and
//! [`site_name`](ConfigBuilder::site_name) puts the name of your site there:
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
//! stored tokens alive. [`flow`](InstagramOAuth::flow) has the flow.
//!
//! # Mounting
//!
//! Make the [`InstagramOAuth`] once, outside of `HttpServer::new`, and move clones in. Wrap the whole
//! app: `App::wrap` sees every request, also those that no route matches, and the order of `wrap` and
//! `route` does not matter.
//!
//! | wiring (`O` is the middleware) | answers our paths? |
//! |---|---|
//! | `App::new().wrap(O)` | yes |
//! | `web::scope("/app").wrap(O)` | those below `/app`: a scope sees full paths, so configure them there |
//! | `web::resource("/me").wrap(O)` | no: a resource sees its own requests only; add `configure(O.configure())` to the app |
//! | `App::new().configure(O.configure())` | yes, as real resources; handlers with a token need `wrap` besides |
//! | `web::scope("/app").configure(O.configure_under("/app"))` | yes, when the configured paths are below `/app` |
//!
//! `wrap` and `configure` together answer once. All paths are the public ones, and as received: a
//! percent-encoded spelling of one of ours (`/auth/instagram/%6cogin`) is another path.
//!
//! Two apps of the provider on one host are two middlewares: wrap each around a scope of its own, with
//! paths below it. Where two are stacked, handlers see the inner one's users.
//!
//! The middleware's own answers are `Ok`, so a `Logger`, `Cors` or `Compress` that is wrapped later
//! (outside) sees them. A middleware inside that answers with an `Err` keeps a session cookie of ours
//! from that answer; it goes along with the next one. [`LoginContext`], for apps with a login of their
//! own, goes into the request's extensions in a middleware that is wrapped later, too.
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
//!   of yours that prints whole URLs prints codes, though, and actix's `Logger` does by default: give
//!   it a format with `%U` (the path) in place of `%r`.
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
//! actix-web's graceful shutdown waits for connections. A login whose browser hung up may have none
//! any more, and its code is spent:
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
//! | `rustls` | yes | https through rustls |
//! | `native-tls` | no | https through the system's TLS library |
//! | `tracing` | yes | one event for each error answer, with a random id that is also on the page; nothing without a subscriber |
//!
//! actix-web is used without its default features; `cookies` is not needed. Turn on what your app
//! needs in your own `Cargo.toml`.

mod extract;
mod form;
mod future;
mod guard;
mod headers;
mod middleware;
mod response;

pub use extract::{
    InstagramLogin, InstagramToken, InstagramTokenRejection, InstagramTokenWith,
    MaybeInstagramToken,
};
pub use future::ResponseFuture;
pub use guard::{RequireInstagramToken, RequireInstagramTokenService};
pub use ig_oauth_common::*;
pub use middleware::{AttachedRequest, InstagramOAuth, InstagramOAuthService};
