//! Two refreshers in processes of their own, of which one is killed in the middle of a batch.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ig_oauth_common::http::{HttpRequest, HttpResponse};
use ig_oauth_conformance::program::Program;
use ig_oauth_stores::{PostgresStore, RedisStore, SqliteStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::engine::{Engine, Keep};
use crate::refreshers::{AT_ONCE, MANY, UNTIL_DUE, log_in, on, refresher};
use crate::support::Site;
use crate::support::people::People;

/// Where the provider is, for the other process.
const PROVIDER: &str = "TEST_PROVIDER";

/// Refreshes of the doomed process that are answered. Its next ones are not, and then it dies.
const ANSWERED: usize = 250;

/// Refreshes of the other one before that death: it is at work, and leaves something to do.
const MEANWHILE: usize = 250;

/// The length of a lease.
const LEASE: u64 = 5 * 60;

/// What the doomed process does: one pass, with the settings of the other one and a provider that is
/// not in its memory.
pub async fn run() {
    let store = match (env::var("REDIS_URL"), env::var("DATABASE_URL")) {
        (Ok(url), _) => Keep::new(RedisStore::connect(url).await.unwrap()),
        (_, Ok(url)) if url.starts_with("sqlite:") => {
            Keep::new(SqliteStore::open(url).await.unwrap())
        }
        (_, url) => Keep::new(PostgresStore::connect(url.unwrap()).await.unwrap()),
    };
    let provider = env::var(PROVIDER).unwrap();
    let client = move |request: HttpRequest| {
        let provider = provider.clone();
        async move {
            let token = request.url.rsplit_once("access_token=").unwrap().1;
            let mut stream = TcpStream::connect(provider).await.unwrap();
            stream.write_all(format!("{token}\n").as_bytes()).await.unwrap();
            let mut body = Vec::new();
            stream.read_to_end(&mut body).await.unwrap();
            Ok(HttpResponse::new(200, body))
        }
    };
    let site = Site::with(on(client, store));
    site.clock.advance(UNTIL_DUE);
    refresher(&site).run_once().await;
}

/// The people's provider for the other process: it refreshes all that is asked, and answers some.
async fn serve(listener: TcpListener, people: People, asked: Arc<AtomicUsize>) {
    let answers = Arc::new(Semaphore::new(ANSWERED));
    while let Ok((mut stream, _)) = listener.accept().await {
        let (people, asked, answers) = (people.clone(), Arc::clone(&asked), Arc::clone(&answers));
        tokio::spawn(async move {
            let mut token = Vec::new();
            while token.last() != Some(&b'\n') {
                token.push(stream.read_u8().await.unwrap());
            }
            let token = String::from_utf8(token).unwrap();
            let [_, user, number] = token.trim().split('.').collect::<Vec<_>>()[..] else {
                panic!("{token}")
            };
            let next = number.parse::<u32>().unwrap() + 1;
            *people.refreshes.lock().unwrap().entry(user.to_owned()).or_default() += 1;
            asked.fetch_add(1, Ordering::SeqCst);
            // The permit is used: after the last one no request is answered.
            answers.acquire().await.unwrap().forget();
            let token = format!("FAKE.{user}.{next}");
            let body = format!(r#"{{"access_token":"{token}","expires_in":5184000}}"#);
            stream.write_all(body.as_bytes()).await.unwrap();
        });
    }
}

/// Two refreshers run, and one of them is killed after the provider has refreshed tokens for it and
/// before it received them. None of ten thousand is lost, and only those are refreshed twice.
pub async fn with_one_refresher_killed_nothing_is_lost(program: &str, engine: &Engine, name: &str) {
    let gate = Arc::new(Semaphore::new(MEANWHILE));
    let people = People { gate: Some(Arc::clone(&gate)), ..People::default() };
    let mut site = Site::with(on(people.client(), engine.store().await));
    log_in(&mut site, 1..=MANY).await;
    site.clock.advance(UNTIL_DUE);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    tokio::spawn(serve(listener, people.clone(), Arc::clone(&asked)));
    let (variable, url) = engine.environment();
    let doomed = Program::start(program, &[(variable, &url), (PROVIDER, &address)]);
    let until_asked = async |count| {
        let wait = async {
            while asked.load(Ordering::SeqCst) < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), wait).await.expect("it is at work");
    };
    until_asked(1).await;
    let other = refresher(&site);
    let surviving = tokio::spawn(async move { other.run_once().await });
    until_asked(ANSWERED + AT_ONCE).await;
    // Ends the process as a power cut would.
    drop(doomed);
    gate.add_permits(2 * usize::try_from(MANY).unwrap());
    let report = surviving.await.unwrap();
    println!("{name}, the other one went on: {report}");
    assert_eq!(report.failed, 0, "{report}");

    // The leases of the killed refresher expire.
    site.clock.advance(LEASE);
    let report = refresher(&site).run_once().await;
    println!("{name}, after the lease: {report}");
    assert_eq!(report.skipped + report.failed, 0, "{report}");
    assert_eq!(refresher(&site).run_once().await.seen, 0, "none lost");
    let counts = people.counts();
    assert_eq!(counts.len() as u64, MANY);
    assert!(counts.iter().all(|count| (1..=2).contains(count)), "none more than twice");
    let twice = counts.iter().filter(|count| **count == 2).count();
    assert_eq!(twice, AT_ONCE, "only those whose answer the dead one has not seen");
}
