//! What holds for every input, tried on many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use ig_oauth_common::adapter::{Begin, Headers, Request};
use proptest::prelude::*;
use support::{Site, header};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_changed_bit_of_an_attempt_or_session_cookie_is_noticed(
        bit in 0_usize..100_000, cut in 0_usize..100_000,
    ) {
        block_on(async {
            let mut site = Site::new();
            let state = site.start("?return_to=/there").await;
            let attempt = site.cookies.clone();
            let (name, value) = attempt.iter().next().unwrap();
            for forged in [flipped(value, bit), value[..cut % value.len()].to_owned()] {
                site.cookies.insert(name.clone(), forged);
                assert_eq!(site.call_back(&state).await.status(), 400);
            }
            site.cookies = attempt;
            assert_eq!(site.call_back(&state).await.status(), 303);
            let session = site.cookies.clone();
            let (name, value) = session.iter().next().unwrap();
            for forged in [flipped(value, bit), value[..cut % value.len()].to_owned()] {
                site.cookies.insert(name.clone(), forged);
                assert!(!site.is_logged_in().await);
            }
            site.cookies = session;
            assert!(site.is_logged_in().await);
        });
    }

    fn no_request_brings_the_flow_down(
        method in prop_oneof![4 => Just("GET"), 1 => prop::sample::select(vec!["POST", "HEAD", "get", ""])],
        path in prop::sample::select(vec!["login", "callback", "callback", "callback", "logout"]),
        query in prop::option::of(query()),
        headers in prop::collection::vec((
            prop::sample::select(vec![
                "cookie", "accept", "origin", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site",
                "sec-purpose", "early-data",
            ]),
            prop::collection::vec(any::<u8>(), 0..40),
        ), 0..2),
    ) {
        block_on(async {
            let mut site = Site::new();
            let state = site.start("").await;
            let own = site.header_lines(&[]);
            let own = own.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            let lines = headers.iter().map(|(name, value)| (*name, value.as_slice())).chain(own);
            let lines = Bytes(lines.collect());
            let query = query.map(|query| query.replace("{S}", &state));
            let path = format!("/auth/instagram/{path}");
            let request = Request::new(method, &path, &lines).with_query(query.as_deref());
            let reply = match site.flow.begin(site.flow.route(&path).unwrap(), &request) {
                Begin::Done(reply) => reply,
                Begin::Job(job) => job.run().await,
                Begin::Form(_) => panic!("{path} wants a body"),
            };
            let fine = reply.status() < 500 || reply.status() == 503;
            assert!(fine, "{}", reply.status());
            assert_eq!(header(&reply, "cache-control"), Some("no-store"));
            for (name, value) in reply.headers() {
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
                let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
                assert!(value.bytes().all(printable), "{name}: {value}");
            }
            // The provider is asked once, and only by a callback that ends the attempt.
            let ended = reply.headers().any(|(name, value)| {
                name == "set-cookie" && value.contains("ig_login") && value.contains("Max-Age=0")
            });
            assert!(site.provider.calls() <= usize::from(ended), "{query:?}");
            REACHED.fetch_add(site.provider.calls(), Ordering::Relaxed);
        });
    }
}

/// How many of the requests above went as far as the provider.
static REACHED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn no_request_brings_the_flow_down_and_many_get_past_the_parsing() {
    no_request_brings_the_flow_down();
    assert!(REACHED.load(Ordering::Relaxed) > 30, "{REACHED:?}");
}

/// Any text at all, and queries of a callback that prove their state and are odd elsewhere.
fn query() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        "(?s).{0,20}",
        "[!-~]{0,20}",
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| {
            bytes.iter().map(|byte| format!("%{byte:02x}")).collect::<String>()
        }),
    ];
    let shape = prop::sample::select(vec![
        "{X}",
        "code={X}&state={S}",
        "code=a&state={S}",
        "code=a&state={S}&x={X}",
        "code=a&state={S}&{X}",
        "code=a&state={S}&hop=1&hop={X}",
        "error={X}&state={S}",
        "error=access_denied&error_description={X}&state={S}",
        "return_to=/{X}",
        "options={X}",
    ]);
    (shape, odd).prop_map(|(shape, odd)| shape.replace("{X}", &odd))
}

/// Header lines of any bytes.
struct Bytes<'a>(Vec<(&'a str, &'a [u8])>);

impl Headers for Bytes<'_> {
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
        let lines = self.0.iter().filter(|(present, _)| *present == name);
        lines.for_each(|(_, value)| visit(value));
    }
}

/// The value with one bit of its decoded bytes flipped.
fn flipped(value: &str, bit: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = value.as_bytes().to_vec();
    let position = (bit / 6) % bytes.len();
    let digit = ALPHABET.iter().position(|byte| *byte == bytes[position]).unwrap();
    bytes[position] = ALPHABET[digit ^ (1 << (bit % 6))];
    String::from_utf8(bytes).unwrap()
}
