//! Section 10: what the provider posts when a user removes the app or wants their data deleted.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::browser::{Response, send};
use crate::harness::{Adapter, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ig_oauth_common::hooks::{
    DataDeletion, Deauthorization, DeletionStatus, Failure, HookError, Hooks, Reply,
};
use ig_oauth_common::store::{AccountPage, Store as _};
use ig_oauth_common::{AuthErrorKind, Timestamp};
use ig_oauth_fake_instagram::FakeInstagram;
use sha2::Sha256;

use crate::security::site::{Site, session_cookie};
use crate::security::switched_store::SwitchedStore;

const DEAUTHORIZE: &str = "/auth/instagram/deauthorize";
const DELETION: &str = "/auth/instagram/data-deletion";
const BOTH: [&str; 2] = [DEAUTHORIZE, DELETION];
const FORM: &str = "application/x-www-form-urlencoded";
const COOKIE_SECRET: &str = "an obviously fake cookie secret for tests";

/// The clock of every app under test, as the harness sets it.
const NOW: u64 = 1_800_000_000;

/// The hooks' calls, and their answers.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    users: Vec<String>,
    revoked: Vec<u64>,
    codes: Vec<String>,
    failures: Vec<AuthErrorKind>,
    answer: Option<DeletionStatus>,
    fails: bool,
    /// A store that fails while the hook runs.
    breaks: Option<SwitchedStore>,
}

impl Told {
    fn users(&self) -> Vec<String> {
        self.0.lock().unwrap().users.clone()
    }

    fn fail(&self, fails: bool) {
        self.0.lock().unwrap().fails = fails;
    }

    fn answer(&self, status: DeletionStatus) {
        self.0.lock().unwrap().answer = Some(status);
    }
}

impl Hooks for Told {
    async fn on_deauthorize(&self, told: Deauthorization) -> Result<(), HookError> {
        let mut inner = self.0.lock().unwrap();
        inner.users.push(told.request.user_id().to_string());
        inner.revoked.push(told.revoked);
        if inner.fails { Err(HookError::new("INTERNAL words")) } else { Ok(()) }
    }

    async fn on_data_deletion(&self, told: DataDeletion) -> Result<DeletionStatus, HookError> {
        let mut inner = self.0.lock().unwrap();
        inner.users.push(told.request.user_id().to_string());
        inner.revoked.push(told.revoked);
        inner.codes.push(told.confirmation_code.to_owned());
        if let Some(store) = inner.breaks.take() {
            store.set_off(true);
        }
        let status = inner.answer.unwrap_or(DeletionStatus::Done);
        if inner.fails { Err(HookError::new("INTERNAL words")) } else { Ok(status) }
    }

    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        self.0.lock().unwrap().failures.push(failure.kind);
        None
    }
}

fn settings(told: &Told) -> Settings {
    let hooks = told.clone();
    Settings::new().configure(|builder| builder.platform_callbacks().hooks(hooks))
}

async fn site(adapter: &impl Adapter) -> (Site, Told) {
    let told = Told::default();
    (Site::with(adapter, settings(&told)).await, told)
}

fn stored(told: &Told, store: &SwitchedStore) -> Settings {
    let (hooks, store) = (told.clone(), store.clone());
    Settings::new().configure(|builder| {
        builder.platform_callbacks().hooks(hooks).store(store).cookie_secrets([COOKIE_SECRET])
    })
}

/// A post with this body, type and more headers.
async fn post_as(site: &Site, path: &str, kind: &str, body: &[u8]) -> Response {
    let address = site.app.address();
    let headers = [("host", address), ("content-type", kind), ("accept", "*/*")];
    let mut headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    headers.retain(|(name, value)| name != "content-type" || !value.is_empty());
    send(address, "POST", path, &headers, body).await
}

async fn post(site: &Site, path: &str, signed_request: &str) -> Response {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("signed_request", signed_request);
    post_as(site, path, FORM, body.finish().as_bytes()).await
}

