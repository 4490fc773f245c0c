//! Section 1, continued: the attempt's cookie, changed, or made for another place.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use crate::harness::{Adapter, App, Settings};
use ig_oauth_common::hooks::{Failure, Hooks, Reply};
use ig_oauth_common::http::Clock;
use ig_oauth_common::{AuthErrorKind, Config, Timestamp};

use crate::security::site::{Attempt, CALLBACK, LOGIN, REDIRECT_URI, Site, is_refused};

/// The kinds of failure, which the browser does not see.
#[derive(Clone, Default)]
pub(super) struct Kinds(Arc<Mutex<Vec<AuthErrorKind>>>);

impl Kinds {
    /// Those since the last time.
    pub(super) fn take(&self) -> Vec<AuthErrorKind> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Hooks for Kinds {
    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        self.0.lock().unwrap().push(failure.kind);
        None
    }
}

/// An app, and the kinds of failure that it receives.
pub(super) async fn told(adapter: &impl Adapter) -> (Site, Kinds) {
    let kinds = Kinds::default();
    let hooks = kinds.clone();
    let site = Site::with(adapter, Settings::new().configure(|builder| builder.hooks(hooks))).await;
    (site, kinds)
}

pub async fn s_07_a_value_of_one_cookie_is_worth_nothing_in_another(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let session = site.log_in().await;
    let (session_name, session_value) = session.split_once('=').unwrap();
    let attempt = site.start("").await;
    let exchanges = site.exchanges();
    let query = format!("code={}&state={}", site.code(), attempt.state);
    let as_attempt = format!("{}={session_value}", attempt.name);
    is_refused(&site.call_back(&query, &as_attempt).await, "invalid_state");
    assert_eq!(site.exchanges(), exchanges);
    let as_session = format!("{session_name}={}", attempt.value);
    assert_eq!(site.get("/", &as_session).await.text(), "anonymous");
    // A signed login link is no attempt either, nor an attempt a login link.
    let link = site.get("/link", "").await.text();
    let options = link.strip_prefix(&format!("{LOGIN}?options=")).unwrap();
    assert_eq!(site.get(&link, "").await.status, 303, "the link itself works");
    let as_attempt = format!("{}={options}", attempt.name);
    is_refused(&site.call_back(&query, &as_attempt).await, "invalid_state");
    assert_eq!(site.exchanges(), exchanges);
    for value in [attempt.value.as_str(), session_value] {
        let answer = site.get(&format!("{LOGIN}?options={value}"), "").await;
        assert_eq!((answer.status, answer.all("set-cookie").len()), (200, 0), "a page that asks");
    }
    assert_eq!(site.get("/", &format!("{session_name}={options}")).await.text(), "anonymous");
    site.is_alive(&attempt).await;
}

/// The clock of every app here.
struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000)
    }
}

pub async fn s_08_an_attempt_of_one_mount_is_none_of_anothers(adapter: &impl Adapter) {
    // Apps of one host with one secret, with the same cookie names by a setting. Only the signed
    // data distinguishes them.
    const SECRET: &str = "an obviously fake cookie secret, shared";
    let settings =
        Settings::new().configure(|builder| builder.cookie_secrets([SECRET]).mount("same"));
    let one = Site::with(adapter, settings).await;
    let attempt = one.start("").await;
    let client_id = one.app.provider.client_id().to_owned();
    let tenant = format!("{REDIRECT_URI}?tenant=2");
    for (client_id, redirect_uri, proven) in [
        (client_id.as_str(), REDIRECT_URI, true),
        ("990602627938099", REDIRECT_URI, false),
        (&client_id, &tenant, false),
    ] {
        let config = Config::builder(client_id, "FAKE-app-secret", redirect_uri)
            .cookie_secrets([SECRET])
            .mount("same")
            .clock(Frozen)
            // No server listens there.
            .token_url("http://127.0.0.1:9/oauth/access_token")
            .build()
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let _serving = adapter.serve(config, listener);
        let headers = [
            ("host".to_owned(), address.clone().into_bytes()),
            ("cookie".to_owned(), attempt.cookie().into_bytes()),
        ];
        let target = format!("{CALLBACK}?code=abc&state={}", attempt.state);
        let send = crate::browser::send;
        let answer = send(&address, "GET", &target, &headers, b"").await;
        if proven {
            assert_eq!(answer.status, 503, "on to the provider: {}", answer.describe());
        } else {
            is_refused(&answer, "invalid_state");
        }
    }
    one.is_alive(&attempt).await;
    // Unless a setting names them alike, the mounts' cookies have names of their own.
    let names: HashSet<_> = [Site::new(adapter).await.start("").await.name, {
        let app = App::start(adapter, Settings::new()).await;
        attempt_name(&app).await
    }]
    .map(|name| name.trim_start_matches("__Host-").split('.').next().unwrap().to_owned())
    .into();
    assert_eq!(names.len(), 2, "{names:?}");
}

async fn attempt_name(app: &App) -> String {
    crate::security::site::attempt(&app.raw("GET", LOGIN, &[]).await).name
}

/// Every one of these values under the attempt's name is refused for its signature, and the attempt
/// itself lives on.
async fn none_verifies(site: &Site, kinds: &Kinds, attempt: &Attempt, values: &[Vec<u8>]) {
    let target = format!("{CALLBACK}?code=abc&state={}", attempt.state);
    for value in values {
        // A cookie after it, or HTTP itself would cut white space off the end of the header.
        let cookie = [attempt.name.as_bytes(), b"=", value, b"; other=1"].concat();
        let answer = site.app.raw_bytes("GET", &target, &[("cookie", &cookie)]).await;
        is_refused(&answer, "invalid_state");
        assert_eq!(kinds.take(), [AuthErrorKind::BadSignature], "{}", value.escape_ascii());
    }
    assert_eq!(site.exchanges(), 0);
    site.is_alive(attempt).await;
}

