//! What a provider that hangs costs an app: many callbacks of proven attempts, whose clients hang up.
//!
//! The app, the provider and the clients are processes of their own, so that memory and descriptors can
//! be counted for each. It prints the figures for both adapters, and fails when one is over its bound.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures")]

use std::cell::{Cell, RefCell};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, ExitCode, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ig_oauth_common::Config;
use ig_oauth_conformance::apps::{Actix, Axum};
use ig_oauth_conformance::browser::send;
use ig_oauth_conformance::harness::Adapter as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

const CALLBACKS: usize = 8_000;
const WITHIN: Duration = Duration::from_secs(5);
/// When a client hangs up.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a probe of another page may take before it counts as not answered.
const PROBE: Duration = Duration::from_secs(2);

const MOST_MEMORY_KB: u64 = 40 * 1024;
const MOST_SOCKETS: usize = 64;
const MOST_DESCRIPTORS: usize = 600;

const CALLBACK: &str = "/auth/instagram/callback";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["app", adapter, provider] => {
            app(adapter, provider);
            ExitCode::SUCCESS
        }
        ["provider"] => {
            provider();
            ExitCode::SUCCESS
        }
        _ => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let measured = async {
                let axum = measure("axum").await;
                let actix = measure("actix").await;
                axum && actix
            };
            let holds = LocalSet::new().block_on(&runtime.unwrap(), measured);
            if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

/// Serves until the program that started it has ended.
fn app(adapter: &str, provider: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    println!("{}", listener.local_addr().unwrap());
    let builder = Config::builder("1", "an app secret", format!("https://app.example{CALLBACK}"));
    let config = builder
        .authorize_url(format!("http://{provider}/oauth/authorize"))
        .token_url(format!("http://{provider}/oauth/access_token"))
        .graph_url(format!("http://{provider}/"))
        .cookie_secrets(["an obviously fake cookie secret for tests"])
        .build()
        .unwrap();
    let _serving = match adapter {
        "axum" => Axum.serve(config, listener),
        _ => Actix.serve(config, listener),
    };
    until_alone();
}

/// Accepts everything and answers nothing.
fn provider() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Reading to the end is how it sees that the app has given up.
            std::thread::spawn(move || stream.unwrap().read_to_end(&mut Vec::new()));
        }
    });
    until_alone();
}

fn until_alone() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// A process of this program, which goes with its value.
struct Part {
    child: Child,
    address: String,
}

impl Part {
    fn start(limit: &str, words: &[&str]) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{limit} exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { child, address: address.trim().to_owned() }
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request for the good callback of an attempt of its own.
async fn proven_callback(app: &str) -> Vec<u8> {
    let host = [("host".to_owned(), app.as_bytes().to_vec())];
    let answer = send(app, "GET", "/auth/instagram/login", &host, b"").await;
    let state = answer.location().rsplit_once("&state=").unwrap().1.to_owned();
    let lines = answer.all("set-cookie");
    let cookie = lines.first().unwrap().split(';').next().unwrap();
    format!(
        "GET {CALLBACK}?code=x&state={state} HTTP/1.1\r\nhost: {app}\r\ncookie: {cookie}\r\n\r\n"
    )
    .into_bytes()
}

async fn proven_callbacks(app: &str) -> Vec<Vec<u8>> {
    let made = Rc::new(RefCell::new(Vec::new()));
    let mut makers = JoinSet::new();
    for _ in 0..20 {
        let (app, made) = (app.to_owned(), Rc::clone(&made));
        makers.spawn_local(async move {
            for _ in 0..CALLBACKS / 20 {
                let request = proven_callback(&app).await;
                made.borrow_mut().push(request);
            }
        });
    }
    while makers.join_next().await.is_some() {}
    made.take()
}

/// Sends the callback and hangs up. Whether it was answered before, and by which status.
async fn call_back(app: String, request: Vec<u8>) -> Option<u16> {
    let exchange = async {
        let mut stream = TcpStream::connect(app).await.ok()?;
        stream.write_all(&request).await.ok()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.ok()?;
        std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
    };
    timeout(PATIENCE, exchange).await.ok()?
}

#[derive(Default)]
struct Seen {
    resident_kb: Cell<u64>,
    sockets: Cell<usize>,
    descriptors: Cell<usize>,
    probes: Cell<usize>,
    unanswered: Cell<usize>,
    slowest: Cell<Duration>,
}

impl Seen {
    fn look(&self, app: &Part, provider: &Part, idle_sockets: usize) {
        self.resident_kb.set(self.resident_kb.get().max(app.resident_kb()));
        let sockets = provider.descriptors().saturating_sub(idle_sockets);
        self.sockets.set(self.sockets.get().max(sockets));
        self.descriptors.set(self.descriptors.get().max(app.descriptors()));
    }

