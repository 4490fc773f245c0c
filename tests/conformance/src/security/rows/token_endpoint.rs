//! Section 8: the client of the token endpoint, and what goes over the wire.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::harness::{Adapter, App, Settings};
use flate2::Compression;
use flate2::write::GzEncoder;
use ig_oauth_common::AuthErrorKind::{MalformedAnswer, OversizeAnswer, TimedOut};
use ig_oauth_common::Timestamp;
use ig_oauth_common::http::Clock;
use ig_oauth_fake_instagram::{Endpoint, FakeInstagram, Fault};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::security::faults::{
    Failures, HEAD, exchange_only, impatient, is_unavailable, login_against, raw,
};
use crate::security::site::{CALLBACK, LOGIN, Site, attempt, is_ok};

pub async fn t_01_no_redirect_is_followed_with_the_secret(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    let other = FakeInstagram::builder().start().await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let fault = Fault::Redirect { status, location: other.token_url() };
        is_unavailable(&login_against(&site, fault).await);
    }
    assert_eq!(other.requests().len(), 0, "the second host sees nothing");
}

pub async fn t_02_a_slow_provider_is_given_up_and_slows_nobody_else(adapter: &impl Adapter) {
    let failures = Failures::default();
    let site = Site::with(adapter, impatient(&failures)).await;
    // Late is not lost.
    is_ok(&login_against(&site, Fault::Latency(Duration::ZERO)).await);
    let drip = Fault::Drip {
        start: format!("{HEAD}content-length: 1000\r\n\r\n").into_bytes(),
        repeated: b" ".to_vec(),
        pause: Duration::from_millis(50),
    };
    for fault in [Fault::NeverAnswer, drip] {
        is_unavailable(&login_against(&site, fault).await);
        // The client's own timeout: the login's deadline is longer than a test waits.
        assert_eq!(failures.last(), Some(TimedOut));
    }
}

pub async fn t_03_a_huge_body_is_cut_off(adapter: &impl Adapter) {
    let failures = Failures::default();
    let site = Site::with(adapter, impatient(&failures)).await;
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
        assert_eq!(failures.last(), Some(OversizeAnswer), "cut off, not given up: {fault:.60?}");
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// This test program has a client whose decoders are compiled in, as any crate of an app may want.
pub async fn t_04_compression_is_neither_asked_for_nor_undone(adapter: &impl Adapter) {
    let failures = Failures::default();
    let site = Site::with(adapter, impatient(&failures)).await;
    let token = br#"{"access_token":"FAKE","user_id":1}"#;
    let padded = [&token[..], &vec![b' '; 40_000_000]].concat();
    let bomb = gzip(&padded);
    assert!(padded.len() / bomb.len() > 900 && bomb.len() < 60_000, "{} bytes", bomb.len());
    for (encoding, body) in
        [("gzip", gzip(token)), ("gzip", bomb.clone()), ("br", bomb.clone()), ("deflate", bomb)]
    {
        let head = format!(
            "{HEAD}content-encoding: {encoding}\r\ncontent-length: {}\r\nconnection: close\r\n",
            body.len()
        );
        is_unavailable(&login_against(&site, raw(&head, &body)).await);
        assert_eq!(failures.last(), Some(MalformedAnswer), "{encoding}: read as it came");
    }
    for request in site.app.provider.requests() {
        assert_eq!(request.header("accept-encoding"), None);
    }
}

pub async fn t_12_a_lost_answer_is_not_asked_for_again(adapter: &impl Adapter) {
    let site = Site::with(adapter, impatient(&Failures::default())).await;
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
        let attempt = attempt(&start);
        let query = format!("code={}&state={}&{query}={url}", site.code(), attempt.state);
        is_ok(&site.call_back(&query, &attempt.cookie()).await);
    }
    assert_eq!(other.requests().len(), 0);
}

pub async fn t_14_the_secret_is_where_it_belongs(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = crate::browser::Browser::new();
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
    let site = Site::with(adapter, exchange_only()).await;
    let answer = |id: u64| {
        let body = format!(r#"{{"access_token":"FAKE","user_id":{id}}}"#);
        format!("{HEAD}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    // The connection stays open, and the second answer comes a little later than the first.
    let two =
        Fault::Drip { start: answer(1), repeated: answer(2), pause: Duration::from_millis(5) };
    for fault in [two, Fault::Raw([answer(1), answer(2)].concat())] {
        site.app.provider.set_fault_times(Endpoint::CodeExchange, fault, 1);
        let first = site.log_in().await;
        assert_eq!(site.get("/", &first).await.text(), "1");
        // The provider would keep these connections.
        for _ in 0..2 {
            let next = site.log_in().await;
            assert_eq!(site.get("/", &next).await.text(), site.app.user_id(), "and not user 2");
        }
    }
    let requests = site.app.provider.requests();
    let connections: BTreeSet<_> = requests.iter().map(|request| request.connection()).collect();
    assert_eq!(connections.len(), requests.len(), "each call has a connection of its own");
}

/// A clock that stands still and counts its readers.
#[derive(Clone, Default)]
struct Watched(Arc<AtomicUsize>);

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        self.0.fetch_add(1, Ordering::SeqCst);
        Timestamp::from_unix_seconds(1_800_000_000)
    }
}

pub async fn t_18_a_browser_that_leaves_loses_no_login_and_no_attempt(adapter: &impl Adapter) {
    let looks = Watched::default();
    let clock = looks.clone();
    let site = Site::with(adapter, Settings::new().configure(|b| b.clock(clock))).await;
    let attempt = site.start("?return_to=/page/x").await;
    let held = site.app.provider.hold(Endpoint::CodeExchange);
    let target = format!("{CALLBACK}?code={}&state={}", site.code(), attempt.state);
    let mut stream = TcpStream::connect(site.app.address()).await.unwrap();
    let request =
        format!("GET {target} HTTP/1.1\r\nhost: x\r\ncookie: {}\r\n\r\n", attempt.cookie());
    stream.write_all(request.as_bytes()).await.unwrap();
    while site.exchanges() == 0 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    // The task continues: a second callback meanwhile shares its answer. The provider answers when
    // the second callback has been checked, which is known because it reads the clock.
    let before = looks.0.load(Ordering::SeqCst);
    let cookie = attempt.cookie();
    let mut again = pin!(site.get(&target, &cookie));
    let judged = async {
        while looks.0.load(Ordering::SeqCst) == before {
            tokio::task::yield_now().await;
        }
        assert_eq!(site.get("/plain", "").await.text(), "plain");
    };
    tokio::select! {
        answer = &mut again => panic!("nothing to answer yet: {}", answer.describe()),
        () = judged => {}
    }
    drop(held);
    let answer = again.await;
    is_ok(&answer);
    assert_eq!(answer.location(), "/page/x#");
    assert_eq!(site.exchanges(), 1);
    let again = site.get(&target, &attempt.cookie()).await;
    assert_eq!(again.status, 400, "and the attempt is used");
}
