//! Two apps that differ in their framework only, and the comparison of their answers.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Mutex;

use fastrand::Rng;
use ig_oauth_common::http::{
    Clock, HttpError, HttpRequest, HttpResponse, Randomness, RandomnessUnavailable,
};
use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{Config, Timestamp};
use ig_oauth_conformance::apps::{Actix, Axum};
use ig_oauth_conformance::browser::{Response, send};
use ig_oauth_conformance::harness::Serving;
use ig_oauth_conformance::mounting::{Mounting, Mounts};

pub(crate) const LOGIN: &str = "/auth/instagram/login";
pub(crate) const CALLBACK: &str = "/auth/instagram/callback";
pub(crate) const LOGOUT: &str = "/auth/instagram/logout";
pub(crate) const DEAUTHORIZE: &str = "/auth/instagram/deauthorize";
pub(crate) const DATA_DELETION: &str = "/auth/instagram/data-deletion";
pub(crate) const SECRET: &str = "obviously-fake-app-secret-0123456789";
pub(crate) const NOW: u64 = 1_800_000_000;

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(NOW)
    }
}

struct Seeded(Mutex<Rng>);

impl Randomness for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        self.0.lock().unwrap().fill(bytes);
        Ok(())
    }
}

/// A provider that takes the code `good` and fails for `down`.
async fn provider(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let (status, body) = match request.form {
        Some(form) if form.contains("code=good") => (200, r#"{"access_token":"FAKE","user_id":7}"#),
        Some(form) if form.contains("code=down") => (503, "<h1>out of order</h1>"),
        Some(_) => (
            400,
            r#"{"error_type":"OAuthException","code":400,"error_message":"This authorization code has been used"}"#,
        ),
        None if request.url.contains("/me/media") => (200, r#"{"data":[{"caption":"a"}]}"#),
        None => (200, r#"{"access_token":"FAKE-LONG","token_type":"bearer","expires_in":5183944}"#),
    };
    Ok(HttpResponse::new(status, body.as_bytes().to_vec()))
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Sessions in the cookie.
    Cookie,
    /// Sessions in a store.
    Store,
    /// Users of the app's own link accounts.
    Linking,
    /// `routes()` and `configure()`, without the middleware.
    Routes,
}

fn config(kind: Kind) -> Config {
    let redirect_uri = format!("https://app.example{CALLBACK}");
    let builder = Config::builder("990602627938098", SECRET, redirect_uri)
        .cookie_secrets(["an obviously fake cookie secret for tests"])
        .deauthorize_path(DEAUTHORIZE)
        .data_deletion_path(DATA_DELETION)
        .linking(matches!(kind, Kind::Linking))
        .clock(Frozen)
        .randomness(Seeded(Mutex::new(Rng::with_seed(7))))
        .http_client(provider);
    let builder = match kind {
        Kind::Cookie | Kind::Routes => builder,
        Kind::Store | Kind::Linking => builder.store(MemoryStore::new()),
    };
    builder.build().unwrap()
}

pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// What can be compared: all but what belongs to the servers.
#[derive(Debug, PartialEq)]
struct Compared {
    status: u16,
    headers: BTreeMap<String, Vec<String>>,
    body: String,
}

impl From<&Response> for Compared {
    fn from(response: &Response) -> Self {
        let mut headers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, value) in &response.headers {
            if !["date", "connection", "transfer-encoding"].contains(&name.as_str()) {
                let values = headers.entry(name.clone()).or_default();
                values.push(value.escape_ascii().to_string());
            }
        }
        // Only `Set-Cookie` has an order that means something.
        for (name, values) in &mut headers {
            if name != "set-cookie" {
                values.sort();
            }
        }
        Self { status: response.status, headers, body: response.body.escape_ascii().to_string() }
    }
}

/// Both answers, without `content-length` where only one of the servers sends it.
fn compared(axum: &Response, actix: &Response) -> (Compared, Compared) {
    const LENGTH: &str = "content-length";
    let (mut axum, mut actix) = (Compared::from(axum), Compared::from(actix));
    // The error for a missing middleware contains its name.
    let names_the_middleware = axum.status == 500;
    if names_the_middleware {
        axum.body = axum.body.replace("`InstagramOAuthLayer`", "`InstagramOAuth`");
    }
    if names_the_middleware
        || !axum.headers.contains_key(LENGTH)
        || !actix.headers.contains_key(LENGTH)
    {
        axum.headers.remove(LENGTH);
        actix.headers.remove(LENGTH);
    }
    (axum, actix)
}

/// A refusal that no app has seen: the outermost middleware marks all others.
fn is_the_servers_own(response: &Response) -> bool {
    response.all("x-app").is_empty()
}

pub(crate) struct Twins {
    axum: (String, Serving),
    actix: (String, Serving),
    pub(crate) compared: usize,
    pub(crate) refused_by_a_server: usize,
    pub(crate) statuses: BTreeMap<u16, usize>,
}

impl Twins {
    pub(crate) fn start(kind: Kind) -> Self {
        let mounting = match kind {
            Kind::Routes => Mounting::Routes,
            _ => Mounting::Middleware,
        };
        let serve = |adapter: &dyn Mounts| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let address = listener.local_addr().unwrap().to_string();
            (address, adapter.mount(mounting, vec![config(kind)], listener))
        };
        let (axum, actix) = (serve(&Axum), serve(&Actix));
        let statuses = BTreeMap::new();
        Self { axum, actix, compared: 0, refused_by_a_server: 0, statuses }
    }

    /// Sends the same to both and gives the answer, which is the same.
    pub(crate) async fn send(&mut self, sent: &Sent) -> Response {
        let Sent { method, target, headers, body } = sent;
        let (axum, actix) = tokio::join!(
            send(&self.axum.0, method, target, headers, body),
            send(&self.actix.0, method, target, headers, body)
        );
        if is_the_servers_own(&axum) || is_the_servers_own(&actix) {
            self.refused_by_a_server += 1;
            return axum;
        }
        self.compared += 1;
        *self.statuses.entry(axum.status).or_default() += 1;
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.escape_ascii()))
            .collect();
        let (left, right) = compared(&axum, &actix);
        assert_eq!(left, right, "axum left, actix right: {method} {target} {headers:#?}");
        axum
    }

    pub(crate) async fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> Response {
        self.ask("GET", target, headers).await
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Response {
        let mut lines = vec![("host".to_owned(), b"app.example".to_vec())];
        let given = headers.iter();
        lines.extend(given.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let (method, target) = (method.to_owned(), target.to_owned());
        self.send(&Sent { method, target, headers: lines, body: Vec::new() }).await
    }

    pub(crate) async fn post(&mut self, target: &str, content_type: &str, body: &[u8]) -> Response {
        let headers = vec![
            ("host".to_owned(), b"app.example".to_vec()),
            ("content-type".to_owned(), content_type.as_bytes().to_vec()),
        ];
        let (method, target, body) = ("POST".to_owned(), target.to_owned(), body.to_vec());
        self.send(&Sent { method, target, headers, body }).await
    }
}