pub async fn s_14_any_changed_bit_of_the_attempt_is_noticed(adapter: &impl Adapter) {
    let (site, kinds) = told(adapter).await;
    let attempt = site.start("?return_to=/x").await;
    // Of the signed bytes and of the signature. Version and key id say which key made the
    // signature; one that cannot be verified here is as bad.
    let bytes = attempt.bytes();
    let flipped = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    let mut values: Vec<Vec<u8>> = (0..bytes.len() * 8)
        .map(|bit| attempt.with_bytes(&flipped(&bytes, bit)).value.into_bytes())
        .collect();
    // And of the text: what becomes another byte that a header can hold.
    let text = attempt.value.as_bytes();
    values.extend(
        (0..text.len() * 8)
            .map(|bit| (bit, flipped(text, bit)))
            .filter(|(bit, changed)| matches!(changed[bit / 8], b' '..=b'~' | 0x80..))
            .map(|(_, changed)| changed),
    );
    assert!(values.len() > bytes.len() * 8 + text.len() * 6, "{}", values.len());
    none_verifies(&site, &kinds, &attempt, &values).await;
}

pub async fn s_15_a_shorter_or_longer_signature_is_none(adapter: &impl Adapter) {
    const TAG: usize = 32;
    let (site, kinds) = told(adapter).await;
    let attempt = site.start("?return_to=/page").await;
    let bytes = attempt.bytes();
    let (signed, tag) = bytes.split_at(bytes.len() - TAG);
    let mut forged: Vec<Vec<u8>> =
        [0, 1, 4, 8, 16, 31].map(|length| [signed, &tag[..length]].concat()).into();
    for more in [&b"\0"[..], b"A", tag] {
        forged.push([&bytes, more].concat());
        forged.push([signed, more, tag].concat());
        forged.push([more, &bytes].concat());
    }
    forged.push(bytes[..bytes.len() / 2].to_vec());
    forged.push(bytes[bytes.len() / 2..].to_vec());
    forged.push([&bytes[..], &bytes].concat());
    forged.push([tag, signed].concat());
    // Fields swapped, and a boundary between two of them moved: every byte is there. `return_to`
    // and the scopes are the first two that have a length before them.
    let fields = b"\0\x05/page\0\0";
    let start = signed.windows(fields.len()).position(|window| window == fields).unwrap();
    for swapped in [&b"\0\0\0\x05/page"[..], b"\0\x04/pag\0\x01e"] {
        let (before, after) = (&bytes[..start], &bytes[start + fields.len()..]);
        forged.push([before, swapped, after].concat());
    }
    let mut values: Vec<_> =
        forged.iter().map(|bytes| attempt.with_bytes(bytes).value.into_bytes()).collect();
    // As text: characters cut off and put on, and a separator between value and signature.
    let text = attempt.value.as_bytes();
    values.extend((1..=44).map(|cut| text[..text.len() - cut].to_vec()));
    values.extend(["A", "AA", "AAAA"].map(|more| [text, more.as_bytes()].concat()));
    let (head, tail) = text.split_at(text.len() - 43);
    values.push([head, b".", tail].concat());
    none_verifies(&site, &kinds, &attempt, &values).await;
}

pub async fn s_16_one_value_has_one_text(adapter: &impl Adapter) {
    let (site, kinds) = told(adapter).await;
    // One with both characters that the other alphabet writes differently.
    let attempt = loop {
        let attempt = site.start("").await;
        if [&attempt.state, &attempt.value]
            .iter()
            .all(|text| text.contains('-') && text.contains('_'))
        {
            break attempt;
        }
    };
    let values: Vec<_> = other_texts(&attempt.value).into_iter().map(String::into_bytes).collect();
    // A line break in the middle of a header is not part of its value, so that one is only for the
    // state.
    let state_texts = other_texts(&attempt.state);
    let state_texts =
        state_texts.into_iter().chain(["\n", "\r\n"].map(|end| attempt.state.clone() + end));
    for state in state_texts {
        let query = format!("code=abc&state={}", crate::security::site::escape(state.as_bytes()));
        is_refused(&site.call_back(&query, &attempt.cookie()).await, "invalid_state");
        assert_eq!(kinds.take(), [AuthErrorKind::MissingAttempt], "{state:?}");
    }
    none_verifies(&site, &kinds, &attempt, &values).await;
}

/// Texts that a lenient decoder reads as the same bytes.
fn other_texts(text: &str) -> Vec<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut texts = ["=", "==", " "].map(|end| format!("{text}{end}")).to_vec();
    texts.push(format!(" {text}"));
    texts.push(format!("{} {}", &text[..8], &text[8..]));
    for (from, to) in [('-', "+"), ('_', "/")] {
        assert!(text.contains(from), "{text}");
        texts.push(text.replace(from, to));
    }
    // The last character of a text whose length is no multiple of four has unused bits.
    let unused = match text.len() % 4 {
        2 => 4,
        3 => 2,
        _ => 0,
    };
    let last = text.as_bytes()[text.len() - 1];
    let digit = ALPHABET.iter().position(|byte| *byte == last).unwrap();
    for bits in 1..(1 << unused) {
        let other = char::from(ALPHABET[digit ^ bits]);
        texts.push(format!("{}{other}", &text[..text.len() - 1]));
    }
    texts
}
