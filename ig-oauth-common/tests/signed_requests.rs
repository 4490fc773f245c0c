//! The verifier alone: the kind of each refusal, and which times a request covers.

#![allow(clippy::unwrap_used, reason = "tests")]

use ig_oauth_common::Timestamp;
use ig_oauth_common::hooks::{SignedRequestError as Error, SignedRequestVerifier};
use ig_oauth_fake_instagram::FakeInstagram;

const NOW: u64 = 1_800_000_000;
const KEY: &str = "FAKE-app-secret";

/// The vector of Meta's old documentation, with the key `secret`. It names no user.
const WITHOUT_USER: &str = "vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso.\
                            eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsIjAiOiJwYXlsb2FkIn0";

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn verify(fields: &str) -> Result<String, Error> {
    let text = FakeInstagram::sign(&format!("{{{fields}}}"), KEY);
    let verified = SignedRequestVerifier::new([KEY]).verify(&text, at(NOW));
    verified.map(|request| request.user_id().to_string())
}

#[test]
fn the_vector_that_names_nobody_is_refused_for_that() {
    let verifier = SignedRequestVerifier::new(["secret"]);
    assert_eq!(verifier.verify(WITHOUT_USER, at(NOW)), Err(Error::NoUser));
    let other = SignedRequestVerifier::new(["another"]);
    assert_eq!(other.verify(WITHOUT_USER, at(NOW)), Err(Error::BadSignature));
    let none = SignedRequestVerifier::new([""]);
    assert_eq!(none.verify(WITHOUT_USER, at(NOW)), Err(Error::BadSignature));
}

#[test]
fn each_refusal_has_its_name() {
    let algorithm = r#""algorithm":"HMAC-SHA256""#;
    let deep = format!(r#""x":{}{}"#, "[".repeat(2_000), "]".repeat(2_000));
    for (fields, expected) in [
        (format!(r#"{algorithm},"issued_at":{NOW},"user_id":"7""#), Ok("7".to_owned())),
        (format!(r#"{algorithm},"issued_at":{NOW},"user_id":7"#), Ok("7".to_owned())),
        (format!(r#"{algorithm},"issued_at":{NOW},"user_id":"7","x":[[1]]"#), Ok("7".to_owned())),
        (format!(r#"{algorithm},"issued_at":{NOW},"user_id":"7","expires":0"#), Ok("7".to_owned())),
        (format!(r#"{algorithm},"issued_at":{NOW}"#), Err(Error::NoUser)),
        (format!(r#"{algorithm},"issued_at":{NOW},"user_id":"x""#), Err(Error::NoUser)),
        (format!(r#"{algorithm},"user_id":"7""#), Err(Error::Stale)),
        (format!(r#"{algorithm},"issued_at":1,"user_id":"7""#), Err(Error::Stale)),
        (format!(r#""issued_at":{NOW},"user_id":"7""#), Err(Error::UnknownAlgorithm)),
        (format!(r#"{algorithm},"issued_at":"1","user_id":"7""#), Err(Error::Malformed)),
        (format!(r#"{algorithm},"issued_at":{NOW},"user_id":"7",{deep}"#), Err(Error::Malformed)),
        (
            format!(r#"{algorithm},"issued_at":{NOW},"user_id":"7","user_id":"7""#),
            Err(Error::Malformed),
        ),
        (
            format!(r#"{algorithm},"issued_at":{NOW},"user_id":"7","x":1,"x":1"#),
            Err(Error::Malformed),
        ),
    ] {
        assert_eq!(verify(&fields), expected, "{fields}");
    }
}

#[test]
fn a_request_speaks_of_what_began_before_it_and_a_minute_after() {
    let text = FakeInstagram::sign(
        &format!(r#"{{"algorithm":"HMAC-SHA256","issued_at":{NOW},"user_id":"7"}}"#),
        KEY,
    );
    let request = SignedRequestVerifier::new([KEY]).verify(&text, at(NOW)).unwrap();
    for (moment, expected) in
        [(0, true), (NOW, true), (NOW + 60, true), (NOW + 61, false), (u64::MAX, false)]
    {
        assert_eq!(request.covers(at(moment)), expected, "{moment}");
    }
}
