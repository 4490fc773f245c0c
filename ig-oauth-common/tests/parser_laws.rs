//! Properties of the crate's parsers, checked with many generated texts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::sync::{Arc, Mutex};

use ig_oauth_common::adapter::{Headers, Request};
use ig_oauth_common::hooks::{Failure, Hooks, Reply, SignedRequestVerifier};
use ig_oauth_common::{Flow, LoginOptions, Timestamp};
use ig_oauth_fake_instagram::FakeInstagram;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::{CLIENT_SECRET, CODE, START, Site, body, header};

const LOGIN: &str = "/auth/instagram/login";
const CALLBACK: &str = "/auth/instagram/callback";
const TOKEN: &str = "FAKE-token-of-an-answer-MARKER";

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<Failure>>>);

impl Hooks for Failures {
    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        self.0.lock().unwrap().push(failure);
        None
    }
}

/// A login against one answer of the token endpoint: the id of the user, or what failed.
fn login_against(status: u16, answer: &str) -> Result<String, Box<Failure>> {
    let failures = Failures::default();
    let hooks = failures.clone();
    let mut site = Site::with(|builder| builder.hooks(hooks));
    site.provider.answers(status, answer);
    block_on(async {
        let state = site.start("").await;
        let reply = site.call_back(&state).await;
        assert_eq!(site.provider.calls(), 1, "exactly one exchange");
        headers_are_valid(&reply);
        let failure = failures.0.lock().unwrap().pop();
        if let Some(failure) = failure {
            assert_eq!(reply.status(), failure.kind.status());
            assert!(site.cookies.is_empty(), "{:?}", site.cookies);
            return Err(Box::new(failure));
        }
        assert_eq!(reply.status(), 303);
        let token = site.session(&[]).await.0.unwrap();
        Ok(token.user_id().to_string())
    })
}

