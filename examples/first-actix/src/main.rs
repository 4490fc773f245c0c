//! A first app on actix-web: one page, which greets users by their number.

use std::net::TcpListener;

use actix_web::{App, HttpServer, dev::Server, web};
use ig_oauth_actix::{Config, ConfigBuilder, InstagramOAuth, InstagramToken};

/// For logged-in users only. All others are led to Instagram, and back here.
async fn home(token: InstagramToken) -> String {
    format!("Hello, user {}", token.user_id())
}

fn serve(config: Config, listener: TcpListener) -> std::io::Result<Server> {
    // Once, outside of the closure: all workers share it.
    let oauth = InstagramOAuth::new(config);
    let app = move || App::new().route("/", web::get().to(home)).wrap(oauth.clone());
    Ok(HttpServer::new(app).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Reads INSTAGRAM_CLIENT_ID and the other variables.
    let config = ConfigBuilder::from_env()?.build()?;
    serve(config, TcpListener::bind("127.0.0.1:3000")?)?.await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use ig_oauth_fake_instagram::FakeInstagram;
    use reqwest::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};

    use super::*;

    #[actix_web::test]
    async fn a_user_logs_in_and_is_greeted() -> Result<(), Box<dyn std::error::Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let redirect_uri = format!("{origin}/auth/instagram/callback");
        let provider = FakeInstagram::builder().redirect_uri(&redirect_uri).start().await?;
        let config = Config::builder(provider.client_id(), provider.client_secret(), redirect_uri)
            .authorize_url(provider.authorize_url())
            .token_url(provider.token_url())
            .graph_url(provider.graph_url())
            .build()?;
        actix_web::rt::spawn(serve(config, listener)?);

        // What a browser does: it keeps cookies, and follows redirects.
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let browser = browser.build()?;
        let open = async |url: &str, cookies: &str| {
            browser.get(url).header(ACCEPT, "text/html").header(COOKIE, cookies).send().await
        };
        let cookies = |answer: &reqwest::Response| {
            let lines = answer.headers().get_all(SET_COOKIE).iter();
            let pairs = lines.filter_map(|line| line.to_str().ok()?.split(';').next());
            pairs.collect::<Vec<_>>().join("; ")
        };
        let location = |answer: &reqwest::Response| {
            let location = answer.headers().get(LOCATION).ok_or("it leads nowhere")?.to_str();
            location.map(str::to_owned).map_err(|_| "it leads to no text")
        };

        // The page leads to the login, and the login to Instagram's window.
        let page = open(&origin, "").await?;
        let login = open(&format!("{origin}{}", location(&page)?), "").await?;
        // The simulator's window lets a script press its button.
        let window = format!("{}&fake_decision=allow", location(&login)?);
        let callback = location(&open(&window, "").await?)?;
        let landed = open(&callback, &cookies(&login)).await?;
        assert_eq!(location(&landed)?, "/#");

        let page = open(&origin, &cookies(&landed)).await?.text().await?;
        let user = provider.accounts().into_iter().next().ok_or("no account")?.user_id();
        assert_eq!(page, format!("Hello, user {user}"));
        Ok(())
    }
}
