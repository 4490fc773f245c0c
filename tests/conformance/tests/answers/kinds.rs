//! More answers of the same kinds, made here: what holds for one example holds for its kind.

use ig_oauth_conformance::security::log;
use serde_json::{Value, json};

use crate::flow::{self, run};

async fn outcome(step: &str, status: u16, body: &str) -> (String, String, Option<u64>) {
    let fixture = json!({
        "step": step, "status": status, "body": body, "headers": { "content-type": "text/html" },
    });
    let outcome = run(&fixture).await;
    (outcome.result, outcome.said.join("\n"), outcome.wait)
}

fn oauth(message: &str) -> String {
    json!({ "error_type": "OAuthException", "code": 400, "error_message": message }).to_string()
}

fn graph(code: i64, message: &str) -> String {
    json!({ "error": { "message": message, "type": "OAuthException", "code": code } }).to_string()
}

fn fail(message: &str) -> String {
    json!({ "message": message, "status": "fail" }).to_string()
}

#[tokio::test]
async fn an_error_is_understood_in_whatever_shape_it_comes() {
    log::capture();
    let inner = json!({ "message": "Some new words", "type": "NewException", "code": 4711 });
    let shapes: &[Value] = &[
        json!({ "error": inner }),
        json!({ "error": [inner] }),
        json!({ "errors": [inner] }),
        json!({ "error": { "error": inner } }),
        json!({ "data": [{ "error": inner }] }),
        json!({ "data": { "error": inner } }),
        json!({ "meta": { "error_message": "Some new words", "code": 4711 } }),
        json!({ "meta": inner, "error_type": "NewException" }),
        json!({ "message": "Some new words", "status": "fail", "code": "4711" }),
        json!({ "error_code": 4711, "error_msg": "Some new words" }),
        json!({ "error_code": "4711", "error_message": "Some new words" }),
        json!({ "error": "new_error", "error_description": "Some new words", "error_code": 4711 }),
        json!({ "error": { "code": 4711, "error_user_title": "Some new", "error_user_msg": "Some new words" } }),
    ];
    for shape in shapes {
        for (step, status, expected) in [
            ("exchange", 400, "ProviderRejected"),
            ("exchange", 200, "ProviderRejected"),
            ("graph", 400, "Rejected"),
            ("long_lived", 400, "login"),
            ("refresh", 400, "old token"),
        ] {
            if status == 200 && shape.get("meta").is_some_and(|meta| meta.get("type").is_some()) {
                continue;
            }
            let (result, said, _) = outcome(step, status, &shape.to_string()).await;
            assert_eq!(result, expected, "{step} {status} {shape}: {said}");
            assert!(said.contains("Some new words") && said.contains("4711"), "{shape}: {said}");
        }
    }
}