fn headers_are_valid(reply: &Reply) {
    for (name, value) in reply.headers() {
        let is_token = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(!name.is_empty() && name.bytes().all(is_token), "{name}");
        let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        assert!(value.bytes().all(printable), "{name}: {value}");
        assert_eq!(value.trim(), value, "{name}");
    }
    let once = |name| reply.headers().filter(|(present, _)| *present == name).count() <= 1;
    assert!(once("location") && once("content-type") && once("cache-control"));
    assert_eq!(header(reply, "cache-control"), Some("no-store"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{1,22}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,12}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A field of an answer: as it should be, mostly.
fn field(name: &'static str, good: Value) -> impl Strategy<Value = Option<(String, Value)>> {
    prop_oneof![
        6 => Just(Some((name.to_owned(), good))),
        1 => any_json().prop_map(move |value| Some((name.to_owned(), value))),
        1 => Just(None),
    ]
}

fn noise() -> impl Strategy<Value = Vec<(String, Value)>> {
    let name = prop::sample::select(vec![
        "error",
        "error_type",
        "error_message",
        "code",
        "meta",
        "data",
        "expires_in",
        "extra",
    ]);
    prop::collection::vec((name.prop_map(str::to_owned), any_json()), 0..2)
}

fn answer() -> impl Strategy<Value = Value> {
    let user_id = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<u64>().prop_map(|id| Value::from(id.to_string())),
    ];
    let token = field("access_token", json!(TOKEN));
    let id = user_id.prop_flat_map(|id| field("user_id", id));
    let permissions = field("permissions", json!("instagram_business_basic"));
    (token, id, permissions, noise(), any::<bool>()).prop_map(|(token, id, scopes, noise, wrap)| {
        let fields = [token, id, scopes].into_iter().flatten().chain(noise);
        let fields = Value::Object(fields.collect::<Map<_, _>>());
        if wrap { json!({ "data": [fields] }) } else { fields }
    })
}

/// The same read by the letter: the user, if the answer is a good one.
fn user_of(text: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let answer = match answer.get("data") {
        Some(Value::Array(data)) => data.first()?.clone(),
        _ => answer,
    };
    let token = answer.get("access_token")?.as_str()?;
    assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()), "{token}");
    let is_error = ["error", "error_type", "error_message"].map(|name| answer.get(name));
    let is_said = |value: &Value| !value.is_null() && *value != Value::Bool(false);
    assert!(!is_error.into_iter().flatten().any(is_said), "{answer}");
    match answer.get("user_id")? {
        Value::Number(number) => Some(number.as_u64()?.to_string()),
        Value::String(digits) => Some(digits.clone()),
        _ => None,
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    /// The logged-in user is exactly the one that the response names, and every other response is
    /// an error that contains nothing of it.
    #[test]
    fn a_token_answer_names_one_user_exactly_or_is_an_error(
        answer in answer(), cut in prop::option::weighted(0.1, 0_usize..200), byte in 0_usize..2_000,
    ) {
        let mut text = answer.to_string();
        if let Some(cut) = cut {
            text = text.chars().take(cut).collect();
        } else if byte < text.len() && text.is_char_boundary(byte) {
            text.insert(byte, ' ');
        }
        match login_against(200, &text) {
            Ok(user_id) => prop_assert_eq!(Some(user_id), user_of(&text), "{}", text),
            Err(failure) => {
                prop_assert!(!failure.detail.contains(TOKEN), "{}", failure.detail);
            }
        }
    }

    #[test]
    fn any_bytes_of_a_token_answer_are_an_error(bytes in "\\PC{0,200}", status in 100_u16..600) {
        let failure = login_against(status, &bytes).expect_err("no token in it");
        prop_assert!(failure.kind.code().as_str().starts_with("provider_"), "{:?}", failure.kind);
    }

    /// The provider's words are logged without secrets, URLs and control characters, and end.
    #[test]
    fn an_error_of_any_shape_is_told_safely(
        pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                CODE, CLIENT_SECRET, "http://e.x/", "https://evil.example/?a=b", "\n", "\u{1b}[31m", " ", "code",
                "scope", "redirect", "OAuthException", "Exception", "\u{202e}",
            ]).prop_map(str::to_owned),
            "\\PC{0,9}",
        ], 0..40),
        number in any_json(), status in prop::sample::select(vec![200_u16, 400, 403, 429, 500]),
        shape in 0..4,
    ) {
        let text = pieces.concat();
        let legacy = json!({ "error_type": text, "error_message": text, "code": number });
        let body = match shape {
            0 => legacy,
            1 => json!({ "meta": legacy }),
            2 => json!({ "error": text, "error_message": text }),
            _ => json!({ "error": {
                "message": text, "type": text, "code": number, "error_subcode": number,
                "is_transient": number,
            }}),
        };
        let failure = login_against(status, &body.to_string()).expect_err("an error");
        let detail = failure.detail;
        let codes = ["code_rejected", "provider_rejected", "provider_unavailable"];
        prop_assert!(codes.contains(&failure.kind.code().as_str()), "{:?}", failure.kind);
        for gone in [CODE, CLIENT_SECRET, "evil.example", "://"] {
            prop_assert!(!detail.contains(gone), "{} in {}", gone, detail);
        }
        prop_assert!(!detail.contains(char::is_control), "{:?}", detail);
        prop_assert!(detail.chars().count() < 1_200, "{} characters", detail.chars().count());
    }

    /// Only a request that is signed with the secret and complete is accepted.
    #[test]
    fn a_signed_request_is_taken_when_it_is_signed_and_whole_and_never_else(
        id in any::<u64>(), extra in any_json(), position in 0_usize..400,
        other in "[!-~]", payload in any_json(),
    ) {
        let verifier = SignedRequestVerifier::new([CLIENT_SECRET]);
        let now = Timestamp::from_unix_seconds(START);
        let good = json!({
            "algorithm": "HMAC-SHA256", "issued_at": START, "user_id": id.to_string(), "x": extra,
        });
        let signed = FakeInstagram::sign(&good.to_string(), CLIENT_SECRET);
        let request = verifier.verify(&signed, now).unwrap();
        prop_assert_eq!(request.user_id().as_str(), id.to_string());
        let position = position % signed.len();
        let mut changed = signed.clone();
        changed.replace_range(position..=position, &other);
        prop_assert_eq!(verifier.verify(&changed, now).is_ok(), changed == signed, "{}", changed);
        prop_assert!(verifier.verify(&signed[..position], now).is_err());
        let longer = format!("{signed}{other}");
        prop_assert!(verifier.verify(&longer, now).is_err());
        // Any other payload, well signed, is no request of the provider's.
        let odd = FakeInstagram::sign(&payload.to_string(), CLIENT_SECRET);
        prop_assert!(verifier.verify(&odd, now).is_err(), "{}", payload);
    }
}

