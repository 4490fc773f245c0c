//! Whole logins in every place where middleware and routes can be, among middlewares of others.

use std::sync::Arc;
use std::time::Duration;

use ig_oauth_common::Config;
use ig_oauth_common::hooks::{HookError, Hooks, Login, LoginDecision};
use ig_oauth_fake_instagram::{Account, FakeInstagram};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::browser::{Browser, Response, send};
use crate::harness::{Adapter, App, Settings, parameter};
use crate::mounting::{BODY_LIMIT, Mounting, Mounts};

const LOGIN: &str = "/auth/instagram/login";
const CALLBACK: &str = "/auth/instagram/callback";
const DEAUTHORIZE: &str = "/auth/instagram/deauthorize";

/// Nothing here takes this long. A test that would hang fails instead.
const PATIENCE: Duration = Duration::from_secs(30);

async fn start(adapter: &impl Mounts, mounting: Mounting, settings: Settings) -> App {
    let serve = |config, listener| adapter.mount(mounting, vec![config], listener);
    App::start_by(serve, settings).await
}

/// Logs in under `prefix`, in a fresh browser, and gives the answer of the callback.
async fn log_in(app: &App, prefix: &str, browser: &mut Browser) -> Response {
    let start = browser.step(&app.url(&format!("{prefix}{LOGIN}"))).await;
    assert_eq!(start.status, 303, "{}", start.describe());
    assert_eq!(start.all("set-cookie").len(), 1, "answered once");
    let window = format!("{}&fake_decision=allow", start.location());
    let callback = browser.step(&window).await.location().to_owned();
    let landed = browser.step(&callback).await;
    assert_eq!(landed.status, 303, "{}", landed.describe());
    assert_eq!(sessions(&landed), 1, "answered once");
    landed
}

fn sessions(answer: &Response) -> usize {
    answer.all("set-cookie").iter().filter(|line| line.contains("ig_session")).count()
}

/// A whole login, and the pages that show it.
async fn shows_a_login(app: &App, prefix: &str) {
    let mut browser = Browser::new();
    log_in(app, prefix, &mut browser).await;
    assert_eq!(app.exchanges(), 1);
    let page = browser.step(&app.url(&format!("{prefix}/option"))).await;
    assert_eq!((page.status, page.text()), (200, app.user_id()));
    assert_eq!(page.header("x-inside"), Some("1"));
    let me = app.raw("GET", &format!("{prefix}/me"), &[("accept", "text/html")]).await;
    assert_eq!(me.status, 303, "{}", me.describe());
    let login = format!("{prefix}{LOGIN}?return_to=");
    assert!(me.location().starts_with(&login), "{}", me.location());
    assert_eq!(parameter(&app.url(me.location()), "return_to"), Some(format!("{prefix}/me")));
}

pub async fn handlers_without_the_middleware_ask_for_it(adapter: &impl Mounts) {
    let app = start(adapter, Mounting::Routes, Settings::new()).await;
    for path in ["/", "/me", "/maybe", "/links", "/link", "/publish", "/guarded"] {
        let answer = app.raw("GET", path, &[]).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.text().contains("enabled?"), "{path}: {}", answer.text());
    }
    assert_eq!(app.raw("GET", "/plain", &[]).await.text(), "plain");
    log_in(&app, "", &mut Browser::new()).await;
    assert_eq!(app.exchanges(), 1, "our own routes need none");
}

pub async fn middleware_and_routes_together_answer_once(adapter: &impl Mounts) {
    let app = start(adapter, Mounting::MiddlewareAndRoutes, Settings::new()).await;
    shows_a_login(&app, "").await;
}

pub async fn nested_routes_log_in_under_their_prefix(adapter: &impl Mounts) {
    let app = start(adapter, Mounting::NestedRoutes, Settings::new().under("/app")).await;
    shows_a_login(&app, "/app").await;
    assert_eq!(app.raw("GET", LOGIN, &[]).await.status, 404);
}

pub async fn a_nested_middleware_logs_in_under_its_prefix(adapter: &impl Mounts) {
    let app = start(adapter, Mounting::NestedMiddleware, Settings::new().under("/app")).await;
    shows_a_login(&app, "/app").await;
    assert_eq!(app.raw("GET", LOGIN, &[]).await.status, 404);
}

pub async fn misplaced_routes_say_what_to_change(adapter: &impl Mounts) {
    let app = start(adapter, Mounting::MisplacedRoutes, Settings::new()).await;
    for path in [LOGIN, CALLBACK, "/auth/instagram/logout"] {
        let answer = app.raw("GET", &format!("/elsewhere{path}"), &[]).await;
        assert_eq!(answer.status, 500, "{path}");
        for words in ["another path", LOGIN, CALLBACK, "redirect URI"] {
            assert!(answer.text().contains(words), "{words} in {}", answer.text());
        }
    }
}

