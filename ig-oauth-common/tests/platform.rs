//! Deauthorizations and data deletions: late, repeated, concurrent, and during failures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::{
    DataDeletion, Deauthorization, DeletionStatus, HookError, Hooks, Reply,
};
use ig_oauth_common::store::{AccountKey, MemoryStore, Store};
use ig_oauth_common::{AuthErrorKind, Flow, Timestamp, UserId};
use ig_oauth_fake_instagram::FakeInstagram;
use support::yielding::Yielding;
use support::{CLIENT_SECRET, START, Site, body, header};
use tokio::sync::Notify;

const CLIENT_ID: &str = "990602627938098";
const DEAUTHORIZE: &str = "/auth/instagram/deauthorize";
const DELETION: &str = "/auth/instagram/data-deletion";
const FORM: [(&str, &str); 2] =
    [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
const SECRET: &str = "an obviously fake cookie secret for tests";
const NEW_SECRET: &str = "another obviously fake cookie secret";
const USER: u64 = 17_841_458_366_137_975;

/// The work of a hook before it answers.
type During = Box<dyn Fn(String) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

#[derive(Default)]
struct Inner {
    /// The ids of each call.
    told: Mutex<Vec<Vec<String>>>,
    codes: Mutex<Vec<String>>,
    during: Mutex<Option<Arc<During>>>,
}

#[derive(Clone, Default)]
struct Told(Arc<Inner>);

impl Told {
    fn times(&self) -> usize {
        self.0.told.lock().unwrap().len()
    }

    fn last(&self) -> Vec<String> {
        self.0.told.lock().unwrap().last().cloned().unwrap_or_default()
    }

    fn during<F: Future<Output = ()> + Send + 'static>(
        &self,
        work: impl Fn(String) -> F + Send + Sync + 'static,
    ) {
        let work: During = Box::new(move |code| Box::pin(work(code)));
        *self.0.during.lock().unwrap() = Some(Arc::new(work));
    }

    fn quiet(&self) {
        *self.0.during.lock().unwrap() = None;
    }

    async fn hear(&self, ids: &[UserId], code: String) {
        self.0.told.lock().unwrap().push(ids.iter().map(ToString::to_string).collect());
        let during = self.0.during.lock().unwrap().clone();
        if let Some(during) = during {
            during(code).await;
        }
    }
}

impl Hooks for Told {
    async fn on_deauthorize(&self, told: Deauthorization) -> Result<(), HookError> {
        self.hear(&told.user_ids, String::new()).await;
        Ok(())
    }

    async fn on_data_deletion(&self, told: DataDeletion) -> Result<DeletionStatus, HookError> {
        let code = told.confirmation_code.to_owned();
        self.0.codes.lock().unwrap().push(code.clone());
        self.hear(&told.user_ids, code).await;
        Ok(DeletionStatus::Queued)
    }
}

fn site(told: &Told, store: &Arc<MemoryStore>) -> Site {
    // Behind an `Arc` they are the same hooks.
    let (told, store) = (Arc::new(told.clone()), Arc::clone(store));
    Site::with(|builder| {
        builder.platform_callbacks().shared_hooks(told).shared_store(store).cookie_secrets([SECRET])
    })
}

