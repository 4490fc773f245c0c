//! The simulator as a program.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the program talks to its user")]

use std::env;
use std::process::ExitCode;

use ig_oauth_fake_instagram::{Api, FakeInstagram};

fn start() -> Result<FakeInstagram, String> {
    let address = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3900".to_owned());
    let parsed = address.parse().map_err(|_| {
        format!("ADDR is `{address}`: use an IP address and a port, 127.0.0.1:3900")
    })?;
    let api = match env::var("INSTAGRAM_API").as_deref() {
        Err(_) | Ok("" | "instagram-login") => Api::InstagramLogin,
        Ok("basic-display") => Api::BasicDisplay,
        Ok(other) => {
            let cure = "use `instagram-login` or `basic-display`";
            return Err(format!("INSTAGRAM_API is `{other}`: {cure}"));
        }
    };
    let mut builder = FakeInstagram::builder().api(api).address(parsed);
    if let Ok(id) = env::var("INSTAGRAM_CLIENT_ID") {
        builder = builder.client_id(id);
    }
    if let Ok(secret) = env::var("INSTAGRAM_CLIENT_SECRET") {
        builder = builder.client_secret(secret);
    }
    if let Ok(url) = env::var("INSTAGRAM_DEAUTHORIZE_URL") {
        builder = builder.deauthorize_url(url);
    }
    if let Ok(url) = env::var("INSTAGRAM_DATA_DELETION_URL") {
        builder = builder.data_deletion_url(url);
    }
    builder = match env::var("INSTAGRAM_REDIRECT_URI") {
        Ok(uris) => uris.split(',').fold(builder, |builder, uri| builder.redirect_uri(uri)),
        Err(_) => builder.any_loopback_redirect_uri(),
    };
    builder
        // Paths only: queries and bodies contain secrets, although fake ones.
        .on_request(|request| println!("{} {}", request.method(), request.path()))
        .start_blocking()
        .map_err(|error| format!("cannot listen on {address}: {error}"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let provider = match start() {
        Ok(provider) => provider,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("A simulator of the Instagram login. Settings for an app that should use it:\n");
    println!("INSTAGRAM_CLIENT_ID={}", provider.client_id());
    println!("INSTAGRAM_CLIENT_SECRET={}", provider.client_secret());
    println!("INSTAGRAM_AUTHORIZE_URL={}", provider.authorize_url());
    println!("INSTAGRAM_TOKEN_URL={}", provider.token_url());
    println!("INSTAGRAM_GRAPH_URL={}\n\nWhat comes in:\n", provider.graph_url());
    let _ = tokio::signal::ctrl_c().await;
    ExitCode::SUCCESS
}
