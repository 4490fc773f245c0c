//! Counts the most work that a request can cause.

use super::{Begin, Flow, Route};
use crate::attempt::{Attempt, State};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::http::{HttpRequest, HttpResponse};
use crate::messages::{Headers, Reply, Request};
use crate::operations::{Work, counted};

const REDIRECT_URI: &str = "https://app.example/auth/instagram/callback";

/// A `Cookie` header that counts how often it is read.
struct Cookies {
    line: String,
    reads: std::cell::Cell<usize>,
}

impl Headers for Cookies {
    fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
        if name == "cookie" {
            self.reads.set(self.reads.get() + 1);
            visit(self.line.as_bytes());
        }
    }
}

fn flow() -> Flow {
    let secret = "FAKE-app-secret-of-more-than-32-bytes";
    let nobody = |_: HttpRequest| async { Ok(HttpResponse::new(500, Vec::new())) };
    Flow::new(Config::builder("1", secret, REDIRECT_URI).http_client(nobody).build().unwrap())
}

/// A valid attempt: its state, cookie name and value.
fn attempt(flow: &Flow, number: u32) -> (State, String, String) {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    let state = State::parse(&crate::encoding::to_base64url(&bytes)).unwrap();
    let attempt = Attempt {
        state,
        issued_at: SystemClock.now(),
        return_to: "/".to_owned(),
        extra_scopes: String::new(),
        force_reauth: None,
        app_data: Vec::new(),
        binding: None,
        is_cross_site: false,
    };
    let (name, value) = flow.steps.login.attempts.cookie(&attempt);
    (state, name, value)
}

/// The value with a different character at `position`, counted from the end when negative.
fn changed(value: &str, position: isize) -> String {
    let length = isize::try_from(value.len()).unwrap();
    let position = usize::try_from(position.rem_euclid(length)).unwrap();
    let other = if value[position..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &value[..position], &value[position + 1..])
}

/// Begins a request. Returns the status if there is a reply, the work, and how often the cookies
/// were read.
fn begin(flow: &Flow, route: Route, query: &str, cookies: &str) -> (Option<u16>, Work, usize) {
    let cookies = Cookies { line: cookies.to_owned(), reads: 0.into() };
    let request = Request::new("GET", "", &cookies).with_query(Some(query));
    let (begun, work) = counted(|| flow.begin(route, &request));
    let status = match begun {
        Begin::Done(reply) => Some(Reply::status(&reply)),
        _ => None,
    };
    (status, work, cookies.reads.get())
}

#[test]
fn five_hundred_forged_attempts_cost_eight_signature_checks() {
    let flow = flow();
    let forged: Vec<_> = (0..500)
        .map(|number| {
            let (_, name, value) = attempt(&flow, number);
            format!("{name}={}", changed(&value, -10))
        })
        .collect();
    let value_bytes = forged[0].len();
    let (status, work, reads) = begin(&flow, Route::Login, "", &forged.join("; "));
    assert_eq!((status, work.mac_checks, reads), (Some(303), 8, 1));
    // 64 are read, and eight of them verified.
    assert!(work.decoded_bytes <= 64 * value_bytes, "{work:?}");
    // Valid ones cost the same.
    let good: Vec<_> = (0..500)
        .map(|number| {
            let (_, name, value) = attempt(&flow, number);
            format!("{name}={value}")
        })
        .collect();
    let (status, work, _) = begin(&flow, Route::Login, "", &good.join("; "));
    assert_eq!((status, work.mac_checks), (Some(303), 8));
}

#[test]
fn five_hundred_cookies_of_one_name_cost_four_signature_checks() {
    let flow = flow();
    let (state, name, value) = attempt(&flow, 1);
    let query = format!("code=x&state={}", state.to_text());
    let cookies = vec![format!("{name}={}", changed(&value, -10)); 500].join("; ");
    let (status, work, _) = begin(&flow, Route::Callback, &query, &cookies);
    assert_eq!((status, work.mac_checks), (Some(400), 4));
    let (_, work, _) = begin(&flow, Route::Login, "", &cookies);
    assert_eq!(work.mac_checks, 8);
}

#[test]
fn cookies_of_others_are_read_once_and_never_decoded() {
    let flow = flow();
    let (state, name, value) = attempt(&flow, 1);
    let query = format!("code=x&state={}", state.to_text());
    for others in [";".repeat(100_000), format!("{}=1", "n".repeat(10_000)), "a=b; ".repeat(50_000)]
    {
        let cookies = format!("{others}; {name}={value}");
        let (_, work, reads) = begin(&flow, Route::Login, "", &cookies);
        assert_eq!((work.mac_checks, reads), (1, 1));
        assert_eq!(work.decoded_bytes, value.len(), "once, to sort it and to check it");
        let (status, work, reads) = begin(&flow, Route::Callback, &query, &cookies);
        assert_eq!((status, work.mac_checks), (None, 1), "it goes on to the provider");
        assert!(reads <= 2, "for the session and for the attempt: {reads}");
        assert!(work.decoded_bytes <= value.len() + 2 * query.len(), "{work:?}");
    }
}

#[test]
fn a_huge_query_is_refused_unread() {
    let flow = flow();
    for query in [
        format!("code=a&x={}", "a".repeat(1_000_000)),
        "&".repeat(100_000),
        "x=1&".repeat(50_000),
        format!("code={}", "%61".repeat(21_000)),
    ] {
        for route in [Route::Login, Route::Callback] {
            let (status, work, _) = begin(&flow, route, &query, "");
            assert_eq!((status, work), (Some(400), Work::default()), "{query:.20}");
        }
    }
    // Within the size limit, the number of parameters is limited: names are decoded only up to it.
    let (status, work, _) = begin(&flow, Route::Callback, &"name=1&".repeat(1_000), "");
    assert_eq!((status, work.decoded_bytes), (Some(400), 32 * "name".len()));
}

/// The position of a wrong byte in a signature or a state makes no difference to the work. The
/// comparisons are those of `hmac` and `subtle`, which read every byte.
#[test]
fn a_wrong_first_byte_costs_what_a_wrong_last_one_does() {
    let flow = flow();
    let (state, name, value) = attempt(&flow, 1);
    let query = format!("code=x&state={}", state.to_text());
    let good = begin(&flow, Route::Callback, &query, &format!("{name}={value}"));
    assert_eq!(good.1.mac_checks, 1);
    // The signature is approximately the last 43 characters.
    for position in [-2, -20, -42] {
        let cookie = format!("{name}={}", changed(&value, position));
        let (status, work, reads) = begin(&flow, Route::Callback, &query, &cookie);
        assert_eq!((status, work, reads), (Some(400), good.1, good.2), "{position}");
    }
    // The first eight characters select the cookie; the others are compared.
    for position in [8, 20, -2] {
        let query = format!("code=x&state={}", changed(&state.to_text(), position));
        let (status, work, reads) =
            begin(&flow, Route::Callback, &query, &format!("{name}={value}"));
        assert_eq!((status, work, reads), (Some(400), good.1, good.2), "{position}");
    }
}
