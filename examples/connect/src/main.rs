//! An app with its own users, who connect Instagram accounts, on axum with tower-sessions.
//!
//! `cargo run -p connect-example`, then open the printed address.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example talks to its user")]

use std::error::Error;
use std::future::IntoFuture as _;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use example_shared::{Connections, Example, finish, session_is_lax, until_stopped};
use ig_oauth_tower::{
    InstagramLogin, InstagramOAuthLayer, LoginContext, LoginOptions, OfflineAccess, UserId,
};
use tower_sessions::cookie::SameSite;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

/// The key of the user in the app's own session.
const USER: &str = "user";

struct App {
    example: Example,
    connections: Connections,
    offline: OfflineAccess,
}

async fn user_of(session: &Session) -> Option<String> {
    session.get(USER).await.ok().flatten()
}

async fn home(
    State(app): State<Arc<App>>,
    session: Session,
    login: InstagramLogin,
) -> Html<String> {
    let Some(user) = user_of(&session).await else {
        return Html(example_shared::enter());
    };
    // Users who connect a second account are still logged in at Instagram with the first.
    let options = LoginOptions::new().force_reauth(true);
    let connect = login.login_url(&options).unwrap_or_else(|_| login.login_path());
    let connected = app.connections.of(&user);
    Html(example_shared::accounts(&user, &connected, &app.offline, &connect).await)
}

#[derive(serde::Deserialize)]
struct Name {
    name: String,
}

async fn enter(session: Session, Form(form): Form<Name>) -> Result<Redirect, StatusCode> {
    if !example_shared::is_user_name(&form.name) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    session.cycle_id().await.map_err(failed)?;
    session.insert(USER, form.name).await.map_err(failed)?;
    Ok(Redirect::to("/"))
}

async fn leave(session: Session) -> Result<Redirect, StatusCode> {
    session.flush().await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to("/"))
}

#[derive(serde::Deserialize)]
struct Account {
    account: UserId,
}

async fn disconnect(
    State(app): State<Arc<App>>,
    session: Session,
    Form(form): Form<Account>,
) -> Result<Redirect, StatusCode> {
    let user = user_of(&session).await.ok_or(StatusCode::FORBIDDEN)?;
    let Account { account } = form;
    if app.connections.is_last(&user, &account) {
        // No user has this account any more, so its token is deleted too. It is deleted first: if
        // that fails, the account is still in the list, with a button to try again.
        app.offline.revoke(&account).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    }
    app.connections.disconnect(&user, &account);
    Ok(Redirect::to("/"))
}

/// Tells the login which user it is for. Linking needs only this in an app's session middleware.
async fn login_context(session: Session, mut request: Request, next: Next) -> Response {
    if let Some(user) = user_of(&session).await
        && let Ok(context) = LoginContext::bound_to(&user).with_app_data(user)
    {
        request.extensions_mut().insert(context);
    }
    next.run(request).await
}

/// Only the app's own pages may POST: `SameSite` cookies do not prevent another site from logging
/// its visitors in.
async fn own_posts(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own = app.example.is_own_post(text("sec-fetch-site"), text("origin"));
    if request.method() == Method::POST && !is_own {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(next.run(request).await)
}

/// Only needed on one machine: `localhost` and `127.0.0.1` have separate cookies.
async fn one_host_name(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match app.example.canonical_location(host, path) {
        Some(location) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        None => next.run(request).await,
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let same_site = if session_is_lax()? { SameSite::Lax } else { SameSite::Strict };
    let connections = Connections::default();
    let (example, listener) = Example::start_linking(connections.clone()).await?;
    let layer = InstagramOAuthLayer::new(example.config.clone());
    let flow = layer.flow().clone();
    let offline = flow.offline_access()?;
    let app = Arc::new(App { example, connections, offline });
    // `Secure` is omitted only for plain http on loopback.
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        // Cookies ignore the port: two apps on one host would overwrite each other's.
        .with_name("connect_axum")
        .with_secure(false)
        .with_same_site(same_site);

    let router = Router::new()
        .route("/", get(home))
        .route("/enter", post(enter))
        .route("/leave", post(leave))
        .route("/disconnect", post(disconnect))
        .route_layer(from_fn_with_state(Arc::clone(&app), own_posts))
        .with_state(Arc::clone(&app))
        .layer(layer)
        .layer(from_fn(login_context))
        .layer(sessions)
        .layer(from_fn_with_state(Arc::clone(&app), one_host_name));

    let listener = tokio::net::TcpListener::from_std(listener)?;
    println!("{}", app.example.greeting("axum, connecting accounts"));
    until_stopped(|stop| axum::serve(listener, router).with_graceful_shutdown(stop).into_future())
        .await?;
    finish(&flow).await;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