/// Header lines of any bytes.
struct Raw(Vec<(&'static str, Vec<u8>)>);

impl Headers for Raw {
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
        let lines = self.0.iter().filter(|(present, _)| *present == name);
        lines.for_each(|(_, value)| visit(value));
    }
}

async fn answered(flow: &Flow, target: &str, headers: &Raw) -> Reply {
    let (path, query) = target.split_once('?').unwrap();
    let request = Request::new("GET", path, headers).with_query(Some(query));
    match flow.begin(flow.route(path).unwrap(), &request) {
        ig_oauth_common::adapter::Begin::Done(reply) => reply,
        ig_oauth_common::adapter::Begin::Job(job) => job.run().await,
        ig_oauth_common::adapter::Begin::Form(_) => panic!("no form here"),
    }
}

proptest! {
    #![proptest_config(config(500))]

    /// A link starts a login as it was made; changed in any place it starts none.
    #[test]
    fn a_login_link_works_to_the_letter_or_not_at_all(
        target in "/[a-z0-9/]{0,0}[a-z0-9]{1,12}", position in 0_usize..400,
        other in "[A-Za-z0-9_-]", any in "\\PC{0,60}",
    ) {
        block_on(async {
            let mut site = Site::new();
            let options = LoginOptions::new().return_to(&target).force_reauth(true);
            let link = site.flow.login_url(&options, None).unwrap();
            let start = site.get(&link).await;
            assert_eq!(start.status(), 303, "{link}");
            assert!(header(&start, "location").unwrap().contains("force_reauth=true"));
            headers_are_valid(&start);
            let landed = site.call_back(&support::state_of(&start)).await;
            assert_eq!(header(&landed, "location"), Some(&*format!("{target}#")));
            headers_are_valid(&landed);

            let (path, value) = link.split_once("options=").unwrap();
            let position = position % value.len();
            let mut changed = value.to_owned();
            changed.replace_range(position..=position, &other);
            let any: String = url::form_urlencoded::byte_serialize(any.as_bytes()).collect();
            for other in [&changed, &value[..position], &format!("{value}{other}"), &any] {
                if other == value {
                    continue;
                }
                let page = site.get(&format!("{path}options={other}")).await;
                assert_eq!(header(&page, "location"), None, "{other}");
                assert_eq!(header(&page, "set-cookie"), None, "{other}");
                headers_are_valid(&page);
            }
        });
    }

    /// With any other cookies the crate's cookie is found, and no other one passes for it.
    #[test]
    fn our_cookie_is_found_among_any_others(
        before in prop::collection::vec(any::<u8>(), 0..60),
        after in prop::collection::vec(any::<u8>(), 0..60),
        separate in any::<bool>(),
    ) {
        block_on(async {
            let mut site = Site::new();
            let state = site.start("").await;
            let (name, value) = site.cookies.iter().next().unwrap();
            let ours = format!("{name}={value}").into_bytes();
            let lines = if separate {
                vec![before.clone(), ours, after.clone()]
            } else {
                vec![[&before[..], b"; ", &ours, b"; ", &after].concat()]
            };
            let lines = lines.into_iter().map(|line| ("cookie", line)).collect();
            let target = format!("{CALLBACK}?code={CODE}&state={state}");
            let reply = answered(&site.flow, &target, &Raw(lines)).await;
            assert_eq!(reply.status(), 303, "{}", body(&reply));
            headers_are_valid(&reply);

            let others = Raw(vec![("cookie", before), ("cookie", after)]);
            let reply = answered(&site.flow, &target, &others).await;
            assert_eq!(reply.status(), 400, "{}", body(&reply));
            let reply = answered(&site.flow, &format!("{LOGIN}?x=1"), &others).await;
            assert_eq!(reply.status(), 303, "{}", body(&reply));
            headers_are_valid(&reply);
            assert_eq!(site.provider.calls(), 1);
            assert!(site.flow.attach(&others).token().await.unwrap().is_none());
        });
    }
}
