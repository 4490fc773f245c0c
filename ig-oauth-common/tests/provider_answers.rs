//! What every answer of the token endpoint means, to users, hooks and logs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ig_oauth_common::AuthErrorKind::{
    self, CodeRejected, MalformedAnswer, MissingPermission, OversizeAnswer, ProviderRejected,
    Redirected, Throttled, TimedOut, Unreachable,
};
use ig_oauth_common::hooks::{Failure, Hooks, Reply};
use ig_oauth_common::{Config, Flow};
use support::{CODE, REDIRECT_URI, Site, header};

#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<(AuthErrorKind, String)>>>);

impl Hooks for Failures {
    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        self.0.lock().unwrap().push((failure.kind, failure.detail.to_owned()));
        None
    }
}

/// Logs in against one answer of the token endpoint: the user id and scopes, or what failed.
async fn outcome(status: u16, body: &str) -> Result<(String, String), (AuthErrorKind, String)> {
    let failures = Failures::default();
    let hooks = failures.clone();
    let mut site = Site::with(|builder| builder.hooks(hooks));
    site.provider.answers(status, body);
    let state = site.start("").await;
    let reply = site.call_back(&state).await;
    assert_eq!(site.provider.calls(), 1, "exactly one exchange");
    let failure = failures.0.lock().unwrap().pop();
    if let Some(failure) = failure {
        assert_eq!(reply.status(), failure.0.status());
        assert!(!site.is_logged_in().await);
        return Err(failure);
    }
    assert_eq!(reply.status(), 303);
    let token = site.session(&[]).await.0.unwrap();
    Ok((token.user_id().to_string(), token.scopes().to_string()))
}

