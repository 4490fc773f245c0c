//! The examples as a person meets them: started by their command, used with a browser.

use crate::browser::{Browser, Response, send};
use crate::caller::{Caller, provider_and_example};
use crate::program::{Program, command};

/// A running example. Dropping it stops it.
#[derive(Debug)]
pub struct Example {
    /// What runs.
    pub program: Program,
    /// What it printed until it was ready.
    pub greeting: String,
    /// Where it is, without a slash at the end.
    pub origin: String,
}

impl Example {
    /// Starts the program on a free port, with this environment, and waits until it says where it is.
    #[must_use]
    pub fn start(program: &str, environment: &[(&str, &str)]) -> Self {
        let program = Program::start(program, environment);
        let mut greeting = String::new();
        let mut origin = None;
        // The greeting ends in an empty line after the addresses.
        while !(greeting.contains("provider") && greeting.ends_with("\n\n")) {
            let line = program.line();
            if let Some((_, url)) = line.split_once("app       ") {
                origin = Some(url.trim_end_matches('/').to_owned());
            }
            greeting.push_str(&line);
            greeting.push('\n');
        }
        let origin = origin.unwrap_or_else(|| panic!("no address in: {greeting}"));
        Self { program, greeting, origin }
    }

    /// A URL of the example.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// One request with these headers and a `Host`.
    pub async fn raw(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let address = self.origin.trim_start_matches("http://");
        let mut lines = vec![("host".to_owned(), address.as_bytes().to_vec())];
        for (name, value) in headers {
            lines.retain(|(present, _)| present != name);
            lines.push(((*name).to_owned(), value.as_bytes().to_vec()));
        }
        send(address, method, target, &lines, b"").await
    }
}

/// The main job: from the button on the home page over the window to a handler with the token, and
/// out again.
pub async fn a_person_logs_in_looks_around_and_logs_out(program: &str) {
    for api in ["instagram-login", "basic-display"] {
        let example = Example::start(program, &[("INSTAGRAM_API", api)]);
        assert!(
            example.greeting.contains("a simulator, at http://localhost:"),
            "{}",
            example.greeting
        );
        let mut browser = Browser::new();
        browser.open(&example.url("/")).await;
        browser.click("Log in with Instagram").await;
        assert_eq!(browser.page().url.host_str(), Some("localhost"));
        assert!(browser.page().response.text().contains("This is not Instagram"));
        let home = browser.press("Allow").await;
        assert!(home.response.text().contains("You are logged in"), "{}", home.response.text());
        let me = browser.click("The same as JSON").await;
        assert_eq!((me.response.status, me.url.path()), (200, "/me"));
        let user_id = me.response.json()["user_id"].as_str().unwrap().to_owned();
        // The simulator's ids are such that any detour over a float changes them.
        let expected =
            if api == "basic-display" { "17841477965412211" } else { "17841458366137975" };
        assert_eq!(user_id, expected, "{api}");
        assert!(!me.response.text().contains("FAKE-IG"), "never the token");
        let home = browser.open(&example.url("/")).await;
        assert!(home.response.text().contains("@simulated.bakery"), "{}", home.response.text());
        let more = if api == "basic-display" {
            "user_media"
        } else {
            "instagram_business_manage_comments"
        };
        assert!(!home.response.text().contains(more));
        browser.click("Ask for more").await;
        let home = browser.press("Allow").await;
        assert_eq!((home.url.path(), home.response.status), ("/", 200));
        assert!(home.response.text().contains(more), "{api}: {}", home.response.text());
        let media = browser.click("Media").await;
        assert_eq!(media.response.text().lines().count(), 10, "{}", media.response.text());
        assert!(!media.response.text().contains("FAKE-IG"), "never the token");
        browser.open(&example.url("/")).await;
        let home = browser.press("Log out").await;
        assert!(home.response.text().contains("Hello, visitor"), "{}", home.response.text());
    }
}

/// The provider has revoked the user's token. Every page redirects to a login and back.
pub async fn a_token_that_the_provider_has_ended_leads_to_a_login(program: &str) {
    let (provider, example) = provider_and_example(program).await;
    let mut user = Caller::new(&example);
    let callback = user.start(&provider, "/auth/instagram/login").await;
    assert_eq!(user.get(&callback).await.status, 303);
    let media = user.get("/media").await;
    assert_eq!(media.text().lines().count(), 10, "{}", media.describe());
    provider.revoke_tokens();
    let home = user.get("/").await;
    assert_eq!(home.status, 200, "{}", home.describe());
    assert!(home.text().contains("Log in with Instagram"), "{}", home.text());
    let refused = user.get("/media").await;
    assert_eq!(refused.status, 303, "{}", refused.describe());
    let callback = user.start(&provider, refused.location()).await;
    let landed = user.get(&callback).await;
    assert_eq!(landed.location().trim_end_matches('#'), "/media", "{}", landed.describe());
    assert_eq!(user.get("/media").await.status, 200);
}