/// Another instance, or the same after a restart.
fn instance(of: &Site, told: &Told, store: &Arc<MemoryStore>, secrets: &[&'static str]) -> Site {
    let (told, store) = (told.clone(), Arc::clone(store));
    of.restarted(|builder| {
        builder
            .platform_callbacks()
            .hooks(told)
            .shared_store(store)
            .cookie_secrets(secrets.to_vec())
    })
}

fn request(user: u64, issued_at: u64) -> String {
    let payload =
        format!(r#"{{"algorithm":"HMAC-SHA256","issued_at":{issued_at},"user_id":"{user}"}}"#);
    FakeInstagram::sign(&payload, CLIENT_SECRET)
}

async fn post(site: &Site, path: &str, signed: &str) -> Reply {
    match site.begin("POST", path, &FORM) {
        Begin::Form(form) => {
            let mut chunk = Some(Ok::<_, ()>(format!("signed_request={signed}").into_bytes()));
            form.run(move |_| Poll::Ready(chunk.take())).await
        }
        Begin::Done(reply) => reply,
        Begin::Job(job) => job.run().await,
    }
}

fn code_in(reply: &Reply) -> String {
    assert_eq!(reply.status(), 200, "{}", body(reply));
    let answer: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
    answer["confirmation_code"].as_str().unwrap().to_owned()
}

async fn page(site: &mut Site, code: &str) -> String {
    body(&site.get(&format!("{DELETION}?code={code}")).await)
}

fn later(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(START + seconds)
}

async fn is_kept(store: &MemoryStore) -> bool {
    let key = AccountKey::new(CLIENT_ID, UserId::from(USER));
    store.account(&key, later(0)).await.unwrap().is_some()
}

#[tokio::test]
async fn a_late_or_repeated_request_leaves_a_newer_connection() {
    for path in [DEAUTHORIZE, DELETION] {
        let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
        let mut site = site(&told, &store);
        site.log_in().await;
        let another_browser = site.cookies.clone();
        let removed = request(USER, START);
        if path == DEAUTHORIZE {
            assert_eq!(post(&site, path, &removed).await.status(), 200);
            assert!(!site.is_logged_in().await);
        }
        // The user connects again before the request comes, or comes again.
        site.clock.advance(300);
        site.cookies.clear();
        site.log_in().await;
        assert_eq!(post(&site, path, &removed).await.status(), 200);
        assert!(is_kept(&store).await, "{path}");
        assert!(site.is_logged_in().await, "{path}: the new session stays");
        site.cookies = another_browser;
        assert!(!site.is_logged_in().await, "{path}: one from before does not");
        // The removal of the new connection is another request.
        assert_eq!(post(&site, path, &request(USER, START + 300)).await.status(), 200);
        assert!(!is_kept(&store).await, "{path}");
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    for (ahead, is_forgotten) in [(60, true), (61, false)] {
        let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
        let mut site = site(&told, &store);
        site.clock.advance(ahead);
        site.log_in().await;
        assert_eq!(post(&site, DEAUTHORIZE, &request(USER, START)).await.status(), 200);
        assert_eq!(is_kept(&store).await, !is_forgotten, "{ahead}");
    }
}

#[tokio::test]
async fn the_hook_is_told_every_id_that_was_known() {
    let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&told, &store);
    site.log_in().await;
    let key = AccountKey::new(CLIENT_ID, UserId::from(USER));
    let mut account = store.account(&key, later(0)).await.unwrap().unwrap();
    account.further_ids = vec![UserId::from(7), UserId::from(8)];
    store.put_account(account, None).await.unwrap();
    assert_eq!(post(&site, DEAUTHORIZE, &request(8, START)).await.status(), 200);
    assert_eq!(told.last(), ["8".to_owned(), USER.to_string(), "7".to_owned()]);
    // Who is not known goes by the posted id alone.
    assert_eq!(post(&site, DEAUTHORIZE, &request(9, START)).await.status(), 200);
    assert_eq!(told.last(), ["9"]);
}

#[tokio::test]
async fn what_a_fast_queue_reports_is_not_overwritten() {
    let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&told, &store);
    let flow: Flow = site.flow.clone();
    told.during(move |code| {
        let flow = flow.clone();
        // Before the hook has returned, and so before anything is written down.
        async move { assert!(flow.report_deletion(&code, DeletionStatus::Done).await.unwrap()) }
    });
    let code = code_in(&post(&site, DELETION, &request(USER, START)).await);
    assert!(page(&mut site, &code).await.contains("has been deleted"));
    // The status stays, whichever report is late.
    assert!(site.flow.report_deletion(&code, DeletionStatus::Queued).await.unwrap());
    assert!(page(&mut site, &code).await.contains("has been deleted"));
    // A second attempt of a failed deletion receives its own failure too.
    let flow: Flow = site.flow.clone();
    told.during(move |code| {
        let flow = flow.clone();
        async move { assert!(flow.report_deletion(&code, DeletionStatus::Failed).await.unwrap()) }
    });
    let code = code_in(&post(&site, DELETION, &request(USER, START - 1)).await);
    assert!(page(&mut site, &code).await.contains("could not be deleted"));
    site.clock.advance(1);
    assert_eq!(code_in(&post(&site, DELETION, &request(USER, START - 1)).await), code);
    assert!(page(&mut site, &code).await.contains("could not be deleted"));
    assert_eq!(told.times(), 3);
}

#[tokio::test]
async fn a_report_changes_the_page_and_needs_a_code_of_ours() {
    let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&told, &store);
    let code = code_in(&post(&site, DELETION, &request(USER, START)).await);
    assert!(page(&mut site, &code).await.contains("is being deleted"));
    for (status, text) in [
        (DeletionStatus::Failed, "could not be deleted"),
        (DeletionStatus::Queued, "is being deleted"),
        (DeletionStatus::Done, "has been deleted"),
    ] {
        assert!(site.flow.report_deletion(&code, status).await.unwrap());
        assert!(page(&mut site, &code).await.contains(text), "{text}");
    }
    let mut made_up = code.clone();
    let last = if made_up.pop() == Some('0') { '1' } else { '0' };
    made_up.push(last);
    for code in [made_up.as_str(), "", "x", &code[1..]] {
        assert!(!site.flow.report_deletion(code, DeletionStatus::Done).await.unwrap());
    }
    // After a restart, and after the record was lost.
    let mut restarted = instance(&site, &told, &store, &[SECRET]);
    assert!(page(&mut restarted, &code).await.contains("has been deleted"));
    let empty = Arc::new(MemoryStore::new());
    let mut restarted = instance(&site, &told, &empty, &[SECRET]);
    assert!(page(&mut restarted, &code).await.contains("is not kept here"));
    assert!(restarted.flow.report_deletion(&code, DeletionStatus::Failed).await.unwrap());
    assert!(page(&mut restarted, &code).await.contains("could not be deleted"));
    // Without a store there is nowhere to report to.
    let bare = site.restarted(ig_oauth_common::ConfigBuilder::platform_callbacks);
    let refused = bare.flow.report_deletion(&code, DeletionStatus::Done).await;
    assert_eq!(refused.unwrap_err().kind(), AuthErrorKind::Store);
}