fn payload(user_id: &str) -> String {
    format!(r#"{{"algorithm":"HMAC-SHA256","issued_at":{NOW},"user_id":"{user_id}"}}"#)
}

fn signed(site: &Site, payload: &str) -> String {
    FakeInstagram::sign(payload, site.app.provider.client_secret())
}

/// The signature over these very bytes, which need not be what the provider would sign.
fn signature_over(site: &Site, bytes: impl AsRef<[u8]>) -> String {
    let secret = site.app.provider.client_secret();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(bytes.as_ref());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

fn is_refused(answer: &Response, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.describe());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!answer.text().contains("confirmation"), "{}", answer.describe());
}

pub async fn g_01_a_forged_request_is_refused_and_no_hook_called(adapter: &impl Adapter) {
    let (site, told) = site(adapter).await;
    for path in BOTH {
        for key in ["", "another secret", "FAKE-app-secret-for-the-simulator-onl"] {
            is_refused(&post(&site, path, &FakeInstagram::sign(&payload("1"), key)).await, 400);
        }
        let text = URL_SAFE_NO_PAD.encode(payload("1"));
        let random = URL_SAFE_NO_PAD.encode([7; 32]);
        is_refused(&post(&site, path, &format!("{random}.{text}")).await, 400);
        // The signature of another payload.
        let good = signed(&site, &payload("2"));
        let other = format!("{}.{text}", good.split('.').next().unwrap());
        is_refused(&post(&site, path, &other).await, 400);
    }
    assert_eq!(told.users(), [""; 0]);
}

