//! Section 15: errors from the authorization window (RFC 6749, section 4.1.2.1).

use crate::browser::Response;
use crate::harness::{Adapter, Settings};
use ig_oauth_common::AuthErrorKind;

use crate::security::faults::Failures;
use crate::security::log;
use crate::security::site::{Site, escape, session_cookie};

/// The event under the id that a page shows.
fn event_of(page: &Response) -> String {
    let text = page.text();
    let is_id = |word: &&str| word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let id = text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_id).expect("an id");
    let events: Vec<_> = log::lines().into_iter().filter(|line| line.contains(id)).collect();
    let [event] = &events[..] else { panic!("one event: {events:?}") };
    event.clone()
}

pub async fn v_10_errors_of_the_window_are_believed_and_logged_once_they_are_proven(
    adapter: &impl Adapter,
) {
    use AuthErrorKind::{AuthorizationRejected, AuthorizationUnavailable};
    log::capture();
    let failures = Failures::default();
    let hooks = failures.clone();
    let site = Site::with(adapter, Settings::new().configure(|builder| builder.hooks(hooks))).await;
    let long = "many words ".repeat(100);
    for (query, kind, words) in [
        ("error=foo", AuthorizationRejected, "foo"),
        (
            "error=invalid_scope&error_description=Invalid+scopes%3A+x",
            AuthorizationRejected,
            "invalid_scope, \"Invalid scopes: x\"",
        ),
        (
            "error=unauthorized_client&error_reason=why",
            AuthorizationRejected,
            "unauthorized_client, \"why\"",
        ),
        (
            "error_code=1349048&error_message=Can%27t+load+URL",
            AuthorizationRejected,
            "code 1349048, \"Can't load URL\"",
        ),
        (
            "error=x&error_description=one&error_message=two&error_reason=three&error_code=4",
            AuthorizationRejected,
            "x, code 4, \"one / two / three\"",
        ),
        ("error_message=A+message+alone", AuthorizationRejected, "\"A message alone\""),
        ("error_code=191", AuthorizationRejected, "code 191"),
        (
            "error=server_error&error_description=busy",
            AuthorizationUnavailable,
            "server_error, \"busy\"",
        ),
        ("error=temporarily_unavailable", AuthorizationUnavailable, "temporarily_unavailable"),
        (
            "error=foo&error_description=a%0aFORGED%1b[31m%e2%80%ae",
            AuthorizationRejected,
            "\"a FORGED [31m\"",
        ),
        (
            &format!("error=foo&error_description={}", escape(long.as_bytes())),
            AuthorizationRejected,
            "many words",
        ),
    ] {
        let attempt = site.start("").await;
        let page =
            site.call_back(&format!("{query}&state={}", attempt.state), &attempt.cookie()).await;
        assert_eq!(page.status, kind.status(), "{query}: {}", page.describe());
        assert_eq!(session_cookie(&page), None);
        let code = if kind == AuthorizationRejected {
            "authorization_rejected"
        } else {
            "provider_unavailable"
        };
        assert!(page.text().contains(code), "{query}: {}", page.text());
        assert_eq!(failures.last(), Some(kind), "{query}");
        let event = event_of(&page);
        assert!(event.starts_with("WARN "), "below error level: {event}");
        assert!(event.contains(words), "`{words}` in {event}");
        assert!(!event.chars().any(|c| c.is_control() || c == '\u{202e}'), "{event:?}");
        assert!(event.chars().count() < 512, "bounded: {event}");
    }
    // A good code counts, whatever stands beside it.
    let attempt = site.start("").await;
    let query = format!("code={}&error_code=0&state={}", site.code(), attempt.state);
    crate::security::site::is_ok(&site.call_back(&query, &attempt.cookie()).await);
}

pub async fn v_10_unproven_words_are_never_logged(adapter: &impl Adapter) {
    log::capture();
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let mut word = 0;
    for error in ["error=UNPROVENWORD", "error_code=UNPROVENWORD", "error_message=UNPROVENWORD"] {
        for state in ["", "&state=wrong", &format!("&state={}", "A".repeat(43))] {
            word += 1;
            let query = format!("{error}{word}&error_description=UNPROVENTEXT{state}");
            let page = site.call_back(&query, &attempt.cookie()).await;
            assert_eq!(page.status, 400, "{}", page.describe());
            assert!(event_of(&page).starts_with("WARN "), "no alarm by anybody who likes");
        }
    }
    assert!(!log::lines().iter().any(|line| line.contains("UNPROVEN")), "nothing of it is logged");
    site.is_alive(&attempt).await;
}