#[tokio::test(start_paused = true)]
async fn the_same_request_at_once_is_told_once() {
    let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
    let one = site(&told, &store);
    let other = instance(&one, &told, &store, &[SECRET]);
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&go_on));
    told.during(move |_| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            tell.notify_one();
            wait.notified().await;
        }
    });
    let signed = request(USER, START);
    let first = post(&one, DELETION, &signed);
    let second = async {
        begun.notified().await;
        let mut waiting = std::pin::pin!(post(&other, DELETION, &signed));
        // While the first request is running, the second calls no hook and confirms nothing.
        let early = tokio::time::timeout(Duration::from_secs(1), &mut waiting).await;
        assert!(early.is_err(), "{early:?}");
        go_on.notify_one();
        waiting.await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(code_in(&first), code_in(&second));
    assert_eq!(told.times(), 1);
}

#[tokio::test]
async fn a_request_keeps_its_code_while_keys_rotate() {
    let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
    let old = site(&told, &store);
    let signed = request(USER, START);
    let code = code_in(&post(&old, DELETION, &signed).await);
    let mut rotated = instance(&old, &told, &store, &[NEW_SECRET, SECRET]);
    assert_eq!(code_in(&post(&rotated, DELETION, &signed).await), code);
    assert_eq!(told.times(), 1, "told once");
    assert!(page(&mut rotated, &code).await.contains("is being deleted"));
    // A code of a key that is no longer configured is known as long as its record exists.
    let mut later = instance(&old, &told, &store, &[NEW_SECRET]);
    assert!(later.flow.report_deletion(&code, DeletionStatus::Done).await.unwrap());
    assert!(page(&mut later, &code).await.contains("has been deleted"));
}