pub async fn another_spelling_of_a_mounted_path_is_the_apps(adapter: &impl Mounts) {
    for mounting in [Mounting::Routes, Mounting::MiddlewareAndRoutes] {
        let app = start(adapter, mounting, Settings::new()).await;
        for path in ["/auth/instagram/%6cogin", "/auth/instagram/%63allback", "/auth%2finstagram"] {
            let answer = app.raw("GET", &format!("{path}?code=a&state=b"), &[]).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.describe());
            assert!(answer.all("cache-control").is_empty(), "{path} is not ours");
        }
    }
}

pub async fn two_mounts_on_one_host_log_in_users_of_both(adapter: &impl Mounts) {
    let account = Account::new(17_841_400_000_000_002, "second");
    let second = FakeInstagram::builder().client_id("1002").account(account).start().await;
    let second = second.unwrap();
    let serve = |config, listener: std::net::TcpListener| {
        let origin = listener.local_addr().unwrap();
        let redirect_uri = format!("http://{origin}/blog{CALLBACK}");
        second.register_redirect_uri(&redirect_uri);
        let other = Config::builder(second.client_id(), second.client_secret(), redirect_uri)
            .authorize_url(second.authorize_url())
            .token_url(second.token_url())
            .graph_url(second.graph_url())
            .login_path(format!("/blog{LOGIN}"))
            .logout_path("/blog/auth/instagram/logout");
        adapter.mount(Mounting::Two, vec![config, other.build().unwrap()], listener)
    };
    let app = App::start_by(serve, Settings::new().under("/shop")).await;
    let mut browser = Browser::new();
    let id = second.accounts()[0].user_id().to_string();
    assert_ne!(app.user_id(), id);
    // Started at the same time, so that both attempts are pending.
    let shop = browser.step(&app.url(&format!("/shop{LOGIN}"))).await;
    log_in(&app, "/blog", &mut browser).await;
    let window = format!("{}&fake_decision=allow", shop.location());
    let callback = browser.step(&window).await.location().to_owned();
    assert_eq!(browser.step(&callback).await.status, 303);
    assert_eq!((app.exchanges(), second.issued_codes().len()), (1, 1));
    for (page, user) in [("/shop/option", app.user_id()), ("/blog/option", id.clone())] {
        assert_eq!(browser.step(&app.url(page)).await.text(), user, "{page}");
    }
    let cookies = browser.jar.named("ig_session");
    assert_eq!(cookies.len(), 2, "a cookie each");
    let out = browser.fetch_json("POST", &app.url("/shop/auth/instagram/logout")).await;
    assert_eq!(out.status, 204, "{}", out.describe());
    for (page, user) in [("/shop/option", "none"), ("/blog/option", &*id)] {
        assert_eq!(browser.step(&app.url(page)).await.text(), user, "{page}");
    }
}

pub async fn a_stripped_prefix_is_put_before_what_the_browser_sees(adapter: &impl Adapter) {
    let origin = "https://app.example";
    let settings = Settings::new()
        .redirect_uri(&format!("{origin}/shop{CALLBACK}"))
        .configure(|builder| builder.public_prefix("/shop"));
    let app = App::start(adapter, settings).await;
    let page = app.raw("GET", "/page/x?y=1", &[("accept", "text/html")]).await;
    let login = format!("/shop{LOGIN}?return_to=%2Fshop%2Fpage%2Fx%3Fy%3D1");
    assert_eq!((page.status, page.location()), (303, &*login));
    assert_eq!(app.raw("GET", &login, &[]).await.status, 404, "a proxy strips it");
    let start = app.raw("GET", login.strip_prefix("/shop").unwrap(), &[]).await;
    let window = format!("{}&fake_decision=allow", start.location());
    let decided = Browser::new().step(&window).await;
    let callback = decided.location().strip_prefix(origin).unwrap().strip_prefix("/shop").unwrap();
    let attempt = start.all("set-cookie")[0].split(';').next().unwrap().to_owned();
    let landed = app.raw("GET", callback, &[("cookie", &attempt)]).await;
    assert_eq!((landed.status, landed.location()), (303, "/shop/page/x?y=1#"));
    let session = landed.all("set-cookie").into_iter().find(|line| line.contains("ig_session"));
    let session = session.unwrap().split(';').next().unwrap();
    assert_eq!(app.raw("GET", "/", &[("cookie", session)]).await.text(), app.user_id());
}

/// A form as the provider posts it, with this many bytes of something else.
async fn deauthorize(app: &App, padding: usize) -> Response {
    let signed = app.provider.signed_request(app.provider.accounts()[0].user_id());
    let body = format!("signed_request={signed}&padding={}", "x".repeat(padding));
    let headers = [
        ("host".to_owned(), app.address().as_bytes().to_vec()),
        ("content-type".to_owned(), b"application/x-www-form-urlencoded".to_vec()),
    ];
    send(app.address(), "POST", DEAUTHORIZE, &headers, body.as_bytes()).await
}

/// Whether an answer has been through the middlewares of others.
fn has_been_among_others(answer: &Response) -> bool {
    !answer.all("access-control-allow-origin").is_empty()
}

