//! Section 5: hosts, proxies, TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::browser::{Response, send};
use crate::harness::{Adapter, App, OverHttp2, Settings};
use ig_oauth_common::{AuthErrorKind, Config};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::security::faults::Failures;
use crate::security::site::{
    CALLBACK, LOGIN, LOGOUT, REDIRECT_URI, Site, attempt, is_ok, is_refused, session_cookie,
};
use crate::security::{http2, log};

/// What must not depend on a request's headers: everything but the random values.
fn without_random(answer: &Response, random: &[&str]) -> String {
    let mut text = answer.describe();
    for value in random {
        text = text.replace(value, "<random>");
    }
    let lines = text.lines().filter(|line| !line.starts_with("date:"));
    let lines = lines.map(|line| line.split_once("=AZ").map_or(line, |(head, _)| head));
    // The id of an event stands between these.
    let lines = lines.map(|line| line.split_once("&middot; ").map_or(line, |(head, _)| head));
    lines.collect::<Vec<_>>().join("\n")
}

/// All answers of the app: login, landing, a page of the app, the answers to anonymous visitors,
/// errors and logout, without random values.
async fn transcript(send: impl AsyncFn(&str, &str, &str) -> Response, code: String) -> Vec<String> {
    let start = send("GET", LOGIN, "").await;
    let attempt = attempt(&start);
    let target = format!("{CALLBACK}?code={code}&state={}", attempt.state);
    let landed = send("GET", &target, &attempt.cookie()).await;
    is_ok(&landed);
    let session = session_cookie(&landed).unwrap();
    let short = attempt.name.rsplit_once('.').unwrap().1;
    let random = [&*attempt.state, &*attempt.value, &*session, short];
    let mut answers = vec![start, landed];
    for (method, target, cookies) in [
        ("GET", "/page/x", &*session),
        ("GET", "/page/x", ""),
        ("GET", "/me", ""),
        ("GET", "/guarded", ""),
        ("GET", CALLBACK, ""),
        ("GET", "/auth/instagram/callback?code=a&state=b", ""),
        ("POST", CALLBACK, ""),
        ("POST", LOGOUT, &*session),
    ] {
        answers.push(send(method, target, cookies).await);
    }
    answers.iter().map(|answer| without_random(answer, &random)).collect()
}

/// The same over HTTP/1.1 with these headers besides.
async fn transcript_with(site: &Site, headers: &[(&str, &str)]) -> Vec<String> {
    let send = async |method: &str, target: &str, cookies: &str| {
        // A navigation is redirected to the login, which is where a host could come in.
        let mut headers = [headers, &[("accept", "text/html")]].concat();
        if !cookies.is_empty() {
            headers.push(("cookie", cookies));
        }
        site.send(method, target, &headers).await
    };
    transcript(send, site.code()).await
}

pub async fn h_01_the_host_header_changes_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let baseline = transcript_with(&site, &[]).await;
    assert!(baseline[0].contains("app.example"), "{}", baseline[0]);
    for host in ["evil.example", "evil.example:443", "app.example.evil.example", "localhost"] {
        assert_eq!(transcript_with(&site, &[("host", host)]).await, baseline, "{host}");
    }
}

pub async fn h_02_forwarded_headers_change_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let baseline = transcript_with(&site, &[]).await;
    for name in [
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-uri",
        "x-forwarded-for",
        "x-original-url",
        "x-rewrite-url",
        "x-real-ip",
        "x-forwarded-ssl",
        "x-url-scheme",
    ] {
        for value in ["evil.example", "http", "/evil", "443"] {
            assert_eq!(transcript_with(&site, &[(name, value)]).await, baseline, "{name}: {value}");
        }
    }
    let forwarded = "for=1.2.3.4;host=evil.example;proto=http";
    assert_eq!(transcript_with(&site, &[("forwarded", forwarded)]).await, baseline);
}