/// Browsers ask for an icon of their own accord, and a 404 is an error in the console.
pub async fn no_page_leaves_an_icon_error_in_the_console(program: &str) {
    let example = Example::start(program, &[]);
    let home = example.raw("GET", "/", &[]).await;
    assert!(home.text().contains(r#"<link rel="icon" href="data:,">"#), "{}", home.text());
    assert_eq!(example.raw("GET", "/favicon.ico", &[]).await.status, 204, "for the JSON of /me");
}

/// Cancel ends on a calm page, and two tabs finished in the other order end where they wanted.
pub async fn cancelling_and_two_tabs_end_well(program: &str) {
    let example = Example::start(program, &[]);
    let mut browser = Browser::new();
    browser.open(&example.url("/me")).await;
    let page = browser.press("Cancel").await;
    assert_eq!(page.response.status, 403);
    let text = page.response.text();
    assert!(text.contains("Nothing was changed") && text.contains("Example Bakery"), "{text}");

    let login = |to: &str| example.url(&format!("/auth/instagram/login?return_to={to}"));
    let mut tabs = Vec::new();
    for target in ["/me", "/plain"] {
        let start = browser.step(&login(target)).await;
        let window = format!("{}&fake_decision=allow", start.location());
        tabs.push((target, browser.step(&window).await.location().to_owned()));
    }
    for (target, callback) in tabs.iter().rev() {
        let landed = browser.step(callback).await;
        assert_eq!((landed.status, landed.location()), (303, format!("{target}#").as_str()));
    }
    assert_eq!(browser.step(&example.url("/plain")).await.text(), "plain\n");
}

/// The guide's own app: the request goes to the guide's window, with the strictest cookie.
pub async fn the_guides_own_settings_lead_to_the_guides_window(program: &str) {
    let example = Example::start(
        program,
        &[
            ("INSTAGRAM_API", "basic-display"),
            ("INSTAGRAM_CLIENT_ID", "990602627938098"),
            ("INSTAGRAM_CLIENT_SECRET", "FAKEa1b2C3D4FAKEa1b2C3D4FAKE0032"),
            ("INSTAGRAM_REDIRECT_URI", "https://socialsizzle.herokuapp.com/auth/"),
            ("INSTAGRAM_SCOPE", "user_profile,user_media"),
        ],
    );
    let start = example.raw("GET", "/auth/instagram/login", &[]).await;
    assert_eq!(start.status, 303);
    let expected = "https://api.instagram.com/oauth/authorize?client_id=990602627938098\
                    &redirect_uri=https%3A%2F%2Fsocialsizzle.herokuapp.com%2Fauth%2F\
                    &scope=user_profile%2Cuser_media&response_type=code&state=";
    assert!(start.location().starts_with(expected), "{}", start.location());
    let cookie = start.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-ig_login_"), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute} in {cookie}");
    }
    // The callback is the path of the redirect URI.
    let callback = example.raw("GET", "/auth/?error=access_denied", &[]).await;
    assert_eq!(callback.status, 400, "{}", callback.describe());
}

/// `localhost` and `127.0.0.1` have cookies of their own, so one of them is left.
pub async fn another_loopback_name_is_led_to_the_one_of_the_redirect_uri(program: &str) {
    let example = Example::start(program, &[]);
    let port = example.origin.rsplit(':').next().unwrap();
    let host = format!("localhost:{port}");
    let answer = example.raw("GET", "/me?x=1", &[("host", &host)]).await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.location(), example.url("/me?x=1"));
}

/// A mistake in the settings ends the start, with the variable's name and the cure.
pub fn a_mistake_in_the_settings_is_explained(program: &str) {
    for (environment, words) in [
        (&[("INSTAGRAM_CLIENT_ID", "1")][..], "INSTAGRAM_CLIENT_SECRET"),
        (
            &[
                ("INSTAGRAM_CLIENT_ID", "1"),
                ("INSTAGRAM_CLIENT_SECRET", "short"),
                ("INSTAGRAM_REDIRECT_URI", "https://app.example/cb"),
            ],
            "INSTAGRAM_COOKIE_SECRETS",
        ),
        (&[("INSTAGRAM_SCOPE", "user_profile")], "instagram_business_basic"),
        (&[("ADDR", "256.0.0.1:1")], "ADDR"),
        (&[("DATABASE_URL", "sqlite:")], "name a file"),
        (&[("DATABASE_URL", "mysql://x")], "write postgres://"),
        (&[("REDIS_URL", "redis://127.0.0.1:1")], "no Redis server answers: start it"),
        (&[("REDIS_URL", "redis://x"), ("DATABASE_URL", "sqlite:x")], "unset one of them"),
        (&[("DATABASE_URL", "sqlite::memory:")], "INSTAGRAM_COOKIE_SECRETS"),
        (&[("ADDR", "0.0.0.0:0")], "use 127.0.0.1"),
    ] {
        let mut command = command(program, environment);
        let output = command.output().expect("the example runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{environment:?}");
        assert!(text.contains(words), "{words} in {text}");
    }
}

