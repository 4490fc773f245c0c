//! What holds for every input, tried on many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use proptest::prelude::*;
use support::{Site, header};
use url::Url;

/// Pieces that open redirects are made of, and harmless ones between.
fn hostile_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "/",
            "//",
            "\\",
            "%2f",
            "%5c",
            "%09",
            "%0a",
            "%00",
            "%25",
            "%2e",
            ".",
            "..",
            "\t",
            "\n",
            "\r",
            "\0",
            " ",
            "@",
            ":",
            ";",
            "?",
            "#",
            "&",
            "evil.example",
            "https:",
            "http://",
            "javascript:",
            "\u{2028}",
            "\u{202e}",
            "\u{ff0f}",
            "%e2%80%a8",
            "%E2%81%A6",
            "a",
            "é",
            "[",
            "]",
            "%",
            "%zz",
            "~",
            "+",
            "x=1",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,3}",
    ]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Decodes percent-escapes once, as a proxy or router on the way might.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escape = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) if byte == b'%' => {
                bytes.push(value);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The oracle: what browsers, proxies and routers make of a `Location`.
fn stays_on_this_site(location: &str) -> Result<(), String> {
    let complain = |what: &str| Err(format!("{what}: {location:?}"));
    if !location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return complain("a byte that browsers strip or rewrite");
    }
    let path = location.split(['?', '#']).next().unwrap_or_default();
    for path in [path.to_owned(), decoded(path), decoded(&decoded(path))] {
        if path.starts_with("//") || path.starts_with("/\\") || !path.starts_with('/') {
            return complain("another host once decoded");
        }
        for base in ["https://app.example/callback", "http://app.example/callback"] {
            let base = Url::parse(base).unwrap();
            match base.join(&path) {
                Ok(url) if url.origin() == base.origin() && !url.path().starts_with("//") => {}
                _ => return complain("another origin"),
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_return_to_leads_to_another_site(pieces in prop::collection::vec(hostile_piece(), 0..8)) {
        let target = pieces.concat();
        let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let location = block_on(async {
            let mut site = Site::new();
            let state = site.start(&format!("?return_to={encoded}")).await;
            let reply = site.call_back(&state).await;
            header(&reply, "location").unwrap().to_owned()
        });
        prop_assert!(stays_on_this_site(&location).is_ok(), "{:?}", stays_on_this_site(&location));
        // What passes is passed on to the letter; what does not is replaced as a whole.
        let kept = location == target || location == format!("{target}#");
        prop_assert!(kept || location == "/#", "{} became {}", target, location);
    }

    #[test]
    fn harmless_targets_are_kept(
        segments in prop::collection::vec("[a-zA-Z0-9_~!$&'()*+,=@-]{1,8}", 1..5),
        query in prop::option::of("[a-z0-9=&/?%:]{0,0}[a-z0-9=&/?:]{0,12}"),
    ) {
        let mut target = format!("/{}", segments.join("/"));
        if let Some(query) = query {
            target = format!("{target}?{query}");
        }
        let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let location = block_on(async {
            let mut site = Site::new();
            let state = site.start(&format!("?return_to={encoded}")).await;
            header(&site.call_back(&state).await, "location").unwrap().to_owned()
        });
        prop_assert_eq!(location, format!("{target}#"));
    }

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

    #[test]
    fn no_request_brings_the_flow_down(
        method in prop::sample::select(vec!["GET", "POST", "HEAD", "get", ""]),
        path in prop::sample::select(vec!["login", "callback", "logout"]),
        query in prop::option::of("\\PC{0,80}"),
        headers in prop::collection::vec((
            prop::sample::select(vec![
                "cookie", "accept", "origin", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site",
                "sec-purpose", "early-data",
            ]),
            "\\PC{0,80}",
        ), 0..6),
    ) {
        block_on(async {
            let mut site = Site::new();
            site.start("").await;
            let mut target = format!("/auth/instagram/{path}");
            if let Some(query) = query {
                target = format!("{target}?{query}");
            }
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let reply = site.send(method, &target, &headers).await;
            assert!(reply.status() < 500 || reply.status() == 503, "{}", reply.status());
            assert_eq!(header(&reply, "cache-control"), Some("no-store"));
            for (name, value) in reply.headers() {
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
                let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
                assert!(value.bytes().all(printable), "{name}: {value}");
            }
            assert_eq!(site.provider.calls(), 0);
        });
    }
}

/// The value with one bit of what it encodes turned over.
fn flipped(value: &str, bit: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = value.as_bytes().to_vec();
    let position = (bit / 6) % bytes.len();
    let digit = ALPHABET.iter().position(|byte| *byte == bytes[position]).unwrap();
    bytes[position] = ALPHABET[digit ^ (1 << (bit % 6))];
    String::from_utf8(bytes).unwrap()
}