#[tokio::test]
async fn a_status_is_kept_for_180_days() {
    const DAY: u64 = 24 * 60 * 60;
    let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&told, &store);
    let code = code_in(&post(&site, DELETION, &request(USER, START)).await);
    site.clock.advance(179 * DAY);
    assert!(page(&mut site, &code).await.contains("is being deleted"));
    site.clock.advance(2 * DAY);
    assert!(page(&mut site, &code).await.contains("is not kept here"), "known, and no more");
}

#[tokio::test]
async fn no_part_of_a_code_can_be_made_up() {
    let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
    let mut site = site(&told, &store);
    let code = code_in(&post(&site, DELETION, &request(USER, START)).await);
    let other = code_in(&post(&site, DELETION, &request(USER + 1, START)).await);
    let (_, tag) = code.split_at(32);
    let (unsigned, other_tag) = other.split_at(32);
    assert_ne!(tag, other_tag);
    assert!(page(&mut site, &format!("{unsigned}{tag}")).await.contains("No such request"));
}

#[tokio::test]
async fn without_a_store_the_code_is_the_same_and_the_page_honest() {
    let told = Told::default();
    let hooks = told.clone();
    let mut site = Site::with(|builder| builder.platform_callbacks().hooks(hooks));
    let signed = request(USER, START);
    let code = code_in(&post(&site, DELETION, &signed).await);
    assert_eq!(code_in(&post(&site, DELETION, &signed).await), code);
    // The same text again is the same request: the hook is called once.
    assert_eq!(*told.0.codes.lock().unwrap(), std::slice::from_ref(&code));
    assert!(page(&mut site, &code).await.contains("is not kept here"));
    let restarted = Site::with(ig_oauth_common::ConfigBuilder::platform_callbacks);
    let mut restarted = Site { cookies: Default::default(), ..restarted };
    assert!(page(&mut restarted, &code).await.contains("is not kept here"));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_or_hangs_confirms_nothing_and_is_told_again() {
    for path in [DEAUTHORIZE, DELETION] {
        let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
        let site = site(&told, &store);
        let signed = request(USER, START);
        let refused = |reply: &Reply| {
            assert_eq!(reply.status(), 500, "{}", body(reply));
            assert!(body(reply).contains("hook_failed"), "{}", body(reply));
        };
        told.during(|_| async { panic!("the hook's own bug") });
        refused(&post(&site, path, &signed).await);
        told.during(|_| std::future::pending());
        let begun = tokio::time::Instant::now();
        refused(&post(&site, path, &signed).await);
        assert_eq!(begun.elapsed(), Duration::from_secs(20));
        told.quiet();
        let begun = tokio::time::Instant::now();
        assert_eq!(post(&site, path, &signed).await.status(), 200);
        assert!(begun.elapsed() < Duration::from_secs(1), "nothing is left locked");
        assert_eq!(told.times(), 3);
    }
}

/// The queue that the hook filled can report its job before the hook has failed.
#[tokio::test(start_paused = true)]
async fn what_a_queue_took_before_its_hook_failed_is_told_again() {
    for (reported, is_told_again) in [
        (DeletionStatus::Queued, true),
        (DeletionStatus::Failed, true),
        (DeletionStatus::Done, false),
    ] {
        for hangs in [false, true] {
            let (told, store) = (Told::default(), Arc::new(MemoryStore::new()));
            let mut site = site(&told, &store);
            let flow: Flow = site.flow.clone();
            told.during(move |code| {
                let flow = flow.clone();
                async move {
                    assert!(flow.report_deletion(&code, reported).await.unwrap());
                    if hangs {
                        std::future::pending::<()>().await;
                    }
                    panic!("after the job was queued");
                }
            });
            let signed = request(USER, START);
            let refused = post(&site, DELETION, &signed).await;
            assert_eq!(refused.status(), 500, "{}", body(&refused));
            let code = told.0.codes.lock().unwrap()[0].clone();
            let text = if is_told_again { "could not be deleted" } else { "has been deleted" };
            assert!(page(&mut site, &code).await.contains(text), "{reported:?} {hangs}");
            told.quiet();
            assert_eq!(code_in(&post(&site, DELETION, &signed).await), code);
            assert_eq!(told.times(), 1 + usize::from(is_told_again), "{reported:?} {hangs}");
            let text = if is_told_again { "is being deleted" } else { "has been deleted" };
            assert!(page(&mut site, &code).await.contains(text), "{reported:?} {hangs}");
        }
    }
}

/// It reads from a replica, say, and writes elsewhere.
#[tokio::test]
async fn a_store_that_still_reads_what_it_forgot_is_not_asked_for_ever() {
    for path in [DEAUTHORIZE, DELETION] {
        let store = Yielding::default();
        let kept = store.clone();
        let mut site = Site::with(|builder| {
            let builder = builder.callback_deadline(Duration::from_secs(2));
            builder.platform_callbacks().store(kept).cookie_secrets([SECRET])
        });
        site.log_in().await;
        store.0.lags.store(true, Ordering::SeqCst);
        let reply = post(&site, path, &request(USER, START)).await;
        assert_eq!(reply.status(), 503, "{}", body(&reply));
        assert!(body(&reply).contains("store_unavailable"), "{}", body(&reply));
        assert_eq!(store.0.forgettings.load(Ordering::SeqCst), 4, "{path}");
    }
}

#[tokio::test]
async fn a_refused_call_of_the_provider_speaks_of_no_login() {
    let site = Site::with(|builder| builder.platform_callbacks().failure_url("/oops"));
    let page = [("content-type", FORM[0].1), ("accept", "text/html")];
    let Begin::Form(form) = site.begin("POST", DEAUTHORIZE, &page) else { panic!() };
    let mut chunk = Some(Ok::<_, ()>(b"signed_request=x".to_vec()));
    let reply = form.run(move |_| Poll::Ready(chunk.take())).await;
    let mut replies = vec![(reply, 400)];
    for (method, headers, status) in [
        ("POST", [("content-type", "text/plain"), ("accept", "text/html")], 415),
        ("GET", [("sec-fetch-mode", "navigate"), ("accept", "text/html")], 405),
        ("POST", [("content-type", "text/plain"), ("accept", "application/json")], 415),
    ] {
        let Begin::Done(reply) = site.begin(method, DEAUTHORIZE, &headers) else { panic!() };
        replies.push((reply, status));
    }
    let kinds: Vec<_> = replies.iter().map(|(reply, _)| header(reply, "content-type")).collect();
    let (html, json) = (Some("text/html; charset=utf-8"), Some("application/json"));
    assert_eq!(kinds, [html, html, html, json]);
    for ((reply, _), words) in replies.iter().zip([
        "It is not signed as Instagram signs",
        "Only a form is read here",
        "This address is for Instagram",
        "Only a form is read here",
    ]) {
        assert!(body(reply).contains(words), "{words}: {}", body(reply));
    }
    for (reply, status) in replies {
        assert_eq!((reply.status(), header(&reply, "location")), (status, None));
        let text = body(&reply).to_lowercase();
        assert!(!text.contains("log in") && !text.contains("logged in"), "{text}");
        assert!(!text.contains("/auth/instagram/login"), "{text}");
    }
}
