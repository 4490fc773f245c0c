//! The database crashes and restarts during traffic.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ig_oauth_conformance::browser::{Browser, Response};
use ig_oauth_conformance::harness::{Adapter, App, Settings};
use ig_oauth_test_servers::Passage;
use tokio::task::JoinHandle;

use crate::engine::{Engine, Keep, TIMEOUT};

/// Requests of each phase that are waited for.
const ENOUGH: usize = 200;

/// Visitors at a time.
const VISITORS: usize = 8;

/// The longest wait for any answer while the database is down: a missing server is noticed
/// immediately, long before the store's timeout of 20 seconds.
const AT_ONCE: Duration = Duration::from_secs(10);

const PHASES: [&str; 3] = ["before", "during", "after"];

/// An app on this store, and a browser that is logged in to it.
pub async fn logged_in(adapter: &impl Adapter, store: Keep) -> (App, Browser) {
    let settings = Settings::new().configure(move |builder| store.used_by(builder));
    let app = App::start(adapter, settings).await;
    let mut browser = Browser::new();
    app.log_in(&mut browser).await;
    (app, browser)
}

/// What became of the requests: by the phase they began and ended in, and by outcome.
#[derive(Default)]
struct Tally {
    phase: AtomicUsize,
    over: AtomicBool,
    outcomes: Mutex<BTreeMap<(usize, usize, &'static str), usize>>,
    longest: Mutex<Duration>,
}

impl Tally {
    fn note(&self, began: usize, since: Instant, outcome: &'static str) {
        let mut longest = self.longest.lock().unwrap();
        *longest = since.elapsed().max(*longest);
        let ended = self.phase.load(Ordering::SeqCst);
        *self.outcomes.lock().unwrap().entry((began, ended, outcome)).or_default() += 1;
    }

    /// Requests for a token that began and ended within a phase.
    fn within(&self, phase: usize) -> usize {
        let outcomes = self.outcomes.lock().unwrap();
        let counted = outcomes.iter().filter(|((began, ended, outcome), _)| {
            *began == phase && *ended == phase && *outcome != "plain"
        });
        counted.map(|(_, count)| count).sum()
    }

    async fn enough(&self, phase: usize) {
        while self.within(phase) < ENOUGH {
            tokio::task::yield_now().await;
        }
    }

    fn enter(&self, phase: usize) {
        self.phase.store(phase, Ordering::SeqCst);
    }

    fn count(&self, began: usize, ended: usize, outcome: &'static str) -> usize {
        self.outcomes.lock().unwrap().get(&(began, ended, outcome)).copied().unwrap_or(0)
    }
}

/// The kinds of answer there may be; anything else ends the test.
fn outcome(answer: &Response, user_id: &str) -> &'static str {
    match answer.status {
        200 if answer.text().contains(user_id) => "known",
        503 => {
            let text = answer.text();
            assert!(text.contains("store_unavailable"), "{}", answer.describe());
            assert!(answer.all("set-cookie").is_empty(), "nobody is logged out by an outage");
            "unavailable"
        }
        _ => panic!("neither known nor unavailable: {}", answer.describe()),
    }
}

/// Until it is over, and never without end.
async fn visit(origin: String, mut browser: Browser, user_id: String, tally: Arc<Tally>) {
    for turn in 0..200_000 {
        if tally.over.load(Ordering::SeqCst) {
            return;
        }
        let began = tally.phase.load(Ordering::SeqCst);
        // A page for all visitors: "anonymous" would be a wrong answer during an outage.
        let page = if turn % 2 == 0 { "/me" } else { "/" };
        let since = Instant::now();
        let answer = browser.step(&format!("{origin}{page}")).await;
        tally.note(began, since, outcome(&answer, &user_id));
        let since = Instant::now();
        let plain = browser.step(&format!("{origin}/plain")).await;
        assert_eq!((plain.status, plain.text().as_str()), (200, "plain"));
        tally.note(began, since, "plain");
    }
    panic!("the test does not come to its end");
}