async fn works_among_others(adapter: &impl Mounts, mounting: Mounting, are_outside: bool) {
    let settings = Settings::new().configure(|builder| builder.deauthorize_path(DEAUTHORIZE));
    let app = start(adapter, mounting, settings).await;
    shows_a_login(&app, "").await;
    let unzipped = app.raw("GET", "/long", &[]).await;
    assert!(unzipped.text().starts_with("long long"), "{mounting:?}");
    let zip = ("accept-encoding", "gzip");
    let zipped = app.raw("GET", "/long", &[zip]).await;
    assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{mounting:?}");
    assert!(zipped.body.len() < unzipped.body.len() && has_been_among_others(&zipped));
    // They see the crate's own answers when they are outside.
    let page = app.raw("GET", CALLBACK, &[("accept", "text/html"), zip]).await;
    assert_eq!(page.status, 400);
    assert_eq!(has_been_among_others(&page), are_outside, "{}", page.describe());
    assert_eq!(!page.all("content-encoding").is_empty(), are_outside);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    // A body limit of others is one more, and it is theirs to answer.
    let answer = deauthorize(&app, 0).await;
    assert_eq!(answer.status, 200, "{}", answer.describe());
    let answer = deauthorize(&app, BODY_LIMIT).await;
    assert_eq!(answer.status, if are_outside { 413 } else { 200 }, "{}", answer.describe());
}

pub async fn a_login_works_with_middlewares_of_others_outside(adapter: &impl Mounts) {
    works_among_others(adapter, Mounting::Outside { patience: PATIENCE }, true).await;
}

pub async fn a_login_works_with_middlewares_of_others_inside(adapter: &impl Mounts) {
    works_among_others(adapter, Mounting::Inside { patience: PATIENCE }, false).await;
}

/// Holds a login back after the exchange, until it is opened.
struct Gate(Arc<Semaphore>);

impl Hooks for Gate {
    async fn on_login(&self, _: Login) -> Result<LoginDecision, HookError> {
        self.0.acquire().await.map_err(|_| HookError::new("closed"))?.forget();
        Ok(LoginDecision::accept())
    }
}

/// A timeout that fires on the app's page, and on the callback only if it is outside the crate's
/// middleware.
async fn meets_a_timeout(adapter: &impl Mounts, mounting: Mounting, is_outside: bool) {
    let open = Arc::new(Semaphore::new(0));
    let gate = Gate(Arc::clone(&open));
    let app = start(adapter, mounting, Settings::new().configure(|to| to.hooks(gate))).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let mut other = browser.clone();
    let landing = tokio::spawn(async move { other.step(&callback).await });
    assert_eq!(app.raw("GET", "/never", &[]).await.status, 504, "the app's page is given up");
    if is_outside {
        assert_eq!(landing.await.unwrap().status, 504, "so is our callback");
        open.add_permits(1);
    } else {
        open.add_permits(1);
        let landed = landing.await.unwrap();
        assert_eq!((landed.status, sessions(&landed)), (303, 1), "{}", landed.describe());
    }
    assert_eq!(app.raw("GET", LOGIN, &[]).await.status, 303, "nothing is blocked");
}

pub async fn a_timeout_outside_gives_our_callback_up(adapter: &impl Mounts) {
    let patience = Duration::from_millis(20);
    meets_a_timeout(adapter, Mounting::Outside { patience }, true).await;
}

pub async fn a_timeout_inside_is_the_apps_alone(adapter: &impl Mounts) {
    let patience = Duration::from_millis(20);
    meets_a_timeout(adapter, Mounting::Inside { patience }, false).await;
}

async fn read_until(stream: &mut TcpStream, read: &mut Vec<u8>, end: &str) {
    let reading = async {
        while !read.ends_with(end.as_bytes()) {
            read.push(stream.read_u8().await.expect("more"));
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{end:?} never came"));
}

pub async fn an_endless_answer_arrives_as_it_is_made(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    let session = browser.jar.named("ig_session")[0].clone();
    // With a session and without, which are two states of the answer's future.
    for cookie in [String::new(), format!("cookie: {}={}\r\n", session.name, session.value)] {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        let head = format!("GET /events HTTP/1.1\r\nhost: x\r\n{cookie}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        read_until(&mut stream, &mut read, "one").await;
        for _ in 0..2 {
            // The next part is not even made before the last one has arrived.
            assert_eq!(app.raw("GET", "/events/next", &[]).await.text(), "asked");
            read_until(&mut stream, &mut read, "next").await;
        }
    }
}

pub async fn a_connection_that_switches_protocols_is_the_apps(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    // The one protocol that actix switches to.
    let head = "GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    read_until(&mut stream, &mut read, "\r\n\r\n").await;
    assert!(read.starts_with(b"HTTP/1.1 101"), "{}", read.escape_ascii());
    for word in ["ping", "\u{0}\u{1}\r\n"] {
        stream.write_all(word.as_bytes()).await.unwrap();
        read_until(&mut stream, &mut read, word).await;
    }
}
