//! The lines that set and remove the crate's cookies, attribute by attribute.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::Duration;

use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::Reply;
use ig_oauth_common::{Config, Flow, LongLived};
use support::issuer::DAY;
use support::{Site, state_of};

const ATTRIBUTES: &str = "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=";

/// The cookies that a reply sets: their names, and all that follows their values.
fn set_by(reply: &Reply) -> Vec<(String, String)> {
    let lines = reply.headers().filter(|(name, _)| *name == "set-cookie");
    lines
        .map(|(_, line)| {
            let (pair, attributes) = line.split_once(';').unwrap();
            (pair.split_once('=').unwrap().0.to_owned(), format!(";{attributes}"))
        })
        .collect()
}

fn is_set(cookie: &(String, String), prefix: &str, max_age: u64) {
    assert!(cookie.0.starts_with(prefix), "{cookie:?}");
    assert_eq!(cookie.1, format!("{ATTRIBUTES}{max_age}"), "{cookie:?}");
}

/// A login on a site whose tokens and sessions live that many days: what its start, its end and the
/// logout set.
async fn cookies_of_a_login(days: u64) -> [Vec<(String, String)>; 3] {
    let life = Duration::from_secs(days * DAY);
    let mut site = Site::with(|builder| {
        builder.long_lived(LongLived::Require).session_lifetime(life).idle_lifetime(life)
    });
    let seconds = life.as_secs();
    site.provider.answers(
        200,
        format!(r#"{{"access_token":"FAKE","user_id":1,"token_type":"x","expires_in":{seconds}}}"#),
    );
    let start = site.get("/auth/instagram/login").await;
    let end = site.call_back(&state_of(&start)).await;
    let logout = site.send("POST", "/auth/instagram/logout", &[]).await;
    [set_by(&start), set_by(&end), set_by(&logout)]
}

#[tokio::test]
async fn on_an_https_site_every_line_has_every_attribute() {
    let [start, end, logout] = cookies_of_a_login(30).await;
    let ([attempt], [removal, session], [left]) = (&*start, &*end, &*logout) else {
        panic!("{start:?} {end:?} {logout:?}")
    };
    is_set(attempt, "__Host-ig_login_", 600);
    is_set(removal, "__Host-ig_login_", 0);
    is_set(session, "__Host-ig_session_", 30 * DAY);
    is_set(left, "__Host-ig_session_", 0);
}

/// The longest that can be configured is shorter than the 400 days that browsers keep a cookie for
/// (RFC 6265bis, section 5.5).
#[tokio::test]
async fn the_cookie_of_the_longest_session_lives_as_long_as_the_session() {
    let [_, end, _] = cookies_of_a_login(366).await;
    let [_, session] = &*end else { panic!("{end:?}") };
    is_set(session, "__Host-ig_session_", 366 * DAY);
}

#[test]
fn on_plain_loopback_a_cookie_is_neither_secure_nor_called_so() {
    let redirect_uri = "http://127.0.0.1:3000/auth/instagram/callback";
    let config = Config::builder("990602627938098", support::CLIENT_SECRET, redirect_uri);
    let flow = Flow::new(config.build().unwrap());
    let lines = support::Lines(&[]);
    let request = ig_oauth_common::adapter::Request::new("GET", "/auth/instagram/login", &lines);
    let Begin::Done(reply) = flow.begin(ig_oauth_common::adapter::Route::Login, &request) else {
        panic!("no hook, no job")
    };
    let cookies = set_by(&reply);
    let [attempt] = &*cookies else { panic!("{cookies:?}") };
    assert!(attempt.0.starts_with("ig_login_"), "{attempt:?}");
    assert_eq!(attempt.1, "; HttpOnly; SameSite=Lax; Path=/; Max-Age=600");
}