/// Killed and restarted under load: 503 while it is down, and all users still logged in afterwards.
pub async fn a_database_that_dies_and_returns(
    adapter: &impl Adapter,
    engine: &mut Engine,
    name: &str,
) {
    let (app, browser) = logged_in(adapter, engine.store().await).await;
    let (tally, user_id) = (Arc::new(Tally::default()), app.user_id());
    let visitors: Vec<_> = (0..VISITORS)
        .map(|_| {
            let (origin, tally) = (app.origin.clone(), Arc::clone(&tally));
            tokio::spawn(visit(origin, browser.clone(), user_id.clone(), tally))
        })
        .collect();
    tally.enough(0).await;
    // Between the phases it is unknown which of the two a request met.
    tally.enter(10);
    engine.kill();
    tally.enter(1);
    tally.enough(1).await;
    let visitor = Browser::new().step(&app.url("/")).await;
    assert_eq!(visitor.text(), "anonymous", "an anonymous visitor needs no store");
    tally.enter(11);
    engine.restart();
    tally.enter(2);
    tally.enough(2).await;
    tally.over.store(true, Ordering::SeqCst);
    for visitor in visitors {
        visitor.await.unwrap();
    }
    for (phase, title) in PHASES.iter().enumerate() {
        println!(
            "{name}, {title}: {} known, {} unavailable, {} without a token",
            tally.count(phase, phase, "known"),
            tally.count(phase, phase, "unavailable"),
            tally.count(phase, phase, "plain"),
        );
    }
    let longest = *tally.longest.lock().unwrap();
    println!("{name}, the longest wait for an answer: {longest:?}");
    assert!(longest < AT_ONCE, "{longest:?}");
    assert_eq!(tally.count(0, 0, "unavailable"), 0);
    assert_eq!(tally.count(1, 1, "known"), 0);
    assert_eq!(tally.count(2, 2, "unavailable"), 0, "no restart of the app is needed");

    // Logins, too: that of an outage ends on a page that says so, and the next one works.
    let mut newcomer = Browser::new();
    let callback = app.allowed(&mut newcomer, "").await;
    engine.kill();
    let failed = newcomer.step(&callback).await;
    assert_eq!(failed.status, 503, "{}", failed.describe());
    assert!(failed.text().contains("store_unavailable"));
    engine.restart();
    app.log_in(&mut newcomer).await;
    assert_eq!(newcomer.step(&app.url("/me")).await.status, 200);
}

/// Requests of that many visitors, all at once, for a page that needs the store.
fn ask_at_once(
    app: &App,
    browser: &Browser,
    visitors: usize,
) -> Vec<JoinHandle<(Response, Duration)>> {
    let ask = |_| {
        let (mut browser, me) = (browser.clone(), app.url("/me"));
        tokio::spawn(async move {
            let since = Instant::now();
            (browser.step(&me).await, since.elapsed())
        })
    };
    (0..visitors).map(ask).collect()
}

/// While the database hangs, requests that need no token are not slowed by a hundred that do.
pub async fn a_database_that_hangs_slows_nobody_else(adapter: &impl Adapter, engine: &Engine) {
    let passage = Passage::open(engine.socket()).await;
    let store = engine.store_through(&passage, TIMEOUT).await;
    let (app, browser) = logged_in(adapter, store).await;
    passage.block();
    let waiting = ask_at_once(&app, &browser, 100);
    for _ in 0..50 {
        let plain = browser.clone().step(&app.url("/plain")).await;
        assert_eq!(plain.text(), "plain");
    }
    let finished = waiting.iter().filter(|request| request.is_finished()).count();
    assert_eq!(finished, 0, "they wait for the database all along");
    passage.lead_to(engine.socket());
    for request in waiting {
        let (answer, _) = request.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.describe());
    }
}

/// A request to a database that hangs fails after the timeout, and all requests succeed as soon as
/// it answers again. However many requests there are, few connections are opened.
pub async fn nobody_waits_longer_than_the_timeout(
    adapter: &impl Adapter,
    engine: &Engine,
    name: &str,
) {
    let passage = Passage::open(engine.socket()).await;
    let store = engine.store_through(&passage, Duration::from_secs(1)).await;
    let (app, browser) = logged_in(adapter, store).await;
    passage.block();
    let before = passage.taken();
    let mut longest = Duration::ZERO;
    for _ in 0..2 {
        for request in ask_at_once(&app, &browser, 100) {
            let (answer, waited) = request.await.unwrap();
            assert_eq!(outcome(&answer, &app.user_id()), "unavailable");
            longest = longest.max(waited);
        }
    }
    let taken = passage.taken() - before;
    println!("{name}: 200 requests while it hangs, {taken} connections, {longest:?} at most");
    assert!(longest < AT_ONCE, "{longest:?}");
    // Some pools of ten: one for each second, and one for those at the turn.
    assert!(taken <= 60, "{taken} connections");
    passage.lead_to(engine.socket());
    let mut answers = Vec::new();
    for request in ask_at_once(&app, &browser, 100) {
        answers.push(request.await.unwrap().0);
    }
    // What was begun while it hung may end one or the other; the next ones are served.
    let known = answers.iter().filter(|answer| outcome(answer, &app.user_id()) == "known").count();
    println!("{name}: {known} of 100 are known as soon as it answers");
    for request in ask_at_once(&app, &browser, 100) {
        assert_eq!(outcome(&request.await.unwrap().0, &app.user_id()), "known");
    }
}
