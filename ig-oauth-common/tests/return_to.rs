//! Where a login may end, tried on many strings, with a WHATWG parser as the judge.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::cell::{Cell, RefCell};

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use support::{Site, header};
use url::Url;

/// Origins that a login may end at, the app's own among them, and one that begins with it.
const ORIGINS: [&str; 3] =
    ["https://ok.example", "https://app.example", "https://app.example:8443"];

/// Pieces that open redirects are made of.
const HOSTILE: &[&str] = &[
    "/",
    "//",
    "\\",
    "%2f",
    "%2F",
    "%5c",
    "%252f",
    "%255c",
    "%25",
    "2f",
    "%09",
    "%0a",
    "%0d",
    "%00",
    "%7f",
    "%2e",
    "%2e%2e",
    ".",
    "..",
    "..;",
    "\t",
    "\n",
    "\r",
    "\0",
    " ",
    "@",
    ":",
    ":8443",
    "?",
    "#",
    "&",
    "evil.example",
    ".evil.example",
    "https:",
    "http://",
    "javascript:",
    "\u{2028}",
    "\u{202e}",
    "\u{ff0f}",
    "%e2%80%a8",
    "%E2%81%A6",
    "%c0%af",
    "%ff",
    "é",
    "[",
    "]",
    "%",
    "%zz",
    "auth/instagram/login",
];

/// Harmless ones between them, without which next to nothing would be accepted.
const HARMLESS: &[&str] =
    &["a", "dash", "/b", "x=1", "~", "+", "-", "_", "%20", "%C3%A9", ";y", "!", "/c.html", "%3f"];

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(HOSTILE).prop_map(str::to_owned),
        5 => prop::sample::select(HARMLESS).prop_map(str::to_owned),
        1 => "[ -~]{0,3}",
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// Most begin with a slash, because all others are refused for that alone.
fn hostile() -> impl Strategy<Value = String> {
    let start = prop_oneof![9 => Just("/"), 1 => Just("")];
    (start, pieces()).prop_map(|(start, rest)| format!("{start}{rest}"))
}

fn hostile_url() -> impl Strategy<Value = String> {
    let start = prop_oneof![
        6 => prop::sample::select(&ORIGINS[..]),
        1 => Just("http://ok.example"),
        1 => Just("https://OK.example"),
        1 => Just("https:ok.example"),
        1 => Just("//ok.example"),
    ];
    let slash = prop_oneof![3 => Just("/"), 1 => Just("")];
    (start, slash, pieces()).prop_map(|(start, slash, rest)| format!("{start}{slash}{rest}"))
}

/// Where the login of one site ends for each target, and how many targets were kept.
fn each_landing(
    cases: u32,
    targets: impl Strategy<Value = String>,
    origins: &'static [&'static str],
    judge: impl Fn(&str, &str) -> TestCaseResult,
) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let site = RefCell::new(Site::with(|builder| {
        builder.allowed_return_origins(origins.iter().copied()).after_login("/default")
    }));
    let kept = Cell::new(0);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&targets, |target| {
        let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let mut site = site.borrow_mut();
        let location = runtime.block_on(async {
            site.cookies.clear();
            let state = site.start(&format!("?return_to={encoded}")).await;
            header(&site.call_back(&state).await, "location").unwrap().to_owned()
        });
        if location == "/default#" {
            return Ok(());
        }
        kept.set(kept.get() + 1);
        // An accepted value is passed on unchanged; any other is replaced completely.
        prop_assert!(location == target || location == format!("{target}#"), "{target:?}");
        judge(&target, &location)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    kept.get()
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

/// The oracle: what browsers, proxies and routers make of a path on the site of `bases`.
fn stays(location: &str, bases: &[&str]) -> Result<(), String> {
    let complain = |what: &str| Err(format!("{what}: {location:?}"));
    if !location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return complain("a byte that browsers strip or rewrite");
    }
    let path = location.split(['?', '#']).next().unwrap_or_default();
    for path in [path.to_owned(), decoded(path), decoded(&decoded(path))] {
        if path.starts_with("//") || path.starts_with("/\\") || !path.starts_with('/') {
            return complain("another host once decoded");
        }
        if path.contains("//") || path.contains('\\') || path.contains(char::is_control) {
            return complain("what a proxy merges or rewrites");
        }
        for base in bases {
            let base = Url::parse(base).unwrap();
            match base.join(&path) {
                Ok(url) if url.origin() == base.origin() && !url.path().starts_with("//") => {}
                _ => return complain("another origin"),
            }
        }
    }
    Ok(())
}

#[test]
fn no_return_to_leads_to_another_site() {
    let kept = each_landing(5_000, hostile(), &[], |_, location| {
        let bases = ["https://app.example/callback", "http://app.example/callback"];
        stays(location, &bases).map_err(TestCaseError::fail)
    });
    // Most of the strings have something wrong with them. Without those that have not, the judge
    // would have nothing to judge.
    assert!(kept > 500, "only {kept} of 5,000 targets were accepted");
}

#[test]
fn no_return_to_leads_to_an_origin_that_is_not_listed() {
    let kept = each_landing(5_000, hostile_url(), &ORIGINS, |_, location| {
        let url = Url::parse(location).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let origin = url.origin().ascii_serialization();
        prop_assert!(ORIGINS.contains(&origin.as_str()), "{location} leads to {origin}");
        prop_assert!(url.username().is_empty() && url.password().is_none(), "{location}");
        let rest = location.strip_prefix(&origin).unwrap_or_default();
        let path = if rest.starts_with('/') { rest } else { "/" };
        stays(path, &[&origin]).map_err(TestCaseError::fail)?;
        let is_ours = origin == "https://app.example" && url.path() == "/auth/instagram/login";
        prop_assert!(!is_ours, "{location} goes round in circles");
        Ok(())
    });
    assert!(kept > 500, "only {kept} of 5,000 targets were accepted");
}

/// A segment of the grammar that is no dot segment, cut at a `;` or not.
fn segment() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => "[a-zA-Z0-9._~!$&'()*+,;=:@-]{1,6}",
        1 => prop::sample::select(vec![
            "%20", "%C3%A9", "%e2%80%8c", "%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7", "%3F", "%23", "%22",
            "%2B", "%7Bx%7D", "%41",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 1..3)
        .prop_map(|parts| parts.concat())
        .prop_filter("a dot segment", |segment| {
            !matches!(segment.split(';').next(), Some("." | ".."))
        })
}

#[test]
fn harmless_targets_are_kept() {
    let targets = (
        prop::collection::vec(segment(), 0..5),
        any::<bool>(),
        prop::option::of("[a-zA-Z0-9=&/?:@;,.+{}|^\\[\\]~-]{0,12}(%[0-9a-fA-F]{2}){0,2}"),
        prop::option::of("[a-zA-Z0-9=&/?:@;,.+!~-]{0,8}(%[0-9a-fA-F]{2}){0,1}"),
    );
    let targets = targets.prop_map(|(segments, slash, query, fragment)| {
        let mut target = format!("/{}", segments.join("/"));
        if slash && !segments.is_empty() {
            target.push('/');
        }
        for (separator, part) in [('?', query), ('#', fragment)] {
            if let Some(part) = part {
                target = format!("{target}{separator}{part}");
            }
        }
        target
    });
    let kept = each_landing(1_000, targets, &[], |target, location| {
        let own = if target.contains('#') { target.to_owned() } else { format!("{target}#") };
        prop_assert_eq!(location, own);
        Ok(())
    });
    assert_eq!(kept, 1_000, "every one of them");
}