#[tokio::test]
async fn every_message_of_a_kind_gets_its_kind_and_the_advice_that_helps() {
    log::capture();
    for (step, status, body, result, words) in [
        // The app was switched off.
        ("graph", 400, graph(200, "API access blocked."), "Rejected", "switched off"),
        ("graph", 403, graph(200, "API access disrupted. Complete Data Use Checkup."), "Rejected", "switched off"),
        ("exchange", 200, graph(200, "API access deactivated. To reactivate, go on."), "ProviderRejected", "switched off"),
        // A permission is missing all the same.
        ("graph", 403, graph(200, "Requires a permission"), "PermissionDenied", "code 200"),
        ("graph", 400, graph(10, "This request requires scope=x"), "PermissionDenied", "code 10"),
        // A dead token.
        ("graph", 500, graph(190, "x"), "TokenInvalid", "only a new login helps"),
        ("graph", 200, graph(102, "x"), "TokenInvalid", "only a new login helps"),
        ("long_lived", 400, graph(190, "x"), "login", "expired or was revoked"),
        ("long_lived", 401, graph(102, "x"), "login", "expired or was revoked"),
        ("refresh", 500, graph(102, "x"), "session ended", "expired or was revoked"),
        ("exchange", 400, graph(190, "x"), "ProviderRejected", "this token is dead"),
        ("graph", 400, json!({ "meta": { "code": 400, "error_type": "OAuthAccessTokenError", "error_message": "x" } }).to_string(), "TokenInvalid", "x"),
        // The object does not exist.
        ("graph", 404, json!({ "error": { "message": "x", "code": 100, "error_subcode": 33 } }).to_string(), "Rejected", "gone, or no longer allowed"),
        ("graph", 400, graph(100, "Unsupported post request. Object with ID '1' does not exist, cannot be loaded due to x"), "Rejected", "gone, or no longer allowed"),
        ("graph", 400, graph(100, "Invalid parameter scope"), "InvalidRequest", "Invalid parameter"),
        // Who asks too much, and what asks for too much.
        ("exchange", 400, fail("Please wait a few minutes before you try again."), "Throttled", "few minutes"),
        ("graph", 403, fail("feedback_required"), "Throttled", "feedback_required"),
        ("graph", 400, json!({ "error": { "message": "x", "code": 9, "error_subcode": 2_207_042 } }).to_string(), "Throttled", "2207042"),
        ("graph", 400, graph(368, "The action attempted has been deemed abusive"), "Throttled", "abusive"),
        ("graph", 400, graph(32, "Page request limit reached"), "Throttled", "code 32"),
        ("graph", 500, graph(1, "Please reduce the amount of data you are asking for"), "OversizeAnswer", "ask for less"),
        ("graph", 400, graph(1, "An unknown error occurred"), "Unreachable", "a fault of its own"),
        ("graph", 400, graph(2, "Service temporarily unavailable"), "Unreachable", "a fault of its own"),
        // Settings.
        ("exchange", 400, graph(101, "Missing client_id parameter."), "ProviderRejected", "app id"),
        ("exchange", 400, oauth("Missing required field redirect_uri"), "ProviderRejected", "redirect_uri"),
        ("exchange", 400, oauth("Invalid parameters: client_id, redirect_uri, code"), "ProviderRejected", "redirect_uri"),
        ("exchange", 400, oauth("You must provide a client_id"), "ProviderRejected", "client_id"),
        ("exchange", 400, oauth("User is not a tester of this app"), "ProviderRejected", "tester"),
        ("long_lived", 400, fail("Insufficient developer role"), "login", "tester"),
        ("refresh", 400, graph(100, "Unsupported request - method type: get"), "old token", "Standard Access"),
        ("refresh", 400, graph(452, "Session key invalid"), "old token", "long-lived already"),
        // Codes.
        ("exchange", 400, oauth("The code has expired"), "CodeRejected", "expired"),
        ("exchange", 400, json!({ "error": "invalid_grant" }).to_string(), "CodeRejected", "invalid_grant"),
        ("exchange", 400, json!({ "error": "invalid_client" }).to_string(), "ProviderRejected", "check client id"),
        ("exchange", 400, graph(100, "Error validating verification code. Please make sure your redirect_uri is identical"), "CodeRejected", "same login"),
        // Pages and texts.
        ("exchange", 403, "<html><title>Log in &bull; Instagram</title>".to_owned(), "ProviderRejected", "403 with text/html"),
        ("graph", 403, "<!DOCTYPE html><HTML><TITLE lang=x>Blocked</TITLE>".to_owned(), "Rejected", "Blocked"),
        ("long_lived", 404, "<html>".to_owned(), "login", "404 with text/html"),
        ("refresh", 400, "Oops, an error occurred.".to_owned(), "old token", "Oops, an error occurred."),
        ("refresh", 200, "<html>".to_owned(), "old token", "200 with text/html"),
        ("graph", 403, String::new(), "Rejected", "an empty body"),
        ("graph", 503, "<html><title>Down</title>".to_owned(), "Unreachable", "Down"),
        ("exchange", 429, "<html><title>Slow down</title>".to_owned(), "Throttled", "Slow down"),
        ("exchange", 302, String::new(), "Redirected", "it answered 302"),
        ("graph", 302, String::new(), "MalformedAnswer", "it answered 302"),
        ("long_lived", 307, String::new(), "login", "it answered 307"),
        ("me", 403, fail("checkpoint_required"), "Rejected", "checkpoint_required"),
    ] {
        let (found, said, _) = outcome(step, status, &body).await;
        assert_eq!(found, result, "{step} {status} {body}: {said}");
        assert!(said.contains(words), "no `{words}` for {step} {status} {body}: {said}");
    }
}

