//! The second round, how sessions end: by the app, by the browser, and those that cannot be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::Response;
use crate::harness::{Adapter, Sessions, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ig_oauth_common::http::{Randomness, RandomnessUnavailable, SystemRandomness};
use ig_oauth_common::store::MemoryStore;
use sha2::{Digest as _, Sha256};

use crate::security::log;
use crate::security::site::{Site, removed, session_cookie};
use crate::security::switched_store::SwitchedStore;

const BOTH: [Sessions; 2] = [Sessions::Cookie, Sessions::Store];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const START: u64 = 1_800_000_000;
const SECRET: &str = "an obviously fake cookie secret for tests";
const NEW_SECRET: &str = "another obviously fake cookie secret";

fn removes_session(answer: &Response) -> bool {
    removed(answer).iter().any(|name| name.contains("ig_session"))
}

pub async fn w_19_a_handler_ends_the_session_in_one_line(adapter: &impl Adapter) {
    for sessions in BOTH {
        let site = Site::with(adapter, Settings::new().sessions(sessions)).await;
        let kept = site.log_in().await;
        let session = site.log_in().await;
        let answer = site.get("/leave", &session).await;
        assert_eq!((answer.status, answer.text()), (200, "gone".to_owned()));
        assert!(removes_session(&answer), "{sessions:?}: {}", answer.describe());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        // Immediately and permanently: the old value is not accepted, however late it is sent.
        for later in [Duration::ZERO, Duration::from_secs(120), 10 * DAY] {
            site.app.advance(later);
            let answer = site.get("/me", &session).await;
            assert_eq!(answer.status, 401, "{sessions:?} {later:?}");
            assert!(removes_session(&answer), "{sessions:?}: {}", answer.describe());
        }
        assert_eq!(site.get("/me", &kept).await.status, 200, "the other session of the user");
        assert_eq!(site.get("/me", &site.log_in().await).await.status, 200);

        // What shared caches may keep takes no cookie along. The next answer does.
        let session = site.log_in().await;
        let answer = site.get("/leave-cached", &session).await;
        assert_eq!((answer.status, answer.text()), (200, "gone".to_owned()));
        assert!(answer.all("set-cookie").is_empty(), "{}", answer.describe());
        site.app.advance(DAY);
        let next = site.get("/", &session).await;
        assert_eq!(next.text(), "anonymous", "{sessions:?}");
        assert!(removes_session(&next), "{sessions:?}: {}", next.describe());
    }
    // Where it cannot end, the answer comes in place: `failure_url` is for logins and callbacks.
    let store = SwitchedStore::new();
    let given = store.clone();
    let settings = Settings::new().configure(move |builder| {
        builder.cookie_secrets([SECRET]).store(given).failure_url("/failed")
    });
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    store.set_read_only(true);
    let person = [("accept", "text/html"), ("cookie", session.as_str())];
    let answer = site.send("GET", "/leave", &person).await;
    assert_eq!(answer.status, 503, "{}", answer.describe());
    assert!(answer.header("location").is_none(), "{}", answer.describe());
}

fn line(answer: &Response) -> String {
    let lines = answer.all("set-cookie");
    (*lines.iter().find(|line| line.contains("ig_session")).expect("a session cookie")).to_owned()
}

pub async fn w_21_a_session_can_end_with_the_browser(adapter: &impl Adapter) {
    for sessions in BOTH {
        for ends in [false, true] {
            let settings = Settings::new()
                .sessions(sessions)
                .configure(move |builder| builder.end_with_browser(ends));
            let site = Site::with(adapter, settings).await;
            let attempt = site.start("").await;
            let landed = site.finish(&attempt).await;
            assert_eq!(line(&landed).contains("Max-Age"), !ends, "{}", line(&landed));
            assert!(!line(&landed).to_lowercase().contains("expires"));
            let mut session = session_cookie(&landed).unwrap();
            // In a renewal, too.
            site.app.advance(10 * DAY);
            let renewed = site.get("/me", &session).await;
            assert_eq!(line(&renewed).contains("Max-Age"), !ends, "{}", line(&renewed));
            session = session_cookie(&renewed).unwrap();
            // The inner lifetimes are the same: 14 days without a visit.
            site.app.advance(14 * DAY - Duration::from_secs(1));
            assert_eq!(site.get("/plain", &session).await.status, 200);
            site.app.advance(Duration::from_secs(1));
            assert_eq!(site.get("/me", &session).await.status, 401, "{sessions:?} {ends}");
        }
    }
}

/// Remembers the names that the log may use for sessions: the id for a cookie session, the id's
/// hash for a stored session.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<String>>>);

impl Randomness for Names {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        SystemRandomness::new().fill(bytes)?;
        let name = match bytes.len() {
            16 => URL_SAFE_NO_PAD.encode(&bytes[..6]),
            32 => URL_SAFE_NO_PAD.encode(&Sha256::digest(&*bytes)[..6]),
            _ => return Ok(()),
        };
        self.0.lock().unwrap().push(name);
        Ok(())
    }
}

