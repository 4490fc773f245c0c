//! Requests as no user and every attacker sends them.

use fastrand::Rng;
use ig_oauth_conformance::browser::Response;
use ig_oauth_conformance::harness::parameter;
use ig_oauth_fake_instagram::FakeInstagram;

use crate::twins::{CALLBACK, DATA_DELETION, DEAUTHORIZE, LOGIN, LOGOUT, NOW, SECRET, Sent};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The app's pages that are for GET.
const FOR_GET: &[&str] =
    &["/", "/page/a", "/guarded", "/media", "/link", "/links", "/option", "/maintained", "/cached"];

/// What the provider posts about a user, signed.
pub(crate) fn signed_request(user_id: u64) -> String {
    let payload =
        format!(r#"{{"algorithm":"HMAC-SHA256","issued_at":{NOW},"user_id":"{user_id}"}}"#);
    FakeInstagram::sign(&payload, SECRET)
}

/// `name=value` of every cookie that an answer sets.
pub(crate) fn cookies(response: &Response) -> Vec<String> {
    let lines = response.all("set-cookie").into_iter();
    let pairs = lines.map(|line| line.split(';').next().unwrap_or_default().to_owned());
    pairs.filter(|pair| !pair.ends_with('=')).collect()
}

/// What earlier answers gave away, for the requests to come.
#[derive(Default)]
pub(crate) struct Known {
    states: Vec<String>,
    cookies: Vec<String>,
}

impl Known {
    pub(crate) fn learn(&mut self, response: &Response) {
        self.cookies.extend(cookies(response));
        for location in response.all("location") {
            let absolute = location.starts_with("https://");
            self.states.extend(absolute.then(|| parameter(location, "state")).flatten());
        }
        // The newest are the ones that still work.
        for list in [&mut self.states, &mut self.cookies] {
            list.drain(..list.len().saturating_sub(12));
        }
    }
}

fn pick<'a>(random: &mut Rng, from: &[&'a str]) -> &'a str {
    from[random.usize(..from.len())]
}

fn target(random: &mut Rng, known: &Known) -> String {
    let path = match random.u8(..24) {
        0..6 => LOGIN,
        6..12 => CALLBACK,
        12..14 => LOGOUT,
        14 => DEAUTHORIZE,
        15 => DATA_DELETION,
        16..18 => "/me",
        18 => "/publish",
        19..21 => pick(random, FOR_GET),
        _ => pick(
            random,
            &[
                "/auth/instagram/login/",
                "/auth/instagram//login",
                "//auth/instagram/login",
                "/auth/instagram/%6cogin",
                "/auth/instagram/login%2f",
                "/auth/instagram/login;a=b",
                "/auth/instagram/x/../login",
                "/AUTH/instagram/login",
                "/auth/instagram/callback%20",
                "/auth/instagram",
                "/me/",
            ],
        ),
    };
    let mut target = path.to_owned();
    if random.u8(..5) == 0 {
        return target;
    }
    for index in 0..random.usize(1..5) {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(pick(
            random,
            &[
                "code",
                "state",
                "error",
                "error_reason",
                "error_description",
                "return_to",
                "hop",
                "options",
                "scope",
                "signed_request",
                "%63ode",
                "co+de",
                "",
                "state%00",
                "STATE",
            ],
        ));
        if random.u8(..10) > 0 {
            target.push('=');
        }
        let value = match random.u8(..10) {
            0..4 if !known.states.is_empty() => {
                known.states[random.usize(..known.states.len())].clone()
            }
            4..6 => "good".to_owned(),
            6 => "x".repeat(random.usize(..5000)),
            _ => pick(
                random,
                &[
                    "",
                    "down",
                    "bad",
                    "good#_",
                    "good%23_",
                    "access_denied",
                    "%",
                    "%zz",
                    "%ff%fe",
                    "%0d%0aset-cookie:a=b",
                    "a+b",
                    "/me",
                    "//evil.example",
                    "/%5cevil.example",
                    "https://evil.example/",
                    "/me?x=%26y",
                    "1",
                    "\"<script>",
                    "a=b=c",
                    ";",
                    "?",
                ],
            )
            .to_owned(),
        };
        target.push_str(&value);
    }
    target
}

pub(crate) fn generated(random: &mut Rng, known: &Known) -> Sent {
    let target = target(random, known);
    let method = match random.u8(..10) {
        // The answers to other methods are the frameworks'.
        _ if FOR_GET.contains(&target.split('?').next().unwrap_or_default()) => "GET",
        0..7 => "GET",
        7 => "POST",
        _ => pick(random, &["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND", "get"]),
    };
    let mut headers = vec![("host".to_owned(), b"app.example".to_vec())];
    let mut header = |name: &str, value: &str| {
        headers.push((name.to_owned(), value.as_bytes().to_vec()));
    };
    for _ in 0..random.usize(..3) {
        let mut pairs = Vec::new();
        for _ in 0..random.usize(1..5) {
            let pair = match random.u8(..6) {
                0..4 if !known.cookies.is_empty() => {
                    let mut pair = known.cookies[random.usize(..known.cookies.len())].clone();
                    match random.u8(..12) {
                        0 => {
                            pair.pop();
                        }
                        1 => pair.insert(random.usize(..pair.len()), 'A'),
                        2 => pair = format!(" {pair} "),
                        _ => {}
                    }
                    pair
                }
                4 => pick(random, &["a=b", "a", "=", "", "\u{e9}=\u{e9}", "__Host-ig_session_"])
                    .to_owned(),
                _ => format!("__Host-ig_login_x.{}=y", random.u32(..)),
            };
            pairs.push(pair);
        }
        if random.u8(..3) == 0 {
            pairs.push(pick(random, &["app_user=anna", "app_user=ben", "app_user="]).to_owned());
        }
        header("cookie", &pairs.join(pick(random, &["; ", ";", ";;"])));
    }
    for _ in 0..random.usize(..4) {
        let (name, values): (&str, &[&str]) = match random.u8(..14) {
            0..3 => {
                ("accept", &["text/html", "application/json", "*/*", "text/html;q=0, */*", "x"])
            }
            3..5 => ("sec-fetch-mode", &["navigate", "cors", "no-cors", "same-origin", "\u{ff}"]),
            5 => ("sec-fetch-dest", &["document", "iframe", "image", "empty"]),
            6 => ("sec-fetch-site", &["same-origin", "cross-site", "none", "same-site"]),
            7 => ("origin", &["null", "https://app.example", "https://evil.example", ""]),
            8 => ("sec-purpose", &["prefetch", "prefetch;prerender", "x"]),
            9 => ("early-data", &["1", "0"]),
            10 => ("x-forwarded-host", &["evil.example"]),
            11 => ("content-type", &[FORM, "text/plain"]),
            12 => ("x-requested-with", &["XMLHttpRequest"]),
            _ => ("purpose", &["prefetch", "x"]),
        };
        header(name, pick(random, values));
    }
    let body = match method {
        "POST" if random.bool() => match random.u8(..3) {
            0 => b"return_to=%2Fme&a=b".to_vec(),
            1 => format!("signed_request={}", signed_request(7)).into_bytes(),
            _ => b"signed_request=forged".to_vec(),
        },
        _ => Vec::new(),
    };
    Sent { method: method.to_owned(), target, headers, body }
}
