//! An app as it runs in production, on https behind a proxy, and handwritten requests to it.

use crate::browser::Response;
use crate::harness::{Adapter, App, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The redirect URI of the app under test.
pub const REDIRECT_URI: &str = "https://app.example/auth/instagram/callback";
/// The login route.
pub const LOGIN: &str = "/auth/instagram/login";
/// The callback route.
pub const CALLBACK: &str = "/auth/instagram/callback";
/// The logout route.
pub const LOGOUT: &str = "/auth/instagram/logout";

const SCOPES: &str = "instagram_business_basic";

/// The app and its provider.
pub struct Site {
    /// Both of them.
    pub app: App,
}

/// A login that was started.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The `state` in the authorization request.
    pub state: String,
    /// The name of the cookie that was set.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Attempt {
    /// The cookie as a browser sends it.
    #[must_use]
    pub fn cookie(&self) -> String {
        format!("{}={}", self.name, self.value)
    }

    /// The bytes of its value.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(&self.value).expect("base64url")
    }

    /// The same cookie with other bytes in its value.
    #[must_use]
    pub fn with_bytes(&self, bytes: &[u8]) -> Self {
        Self { value: URL_SAFE_NO_PAD.encode(bytes), ..self.clone() }
    }

    /// The same with one bit of its signature turned over: right in all else.
    #[must_use]
    pub fn forged(&self) -> Self {
        let mut bytes = self.bytes();
        *bytes.last_mut().expect("a signature") ^= 1;
        self.with_bytes(&bytes)
    }

    /// A forgery for a state of its own, under that state's name: well-formed, live, with a key id
    /// that is known.
    #[must_use]
    pub fn forged_for(&self, number: u32) -> Self {
        let mut bytes = self.bytes();
        // Version, key id and time come first; the state follows.
        let state = &mut bytes[13..45];
        state[..4].copy_from_slice(&number.to_be_bytes());
        let state = URL_SAFE_NO_PAD.encode(&*state);
        let prefix = self.name.split('.').next().expect("a prefix");
        let name = format!("{prefix}.{}", &state[..8]);
        Self { state, name, ..self.with_bytes(&bytes) }
    }
}

/// The cookies of all of them as a browser sends them.
#[must_use]
pub fn cookies<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> String {
    attempts.into_iter().map(Attempt::cookie).collect::<Vec<_>>().join("; ")
}

/// The names of the cookies that an answer removes.
#[must_use]
pub fn removed(answer: &Response) -> Vec<String> {
    let lines = answer.all("set-cookie");
    let lines = lines.iter().filter(|line| line.contains("Max-Age=0"));
    lines.map(|line| pair(line).0).collect()
}

impl Site {
    /// Starts an app with these settings and an https redirect URI.
    pub async fn with(adapter: &impl Adapter, settings: Settings) -> Self {
        Self { app: App::start(adapter, settings.redirect_uri(REDIRECT_URI)).await }
    }

    /// Starts an app with the defaults.
    pub async fn new(adapter: &impl Adapter) -> Self {
        Self::with(adapter, Settings::new()).await
    }

    /// A request with these headers.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        self.app.raw(method, target, headers).await
    }

    /// A GET with these cookies.
    pub async fn get(&self, target: &str, cookies: &str) -> Response {
        if cookies.is_empty() {
            return self.send("GET", target, &[]).await;
        }
        self.send("GET", target, &[("cookie", cookies)]).await
    }

    /// Starts a login.
    pub async fn start(&self, query: &str) -> Attempt {
        let answer = self.get(&format!("{LOGIN}{query}"), "").await;
        attempt(&answer)
    }

    /// A fresh code, as if the user had allowed.
    #[must_use]
    pub fn code(&self) -> String {
        self.app.provider.issue_code(REDIRECT_URI, SCOPES)
    }

    /// A callback with this query and these cookies.
    pub async fn call_back(&self, query: &str, cookies: &str) -> Response {
        self.get(&format!("{CALLBACK}?{query}"), cookies).await
    }

    /// The good callback of an attempt.
    pub async fn finish(&self, attempt: &Attempt) -> Response {
        let query = format!("code={}&state={}", self.code(), attempt.state);
        self.call_back(&query, &attempt.cookie()).await
    }

    /// Logs in, and gives the session cookie as a browser sends it.
    pub async fn log_in(&self) -> String {
        let attempt = self.start("").await;
        session_cookie(&self.finish(&attempt).await).expect("a session")
    }

    /// Calls of the code exchange.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.app.exchanges()
    }

    /// Insists that the attempt still ends well.
    pub async fn is_alive(&self, attempt: &Attempt) {
        is_ok(&self.finish(attempt).await);
    }
}

/// The attempt that an answer of the login starts.
#[must_use]
pub fn attempt(answer: &Response) -> Attempt {
    assert_eq!(answer.status, 303, "{}", answer.describe());
    let state = answer.location().rsplit_once("&state=").expect("a state").1.to_owned();
    let set: Vec<_> = answer
        .all("set-cookie")
        .into_iter()
        .filter(|line| line.contains("ig_login") && !line.contains("Max-Age=0"))
        .collect();
    let [line] = set[..] else { panic!("one attempt cookie: {}", answer.describe()) };
    let (name, value) = pair(line);
    Attempt { state, name, value }
}

/// Name and value of a `Set-Cookie` line.
#[must_use]
pub fn pair(line: &str) -> (String, String) {
    let (name, value) = line.split(';').next().unwrap().split_once('=').expect("a pair");
    (name.to_owned(), value.to_owned())
}

/// The session cookie that an answer sets, as a browser sends it.
#[must_use]
pub fn session_cookie(answer: &Response) -> Option<String> {
    let lines = answer.all("set-cookie");
    let line = lines.iter().find(|line| line.contains("ig_session") && !line.contains("Max-Age=0"));
    line.map(|line| line.split(';').next().unwrap().to_owned())
}

/// A login that ended well: 303, a session, the attempt's cookie gone.
pub fn is_ok(answer: &Response) {
    assert_eq!(answer.status, 303, "{}", answer.describe());
    assert!(session_cookie(answer).is_some(), "a session: {}", answer.describe());
    let removed = answer.all("set-cookie");
    let removed =
        removed.iter().any(|line| line.contains("ig_login") && line.contains("Max-Age=0"));
    assert!(removed, "the attempt's cookie goes: {}", answer.describe());
    assert!(answer.location().contains('#'), "a fragment of its own");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// A refusal: 400 to 499 with the code, a link that leads on, no session, not cached.
pub fn is_refused(answer: &Response, code: &str) {
    assert!((400..500).contains(&answer.status), "{}", answer.describe());
    assert!(answer.text().contains(code), "no `{code}`: {}", answer.describe());
    assert_eq!(session_cookie(answer), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.text().contains("href=\"/auth/instagram/login"), "a way on");
}

/// Percent-encodes everything but letters and digits.
#[must_use]
pub fn escape(text: &[u8]) -> String {
    text.iter().fold(String::new(), |escaped, byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => escaped + &char::from(*byte).to_string(),
        _ => escaped + &format!("%{byte:02x}"),
    })
}
