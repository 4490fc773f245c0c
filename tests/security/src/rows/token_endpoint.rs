//! Section 8: the client of the token endpoint, against a provider that misbehaves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ig_oauth_common::{AuthErrorKind, BoxFuture, Failure, Hooks, LongLived, Reply};
use ig_oauth_conformance::browser::Response;
use ig_oauth_conformance::harness::{Adapter, App, Settings};
use ig_oauth_fake_instagram::{Endpoint, FakeInstagram, Fault, TokenShape};

use crate::site::{LOGIN, Site, is_ok, session_cookie};

/// The kinds of failure, which the browser is not told.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<AuthErrorKind>>>);

impl Hooks for Failures {
    fn on_failure(&self, failure: Failure) -> BoxFuture<'_, Option<Reply>> {
        self.0.lock().unwrap().push(failure.kind());
        Box::pin(async { None })
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/// A timeout small enough that a provider which never answers costs a test little, and ample for
/// one that does, on a busy machine.
fn impatient() -> Settings {
    Settings::new().configure(|builder| {
        builder.request_timeout(Duration::from_secs(2)).long_lived(LongLived::Off)
    })
}

fn raw(head: &str, body: &[u8]) -> Fault {
    Fault::Raw([head.as_bytes(), b"\r\n", body].concat())
}

/// One login against this fault: the answer, after which the next login works.
async fn login_against(site: &Site, fault: Fault) -> Response {
    let attempt = site.start("").await;
    let before = site.exchanges();
    site.app.provider.set_fault_times(Endpoint::CodeExchange, fault.clone(), 1);
    let answer = site.finish(&attempt).await;
    assert_eq!(site.exchanges(), before + 1, "exactly one POST: {fault:?}");
    site.app.provider.clear_faults();
    let next = site.start("").await;
    is_ok(&site.finish(&next).await);
    answer
}

fn is_unavailable(answer: &Response) {
    assert_eq!(answer.status, 503, "{}", answer.describe());
    assert!(answer.text().contains("provider_unavailable"), "{}", answer.describe());
    assert!(answer.header("retry-after").is_some());
    assert_eq!(session_cookie(answer), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

pub async fn t_01_no_redirect_is_followed_with_the_secret(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    let other = FakeInstagram::builder().start().await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let fault = Fault::Redirect { status, location: other.token_url() };
        is_unavailable(&login_against(&site, fault).await);
    }
    assert_eq!(other.requests().len(), 0, "the second host sees nothing");
}

pub async fn t_02_a_slow_provider_is_given_up_and_slows_nobody_else(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    is_unavailable(&login_against(&site, Fault::NeverAnswer).await);
    let drip = Fault::Drip {
        start: format!("{HEAD}content-length: 1000\r\n\r\n").into_bytes(),
        repeated: b" ".to_vec(),
        pause: Duration::from_millis(50),
    };
    is_unavailable(&login_against(&site, drip).await);
    // While an exchange hangs, the app's other requests are answered.
    let attempt = site.start("").await;
    site.app.provider.set_fault(Endpoint::CodeExchange, Fault::NeverAnswer);
    let (answer, plain) = tokio::join!(site.finish(&attempt), site.get("/plain", ""));
    is_unavailable(&answer);
    assert_eq!(plain.text(), "plain");
}

pub async fn t_03_a_huge_body_is_cut_off(adapter: &impl Adapter) {
    let failures = Failures::default();
    let hooks = failures.clone();
    let settings = Settings::new().configure(|builder| {
        let builder = builder.request_timeout(Duration::from_secs(5)).hooks(hooks);
        builder.long_lived(LongLived::Off)
    });
    let site = Site::with(adapter, settings).await;
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    for fault in [
        raw(&format!("{HEAD}content-length: 1000000000000\r\n"), b"{"),
        raw(&format!("{HEAD}content-length: 10000000\r\n"), &[b' '; 200_000]),
        Fault::Drip {
            start: format!("{HEAD}transfer-encoding: chunked\r\n\r\n").into_bytes(),
            repeated: chunk.into_bytes(),
            pause: Duration::ZERO,
        },
        raw(&format!("{HEAD}connection: close\r\n"), &vec![b' '; 1_000_000]),
    ] {
        is_unavailable(&login_against(&site, fault.clone()).await);
        let kind = failures.0.lock().unwrap().pop();
        assert_eq!(
            kind,
            Some(AuthErrorKind::OversizeAnswer),
            "cut off, not given up: {fault:.60?}"
        );
    }
}

pub async fn t_04_compression_is_neither_asked_for_nor_undone(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    // A gzip head and a body that would grow: read as the bytes they are.
    let bomb = [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], &[0; 60_000]].concat();
    for encoding in ["gzip", "br", "zstd", "deflate"] {
        let head = format!(
            "{HEAD}content-encoding: {encoding}\r\ncontent-length: {}\r\nconnection: close\r\n",
            bomb.len()
        );
        is_unavailable(&login_against(&site, raw(&head, &bomb)).await);
    }
    for request in site.app.provider.requests() {
        assert_eq!(request.header("accept-encoding"), None);
    }
}

pub async fn t_05_what_is_not_json_is_an_error_and_not_shown(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    let deep = "[".repeat(10_000);
    let deep_field = format!(r#"{{"access_token":"FAKE","user_id":1,"permissions":{deep}"#);
    for fault in [
        Fault::Status {
            status: 502,
            body: "<html><body><h1>Bad Gateway</h1></body></html>".to_owned(),
            content_type: "text/html".to_owned(),
        },
        Fault::html(200),
        Fault::Empty,
        Fault::json(200, "null"),
        Fault::json(200, "[]"),
        Fault::json(200, "\"x\""),
        Fault::json(200, "{}"),
        Fault::json(200, r#"{"access_token":"FAKE","user_"#),
        Fault::json(200, "\u{feff}{\"access_token\":\"FAKE\",\"user_id\":1}"),
        Fault::json(200, deep),
        Fault::json(200, deep_field),
        raw(&format!("{HEAD}connection: close\r\n"), b"{\"access_token\":\"\xff\",\"user_id\":1}"),
        raw(
            &format!("{HEAD}content-length: 500\r\n"),
            b"{\"access_token\":\"FAKE\",\"user_id\":1}",
        ),
        Fault::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec()),
    ] {
        let answer = login_against(&site, fault).await;
        is_unavailable(&answer);
        for told in ["Bad Gateway", "html><body", "FAKE", "SSH"] {
            assert!(
                !answer.text().replace("<html", "").contains(told),
                "{told}: {}",
                answer.text()
            );
        }
    }
}

pub async fn t_06_a_field_given_twice_is_an_error(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    for body in [
        r#"{"access_token":"a","access_token":"b","user_id":1}"#,
        r#"{"access_token":"a","user_id":1,"user_id":2}"#,
        r#"{"data":[{"access_token":"a","access_token":"b","user_id":1}]}"#,
    ] {
        is_unavailable(&login_against(&site, Fault::json(200, body)).await);
    }
}

pub async fn t_07_an_empty_or_odd_token_is_an_error(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    let long = format!("\"{}\"", "a".repeat(20_000));
    for token in ["", "null", "\"\"", "\" \"", r#""a\r\nX: y""#, &long, "1", "[]", "{}", "true"] {
        let field =
            if token.is_empty() { String::new() } else { format!(r#""access_token":{token},"#) };
        let body = format!(r#"{{{field}"user_id":1}}"#);
        is_unavailable(&login_against(&site, Fault::json(200, body)).await);
    }
}

pub async fn t_08_user_ids_are_exact_or_an_error(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    for (id, expected) in [
        ("17841458366137975", Some("17841458366137975")),
        ("\"17841458366137975\"", Some("17841458366137975")),
        ("18446744073709551615", Some("18446744073709551615")),
        ("1e400", None),
        ("17841458366137975.0", None),
        ("1.784e16", None),
        ("-1", None),
        ("1.5", None),
        ("true", None),
        ("null", None),
        ("\"1x\"", None),
        ("\"\"", None),
    ] {
        let shape = TokenShape::Verbatim(format!(r#"{{"access_token":"FAKE","user_id":{id}}}"#));
        site.app.provider.set_token_shape(shape);
        let attempt = site.start("").await;
        let answer = site.finish(&attempt).await;
        match expected {
            None => is_unavailable(&answer),
            Some(expected) => {
                let session = session_cookie(&answer).unwrap();
                assert_eq!(site.get("/", &session).await.text(), expected);
            }
        }
    }
}

pub async fn t_09_every_live_shape_is_understood(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    for shape in [
        TokenShape::FlatNumberArray,
        TokenShape::WrappedStringIdCommaString,
        TokenShape::WrappedNumberArray,
        TokenShape::FlatNumberCommaString,
        TokenShape::FlatNumberNoPermissions,
        TokenShape::Verbatim(
            r#"{"extra":{"a":[1]},"access_token":"{token}","user_id":"{user_id}","permissions":7}"#
                .to_owned(),
        ),
    ] {
        site.app.provider.set_token_shape(shape.clone());
        let session = site.log_in().await;
        assert_eq!(site.get("/", &session).await.text(), site.app.user_id(), "{shape:?}");
    }
}

pub async fn t_10_status_and_body_must_agree(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    let token = r#"{"access_token":"FAKE","user_id":1}"#;
    let both = r#"{"access_token":"FAKE","user_id":1,"error_type":"OAuthException","code":400,"error_message":"No"}"#;
    for (status, body) in [(400, token), (401, token), (500, token), (200, both), (202, token)] {
        let answer = login_against(&site, Fault::json(status, body)).await;
        assert!(answer.status >= 400, "{status} {body}");
        assert_eq!(session_cookie(&answer), None);
    }
}

/// Every error body that has been seen, of this endpoint and its siblings.
pub async fn t_11_every_known_error_is_told_apart(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    let oauth = |message: &str| {
        format!(r#"{{"error_type":"OAuthException","code":400,"error_message":"{message}"}}"#)
    };
    let reordered = |message: &str| {
        format!(r#"{{"code":400,"error_message":"{message}","error_type":"OAuthException"}}"#)
    };
    let graph = |code: u32, kind: &str, message: &str| {
        format!(
            r#"{{"error":{{"message":"{message}","type":"{kind}","code":{code},"fbtrace_id":"x"}}}}"#
        )
    };
    let not_found = "Matching code was not found or was already used";
    let exceeded = "The maximum number of requests per hour has been exceeded.";
    let limit = format!(
        r#"{{"code":429,"error_type":"OAuthRateLimitException","error_message":"{exceeded}"}}"#
    );
    let password = "The session has been invalidated because the user changed their password";
    for (sent, body, status, code) in [
        (400, oauth(not_found), 400, "code_rejected"),
        (400, reordered(&format!("{not_found}.")), 400, "code_rejected"),
        (400, oauth("This authorization code has been used"), 400, "code_rejected"),
        (400, oauth("Invalid authorization code"), 400, "code_rejected"),
        (400, oauth("No matching code found."), 400, "code_rejected"),
        (400, oauth("Redirect URI does not match registered redirect URI"), 400, "code_rejected"),
        (400, oauth("Invalid redirect_uri"), 400, "code_rejected"),
        (400, oauth("Invalid platform app"), 500, "provider_rejected"),
        (400, oauth("Invalid scope: []"), 500, "provider_rejected"),
        (
            400,
            graph(1, "OAuthException", "Error validating client secret."),
            500,
            "provider_rejected",
        ),
        (400, graph(190, "OAuthException", password), 500, "provider_rejected"),
        (403, graph(10, "OAuthException", "No permission"), 500, "provider_rejected"),
        (
            400,
            graph(100, "IGApiException", "Unsupported request - method type: get"),
            500,
            "provider_rejected",
        ),
        (400, graph(2, "OAuthException", "An unexpected error"), 503, "provider_unavailable"),
        (400, graph(4, "OAuthException", "Too many calls"), 503, "provider_unavailable"),
        (429, limit, 503, "provider_unavailable"),
        (500, graph(1, "OAuthException", "Something"), 503, "provider_unavailable"),
        (502, "<html>502</html>".to_owned(), 503, "provider_unavailable"),
        (503, String::new(), 503, "provider_unavailable"),
    ] {
        let answer = login_against(&site, Fault::json(sent, body.clone())).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.describe());
        assert!(answer.text().contains(code), "{body}: {}", answer.describe());
        assert!(answer.text().contains("Try again"), "{body}");
        assert_eq!(session_cookie(&answer), None, "{body}");
    }
}

pub async fn t_12_a_lost_answer_is_not_asked_for_again(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    for fault in [
        Fault::ResetBeforeRequest,
        Fault::ResetAfterRequest,
        Fault::NeverAnswer,
        Fault::Raw(Vec::new()),
        Fault::Raw(HEAD.as_bytes().to_vec()),
        raw(&format!("{HEAD}content-length: 99\r\n"), b"{"),
    ] {
        // `login_against` counts the POSTs.
        is_unavailable(&login_against(&site, fault).await);
    }
}

pub async fn t_13_no_request_changes_where_calls_go(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let other = FakeInstagram::builder().start().await.unwrap();
    let url = other.token_url();
    for query in ["token_url", "url", "endpoint", "host", "graph_url", "redirect_uri"] {
        let start = site
            .send(
                "GET",
                &format!("{LOGIN}?{query}={url}"),
                &[("host", &other.address().to_string())],
            )
            .await;
        let attempt = crate::site::attempt(&start);
        let query = format!("code={}&state={}&{query}={url}", site.code(), attempt.state);
        is_ok(&site.call_back(&query, &attempt.cookie()).await);
    }
    assert_eq!(other.requests().len(), 0);
}

pub async fn t_14_the_secret_is_where_it_belongs(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = ig_oauth_conformance::browser::Browser::new();
    app.log_in(&mut browser).await;
    let secret = app.provider.client_secret();
    for request in app.provider.requests() {
        let query = request.query().unwrap_or_default().to_owned();
        match request.endpoint() {
            Endpoint::CodeExchange => {
                assert_eq!(request.method(), "POST");
                assert_eq!(request.field("client_secret"), Some(secret));
                assert!(query.is_empty());
            }
            // The documented exception: a GET with the secret in its query.
            Endpoint::LongLived => assert!(query.contains(secret)),
            _ => assert!(!query.contains(secret) && !request.path().contains(secret)),
        }
        for (name, value) in request.headers() {
            let value = String::from_utf8_lossy(value).into_owned();
            assert!(!value.contains(secret), "{name}");
            assert_ne!(name, "authorization");
        }
    }
    let start = browser.step(&app.login("")).await;
    assert!(!start.describe().contains(secret));
}

pub async fn t_16_a_second_answer_on_a_connection_is_nobodys(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient()).await;
    let answer = |id: u64| {
        let body = format!(r#"{{"access_token":"FAKE","user_id":{id}}}"#);
        format!("{HEAD}content-length: {}\r\n\r\n{body}", body.len())
    };
    let two = format!("{}{}", answer(1), answer(2));
    site.app.provider.set_fault_times(Endpoint::CodeExchange, Fault::Raw(two.into_bytes()), 1);
    let first = site.log_in().await;
    assert_eq!(site.get("/", &first).await.text(), "1");
    let second = site.log_in().await;
    assert_eq!(site.get("/", &second).await.text(), site.app.user_id(), "and not user 2");
    let requests = site.app.provider.requests();
    let mut connections: Vec<_> = requests.iter().map(|request| request.connection()).collect();
    connections.dedup();
    assert_eq!(connections.len(), requests.len(), "each call has a connection of its own");
}

pub async fn t_18_a_browser_that_leaves_loses_no_login_and_no_attempt(adapter: &impl Adapter) {
    use tokio::io::AsyncWriteExt as _;
    let site = Site::new(adapter).await;
    let attempt = site.start("?return_to=/page/x").await;
    let slow = Fault::Latency(Duration::from_secs(2));
    site.app.provider.set_fault(Endpoint::CodeExchange, slow);
    let target = format!("{}?code={}&state={}", crate::site::CALLBACK, site.code(), attempt.state);
    let mut stream = tokio::net::TcpStream::connect(site.app.address()).await.unwrap();
    let request =
        format!("GET {target} HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", attempt.cookie());
    stream.write_all(request.as_bytes()).await.unwrap();
    while site.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    // The task goes on: whoever calls back while it does shares its answer.
    let answer = site.get(&target, &attempt.cookie()).await;
    is_ok(&answer);
    assert_eq!(answer.location(), "/page/x#");
    assert_eq!(site.exchanges(), 1);
    let again = site.get(&target, &attempt.cookie()).await;
    assert_eq!(again.status, 400, "and the attempt is used");
}