pub async fn h_03_a_foreign_authority_in_the_target_changes_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let baseline = transcript_with(&site, &[]).await;
    for origin in ["http://evil.example", "https://evil.example:1"] {
        let send = async |method: &str, target: &str, cookies: &str| {
            let mut headers = vec![("accept", "text/html")];
            if !cookies.is_empty() {
                headers.push(("cookie", cookies));
            }
            site.send(method, &format!("{origin}{target}"), &headers).await
        };
        assert_eq!(transcript(send, site.code()).await, baseline, "{origin}");
    }
}

/// The same where the authority is a field of its own (RFC 9113, section 8.3.1) and `host` another.
pub async fn h_03_authority_and_host_of_http2_may_differ_and_change_nothing(
    adapter: &impl Adapter,
) {
    let site = Site::new(&OverHttp2(adapter)).await;
    let mut transcripts = Vec::new();
    for (authority, host) in [
        ("app.example", "app.example"),
        ("evil.example", "app.example"),
        ("app.example", "evil.example"),
        ("evil.example:1", "evil.example:2"),
    ] {
        let send = async |method: &str, target: &str, cookies: &str| {
            let mut headers = vec![("accept", "text/html"), ("host", host)];
            if !cookies.is_empty() {
                headers.push(("cookie", cookies));
            }
            http2::send(site.app.address(), method, authority, target, &headers).await
        };
        transcripts.push(transcript(send, site.code()).await);
    }
    let redirect_uri = "redirect_uri=https%3A%2F%2Fapp.example%2F";
    assert!(transcripts[0][0].contains(redirect_uri), "{}", transcripts[0][0]);
    for other in &transcripts[1..] {
        assert_eq!(*other, transcripts[0]);
    }
}

pub async fn h_04_plain_http_to_the_app_downgrades_nothing(adapter: &impl Adapter) {
    // The test's own connection is plain http, as behind a proxy that ends TLS.
    let site = Site::new(adapter).await;
    for headers in [&[][..], &[("x-forwarded-proto", "http")], &[("forwarded", "proto=http")]] {
        let start = site.send("GET", LOGIN, headers).await;
        assert!(start.location().contains("redirect_uri=https%3A%2F%2Fapp.example"));
        for line in start.all("set-cookie") {
            assert!(line.starts_with("__Host-") && line.contains("; Secure"), "{line}");
        }
    }
}

/// A TLS server that answers each request with a token.
async fn tls_server(config: ServerConfig) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 8192];
            let _ = stream.read(&mut request).await;
            let body = r#"{"access_token":"FAKE","user_id":1}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

/// A server that answers a ClientHello by choosing TLS 1.1, and what the client says to that.
async fn tls_1_1_server() -> (SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (said, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The ClientHello is one record: its head says how long it is.
            let mut head = [0; 5];
            if stream.read_exact(&mut head).await.is_err() {
                continue;
            }
            let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
            let _ = stream.read_exact(&mut hello).await;
            // Record: handshake, TLS 1.1; ServerHello: TLS 1.1, random, no session, a cipher of the
            // time, no compression, no extensions.
            let mut hello = vec![0x02, 0, 0, 38, 0x03, 0x02];
            hello.extend([7; 32]);
            hello.extend([0, 0xc0, 0x13, 0]);
            let mut record = vec![0x16, 0x03, 0x02, 0, u8::try_from(hello.len()).unwrap()];
            record.extend(hello);
            let _ = stream.write_all(&record).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            let _ = said.send(answer);
        }
    });
    (address, heard)
}