/// A scripted login answers the same on every example, line by line, apart from random values.
pub async fn a_scripted_login_reads_as_written(program: &str) {
    let example = Example::start(program, &[]);
    let written = transcript(&example).await;
    // One file for all examples is what makes them alike.
    assert_eq!(written, include_str!("example.transcript"), "{written}");
}

/// What was asked and answered, with names in place of what differs from run to run.
#[derive(Default)]
struct Transcript {
    text: String,
    names: Vec<(String, &'static str)>,
}

impl Transcript {
    /// From now on `value` is written as `name`, percent-encoded or not.
    fn name(&mut self, value: &str, name: &'static str) {
        let encoded = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        self.names.extend([(value.to_owned(), name), (encoded, name)]);
    }

    async fn ask(&mut self, browser: &mut Browser, method: &str, url: &str) -> Response {
        let response = visit(browser, method, url).await;
        self.write(method, url, &response);
        response
    }

    fn write(&mut self, method: &str, url: &str, response: &Response) {
        let mut headers: Vec<_> = response
            .headers
            .iter()
            .filter(|(name, _)| !["date", "connection", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value).into_owned();
                let sealed = name == "set-cookie" && !value.contains("Max-Age=0");
                let pair = value.split(';').next().filter(|_| sealed).unwrap_or_default();
                let value = match pair.split_once('=') {
                    Some((name, random)) => {
                        // The end of an attempt's name is the beginning of its state.
                        let name = name.split('.').next().unwrap_or_default();
                        let attributes = value.split_once(random).map_or("", |(_, rest)| rest);
                        format!("{name}…=…{attributes}")
                    }
                    None => value,
                };
                format!("< {name}: {value}\n")
            })
            .collect();
        headers.sort();
        let body = response.text();
        let visible = body.split_once("</style>").map_or(body.as_str(), |(_, visible)| visible);
        let visible = without_options(visible);
        let entry = format!(
            "> {method} {url}\n< {}\n{}{}\n",
            response.status,
            headers.concat(),
            if visible.is_empty() { String::new() } else { format!("{}\n", visible.trim_end()) }
        );
        let named = self.names.iter().fold(entry, |text, (value, name)| text.replace(value, name));
        self.text.push_str(&named);
    }
}

async fn visit(browser: &mut Browser, method: &str, url: &str) -> Response {
    let address = url::Url::parse(url).expect("a URL");
    let headers = [("accept", "text/html"), ("sec-fetch-mode", "navigate")];
    browser.hop(method, &address, &headers).await
}

/// A link with signed options holds the time it was made.
fn without_options(text: &str) -> String {
    let Some((before, rest)) = text.split_once("options=") else {
        return text.to_owned();
    };
    let value = rest.find('"').and_then(|end| rest.get(end..)).unwrap_or_default();
    format!("{before}options=…{value}")
}

async fn transcript(example: &Example) -> String {
    let mut browser = Browser::new();
    let mut transcript = Transcript::default();
    transcript.name(&example.origin, "{app}");
    for path in ["/", "/plain"] {
        transcript.ask(&mut browser, "GET", &example.url(path)).await;
    }
    let to_login = browser.step(&example.url("/me")).await;
    let login = example.url(to_login.location());
    let window = browser.step(&login).await.location().to_owned();
    let provider = url::Url::parse(&window).expect("a URL").origin().ascii_serialization();
    transcript.name(&provider, "{provider}");

    transcript.ask(&mut browser, "GET", &example.url("/me")).await;
    let start = visit(&mut browser, "GET", &login).await;
    let state = crate::harness::parameter(start.location(), "state").expect("a state");
    let callback = browser.step(&format!("{}&fake_decision=allow", start.location())).await;
    let code = crate::harness::parameter(callback.location(), "code").expect("a code");
    let cookie = start.header("set-cookie").expect("an attempt");
    let mount = cookie.trim_start_matches("ig_login_").split('.').next().expect("a mount");
    transcript.name(mount, "{mount}");
    transcript.name(&state, "{state}");
    transcript.name(state.get(..8).expect("a state of some length"), "{state 8}");
    transcript.name(code.trim_end_matches("#_"), "{code}");
    // Only now are the names of its values known.
    transcript.write("GET", &login, &start);
    let landed = transcript.ask(&mut browser, "GET", callback.location()).await;
    let me = browser.step(&example.url(landed.location().trim_end_matches('#'))).await;
    let expires_at = me.json()["expires_at"].to_string();
    transcript.name(&expires_at, "{expires at}");
    transcript.ask(&mut browser, "GET", &example.url("/me")).await;
    transcript.ask(&mut browser, "GET", &example.url("/")).await;
    transcript.ask(&mut browser, "GET", &example.url("/media")).await;
    transcript.ask(&mut browser, "GET", callback.location()).await;
    transcript.ask(&mut browser, "POST", &example.url("/auth/instagram/logout")).await;
    transcript.ask(&mut browser, "GET", &example.url("/")).await;
    transcript.ask(&mut browser, "GET", &example.url("/me")).await;
    transcript.text
}
