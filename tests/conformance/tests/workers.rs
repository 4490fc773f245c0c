//! actix runs an app on several threads with a runtime each: what one of them began, another ends, and
//! none needs what lives in the runtime of another.
//!
//! A real server with two workers, the real client and a simulated provider. Every answer says which
//! worker it is of.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::future::Future;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use actix_web::dev::Service as _;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App as ActixApp, HttpServer, web};
use ig_oauth_actix::{InstagramOAuth, InstagramToken};
use ig_oauth_common::Config;
use ig_oauth_common::hooks::{HookError, Hooks, Login, LoginDecision};
use ig_oauth_conformance::browser::{Browser, Response, send};
use ig_oauth_conformance::harness::{Adapter, App, Serving, Settings};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How many logins are tried until start and end are on two workers. They take turns, so one is enough
/// unless something else connects.
const TRIES: usize = 20;

/// Lets a worker report that it blocks, and block until the other end is dropped.
#[derive(Clone)]
struct Brake {
    is_blocked: tokio::sync::mpsc::UnboundedSender<()>,
    released: Arc<Mutex<mpsc::Receiver<()>>>,
}

/// Holds a login back after the exchange, until it is opened.
struct Gate(Arc<Semaphore>);

impl Hooks for Gate {
    async fn on_login(&self, _: Login) -> Result<LoginDecision, HookError> {
        self.0.acquire().await.map_err(|_| HookError::new("closed"))?.forget();
        Ok(LoginDecision::accept())
    }
}

/// Serves on two workers, and keeps the middleware for a server besides.
#[derive(Default)]
struct TwoWorkers {
    oauth: Mutex<Option<InstagramOAuth>>,
    brake: Mutex<Option<Brake>>,
    /// How many callbacks are running, counted when they cannot be answered immediately.
    waiting: watch::Sender<usize>,
}

impl Adapter for TwoWorkers {
    fn serve(&self, config: Config, listener: TcpListener) -> Serving {
        let oauth = InstagramOAuth::new(config);
        *self.oauth.lock().unwrap() = Some(oauth.clone());
        serve(oauth, self.brake.lock().unwrap().clone(), self.waiting.clone(), listener)
    }
}

fn serve(
    oauth: InstagramOAuth,
    brake: Option<Brake>,
    waiting: watch::Sender<usize>,
    listener: TcpListener,
) -> Serving {
    Serving::on_its_own_thread(async move |stop| {
        let server = HttpServer::new(move || {
            let (brake, waiting) = (brake.clone(), waiting.clone());
            let block = move |worker: web::Path<String>| {
                let here = *worker == this_worker();
                if let Some(brake) = brake.as_ref().filter(|_| here) {
                    brake.is_blocked.send(()).unwrap();
                    let released = brake.released.lock().unwrap();
                    assert!(released.recv().is_err(), "nothing is ever sent");
                }
                std::future::ready("another worker")
            };
            ActixApp::new()
                .wrap(oauth.clone())
                .wrap_fn(move |request, service| {
                    let waiting = request.path().ends_with("/callback").then(|| waiting.clone());
                    let answer = service.call(request);
                    async {
                        let mut answer = counted(answer, waiting).await?;
                        let worker = HeaderValue::from_str(&this_worker()).unwrap();
                        answer.headers_mut().insert(HeaderName::from_static("x-worker"), worker);
                        Ok(answer)
                    }
                })
                .route("/block/{worker}", web::get().to(block))
                .route(
                    "/me",
                    web::get().to(async |token: InstagramToken| token.user_id().to_string()),
                )
        });
        let server = server.workers(2).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::select! {
            ended = server => ended.unwrap(),
            _ = stop => handle.stop(false).await,
        }
    })
}

/// Counts `answer` when it has been asked for once and is not there yet.
async fn counted<F: Future>(answer: F, mut waiting: Option<watch::Sender<usize>>) -> F::Output {
    let mut answer = std::pin::pin!(answer);
    std::future::poll_fn(|cx| {
        let polled = answer.as_mut().poll(cx);
        if let Some(waiting) = waiting.take().filter(|_| polled.is_pending()) {
            waiting.send_modify(|count| *count += 1);
        }
        polled
    })
    .await
}

fn this_worker() -> String {
    format!("{:?}", thread::current().id()).replace(|letter: char| !letter.is_alphanumeric(), "-")
}

fn worker(answer: &Response) -> String {
    answer.header("x-worker").expect("every answer names its worker").to_owned()
}

/// The same request on four connections, two for each worker, and the first answer of that status.
async fn first_answer(address: &str, target: &str, cookie: &str, status: u16) -> Response {
    let mut answers = JoinSet::new();
    for _ in 0..4 {
        let (address, target) = (address.to_owned(), target.to_owned());
        let headers = vec![
            ("host".to_owned(), address.clone().into_bytes()),
            ("cookie".to_owned(), cookie.as_bytes().to_vec()),
        ];
        answers.spawn(async move { send(&address, "GET", &target, &headers, b"").await });
    }
    while let Some(answer) = answers.join_next().await {
        let answer = answer.expect("an answer");
        if answer.status == status {
            return answer;
        }
    }
    panic!("{target} was answered {status} by no worker");
}

