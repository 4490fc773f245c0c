//! The database dies and comes back in the middle of traffic.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ig_oauth_conformance::browser::{Browser, Response};
use ig_oauth_conformance::harness::{Adapter, App, Settings};

use crate::engine::{COOKIE_SECRET, Engine};

/// Requests of each phase that are waited for.
const ENOUGH: usize = 200;

/// Visitors at a time.
const VISITORS: usize = 8;

const PHASES: [&str; 3] = ["before", "during", "after"];

/// An app on this store, and a browser that is logged in to it.
pub async fn logged_in(adapter: &impl Adapter, engine: &Engine) -> (App, Browser) {
    let store = engine.store().await;
    let settings = Settings::new()
        .configure(move |builder| builder.store(store).cookie_secrets([COOKIE_SECRET]));
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
}

impl Tally {
    fn note(&self, began: usize, outcome: &'static str) {
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
        // A page for everybody: "anonymous" here would be the lie that an outage must not tell.
        let page = if turn % 2 == 0 { "/me" } else { "/" };
        let answer = browser.step(&format!("{origin}{page}")).await;
        tally.note(began, outcome(&answer, &user_id));
        let plain = browser.step(&format!("{origin}/plain")).await;
        assert_eq!((plain.status, plain.text().as_str()), (200, "plain"));
        tally.note(began, "plain");
    }
    panic!("the test does not come to its end");
}

/// Killed and started again under load: 503 while it is gone, and everybody known before and after.
pub async fn a_database_that_dies_and_returns(
    adapter: &impl Adapter,
    engine: &mut Engine,
    name: &str,
) {
    let (app, browser) = logged_in(adapter, engine).await;
    let (tally, user_id) = (Arc::new(Tally::default()), app.user_id());
    let visitors: Vec<_> = (0..VISITORS)
        .map(|_| {
            let (origin, tally) = (app.origin.clone(), Arc::clone(&tally));
            tokio::spawn(visit(origin, browser.clone(), user_id.clone(), tally))
        })
        .collect();
    tally.enough(0).await;
    // Between the phases nobody can say which of the two a request met.
    tally.enter(10);
    engine.kill();
    tally.enter(1);
    tally.enough(1).await;
    let stranger = Browser::new().step(&app.url("/")).await;
    assert_eq!(stranger.text(), "anonymous", "a stranger needs no store");
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

/// While the database hangs, a request that needs no token is not slowed by those that do.
pub async fn a_database_that_hangs_slows_nobody_else(adapter: &impl Adapter, engine: &Engine) {
    let Engine::Redis(server) = engine else { panic!("only Redis can be made to hang") };
    let (app, browser) = logged_in(adapter, engine).await;
    server.pause();
    let waiting = {
        let (mut browser, me) = (browser.clone(), app.url("/me"));
        tokio::spawn(async move { browser.step(&me).await })
    };
    for _ in 0..50 {
        let plain = browser.clone().step(&app.url("/plain")).await;
        assert_eq!(plain.text(), "plain");
    }
    assert!(!waiting.is_finished(), "it waits for the database all along");
    server.resume();
    assert_eq!(waiting.await.unwrap().status, 200);
}
