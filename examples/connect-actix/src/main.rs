//! An app with its own users, who connect Instagram accounts, on actix-web with actix-session.
//!
//! `cargo run -p connect-actix-example`, then open the printed address.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example talks to its user")]

use std::error::Error;
use std::process::ExitCode;

use actix_session::storage::CookieSessionStore;
use actix_session::{Session, SessionExt as _, SessionMiddleware};
use actix_web::body::MessageBody;
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorBadRequest, ErrorForbidden, ErrorServiceUnavailable};
use actix_web::http::{Method, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, Form, Redirect};
use actix_web::{App, HttpMessage as _, HttpResponse, HttpServer};
use example_shared::{Connections, Example, finish, session_is_lax};
use ig_oauth_actix::{
    InstagramLogin, InstagramOAuth, LoginContext, LoginOptions, OfflineAccess, UserId,
};

/// The key of the user in the app's own session.
const USER: &str = "user";

fn user_of(session: &Session) -> Option<String> {
    session.get(USER).ok().flatten()
}

async fn home(
    connections: Data<Connections>,
    offline: Data<OfflineAccess>,
    session: Session,
    login: InstagramLogin,
) -> HttpResponse {
    let html = match user_of(&session) {
        None => example_shared::enter(),
        Some(user) => {
            // Users who connect a second account are still logged in at Instagram with the first.
            let options = LoginOptions::new().force_reauth(true);
            let connect = login.login_url(&options).unwrap_or_else(|_| login.login_path());
            let connected = connections.of(&user);
            example_shared::accounts(&user, &connected, &offline, &connect).await
        }
    };
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html)
}

#[derive(serde::Deserialize)]
struct Name {
    name: String,
}

async fn enter(session: Session, form: Form<Name>) -> Result<Redirect, actix_web::Error> {
    if !example_shared::is_user_name(&form.name) {
        return Err(ErrorBadRequest("a name has 1 to 64 bytes"));
    }
    session.renew();
    session.insert(USER, &form.name)?;
    Ok(Redirect::to("/").see_other())
}

async fn leave(session: Session) -> Redirect {
    session.purge();
    Redirect::to("/").see_other()
}

#[derive(serde::Deserialize)]
struct Account {
    account: UserId,
}

async fn disconnect(
    connections: Data<Connections>,
    offline: Data<OfflineAccess>,
    session: Session,
    form: Form<Account>,
) -> Result<Redirect, actix_web::Error> {
    let user = user_of(&session).ok_or_else(|| ErrorForbidden("enter first"))?;
    let Account { account } = form.into_inner();
    if connections.is_last(&user, &account) {
        // No user has this account any more, so its token is deleted too. It is deleted first: if
        // that fails, the account is still in the list, with a button to try again.
        offline.revoke(&account).await.map_err(ErrorServiceUnavailable)?;
    }
    connections.disconnect(&user, &account);
    Ok(Redirect::to("/").see_other())
}

/// Tells the login which user it is for. Linking needs only this in an app's session middleware.
async fn login_context(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(user) = user_of(&request.get_session())
        && let Ok(context) = LoginContext::bound_to(&user).with_app_data(user)
    {
        request.extensions_mut().insert(context);
    }
    next.call(request).await
}

/// Only the app's own pages may POST: `SameSite` cookies do not prevent another site from logging
/// its visitors in.
async fn own_posts(
    example: Data<Example>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_own = example.is_own_post(text("sec-fetch-site"), text("origin"));
    if request.method() == Method::POST && !is_own {
        return Err(ErrorForbidden("posted by another site"));
    }
    next.call(request).await
}

/// Only needed on one machine: `localhost` and `127.0.0.1` have separate cookies.
async fn one_host_name(
    example: Data<Example>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match example.canonical_location(host, path) {
        Some(location) => {
            let redirect = HttpResponse::TemporaryRedirect()
                .insert_header((header::LOCATION, location))
                .finish();
            Ok(request.into_response(redirect).map_into_right_body())
        }
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let same_site = if session_is_lax()? { SameSite::Lax } else { SameSite::Strict };
    let connections = Connections::default();
    let (example, listener) = Example::start_linking(connections.clone()).await?;
    let greeting = example.greeting("actix-web, connecting accounts");
    let oauth = InstagramOAuth::new(example.config.clone());
    let flow = oauth.flow().clone();
    let offline = Data::new(flow.offline_access()?);
    let (connections, example) = (Data::new(connections), Data::new(example));
    // A new key at each start, so the app's sessions end with the process.
    let key = Key::generate();

    let server = HttpServer::new(move || {
        // `Secure` is omitted only for plain http on loopback.
        let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
            // Cookies ignore the port: two apps on one host would overwrite each other's.
            .cookie_name("connect_actix".to_owned())
            .cookie_secure(false)
            .cookie_same_site(same_site)
            .build();
        App::new()
            .app_data(connections.clone())
            .app_data(offline.clone())
            .app_data(example.clone())
            .route("/", web::get().to(home))
            .route("/enter", web::post().to(enter))
            .route("/leave", web::post().to(leave))
            .route("/disconnect", web::post().to(disconnect))
            .wrap(from_fn(own_posts))
            .wrap(oauth.clone())
            .wrap(from_fn(login_context))
            .wrap(sessions)
            .wrap(from_fn(one_host_name))
    })
    .listen(listener)?;
    println!("{greeting}");
    server.run().await?;
    finish(&flow).await;
    Ok(())
}

#[actix_web::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