    async fn probe(&self, app: &str) {
        let begun = Instant::now();
        let host = [("host".to_owned(), app.as_bytes().to_vec())];
        let answer = timeout(PROBE, send(app, "GET", "/plain", &host, b"")).await;
        self.probes.set(self.probes.get() + 1);
        self.slowest.set(self.slowest.get().max(begun.elapsed()));
        if !answer.is_ok_and(|answer| answer.text() == "plain") {
            self.unanswered.set(self.unanswered.get() + 1);
        }
    }
}

async fn every(pause: Duration, mut act: impl AsyncFnMut()) {
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        act().await;
    }
}

async fn load(app: &str, requests: Vec<Vec<u8>>) -> Vec<Option<u16>> {
    const BATCHES: usize = 500;
    let mut clients = JoinSet::new();
    let mut ticks = interval(WITHIN / u32::try_from(BATCHES).unwrap());
    for batch in requests.chunks(CALLBACKS / BATCHES) {
        ticks.tick().await;
        for request in batch {
            clients.spawn_local(call_back(app.to_owned(), request.clone()));
        }
    }
    let answers = clients.join_all().await;
    // Gives the app a moment for its remaining work.
    sleep(Duration::from_secs(1)).await;
    answers
}

async fn measure(adapter: &str) -> bool {
    let provider = Part::start("", &["provider"]);
    let app = Part::start("ulimit -n 1024;", &["app", adapter, &provider.address]);
    let requests = proven_callbacks(&app.address).await;
    assert_eq!(requests.len(), CALLBACKS);
    let idle_sockets = provider.descriptors();
    let before = app.resident_kb();
    let seen = Seen::default();
    let looking = every(Duration::from_millis(20), async || {
        seen.look(&app, &provider, idle_sockets);
    });
    let probing = every(Duration::from_millis(50), async || seen.probe(&app.address).await);
    let begun = Instant::now();
    let answers = tokio::select! {
        answers = load(&app.address, requests) => answers,
        () = looking => unreachable!("it looks for ever"),
        () = probing => unreachable!("it probes for ever"),
    };
    let took = begun.elapsed().saturating_sub(Duration::from_secs(1));
    let busy = answers.iter().filter(|status| **status == Some(503)).count();
    let hung_up = answers.iter().filter(|status| status.is_none()).count();
    let grown = seen.resident_kb.get().saturating_sub(before);
    println!(
        "{adapter}: {CALLBACKS} callbacks in {:.1} s, {busy} answered 503 in {} ms, {hung_up} hung up \
         before",
        took.as_secs_f64(),
        PATIENCE.as_millis(),
    );
    println!(
        "  resident memory   {before} KB, {grown} KB more at the most (bound {MOST_MEMORY_KB})"
    );
    println!("  to the provider   {} sockets (bound {MOST_SOCKETS})", seen.sockets.get());
    println!(
        "  the app's         {} descriptors (bound {MOST_DESCRIPTORS})",
        seen.descriptors.get()
    );
    println!(
        "  probes of /plain  {}, {} not answered, the slowest took {} ms",
        seen.probes.get(),
        seen.unanswered.get(),
        seen.slowest.get().as_millis(),
    );
    // All places were taken: later callbacks waited or were refused.
    let is_real = seen.probes.get() >= 20 && seen.sockets.get() == MOST_SOCKETS;
    is_real
        && busy + hung_up == CALLBACKS
        && grown < MOST_MEMORY_KB
        && seen.sockets.get() <= MOST_SOCKETS
        && seen.descriptors.get() <= MOST_DESCRIPTORS
        && seen.unanswered.get() == 0
}
