//! Uses the scheduler as a person does.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ig_oauth_common::http::{Clock as _, SystemClock};
use ig_oauth_common::store::{AccountPage, Store as _};
use ig_oauth_conformance::apps::Axum;
use ig_oauth_conformance::browser::Browser;
use ig_oauth_conformance::example::Example;
use ig_oauth_conformance::harness::{App, Settings};
use ig_oauth_conformance::program::command;
use ig_oauth_conformance::stopping;
use ig_oauth_fake_instagram::Endpoint;
use ig_oauth_stores::SqliteStore;

const PROGRAM: &str = env!("CARGO_BIN_EXE_scheduler-example");

const COOKIE_SECRET: &str = "FAKE-cookie-secret-of-app-and-scheduler-0123456789";

/// A token with a lifetime of 60 days is due when 30 days remain.
const FORTY_DAYS: u64 = 40 * 24 * 60 * 60;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn connected_accounts_are_looked_at_while_nobody_is_there() {
    let example = Example::start(PROGRAM, &[("SCHEDULE_SECONDS", "1")]);
    assert!(example.greeting.contains("in memory"), "{}", example.greeting);
    let mut browser = Browser::new();
    browser.open(&example.url("/")).await;
    browser.click("Log in with Instagram").await;
    browser.press("Allow").await;
    // No request uses the account any more, but the scheduler visits it again and again.
    for _ in 0..2 {
        let line = example.program.wait_for("is @");
        assert!(line.ends_with("is @simulated.bakery with 56 posts"), "{line}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_finishes_the_login_under_way() {
    stopping::sigterm_finishes_the_login_under_way(PROGRAM).await;
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_finishes_the_login_of_a_browser_that_left() {
    stopping::sigterm_finishes_the_login_of_a_browser_that_left(PROGRAM).await;
}

#[test]
fn a_mistake_in_the_schedule_is_explained() {
    for wrong in ["0", "soon", "604801", "18446744073709551615"] {
        let output = command(PROGRAM, &[("SCHEDULE_SECONDS", wrong)]).output().unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("use a number of seconds"), "{text}");
    }
}

/// An account was connected forty days ago, and its user has not visited since. The refresher
/// renews its token. Ctrl-C ends the program, which reports what it did and loses nothing.
#[cfg(unix)]
#[tokio::test]
async fn a_due_token_is_refreshed_and_ctrl_c_ends_it_cleanly() {
    let folder = std::env::temp_dir().join(format!("ig-oauth-job-{:016x}", fastrand::u64(..)));
    std::fs::create_dir(&folder).unwrap();
    let url = format!("sqlite:{}", folder.join("app.db").display());
    let store = SqliteStore::open(&url).await.unwrap();
    let kept = store.clone();
    let app = App::start(
        &Axum,
        Settings::new().configure(|builder| builder.store(kept).cookie_secrets([COOKIE_SECRET])),
    )
    .await;
    let now = SystemClock::new().now().unix_seconds();
    app.set_app_clock(now - FORTY_DAYS);
    app.provider.set_time(now - FORTY_DAYS);
    app.log_in(&mut Browser::new()).await;
    app.provider.set_time(now);
    let account = async || {
        let accounts =
            store.accounts(AccountPage::new(app.provider.client_id(), 10)).await.unwrap();
        <[_; 1]>::try_from(accounts).unwrap()
    };
    let [before] = account().await;

    let redirect_uri = app.url("/auth/instagram/callback");
    let environment = [
        ("INSTAGRAM_CLIENT_ID", app.provider.client_id()),
        ("INSTAGRAM_CLIENT_SECRET", app.provider.client_secret()),
        ("INSTAGRAM_REDIRECT_URI", &redirect_uri),
        ("INSTAGRAM_AUTHORIZE_URL", &app.provider.authorize_url()),
        ("INSTAGRAM_TOKEN_URL", &app.provider.token_url()),
        ("INSTAGRAM_GRAPH_URL", &app.provider.graph_url()),
        ("INSTAGRAM_COOKIE_SECRETS", COOKIE_SECRET),
        ("DATABASE_URL", &url),
        // Only the refresher is running.
        ("SCHEDULE_SECONDS", "3600"),
    ];
    let mut scheduler = command(PROGRAM, &environment).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(scheduler.stdout.take().unwrap()).lines().map(Result::unwrap);
    let origin = lines.find_map(|line| Some(line.split_once("app       ")?.1.to_owned())).unwrap();
    // Once it serves requests, it also handles Ctrl-C.
    assert_eq!(Browser::new().step(&origin).await.status, 200);
    let until = Instant::now() + PATIENCE;
    while app.provider.count(Endpoint::Refresh) == 0 {
        assert!(Instant::now() < until, "nothing is refreshed");
        assert_eq!(scheduler.try_wait().unwrap(), None, "it has ended");
        tokio::task::yield_now().await;
    }
    let interrupt = format!("kill -INT {}", scheduler.id());
    assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    let printed: Vec<_> = lines.collect();
    assert!(scheduler.wait().unwrap().success(), "{printed:#?}");
    let totals = printed.last().unwrap();
    assert!(totals.starts_with("tokens that ended soon: 1 seen, 1 refreshed"), "{printed:#?}");

    let [after] = account().await;
    assert!(after.issued_at > before.issued_at && after.expires_at > before.expires_at);
    assert_ne!(after.sealed_token, before.sealed_token);
    assert_eq!(app.provider.count(Endpoint::Refresh), 1);
    drop(store);
    std::fs::remove_dir_all(&folder).unwrap();
}