fn server_config(name: &str, not_after: i32, issuer: &Issuer<'_, KeyPair>) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(not_after, 1, 1);
    let certificate = params.signed_by(&key, issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}

pub async fn h_06_the_token_endpoint_is_reached_by_proven_tls_only(adapter: &impl Adapter) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let good = tls_server(server_config("127.0.0.1", 2040, &issuer)).await;
    let wrong_name = tls_server(server_config("other.example", 2040, &issuer)).await;
    let expired = tls_server(server_config("127.0.0.1", 2021, &issuer)).await;
    let (old, mut heard) = tls_1_1_server().await;
    for (what, address, trusted, works) in [
        ("a good certificate of a trusted root", good, true, true),
        ("the same of an unknown root", good, false, false),
        ("another name", wrong_name, true, false),
        ("an expired one", expired, true, false),
        ("TLS 1.1", old, true, false),
    ] {
        let url = format!("https://{address}/oauth/access_token");
        let root = root.clone();
        let settings = Settings::new().configure(move |builder| {
            let builder = builder
                .token_url(url)
                .graph_url("https://127.0.0.1:9")
                .long_lived(ig_oauth_common::LongLived::Off);
            if trusted { builder.extra_root_pem(root) } else { builder }
        });
        let app = App::start(adapter, settings.redirect_uri(REDIRECT_URI)).await;
        let attempt = attempt(&app.raw("GET", LOGIN, &[]).await);
        let target = format!("{CALLBACK}?code=abc&state={}", attempt.state);
        let answer = app.raw("GET", &target, &[("cookie", &attempt.cookie())]).await;
        if works {
            is_ok(&answer);
        } else {
            assert_eq!(answer.status, 503, "{what}: {}", answer.describe());
            assert_eq!(session_cookie(&answer), None, "{what}");
        }
    }
    // A fatal alert, `protocol_version` (RFC 8446, section 6): the version was the reason.
    let alert = heard.recv().await.unwrap();
    assert_eq!(alert.len(), 7, "one alert: {alert:?}");
    assert_eq!((alert[0], &alert[5..]), (21, &[2, 70][..]), "{alert:?}");
    let secret = "FAKE-app-secret-of-more-than-32-bytes";
    let build = || Config::builder("1", secret, REDIRECT_URI);
    for url in ["http://gateway.example/t", "http://127.0.0.1.evil.example/t"] {
        assert_eq!(build().token_url(url).build().unwrap_err().field(), "token_url");
        assert_eq!(build().graph_url(url).build().unwrap_err().field(), "graph_url");
    }
}

pub async fn h_07_another_host_name_has_no_attempt(adapter: &impl Adapter) {
    log::capture();
    let failures = Failures::default();
    let hooks = failures.clone();
    let site = Site::with(adapter, Settings::new().configure(|b| b.hooks(hooks))).await;
    // A browser that started on `www` sends no cookie to the apex.
    let attempt = site.start("").await;
    let query = format!("code={}&state={}", site.code(), attempt.state);
    is_refused(&site.call_back(&query, "").await, "invalid_state");
    let failure = failures.all().pop().unwrap();
    assert_eq!(failure.kind, AuthErrorKind::MissingAttempt);
    let event = log::lines().into_iter().find(|line| line.contains(&failure.id)).unwrap();
    assert!(event.contains("the redirect URI's host is app.example"), "{event}");
    site.is_alive(&attempt).await;
}

pub async fn h_08_no_header_overrides_the_method(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let session = site.log_in().await;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        for method in ["POST", "DELETE"] {
            let headers = [(name, method), ("cookie", session.as_str())];
            let answer = site.send("GET", "/auth/instagram/logout", &headers).await;
            assert_eq!(answer.status, 405, "{name}");
            assert!(answer.all("set-cookie").is_empty());
        }
    }
    let answer = site.get("/auth/instagram/logout?_method=POST", &session).await;
    assert_eq!(answer.status, 405);
    assert_eq!(site.get("/", &session).await.text(), site.app.user_id());
}

pub async fn h_09_replayable_early_data_is_refused(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let target = format!("{CALLBACK}?code={}&state={}", site.code(), attempt.state);
    let cookie = attempt.cookie();
    for target in [target.as_str(), LOGIN] {
        let headers = [("early-data", "1"), ("cookie", cookie.as_str())];
        let answer = site.send("GET", target, &headers).await;
        assert_eq!(answer.status, 425, "{target}");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert_eq!(site.exchanges(), 0);
    // The connection itself does not matter: a request without the header works.
    let headers = [("host".to_owned(), b"x".to_vec()), ("cookie".to_owned(), cookie.into_bytes())];
    is_ok(&send(site.app.address(), "GET", &target, &headers, b"").await);
}