fn cookie(answer: &Response, kind: &str) -> String {
    let line = answer.all("set-cookie").into_iter().find(|line| line.starts_with(kind));
    line.unwrap_or_else(|| panic!("no {kind}: {}", answer.describe()))
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

/// A login at `address`, whatever workers there answer. Gives the last answer.
async fn log_in(app: &App, address: &str) -> Response {
    let start = first_answer(address, "/auth/instagram/login", "", 303).await;
    let window = format!("{}&fake_decision=allow", start.location());
    let decided = Browser::new().step(&window).await;
    let callback = url::Url::parse(decided.location()).unwrap();
    let target = format!("{}?{}", callback.path(), callback.query().unwrap());
    // All but the one that was quickest may come too late to share its answer.
    let landed = first_answer(address, &target, &cookie(&start, "ig_login"), 303).await;
    let me = first_answer(address, "/me", &cookie(&landed, "ig_session"), 200).await;
    assert_eq!(me.text(), app.user_id());
    landed
}

#[tokio::test]
async fn a_login_started_on_one_worker_ends_on_another() {
    let app = App::start(&TwoWorkers::default(), Settings::new()).await;
    for _ in 0..TRIES {
        let mut browser = Browser::new();
        let start = browser.step(&app.login("")).await;
        let window = format!("{}&fake_decision=allow", start.location());
        let callback = browser.step(&window).await.location().to_owned();
        let landed = browser.step(&callback).await;
        assert_eq!(landed.status, 303, "{}", landed.describe());
        let me = browser.step(&app.url("/me")).await;
        assert_eq!(me.text(), app.user_id());
        if worker(&start) != worker(&landed) {
            return;
        }
    }
    panic!("all logins stayed on one worker");
}

#[tokio::test]
async fn fifty_callbacks_across_the_workers_cost_one_exchange() {
    let adapter = TwoWorkers::default();
    let mut waiting = adapter.waiting.subscribe();
    let open = Arc::new(Semaphore::new(0));
    let gate = Gate(Arc::clone(&open));
    let settings = Settings::new().configure(|builder| builder.hooks(gate));
    let app = App::start(&adapter, settings).await;
    let mut browser = Browser::new();
    let callback = app.allowed(&mut browser, "").await;
    let mut answers = JoinSet::new();
    for _ in 0..50 {
        let (mut browser, callback) = (browser.clone(), callback.clone());
        answers.spawn(async move { browser.step(&callback).await });
    }
    tokio::select! {
        waiting = waiting.wait_for(|count| *count == 50) => drop(waiting.expect("the server runs")),
        answer = answers.join_next() => panic!("answered before the login has ended: {answer:?}"),
    }
    open.add_permits(1);
    let answers = answers.join_all().await;
    let workers: BTreeSet<_> = answers.iter().map(worker).collect();
    assert_eq!(workers.len(), 2, "both workers took part");
    assert_eq!(app.exchanges(), 1);
    for answer in &answers {
        assert_eq!(answer.status, 303, "{}", answer.describe());
        assert_eq!(answer.all("set-cookie"), answers[0].all("set-cookie"), "one answer for all");
    }
}

#[tokio::test]
async fn a_worker_exchanges_while_another_that_did_before_is_blocked() {
    let (is_blocked, mut blocked) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = mpsc::channel();
    let brake = Brake { is_blocked, released: Arc::new(Mutex::new(released)) };
    let adapter = TwoWorkers { brake: Mutex::new(Some(brake)), ..TwoWorkers::default() };
    let app = App::start(&adapter, Settings::new()).await;
    // The worker that ended the login is the one that talked to the provider.
    let first = worker(&log_in(&app, app.address()).await);
    let exchanges = app.exchanges();
    let block = format!("/block/{first}");
    let stuck = tokio::spawn({
        let address = app.address().to_owned();
        async move {
            // It is asked again until that worker gets the question, and never answers.
            loop {
                first_answer(&address, &block, "", 200).await;
            }
        }
    });
    blocked.recv().await.expect("the worker blocks");
    let second = log_in(&app, app.address()).await;
    assert_ne!(worker(&second), first, "the other one answered");
    assert!(app.exchanges() > exchanges);
    stuck.abort();
    drop(release);
}

#[tokio::test]
async fn a_worker_exchanges_after_those_that_did_before_have_stopped() {
    let adapter = TwoWorkers::default();
    let app = App::start(&adapter, Settings::new()).await;
    let oauth = adapter.oauth.lock().unwrap().clone().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let others = serve(oauth, None, watch::Sender::default(), listener);
    log_in(&app, &address).await;
    drop(others);
    let exchanges = app.exchanges();
    assert!(exchanges > 0, "the others exchanged");
    log_in(&app, app.address()).await;
    assert!(app.exchanges() > exchanges);
}
