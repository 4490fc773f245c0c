//! An example that talks to a simulator in the test's own hands, and requests to it one by one.

use ig_oauth_fake_instagram::FakeInstagram;

use crate::browser::{Response, forms, send};
use crate::example::Example;
use crate::harness::parameter;

/// Not on this machine, so that it is known before the example has a port.
const REDIRECT_URI: &str = "https://app.example/auth/instagram/callback";
const COOKIE_SECRET: &str = "FAKE-cookie-secret-of-an-example-in-a-test-0123456789";
const SCOPES: &str = "instagram_business_basic";

/// A simulator, and a running example that uses it.
pub(crate) async fn provider_and_example(program: &str) -> (FakeInstagram, Example) {
    let provider = FakeInstagram::builder().redirect_uri(REDIRECT_URI).start().await;
    let provider = provider.expect("a simulator");
    let environment = [
        ("INSTAGRAM_CLIENT_ID", provider.client_id()),
        ("INSTAGRAM_CLIENT_SECRET", provider.client_secret()),
        ("INSTAGRAM_REDIRECT_URI", REDIRECT_URI),
        ("INSTAGRAM_AUTHORIZE_URL", &provider.authorize_url()),
        ("INSTAGRAM_TOKEN_URL", &provider.token_url()),
        ("INSTAGRAM_GRAPH_URL", &provider.graph_url()),
        ("INSTAGRAM_COOKIE_SECRETS", COOKIE_SECRET),
    ];
    let example = Example::start(program, &environment);
    (provider, example)
}

/// Navigations of one user, a request at a time, with the cookies that were set before. It goes to
/// the example whatever the host name of the redirect URI.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) address: String,
    cookies: Vec<(String, String)>,
}

impl Caller {
    pub(crate) fn new(example: &Example) -> Self {
        let address = example.origin.trim_start_matches("http://").to_owned();
        Self { address, cookies: Vec::new() }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Response {
        self.ask("GET", target, "").await
    }

    pub(crate) async fn ask(&mut self, method: &str, target: &str, body: &str) -> Response {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = [
            ("host", self.address.clone()),
            ("accept", "text/html".to_owned()),
            ("sec-fetch-mode", "navigate".to_owned()),
            ("sec-fetch-site", "same-origin".to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("cookie", cookies.join("; ")),
        ];
        let lines: Vec<_> = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into_bytes()))
            .collect();
        let answer = send(&self.address, method, target, &lines, body.as_bytes()).await;
        for cookie in answer.all("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.retain(|(present, _)| present != name);
                if !cookie.contains("Max-Age=0") {
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        answer
    }

    /// Starts a login at this link, and what its callback will be once the user has allowed it.
    pub(crate) async fn start(&mut self, provider: &FakeInstagram, link: &str) -> String {
        let started = self.get(link).await;
        callback(provider, &started)
    }

    /// Enters the app by the name of Ann, if need be, and starts to connect an account.
    pub(crate) async fn start_to_connect(&mut self, provider: &FakeInstagram) -> String {
        self.ask("POST", "/enter", "name=ann").await;
        let page = self.get("/").await.text();
        let connect = forms(&page).into_iter().find(|form| form.action.contains("options="));
        let connect = connect.unwrap_or_else(|| panic!("nothing to connect: {page}"));
        let started = self.ask("POST", &connect.action, "").await;
        callback(provider, &started)
    }
}

fn callback(provider: &FakeInstagram, started: &Response) -> String {
    assert_eq!(started.status, 303, "{}", started.describe());
    let state = parameter(started.location(), "state").expect("a state");
    let code = provider.issue_code(REDIRECT_URI, SCOPES);
    format!("/auth/instagram/callback?code={code}&state={state}")
}
