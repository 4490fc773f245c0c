//! A background job for users who are offline: visits each connected account on a schedule, and
//! keeps the tokens valid.
//!
//! `cargo run -p scheduler-example`, open the printed address, log in, and watch the output.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example talks to its user")]

use std::env;
use std::error::Error;
use std::future::IntoFuture as _;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use example_shared::{Example, Links, Visitor, finish, until_stopped};
use ig_oauth_tower::{
    AuthError, AuthErrorKind, InstagramLogin, InstagramOAuthLayer, MaybeInstagramToken,
    OfflineAccess,
};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How many accounts are read from the store at a time.
const BATCH: usize = 100;

/// The page where accounts are connected: only a login.
async fn home(token: MaybeInstagramToken, login: InstagramLogin) -> Html<String> {
    let links = Links {
        login: login.login_path(),
        more: login.login_path(),
        logout: login.logout_path(),
        pages: false,
    };
    Html(example_shared::home(&Visitor::of(token.token()).await, &links))
}

/// Visits every connected account until it is stopped. An account that fails is reported and does
/// not delay the others.
async fn look_at_all(
    accounts: &OfflineAccess,
    stop: &watch::Receiver<bool>,
) -> Result<(), AuthError> {
    let mut after = None;
    loop {
        let batch = accounts.accounts(after.as_ref(), BATCH).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.user_id.clone());
        for account in &batch {
            if *stop.borrow() {
                return Ok(());
            }
            let user_id = &account.user_id;
            // The valid token, refreshed when it is due.
            let token = match accounts.token(user_id).await {
                Ok(Some(token)) => token,
                Ok(None) => {
                    println!("{user_id} must log in again");
                    continue;
                }
                Err(error) if error.kind() == AuthErrorKind::Store => return Err(error),
                // The token is invalid, or this instance has the wrong secrets.
                Err(error) => {
                    println!("{user_id}: {error}");
                    continue;
                }
            };
            match token.profile().await {
                Ok(profile) => println!(
                    "{user_id} is @{} with {} posts",
                    profile.username,
                    profile.media_count.map_or_else(|| "?".to_owned(), |count| count.to_string()),
                ),
                Err(error) => println!("{user_id}: {error}"),
            }
        }
    }
}

async fn schedule(accounts: OfflineAccess, every: Duration, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = look_at_all(&accounts, &stop).await {
            eprintln!("the store does not answer, next time perhaps: {error}");
        }
    }
}

/// The longest interval, in seconds: a week. Timers have an upper limit.
const WEEK: u64 = 7 * 24 * 60 * 60;

/// `SCHEDULE_SECONDS`, or a minute.
fn pace() -> Result<Duration, String> {
    match env::var("SCHEDULE_SECONDS") {
        Err(_) => Ok(Duration::from_secs(60)),
        Ok(text) => match text.parse() {
            Ok(seconds @ 1..=WEEK) => Ok(Duration::from_secs(seconds)),
            _ => Err(format!(
                "SCHEDULE_SECONDS is `{text}`: use a number of seconds, 1 to {WEEK} (a week)"
            )),
        },
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let every = pace()?;
    let (example, listener) = Example::start_with_store().await?;
    let layer = InstagramOAuthLayer::new(example.config.clone());
    let flow = layer.flow().clone();
    let accounts = flow.offline_access()?;

    let (stop, stopped) = watch::channel(false);
    let scheduled = tokio::spawn(schedule(accounts.clone(), every, stopped.clone()));
    let mut stop_refreshing = stopped.clone();
    let refreshing = tokio::spawn(async move {
        // One pass per hour over the tokens that expire within 30 days.
        let stop = async { drop(stop_refreshing.changed().await) };
        accounts.refresher().run(stop).await
    });

    let app = Router::new().route("/", get(home)).layer(layer);
    let listener = tokio::net::TcpListener::from_std(listener)?;
    println!("{}", example.greeting("axum, with a scheduler"));
    println!("Every {} s all accounts are looked at (SCHEDULE_SECONDS).", every.as_secs());
    until_stopped(|stop| axum::serve(listener, app).with_graceful_shutdown(stop).into_future())
        .await?;
    finish(&flow).await;

    stop.send_replace(true);
    scheduled.await?;
    println!("tokens that ended soon: {}", refreshing.await?);
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
