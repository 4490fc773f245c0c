//! How long a token is believed to live, whose it is, and where the provider's `#_` ends up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::{Arc, Mutex};

use ig_oauth_common::http::{HttpRequest, HttpResponse};
use ig_oauth_common::{Lifetime, LongLived};
use support::{CODE, Site, body};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// A provider that gives these answers to the code exchange, the long-lived exchange and `/me`, and
/// the URLs of the calls after the first.
fn site(exchange: &str, long_lived: &str, me: &str) -> (Site, Arc<Mutex<Vec<String>>>) {
    let answers = [exchange, long_lived, me].map(str::to_owned);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let site = Site::with(|builder| {
        builder.long_lived(LongLived::Prefer).http_client(move |request: HttpRequest| {
            let [exchange, long_lived, me] = answers.clone();
            let answer = if request.form.is_some() {
                exchange
            } else {
                let path = request.url.split('?').next().unwrap();
                seen.lock().unwrap().push(path.rsplit('/').next().unwrap().to_owned());
                if path.ends_with("/me") { me } else { long_lived }
            };
            async move { Ok(HttpResponse::new(200, answer.into_bytes())) }
        })
    });
    (site, asked)
}

const EXCHANGE: &str = r#"{"access_token":"FAKE-SHORT","user_id":7}"#;

#[tokio::test]
async fn a_life_is_read_from_every_form_of_number_or_is_as_if_absent() {
    for (expires_in, short, long) in [
        ("5183944", 5_183_944, 5_183_944),
        ("5183944.9", 5_183_944, 5_183_944),
        ("\"5183944\"", 5_183_944, 5_183_944),
        ("\" 5183944.5 \"", 5_183_944, 5_183_944),
        ("5.183944e6", 5_183_944, 5_183_944),
        ("1800", 1_800, 1_800),
        ("1", 1, 1),
        ("31622400", 366 * DAY, 366 * DAY),
        ("31622401", HOUR, 60 * DAY),
        ("31622400.5", HOUR, 60 * DAY),
        ("0", HOUR, 60 * DAY),
        ("0.9", HOUR, 60 * DAY),
        ("-5", HOUR, 60 * DAY),
        ("1e300", HOUR, 60 * DAY),
        ("18446744073709551616", HOUR, 60 * DAY),
        ("\"inf\"", HOUR, 60 * DAY),
        ("\"NaN\"", HOUR, 60 * DAY),
        ("\"soon\"", HOUR, 60 * DAY),
        ("\"\"", HOUR, 60 * DAY),
        ("null", HOUR, 60 * DAY),
        ("true", HOUR, 60 * DAY),
        ("{}", HOUR, 60 * DAY),
    ] {
        let exchange =
            format!(r#"{{"access_token":"FAKE-SHORT","user_id":7,"expires_in":{expires_in}}}"#);
        let long_lived = format!(r#"{{"access_token":"FAKE-LONG","expires_in":{expires_in}}}"#);
        let (mut with_long, _) = site(EXCHANGE, &long_lived, "{}");
        let state = with_long.start("").await;
        let reply = with_long.call_back(&state).await;
        assert_eq!(reply.status(), 303, "{expires_in}: {}", body(&reply));
        let token = with_long.session(&[]).await.0.unwrap();
        let now = ig_oauth_common::Timestamp::from_unix_seconds(support::START);
        assert_eq!(token.access_token().expose_secret(), "FAKE-LONG", "{expires_in}");
        assert_eq!(token.remaining(now).as_secs(), long, "{expires_in}");

        // A long-lived exchange that fails shows the first token's own life.
        let (mut alone, asked) = site(&exchange, "no token", "{}");
        alone.log_in().await;
        let token = alone.session(&[]).await.0.unwrap();
        assert_eq!(token.remaining(now).as_secs(), short, "{expires_in}");
        // A day or more is a long-lived token already, so there is nothing to exchange.
        let is_long = short >= DAY;
        assert_eq!(asked.lock().unwrap().is_empty(), is_long, "{expires_in}");
        assert_eq!(token.lifetime() == Lifetime::LongLived, is_long, "{expires_in}");
    }
}

#[tokio::test]
async fn an_unknown_id_is_checked_once_by_the_profile_of_the_new_token() {
    let long_lived =
        |id: &str| format!(r#"{{"access_token":"FAKE-LONG","expires_in":5183944,"user_id":{id}}}"#);
    for (id, me, token, asked_profile) in [
        ("7", "no profile", "FAKE-LONG", false),
        ("\"7\"", "no profile", "FAKE-LONG", false),
        ("17841", r#"{"id":"7","user_id":"17841","username":"x"}"#, "FAKE-LONG", true),
        ("17841", r#"{"id":"17841","user_id":"7","username":"x"}"#, "FAKE-LONG", true),
        ("17841", r#"{"data":[{"id":"7","username":"x"}]}"#, "FAKE-LONG", true),
        ("17841", r#"{"id":"8","user_id":"17841","username":"x"}"#, "FAKE-SHORT", true),
        ("17841", r#"{"username":"x"}"#, "FAKE-SHORT", true),
        ("17841", r#"{"error":{"message":"x","code":190}}"#, "FAKE-SHORT", true),
        ("17841", "<html>", "FAKE-SHORT", true),
    ] {
        let (mut site, asked) = site(EXCHANGE, &long_lived(id), me);
        site.log_in().await;
        let kept = site.session(&[]).await.0.unwrap();
        assert_eq!(kept.access_token().expose_secret(), token, "{id} {me}");
        assert_eq!(kept.user_id().as_str(), "7", "{id} {me}");
        let profiles = asked.lock().unwrap().iter().filter(|path| *path == "me").count();
        assert_eq!(profiles, usize::from(asked_profile), "{id} {me}");
    }
}

#[tokio::test]
async fn the_providers_fragment_is_taken_from_the_code_and_from_whatever_comes_last() {
    for (query, code) in [
        ("code={code}&state={state}%23_", Some(CODE)),
        ("code={code}%23_&state={state}%23_", Some(CODE)),
        ("state={state}&code={code}%23_", Some(CODE)),
        ("state={state}&code={code}%23_%23_", Some("{code}#_")),
        ("code={code}&state={state}%23_&hop=1", Some(CODE)),
        ("code={code}&state={state}&other=x%23_", Some(CODE)),
        // Not the last: then it is part of the state, and no attempt has that one.
        ("state={state}%23_&code={code}", None),
        ("state={state}%23_&code={code}&other=x", None),
        ("code={code}&state={state}%23_%23_", None),
        ("code={code}&state={state}%2523_", None),
    ] {
        let mut site = Site::new();
        let state = site.start("").await;
        let target = query.replace("{code}", CODE).replace("{state}", &state);
        let reply = site.get(&format!("/auth/instagram/callback?{target}")).await;
        assert_eq!(site.provider.calls(), usize::from(code.is_some()), "{query}: {}", body(&reply));
        if let Some(code) = code {
            let form = site.provider.forms.lock().unwrap().pop().unwrap();
            let code = code.replace("{code}", CODE).replace('#', "%23");
            assert!(form.ends_with(&format!("&code={code}")), "{query}: {form}");
        }
    }
}