pub async fn g_02_only_the_one_algorithm_is_taken(adapter: &impl Adapter) {
    let (site, told) = site(adapter).await;
    for path in BOTH {
        for (algorithm, expected) in [
            (r#""none""#, 400),
            (r#""HMAC-SHA1""#, 400),
            (r#""HMAC-SHA512""#, 400),
            (r#""""#, 400),
            ("null", 400),
            (r#"["HMAC-SHA256"]"#, 400),
            ("1", 400),
            (r#""HMAC-SHA256 ""#, 400),
            (r#""hmac-sha256""#, 200),
            (r#""HMAC-SHA256""#, 200),
        ] {
            let text =
                format!(r#"{{"algorithm":{algorithm},"issued_at":{NOW},"user_id":"{expected}"}}"#);
            let answer = post(&site, path, &signed(&site, &text)).await;
            assert_eq!(answer.status, expected, "{algorithm}: {}", answer.describe());
        }
        let absent = format!(r#"{{"issued_at":{NOW},"user_id":"1"}}"#);
        is_refused(&post(&site, path, &signed(&site, &absent)).await, 400);
    }
    assert_eq!(told.users(), ["200"; 4]);
}

pub async fn g_03_a_shorter_or_longer_signature_is_none(adapter: &impl Adapter) {
    let (site, told) = site(adapter).await;
    let good = signed(&site, &payload("1"));
    let (signature, text) = good.split_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let longer = [signature.as_slice(), &[0]].concat();
    for path in BOTH {
        for length in [0, 1, 16, 31, 33] {
            let cut = URL_SAFE_NO_PAD.encode(&longer[..length]);
            is_refused(&post(&site, path, &format!("{cut}.{text}")).await, 400);
        }
    }
    assert_eq!(told.users(), [""; 0]);
}

pub async fn g_04_the_signature_is_over_the_text_as_it_came(adapter: &impl Adapter) {
    let (site, told) = site(adapter).await;
    let good = signed(&site, &payload("1"));
    let (signature, text) = good.split_once('.').unwrap();
    let spaced = payload("1").replace(',', ", ");
    for path in BOTH {
        for other in [
            format!("{text}="),
            format!("{text}=="),
            URL_SAFE_NO_PAD.encode(&spaced),
            URL_SAFE_NO_PAD.encode(format!("{} ", payload("1"))),
        ] {
            is_refused(&post(&site, path, &format!("{signature}.{other}")).await, 400);
        }
        // Signed over the decoded payload, and over the whole.
        for over in [payload("1"), format!("{signature}.{text}"), format!(".{text}")] {
            let other = signature_over(&site, over);
            is_refused(&post(&site, path, &format!("{other}.{text}")).await, 400);
        }
    }
    assert_eq!(told.users(), [""; 0]);
}

/// The next character of the alphabet, which differs in the last bits only.
fn next_digit(last: char) -> char {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    alphabet.chars().nth(place + 1).unwrap()
}

fn with_last_changed(text: &str) -> String {
    let last = text.chars().last().unwrap();
    format!("{}{}", &text[..text.len() - 1], next_digit(last))
}

/// Each text says the same to a lenient reader, and the signature is right for it as it stands.
pub async fn g_05_only_the_canonical_base64url_is_read(adapter: &impl Adapter) {
    let (site, told) = site(adapter).await;
    // A payload whose text has a `-` or `_`, an end of two bits that say nothing, and a signature
    // with a `-` or `_` as well.
    let (text, signature) = (0..)
        .map(|number| {
            let odd = payload("5").replace('}', &format!(r#","odd":"Ͽ{number}>>>???"}}"#));
            let text = URL_SAFE_NO_PAD.encode(odd);
            let signature = signature_over(&site, &text);
            (text, signature)
        })
        .find(|(text, signature)| {
            text.len() % 4 == 3 && [text, signature].iter().all(|part| part.contains(['-', '_']))
        })
        .unwrap();
    let classic = |part: &str| part.replace('-', "+").replace('_', "/");
    for path in BOTH {
        for left in [
            format!("{signature}="),
            // The last of 43 characters holds two bits that say nothing, and must be zero.
            with_last_changed(&signature),
            classic(&signature),
            format!("{signature}\n"),
            format!(" {signature}"),
        ] {
            is_refused(&post(&site, path, &format!("{left}.{text}")).await, 400);
        }
        for right in [
            format!("{text}="),
            with_last_changed(&text),
            classic(&text),
            format!("{text}\r\n"),
            format!("{text} "),
            format!("{text}\u{e9}"),
        ] {
            let left = signature_over(&site, &right);
            is_refused(&post(&site, path, &format!("{left}.{right}")).await, 400);
        }
    }
    assert_eq!(told.users(), [""; 0]);
    for path in BOTH {
        assert_eq!(post(&site, path, &format!("{signature}.{text}")).await.status, 200);
    }
}

pub async fn g_06_every_odd_shape_is_refused(adapter: &impl Adapter) {
    let (site, told) = site(adapter).await;
    let good = signed(&site, &payload("1"));
    let deep = format!(r#""x":{}{},"#, "[".repeat(2_000), "]".repeat(2_000));
    let deep = payload("1").replacen('{', &format!("{{{deep}"), 1);
    let list = format!(r#"["HMAC-SHA256","1",{NOW},null]"#);
    let twice = payload("1").replace('}', r#","user_id":"2"}"#);
    for path in BOTH {
        for text in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            good.replace('.', ""),
            format!("{good}."),
            format!("{good}.x"),
            format!(".{good}"),
            format!("{}.", good.split('.').next().unwrap()),
            format!(".{}", good.split('.').nth(1).unwrap()),
            format!("{good}\0"),
            signed(&site, ""),
            signed(&site, "null"),
            signed(&site, "\"x\""),
            signed(&site, "{"),
            signed(&site, &list),
            signed(&site, &twice),
            // Unused fields count too.
            signed(&site, &payload("1").replace('}', r#","x":1,"x":1}"#)),
            signed(&site, &payload("1").replace('}', r#","algorithm":"HMAC-SHA256"}"#)),
            signed(&site, &deep),
            signed(&site, "\u{feff}{}"),
        ] {
            is_refused(&post(&site, path, &text).await, 400);
        }
        let huge = format!("signed_request={}", "a".repeat(1_000_000));
        is_refused(&post_as(&site, path, FORM, huge.as_bytes()).await, 413);
        is_refused(&post_as(&site, path, FORM, b"signed_request=%ff%fe").await, 400);
        is_refused(&post_as(&site, path, FORM, b"\xff\xfe").await, 400);
        is_refused(&post_as(&site, path, FORM, b"").await, 400);
    }
    assert_eq!(told.users(), [""; 0]);
}

/// The vector of Meta's old documentation: signed, but it names no user.
pub async fn g_07_a_request_without_a_user_is_refused(adapter: &impl Adapter) {
    const VECTOR: &str = "vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso.\
                          eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsIjAiOiJwYXlsb2FkIn0";
    let told = Told::default();
    let hooks = told.clone();
    let settings = Settings::new().configure(|builder| {
        builder.platform_callbacks().hooks(hooks).signed_request_secrets(["secret"])
    });
    let site = Site::with(adapter, settings).await;
    for path in BOTH {
        is_refused(&post(&site, path, VECTOR).await, 400);
        for user in ["null", r#""""#, r#""x""#, "-1", "1.5", "[]", "true", r#""1 ""#] {
            let text =
                format!(r#"{{"algorithm":"HMAC-SHA256","issued_at":{NOW},"user_id":{user}}}"#);
            is_refused(&post(&site, path, &signed(&site, &text)).await, 400);
        }
    }
    assert_eq!(told.users(), [""; 0]);
}

/// The project's own vector, and an id as a number.
pub async fn g_08_a_good_request_reaches_the_hook(adapter: &impl Adapter) {
    const VECTOR: &str = "N32LNcvDGXq0GI1jxm-tj1ysJh2uqkNIBcUhUmTp19k.\
                          eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjEyOTE4NDA0MDAsImlzc3VlZ\
                          F9hdCI6MTI5MTgzNjgwMCwidXNlcl9pZCI6IjIxODQ3MSJ9";
    let told = Told::default();
    let hooks = told.clone();
    let settings = Settings::new().configure(|builder| {
        builder.platform_callbacks().hooks(hooks).signed_request_secrets(["appsecret"])
    });
    let site = Site::with(adapter, settings).await;
    site.app.set_app_clock(1_291_838_000);
    for path in BOTH {
        assert_eq!(post(&site, path, VECTOR).await.status, 200);
    }
    site.app.set_app_clock(NOW);
    let number = payload("17841458366137975").replace("\"17841458366137975\"", "17841458366137975");
    for path in BOTH {
        assert_eq!(post(&site, path, &signed(&site, &number)).await.status, 200);
    }
    let id = "17841458366137975";
    assert_eq!(told.users(), ["218471", "218471", id, id]);
}

pub async fn g_09_stale_requests_are_refused_and_repeated_ones_are_one(adapter: &impl Adapter) {
    let (told, store) = (Told::default(), SwitchedStore::new());
    let site = Site::with(adapter, stored(&told, &store)).await;
    let at = |issued_at: u64, expires: &str| {
        let text = format!(
            r#"{{"algorithm":"HMAC-SHA256","issued_at":{issued_at},{expires}"user_id":"7"}}"#
        );
        signed(&site, &text)
    };
    let expired = format!("\"expires\":{NOW},");
    for path in BOTH {
        for stale in [
            at(NOW - 3_601, ""),
            at(NOW + 61, ""),
            at(NOW, &expired),
            at(0, ""),
            at(u64::MAX, ""),
            signed(&site, r#"{"algorithm":"HMAC-SHA256","user_id":"7"}"#),
            signed(&site, r#"{"algorithm":"HMAC-SHA256","issued_at":"1","user_id":"7"}"#),
            signed(&site, r#"{"algorithm":"HMAC-SHA256","issued_at":-1,"user_id":"7"}"#),
        ] {
            is_refused(&post(&site, path, &stale).await, 400);
        }
    }
    assert_eq!(told.users(), [""; 0]);
    for good in [at(NOW - 3_600, ""), at(NOW + 60, ""), at(NOW, "\"expires\":0,")] {
        assert_eq!(post(&site, DEAUTHORIZE, &good).await.status, 200);
    }
    told.0.lock().unwrap().users.clear();
    // The same request again: one code, and the hook is called once.
    let request = at(NOW, "");
    let first = post(&site, DELETION, &request).await;
    let second = post(&site, DELETION, &request).await;
    assert_eq!((first.status, first.text()), (200, second.text()));
    assert_eq!(told.users(), ["7"]);
    let other = post(&site, DELETION, &at(NOW - 1, "")).await;
    assert_ne!(other.text(), first.text());
    // A failed request calls the hook again.
    told.answer(DeletionStatus::Failed);
    let third = at(NOW - 2, "");
    for _ in 0..2 {
        post(&site, DELETION, &third).await;
    }
    assert_eq!(told.users().len(), 4);
    // A user who connects again meanwhile is not affected by late or repeated requests.
    let user = site.app.user_id();
    let removed = signed(&site, &payload(&user));
    let before = site.log_in().await;
    assert_eq!(post(&site, DEAUTHORIZE, &removed).await.status, 200);
    assert_eq!(site.get("/me", &before).await.status, 401);
    site.app.set_app_clock(NOW + 300);
    let again = site.log_in().await;
    for path in BOTH {
        assert_eq!(post(&site, path, &removed).await.status, 200);
        assert_eq!(site.get("/me", &again).await.status, 200, "{path}");
    }
    // Nor is a login that ends while the request is looked into; a token that was only sealed anew
    // meanwhile goes with its account.
    for (issued_at, is_kept) in [(NOW + 300, true), (NOW, false)] {
        // A text of its own: the same one acts once.
        let text =
            payload(&user).replace(&NOW.to_string(), &(NOW + 1 + u64::from(is_kept)).to_string());
        let removed = signed(&site, &text);
        let mut rival = store
            .inner()
            .accounts(AccountPage::new(site.app.provider.client_id(), 1))
            .await
            .unwrap();
        let mut rival = rival.remove(0);
        rival.issued_at = Timestamp::from_unix_seconds(NOW);
        store.inner().put_account(rival.clone(), None).await.unwrap();
        rival.issued_at = Timestamp::from_unix_seconds(issued_at);
        rival.sealed_token.push(0);
        store.set_rival(rival.clone());
        assert_eq!(post(&site, DEAUTHORIZE, &removed).await.status, 200);
        let now = Timestamp::from_unix_seconds(NOW);
        let left = store.inner().account(&rival.key, now).await.unwrap();
        assert_eq!(left, is_kept.then_some(rival));
    }
    // A window of one's own.
    let hooks = told.clone();
    let narrow = Settings::new().configure(|builder| {
        let window = Duration::from_secs(60);
        builder.platform_callbacks().hooks(hooks).signed_request_window(window)
    });
    let site = Site::with(adapter, narrow).await;
    let of = |issued_at: u64| {
        signed(&site, &payload("7").replace(&NOW.to_string(), &issued_at.to_string()))
    };
    is_refused(&post(&site, DEAUTHORIZE, &of(NOW - 61)).await, 400);
    assert_eq!(post(&site, DEAUTHORIZE, &of(NOW - 60)).await.status, 200);
}

pub async fn g_10_only_a_posted_form_is_read(adapter: &impl Adapter) {
    let (site, told) = site(adapter).await;
    let good = signed(&site, &payload("1"));
    let form = format!("signed_request={good}");
    for (path, allow) in [(DEAUTHORIZE, "POST"), (DELETION, "GET, POST")] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            for query in ["", &format!("?signed_request={good}")] {
                let answer = site.send(method, &format!("{path}{query}"), &[]).await;
                let seen = (answer.status, answer.header("allow"));
                assert_eq!(seen, (405, Some(allow)), "{method} {path}");
            }
        }
        let json = format!(r#"{{"signed_request":"{good}"}}"#);
        for (kind, body) in [
            ("application/json", json.as_str()),
            ("multipart/form-data; boundary=x", form.as_str()),
            ("text/plain", form.as_str()),
            ("", form.as_str()),
        ] {
            is_refused(&post_as(&site, path, kind, body.as_bytes()).await, 415);
        }
        let twice = format!("{form}&{form}");
        is_refused(&post_as(&site, path, FORM, twice.as_bytes()).await, 400);
        // In the query it does not count.
        let target = format!("{path}?{form}");
        is_refused(&post_as(&site, &target, FORM, b"x=1").await, 400);
        assert_eq!(told.users(), [""; 0]);
        let kind = "Application/X-WWW-Form-Urlencoded; charset=UTF-8";
        let taken = post_as(&site, path, kind, format!("x=1&{form}&y").as_bytes()).await;
        assert_eq!(taken.status, 200, "{}", taken.describe());
        told.0.lock().unwrap().users.clear();
    }
}

pub async fn g_11_the_confirmation_can_be_asked_for_and_says_nothing(adapter: &impl Adapter) {
    for with_store in [false, true] {
        let (told, store) = (Told::default(), SwitchedStore::new());
        let settings = if with_store { stored(&told, &store) } else { settings(&told) };
        let site = Site::with(adapter, settings).await;
        let answer = post(&site, DELETION, &signed(&site, &payload("218471"))).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let answer = answer.json();
        let code = answer["confirmation_code"].as_str().unwrap();
        assert_eq!(code.len(), 64, "256 bits, of which 128 are a signature");
        assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let url = format!("https://app.example{DELETION}?code={code}");
        assert_eq!(answer["url"].as_str(), Some(url.as_str()));
        assert_eq!(*told.0.lock().unwrap().codes, [code]);
        let page = site.get(&format!("{DELETION}?code={code}"), "").await;
        assert_eq!(page.status, 200, "{}", page.describe());
        let expected = if with_store { "has been deleted" } else { "is not kept here" };
        assert!(page.text().contains(expected), "{}", page.text());
        assert!(!page.text().contains("218471") && !page.text().contains(code), "no user data");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        // An invented code, another app's code and a changed code are not accepted.
        let mut changed = code.to_owned();
        let last = if changed.pop() == Some('0') { '1' } else { '0' };
        changed.push(last);
        let other = Site::with(adapter, stored(&told, &SwitchedStore::new())).await;
        let foreign = post(&other, DELETION, &signed(&other, &payload("5"))).await.json();
        let foreign = foreign["confirmation_code"].as_str().unwrap().to_owned();
        let upper = code.to_uppercase();
        for code in ["", "x", "<b>", &changed, &foreign, &upper, &code[..63], &"0".repeat(64)] {
            if code == foreign && with_store {
                // Made with the same keys: valid by its signature, and not in this store.
                continue;
            }
            let escaped = crate::security::site::escape(code.as_bytes());
            let page = site.get(&format!("{DELETION}?code={escaped}"), "").await;
            assert_eq!(page.status, 404, "{code}: {}", page.describe());
            assert!(!page.text().contains("<b>"));
        }
        let twice = site.get(&format!("{DELETION}?code={code}&code={code}"), "").await;
        assert_eq!(twice.status, 400);
    }
}

pub async fn g_12_a_hook_that_fails_confirms_nothing(adapter: &impl Adapter) {
    let (told, store) = (Told::default(), SwitchedStore::new());
    let (hooks, kept) = (told.clone(), store.clone());
    let settings = Settings::new().configure(|builder| {
        let builder = builder.callback_deadline(Duration::from_secs(1)).platform_callbacks();
        builder.hooks(hooks).store(kept).cookie_secrets([COOKIE_SECRET])
    });
    let site = Site::with(adapter, settings).await;
    told.fail(true);
    let request = signed(&site, &payload("7"));
    for path in BOTH {
        let answer = post(&site, path, &request).await;
        is_refused(&answer, 500);
        assert!(answer.text().contains("hook_failed"), "{}", answer.describe());
        assert!(!answer.describe().contains("INTERNAL"));
    }
    assert_eq!(*told.0.lock().unwrap().failures, [AuthErrorKind::Hook; 2]);
    // Nothing was recorded as done, so the next attempt calls the hook again.
    told.fail(false);
    told.answer(DeletionStatus::Queued);
    let confirmed = post(&site, DELETION, &request).await.json();
    let code = confirmed["confirmation_code"].as_str().unwrap();
    let page = site.get(&format!("{DELETION}?code={code}"), "").await;
    assert!(page.text().contains("is being deleted"), "{}", page.text());
    // A store that is down confirms nothing either.
    store.set_off(true);
    for path in BOTH {
        let answer = post(&site, path, &signed(&site, &payload("8"))).await;
        is_refused(&answer, 503);
        assert!(answer.text().contains("store_unavailable"));
    }
    let page = site.get(&format!("{DELETION}?code={code}"), "").await;
    assert_eq!(page.status, 503);
    assert!(!page.text().contains("login"), "nobody logs in here: {}", page.text());
    assert_eq!(told.users(), ["7"; 3], "and no hook hears of it");
    // Nor is one waited for that does not answer, longer than the deadline.
    store.set_off(false);
    store.set_hanging(true);
    let begun = Instant::now();
    for path in BOTH {
        is_refused(&post(&site, path, &signed(&site, &payload("8"))).await, 503);
    }
    let page = site.get(&format!("{DELETION}?code={code}"), "").await;
    assert_eq!(page.status, 503);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    store.set_hanging(false);
    // If the store fails while the hook runs, the hook is called again.
    let request = signed(&site, &payload("9"));
    told.0.lock().unwrap().breaks = Some(store.clone());
    is_refused(&post(&site, DELETION, &request).await, 503);
    store.set_off(false);
    let page = site.get(&format!("{DELETION}?code={code}"), "").await;
    assert!(page.text().contains("is being deleted"), "{}", page.text());
    // The claim could not be released and expires: until then the hook is not called twice.
    is_refused(&post(&site, DELETION, &request).await, 503);
    site.app.set_app_clock(NOW + 7);
    assert_eq!(post(&site, DELETION, &request).await.status, 200);
    assert_eq!(told.users()[3..], ["9", "9"]);
}

pub async fn g_13_another_secret_counts_only_when_it_is_configured(adapter: &impl Adapter) {
    let meta = "FAKE-secret-of-the-Meta-app";
    for (listed, expected) in [(false, 400), (true, 200)] {
        let (told, store) = (Told::default(), SwitchedStore::new());
        let (hooks, kept) = (told.clone(), store.clone());
        let settings = Settings::new().configure(move |builder| {
            let builder = builder.platform_callbacks().hooks(hooks).store(kept);
            let builder = builder.cookie_secrets([COOKIE_SECRET]).fetch_profile(true);
            if listed { builder.signed_request_secrets([meta]) } else { builder }
        });
        let site = Site::with(adapter, settings).await;
        let session = site.log_in().await;
        let user = site.app.user_id();
        let by_meta = FakeInstagram::sign(&payload(&user), meta);
        assert_eq!(post(&site, DEAUTHORIZE, &by_meta).await.status, expected);
        let me = site.get("/me", &session).await.status;
        assert_eq!(me, if listed { 401 } else { 200 }, "revoked before the hook");
        assert_eq!(told.users().len(), usize::from(listed));
        // The Instagram app secret is accepted in either case, and any known id leads to the
        // account.
        let session = site.log_in().await;
        let account = &site.app.provider.accounts()[0];
        let professional = site.get("/", &session).await.text();
        assert_eq!(professional, account.user_id().to_string());
        let known = store_ids(&store, site.app.provider.client_id()).await;
        let request = signed(&site, &payload(&known));
        assert_eq!(post(&site, DEAUTHORIZE, &request).await.status, 200);
        assert_eq!(site.get("/me", &session).await.status, 401);
        assert_eq!(told.0.lock().unwrap().revoked.last(), Some(&1));
        // With an unknown id the hook is called all the same.
        assert_eq!(post(&site, DEAUTHORIZE, &signed(&site, &payload("999"))).await.status, 200);
        assert_eq!(told.users().last().map(String::as_str), Some("999"));
        assert!(session_cookie(&site.get("/me", &session).await).is_none());
    }
}

/// A further id of the one account in the store.
async fn store_ids(store: &SwitchedStore, client_id: &str) -> String {
    let accounts = store.accounts(AccountPage::new(client_id, 10)).await.unwrap();
    accounts[0].further_ids[0].to_string()
}