impl Names {
    /// The lines about these sessions.
    fn lines(&self) -> Vec<String> {
        let names = self.0.lock().unwrap().clone();
        let is_about = |line: &String| names.iter().any(|name| line.contains(name));
        log::lines().into_iter().filter(is_about).collect()
    }
}

pub async fn v_04_a_session_from_the_future_leaves_one_event(adapter: &impl Adapter) {
    log::capture();
    for sessions in BOTH {
        let (store, names) = (Arc::new(MemoryStore::new()), Names::default());
        let with = |secrets: &'static [&'static str], names: Names| {
            let store = Arc::clone(&store);
            Settings::new().configure(move |builder| {
                let builder = builder.cookie_secrets(secrets).randomness(names);
                if sessions == Sessions::Store { builder.shared_store(store) } else { builder }
            })
        };
        let forger = Site::with(adapter, with(&[SECRET], names.clone())).await;
        forger.app.set_app_clock(START + 61);
        let forged = [forger.log_in().await, forger.log_in().await];
        assert_eq!(names.lines(), [""; 0], "to make one is nothing to speak of");
        let site = Site::with(adapter, with(&[NEW_SECRET, SECRET], Names::default())).await;
        for (at, session) in forged.iter().enumerate() {
            for target in ["/me", "/", "/plain", "/me"] {
                site.get(target, session).await;
            }
            let lines = names.lines();
            assert_eq!(lines.len(), at + 1, "{sessions:?}: one for each session: {lines:?}");
            let line = &lines[at];
            assert!(line.starts_with("WARN"), "{line}");
            for words in ["is ignored", "in the future", "clock is behind", "remove that one"] {
                assert!(line.contains(words), "{words}: {line}");
            }
            let value = session.split_once('=').unwrap().1;
            assert!(!line.contains(&value[..16]), "nothing of the cookie: {line}");
        }
    }
}

pub async fn v_04_a_session_from_the_future_is_ignored_and_never_sealed_anew(
    adapter: &impl Adapter,
) {
    for sessions in BOTH {
        let store = Arc::new(MemoryStore::new());
        let with = |secrets: &'static [&'static str]| {
            let store = Arc::clone(&store);
            Settings::new().configure(move |builder| {
                let builder = builder.cookie_secrets(secrets);
                if sessions == Sessions::Store { builder.shared_store(store) } else { builder }
            })
        };
        // Who holds the old secret writes what times they like.
        let forger = Site::with(adapter, with(&[SECRET])).await;
        forger.app.set_app_clock(START + 61);
        let forged = forger.log_in().await;
        let site = Site::with(adapter, with(&[NEW_SECRET, SECRET])).await;
        let genuine = site.log_in().await;
        for target in ["/", "/me", "/"] {
            let answer = site.get(target, &forged).await;
            assert_eq!(answer.status, if target == "/" { 200 } else { 401 }, "{sessions:?}");
            assert!(answer.all("set-cookie").is_empty(), "{sessions:?}: {}", answer.describe());
        }
        // It hides no true session beside it.
        assert_eq!(site.get("/me", &format!("{forged}; {genuine}")).await.status, 200);
        // A minute is what clocks may differ by.
        site.app.set_app_clock(START + 1);
        assert_eq!(site.get("/me", &forged).await.status, 200, "{sessions:?}");

        // A session of today that was seen in the future.
        let forger = Site::with(adapter, with(&[SECRET])).await;
        let session = forger.log_in().await;
        forger.app.set_app_clock(START + 10 * DAY.as_secs());
        let seen = session_cookie(&forger.get("/me", &session).await).unwrap();
        let site = Site::with(adapter, with(&[NEW_SECRET, SECRET])).await;
        let answer = site.get("/me", &seen).await;
        assert_eq!(answer.status, 401, "{sessions:?}");
        assert!(answer.all("set-cookie").is_empty(), "{sessions:?}: {}", answer.describe());
    }
}