#[tokio::test]
async fn what_was_sent_is_never_logged_where_it_is_echoed() {
    log::capture();
    let echo = format!(
        "code={} secret={} token={} Bearer IGAAx0x0x0x0x0x0x0x0x0x0 https://evil.example/?a=b \u{1b}[31m\nFORGED \u{202e}{}",
        flow::CODE,
        flow::CLIENT_SECRET,
        flow::TOKEN,
        "many words ".repeat(200),
    );
    for step in ["exchange", "long_lived", "refresh", "me", "graph"] {
        for (status, body) in [
            (400, oauth(&echo)),
            (400, graph(190, &echo)),
            (403, fail(&echo)),
            (403, echo.clone()),
            (403, format!("<title>{echo}</title>")),
            (400, json!({ "error": echo, "error_description": echo }).to_string()),
            (
                400,
                json!({ "error": { "error_user_title": echo, "error_user_msg": echo } })
                    .to_string(),
            ),
        ] {
            let (_, said, _) = outcome(step, status, &body).await;
            let secrets = [flow::CODE, flow::CLIENT_SECRET, flow::TOKEN, "IGAAx0", "evil.example"];
            for secret in secrets {
                assert!(!said.contains(secret), "`{secret}` at {step} {status}: {said}");
            }
            for line in said.lines() {
                assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
                assert!(line.chars().count() < 1_024, "{line}");
            }
        }
    }
}

#[tokio::test]
async fn good_answers_with_words_of_errors_in_them_are_no_errors() {
    log::capture();
    for body in [
        json!({ "message": "hello", "id": "1" }),
        json!({ "status": "Error: something", "status_code": "ERROR", "id": "1" }),
        json!({ "data": [{ "message": "hello" }, { "error_message": "x" }] }),
        json!({ "error": null, "errors": [], "id": "1" }),
        json!({ "error": false, "id": "1" }),
        json!({ "code": 190, "type": "x" }),
        json!({ "meta": { "code": 200 }, "data": [] }),
    ] {
        let (result, said, _) = outcome("graph", 200, &body.to_string()).await;
        assert_eq!(result, "an answer", "{body}: {said}");
    }
}

#[tokio::test]
async fn a_wait_that_is_named_is_passed_on() {
    log::capture();
    for (step, body, wait) in [
        ("graph", fail("Please wait a few minutes before you try again."), Some(300)),
        ("exchange", fail("Please wait a few minutes before you try again."), Some(300)),
        ("graph", graph(4, "Application request limit reached"), None),
        // What a page suggests where none is named.
        ("exchange", graph(4, "Application request limit reached"), Some(5)),
    ] {
        assert_eq!(outcome(step, 400, &body).await.2, wait, "{step} {body}");
    }
}

#[tokio::test]
async fn every_failed_step_that_fails_no_login_leaves_its_whole_chain() {
    log::capture();
    let body = json!({ "error": { "message": "Changed", "code": 190, "error_subcode": 460 } });
    for (step, begins) in [
        ("profile", "the login goes on without a profile: "),
        ("long_lived", "the login goes on with a one-hour token"),
        ("refresh", "the provider calls a token invalid: the sessions that hold it end"),
        ("graph", "a call to the provider failed: "),
        ("me", "a call to the provider failed: "),
    ] {
        let (_, said, _) = outcome(step, 400, &body.to_string()).await;
        let events: Vec<_> = said.lines().filter(|line| line.contains(begins)).collect();
        let [event] = &events[..] else { panic!("{step}: one event: {said}") };
        assert!(event.starts_with("WARN "), "{event}");
        for words in
            ["expired or was revoked", "code 190, subcode 460", "Changed", "changed the password"]
        {
            assert!(event.contains(words), "{step}: no `{words}` in {event}");
        }
    }
}