#[tokio::test]
async fn every_live_shape_is_understood_and_no_id_is_rounded() {
    const BASIC: &str = "instagram_business_basic";
    let with = |user_id: &str, permissions: &str| {
        format!(r#"{{"access_token":"FAKE","user_id":{user_id}{permissions}}}"#)
    };
    let wrapped = |inner: &str| format!(r#"{{"data":[{inner}]}}"#);
    let list =
        r#","permissions":["instagram_business_basic","instagram_business_manage_comments"]"#;
    let both = format!("{BASIC},instagram_business_manage_comments");
    let text = format!(r#","permissions":"{both}""#);
    let escaped = format!(r#","permissions":"{}""#, both.replace(',', "%2C"));
    let spaced = format!(r#","permissions":"{}""#, both.replace(',', " "));
    for (body, user_id, scopes) in [
        (with("17841458366137975", ""), "17841458366137975", BASIC),
        (with("\"17841458366137975\"", list), "17841458366137975", &both),
        (with("18446744073709551615", list), "18446744073709551615", &both),
        (with("1", &text), "1", &both),
        (with("1", &escaped), "1", &both),
        (with("1", &spaced), "1", &both),
        (with("1", r#","permissions":null"#), "1", BASIC),
        (with("1", r#","permissions":{"a":1}"#), "1", BASIC),
        (with("1", r#","permissions":["instagram_business_basic",7]"#), "1", BASIC),
        (with("1", r#","token_type":1,"expires_in":{},"x":[[[]]]"#), "1", BASIC),
        (wrapped(&with("\"10200\"", &text)), "10200", &both),
        (wrapped(&with("17841458366137975", list)), "17841458366137975", &both),
    ] {
        let expected = (user_id.to_owned(), scopes.to_owned());
        assert_eq!(outcome(200, &body).await, Ok(expected), "{body}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_an_error_of_this_step() {
    let token = |token: &str| format!(r#"{{"access_token":{token},"user_id":1}}"#);
    let id = |id: &str| format!(r#"{{"access_token":"FAKE","user_id":{id}}}"#);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_field = format!(r#"{{"access_token":"FAKE","user_id":1,"permissions":{deep}}}"#);
    let long = token(&format!("\"{}\"", "a".repeat(20_000)));
    let huge = token(&format!("\"{}\"", "a".repeat(70_000)));
    for (status, body, kind) in [
        (200, String::new(), MalformedAnswer),
        (200, "null".into(), MalformedAnswer),
        (200, "[]".into(), MalformedAnswer),
        (200, "\"x\"".into(), MalformedAnswer),
        (200, "{}".into(), MalformedAnswer),
        (200, "<html>502</html>".into(), MalformedAnswer),
        (200, "\u{feff}{}".into(), MalformedAnswer),
        (200, r#"{"access_token":"FA"#.into(), MalformedAnswer),
        (200, deep, MalformedAnswer),
        (200, deep_field, MalformedAnswer),
        (200, r#"{"access_token":"a","access_token":"b","user_id":1}"#.into(), MalformedAnswer),
        (
            200,
            r#"{"data":[{"access_token":"a","access_token":"b","user_id":1}]}"#.into(),
            MalformedAnswer,
        ),
        (200, r#"{"data":[]}"#.into(), MalformedAnswer),
        (200, r#"{"data":{"access_token":"FAKE","user_id":1}}"#.into(), MalformedAnswer),
        (200, format!(r#"{{"data":[{0},{0}]}}"#, token("\"FAKE\"")), MalformedAnswer),
        (200, r#"{"user_id":1}"#.into(), MalformedAnswer),
        (200, token("\"\""), MalformedAnswer),
        (200, token("\" \""), MalformedAnswer),
        (200, token("\"a b\""), MalformedAnswer),
        (200, token(r#""a\r\nX: y""#), MalformedAnswer),
        (200, token("\"caf\u{e9}\""), MalformedAnswer),
        (200, token("1"), MalformedAnswer),
        (200, token("[\"FAKE\"]"), MalformedAnswer),
        (200, token("null"), MalformedAnswer),
        (200, long, OversizeAnswer),
        (200, huge, OversizeAnswer),
        (200, id("1e400"), MalformedAnswer),
        (200, id("1e3"), MalformedAnswer),
        (200, id("1.5"), MalformedAnswer),
        (200, id("-1"), MalformedAnswer),
        (200, id("true"), MalformedAnswer),
        (200, id("\"12x\""), MalformedAnswer),
        (200, id("18446744073709551616"), MalformedAnswer),
        (204, String::new(), MalformedAnswer),
        (400, token("\"FAKE\""), MalformedAnswer),
        (404, "<html>404</html>".into(), ProviderRejected),
        (301, String::new(), Redirected),
        (307, token("\"FAKE\""), Redirected),
        (500, "{}".into(), Unreachable),
        (502, "<html>502</html>".into(), Unreachable),
        (200, r#"{"access_token":"FAKE","user_id":1,"permissions":[]}"#.into(), MissingPermission),
        (200, r#"{"access_token":"FAKE","user_id":1,"permissions":""}"#.into(), MissingPermission),
    ] {
        let (found, _) = outcome(status, &body).await.expect_err(&body);
        assert_eq!(found, kind, "{status} {body:.80}");
    }
}

#[tokio::test]
async fn the_providers_errors_are_told_apart_and_come_with_a_cure() {
    let oauth = |message: &str| {
        format!(r#"{{"error_message":"{message}","code":400,"error_type":"OAuthException"}}"#)
    };
    let graph = |code: i32, message: &str| {
        format!(
            r#"{{"error":{{"message":"{message}","type":"OAuthException","code":{code},"fbtrace_id":"x"}}}}"#
        )
    };
    for (status, body, kind, words) in [
        (400, oauth("Matching code was not found or was already used"), CodeRejected, "already used"),
        (400, oauth("Matching code was not found or was already used."), CodeRejected, ""),
        (400, oauth("No matching code found."), CodeRejected, ""),
        (400, oauth("This authorization code has been used"), CodeRejected, ""),
        (400, oauth("Invalid authorization code"), CodeRejected, ""),
        (200, oauth("Invalid authorization code"), CodeRejected, ""),
        (400, oauth("Redirect URI does not match registered redirect URI"), CodeRejected, "trailing slash"),
        (400, oauth("Invalid redirect_uri"), CodeRejected, "trailing slash"),
        (400, oauth("Invalid platform app"), ProviderRejected, "perhaps it is the Meta app id"),
        (400, oauth("Invalid scope: []"), ProviderRejected, "check `scopes`"),
        (400, oauth("Something new"), ProviderRejected, "Something new"),
        (400, graph(1, "Error validating client secret."), ProviderRejected, "not the Meta app secret"),
        (400, graph(100, "Unsupported request - method type: get"), ProviderRejected, "tester"),
        (400, graph(190, "Invalid token"), ProviderRejected, "code 190"),
        (400, graph(2, "An unexpected error"), Unreachable, ""),
        (400, graph(3, "No capability"), ProviderRejected, "code 3"),
        (403, graph(200, "No permission"), ProviderRejected, "code 200"),
        (403, graph(299, "No permission"), ProviderRejected, "code 299"),
        (400, graph(102, "No session"), ProviderRejected, "code 102"),
        (400, graph(9, "Something new"), ProviderRejected, "code 9"),
        (
            400,
            graph(9, "Try later").replace("\"code\"", "\"is_transient\":true,\"code\""),
            Unreachable,
            "code 9",
        ),
        (
            400,
            graph(190, "Error").replace("\"code\"", "\"error_subcode\":460,\"code\""),
            ProviderRejected,
            "subcode 460",
        ),
        (400, graph(4, "Application request limit reached"), Throttled, "code 4"),
        (400, graph(17, "User request limit reached"), Throttled, "code 17"),
        (400, graph(341, "Limit reached"), Throttled, "code 341"),
        (
            400,
            oauth("No").replace("OAuthException", "OAuthPermissionsException"),
            ProviderRejected,
            "OAuthPermissionsException",
        ),
        (
            403,
            oauth("No").replace("OAuthException", "OAuthForbiddenException").replace("400", "403"),
            ProviderRejected,
            "OAuthForbiddenException, code 403",
        ),
        (
            400,
            r#"{"meta":{"code":429,"error_type":"OAuthRateLimitException","error_message":"The maximum number of requests per hour has been exceeded."}}"#.to_owned(),
            Throttled,
            "per hour",
        ),
        (
            200,
            r#"{"meta":{"code":400,"error_type":"OAuthException","error_message":"Matching code was not found"},"access_token":"FAKE","user_id":1}"#.to_owned(),
            CodeRejected,
            "not found",
        ),
        (429, "{}".to_owned(), Throttled, ""),
        (
            429,
            r#"{"code":429,"error_type":"OAuthRateLimitException","error_message":"The maximum number of requests per hour has been exceeded."}"#.to_owned(),
            Throttled,
            "",
        ),
    ] {
        let (found, detail) = outcome(status, &body).await.expect_err(&body);
        assert_eq!(found, kind, "{status} {body}");
        assert!(detail.contains(words), "`{words}` in {detail}");
    }
}

#[tokio::test]
async fn the_providers_words_are_made_safe_before_they_are_kept() {
    let message = format!(
        "Look at https://evil.example/?a=b and {CODE} or {}\\nFAKE LINE \\u001b[31m {}",
        "a1B2".repeat(10),
        "many words ".repeat(100)
    );
    let body =
        format!(r#"{{"error_type":"OAuthException","code":400,"error_message":"{message}"}}"#);
    let (_, detail) = outcome(400, &body).await.expect_err("an error");
    for gone in ["evil.example", CODE, "a1B2a1B2", "\n", "\u{1b}"] {
        assert!(!detail.contains(gone), "`{gone}` in {detail}");
    }
    assert!(detail.contains("[redacted]") && detail.contains("many words"), "{detail}");
    assert!(detail.len() < 500, "{} bytes", detail.len());
}

/// A server that reads one request and then does `answer` with the connection.
fn server(
    answer: impl Fn(std::net::TcpStream) + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/oauth/access_token", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = Vec::new();
            let mut byte = [0; 1];
            while !request.ends_with(CODE.as_bytes()) && stream.read(&mut byte).is_ok_and(|n| n > 0)
            {
                request.extend_from_slice(&byte);
            }
            seen.lock().unwrap().push(String::from_utf8(request).unwrap());
            answer(stream);
        }
    });
    (url, requests)
}

async fn against(token_url: &str) -> (Option<AuthErrorKind>, Reply) {
    let failures = Failures::default();
    let config = Config::builder("990602627938098", support::CLIENT_SECRET, REDIRECT_URI)
        .token_url(token_url)
        .graph_url(token_url)
        .request_timeout(Duration::from_secs(1))
        .long_lived(ig_oauth_common::LongLived::Off)
        .hooks(failures.clone())
        .build()
        .unwrap();
    let mut site = Site::new();
    site.flow = Flow::new(config);
    let state = site.start("").await;
    let reply = site.call_back(&state).await;
    let kind = failures.0.lock().unwrap().pop().map(|(kind, _)| kind);
    (kind, reply)
}

#[tokio::test]
async fn the_default_client_survives_a_server_that_misbehaves() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    type Answer = fn(std::net::TcpStream);
    let cases: [(&str, Answer, AuthErrorKind); 7] = [
        ("closes at once", |stream| drop(stream), Unreachable),
        (
            "never answers",
            |stream| thread::sleep(Duration::from_secs(4).min(park(stream))),
            TimedOut,
        ),
        (
            "announces too much",
            |mut stream| drop(write!(stream, "{HEAD}content-length: 1000000000000\r\n\r\n{{")),
            OversizeAnswer,
        ),
        (
            "never ends",
            |mut stream| {
                let _ = write!(stream, "{HEAD}transfer-encoding: chunked\r\n\r\n");
                let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
                while stream.write_all(chunk.as_bytes()).is_ok() {}
            },
            OversizeAnswer,
        ),
        (
            "breaks off",
            |mut stream| drop(write!(stream, "{HEAD}content-length: 100\r\n\r\n{{\"access")),
            MalformedAnswer,
        ),
        (
            "redirects",
            |mut stream| {
                let to = "location: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
                let _ = write!(stream, "HTTP/1.1 307 Temporary Redirect\r\n{to}");
            },
            Redirected,
        ),
        ("speaks no HTTP", |mut stream| drop(write!(stream, "SSH-2.0-x\r\n")), Unreachable),
    ];
    for (what, answer, expected) in cases {
        let (url, requests) = server(answer);
        let (kind, reply) = against(&url).await;
        assert_eq!(kind, Some(expected), "{what}");
        assert_eq!(reply.status(), 503, "{what}");
        assert!(header(&reply, "retry-after").is_some(), "{what}");
        assert_eq!(requests.lock().unwrap().len(), 1, "never repeated: {what}");
    }
}

/// Holds a connection open until the other end closes it.
fn park(mut stream: std::net::TcpStream) -> Duration {
    let _ = stream.read(&mut [0; 1]);
    Duration::ZERO
}

#[tokio::test]
async fn the_secret_travels_in_the_body_and_nothing_asks_for_compression() {
    let (url, requests) = server(|mut stream| {
        let body = r#"{"access_token":"FAKE","user_id":1}"#;
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
    });
    let (kind, reply) = against(&url).await;
    assert_eq!((kind, reply.status()), (None, 303));
    let requests = requests.lock().unwrap();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /oauth/access_token http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded"));
    for absent in ["authorization", "accept-encoding", "referer", "cookie", "fake"] {
        assert!(!head.contains(absent), "{absent} in {head}");
    }
    let expected = format!(
        "client_id=990602627938098&client_secret={}&grant_type=authorization_code&\
         redirect_uri=https%3A%2F%2Fapp.example%2Fauth%2Finstagram%2Fcallback&code={CODE}",
        support::CLIENT_SECRET
    );
    assert_eq!(body, expected);
}
