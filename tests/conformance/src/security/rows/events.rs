//! Section 6: what is logged of a refusal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::Response;
use crate::harness::{Adapter, Sessions, Settings};
use ig_oauth_common::hooks::{
    Denial, Failure, HookError, Hooks, Login, LoginDecision, LoginStart, LoginStartDecision, Reply,
};
use ig_oauth_common::http::{Randomness, RandomnessUnavailable, SystemRandomness};
use ig_oauth_common::{AuthErrorKind, LongLived};
use ig_oauth_fake_instagram::{Endpoint, Fault};

use crate::security::faults::{Failures, login_against};
use crate::security::log;
use crate::security::site::{CALLBACK, LOGIN, Site};
use crate::security::switched_store::SwitchedStore;

pub async fn e_10_log_lines_cannot_be_forged(adapter: &impl Adapter) {
    log::capture();
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let query = format!(
        "error=access_denied&error_description=a%0aFORGEDLINE%1b[31m&state={}",
        attempt.state
    );
    site.call_back(&query, &attempt.cookie()).await;
    let message = r"a\nFORGEDLINE\u001b[31m";
    let body =
        format!(r#"{{"error_type":"OAuthException","code":400,"error_message":"{message}"}}"#);
    site.app.provider.set_fault_times(Endpoint::CodeExchange, Fault::json(400, body), 1);
    let attempt = site.start("").await;
    site.finish(&attempt).await;
    let lines = log::lines();
    assert!(lines.iter().any(|line| line.contains("FORGEDLINE")), "the message is in the log");
    for line in lines.iter().filter(|line| line.contains("FORGEDLINE")) {
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

/// An app that refuses certain users, with its own page or with the crate's.
#[derive(Clone, Default)]
struct Doorkeeper {
    failures: Failures,
    words: Arc<AtomicBool>,
    refuse_start: Arc<AtomicBool>,
    refuse_login: Arc<AtomicBool>,
    fail: Arc<AtomicBool>,
}

impl Doorkeeper {
    fn words(&self) -> Option<Reply> {
        self.words.load(Ordering::SeqCst).then(|| Reply::text(403, "not you").unwrap())
    }
}

impl Hooks for Doorkeeper {
    async fn before_login(&self, _: LoginStart) -> Result<LoginStartDecision, HookError> {
        Ok(match (self.refuse_start.load(Ordering::SeqCst), self.words()) {
            (false, _) => LoginStartDecision::proceed(),
            (true, None) => LoginStartDecision::refuse(),
            (true, Some(reply)) => LoginStartDecision::refuse_with(reply),
        })
    }

    async fn on_login(&self, _: Login) -> Result<LoginDecision, HookError> {
        if self.fail.load(Ordering::SeqCst) {
            return Err(HookError::new("the database is away"));
        }
        Ok(match (self.refuse_login.load(Ordering::SeqCst), self.words()) {
            (false, _) => LoginDecision::accept(),
            (true, None) => LoginDecision::refuse(),
            (true, Some(reply)) => LoginDecision::refuse_with(reply),
        })
    }

    async fn on_denied(&self, _: Denial) -> Option<Reply> {
        self.words()
    }

    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        self.failures.on_failure(failure).await
    }
}

/// The event of a refusal: one, of that kind, under the id that the page shows.
fn is_told(page: &Response, kind: AuthErrorKind) {
    assert_eq!(page.status, kind.status(), "{kind:?}: {}", page.describe());
    let text = page.text();
    let is_id = |word: &&str| word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let id = text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_id).expect("an id");
    let events: Vec<_> = log::lines().into_iter().filter(|line| line.contains(id)).collect();
    let [event] = &events[..] else { panic!("{kind:?}: {events:?}") };
    assert!(event.contains(&format!("kind={kind:?}")), "{event}");
}

pub async fn e_11_every_refusal_leaves_one_event_with_an_id(adapter: &impl Adapter) {
    use AuthErrorKind::*;
    log::capture();
    let hooks = Doorkeeper::default();
    let store = SwitchedStore::new();
    let settings = {
        let (hooks, store) = (hooks.clone(), store.clone());
        Settings::new()
            .sessions(Sessions::Store)
            .configure(|builder| builder.hooks(hooks).store(store).long_lived(LongLived::Off))
    };
    let site = Site::with(adapter, settings).await;
    let told = |page: &Response, kind| {
        is_told(page, kind);
        let failure = hooks.failures.all().pop().unwrap();
        assert_eq!(failure.kind, kind);
        assert!(page.text().contains(&failure.id), "the hook has the page's id");
    };
    // Before anything is proven.
    let huge = "a=".to_owned() + &"a".repeat(10_000);
    for (query, kind) in [
        ("", MissingCode),
        ("code=a", MissingState),
        ("code=a&state=b", MissingAttempt),
        ("code=a&code=b", DuplicateParameter),
        ("code=%zz", Malformed),
        (&huge, Oversize),
    ] {
        told(&site.call_back(query, "").await, kind);
    }
    let attempt = site.start("").await;
    let query = format!("code=a&state={}", attempt.state);
    let target = format!("{CALLBACK}?{query}");
    for (method, header, kind) in [
        ("POST", ("x", "x"), MethodNotAllowed),
        ("GET", ("sec-fetch-dest", "iframe"), ForbiddenContext),
        ("GET", ("early-data", "1"), TooEarly),
        ("GET", ("purpose", "prefetch"), Prefetch),
    ] {
        let headers = [header, ("cookie", &*attempt.cookie())];
        told(&site.send(method, &target, &headers).await, kind);
    }
    let forged = format!("{}{}", attempt.cookie(), "A");
    told(&site.call_back(&query, &forged).await, BadSignature);
    site.app.advance(Duration::from_secs(11 * 60));
    told(&site.call_back(&query, &attempt.cookie()).await, Expired);
    // What the provider says.
    let no = |message: &str| {
        let body = r#"{"error_type":"OAuthException","code":400,"error_message":"#;
        Fault::json(400, format!("{body}\"{message}\"}}"))
    };
    for (fault, kind) in [
        (no("Invalid authorization code"), CodeRejected),
        (no("Invalid platform app"), ProviderRejected),
        (Fault::ResetAfterRequest, Unreachable),
        (Fault::json(200, "{}"), MalformedAnswer),
        (Fault::json(200, " ".repeat(70_000)), OversizeAnswer),
        (Fault::Redirect { status: 307, location: "/x".to_owned() }, Redirected),
        (Fault::Throttled { minutes: 1 }, Throttled),
        (
            Fault::json(200, r#"{"access_token":"FAKE","user_id":1,"permissions":[]}"#),
            MissingPermission,
        ),
    ] {
        told(&login_against(&site, fault).await, kind);
    }
    // What the store and the app say.
    let callback = async || {
        let attempt = site.start("").await;
        (format!("code={}&state={}", site.code(), attempt.state), attempt.cookie())
    };
    let (query, cookie) = callback().await;
    store.set_off(true);
    told(&site.call_back(&query, &cookie).await, Store);
    store.set_off(false);
    for (switch, kind) in [(&hooks.fail, Hook), (&hooks.refuse_login, RejectedByApp)] {
        let (query, cookie) = callback().await;
        switch.store(true, Ordering::SeqCst);
        told(&site.call_back(&query, &cookie).await, kind);
        switch.store(false, Ordering::SeqCst);
    }
    hooks.refuse_start.store(true, Ordering::SeqCst);
    told(&site.get(LOGIN, "").await, RejectedByApp);
    hooks.refuse_start.store(false, Ordering::SeqCst);
    // A denial does not call `on_failure`, and is logged too.
    let cancel = async || {
        let attempt = site.start("").await;
        let query = format!("error=access_denied&state={}", attempt.state);
        site.call_back(&query, &attempt.cookie()).await
    };
    let before = hooks.failures.all().len();
    is_told(&cancel().await, Denied);
    assert_eq!(hooks.failures.all().len(), before);
}

/// Remembers the ids of events, which are the only eight random bytes that are asked for.
#[derive(Clone, Default)]
struct Ids(Arc<Mutex<Vec<String>>>);

impl Randomness for Ids {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        SystemRandomness::new().fill(bytes)?;
        if bytes.len() == 8 {
            let id = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            self.0.lock().unwrap().push(id);
        }
        Ok(())
    }
}

/// The same where a hook answers in its own words, so that no page shows an id.
pub async fn e_11_a_refusal_in_the_apps_own_words_leaves_its_event_too(adapter: &impl Adapter) {
    log::capture();
    let (hooks, ids) = (Doorkeeper::default(), Ids::default());
    hooks.words.store(true, Ordering::SeqCst);
    let settings = {
        let (hooks, ids) = (hooks.clone(), ids.clone());
        Settings::new().configure(|builder| builder.hooks(hooks).randomness(ids))
    };
    let site = Site::with(adapter, settings).await;
    let told = |answer: &Response, kind: AuthErrorKind| {
        assert_eq!((answer.status, answer.text().as_str()), (403, "not you"));
        let ids = std::mem::take(&mut *ids.0.lock().unwrap());
        let [id] = &ids[..] else { panic!("{kind:?}: {} events", ids.len()) };
        let events: Vec<_> = log::lines().into_iter().filter(|line| line.contains(id)).collect();
        let [event] = &events[..] else { panic!("{kind:?}: {events:?}") };
        assert!(event.contains(&format!("kind={kind:?}")), "{event}");
    };
    let call_back = async |query: &str| {
        let attempt = site.start("").await;
        site.call_back(&format!("{query}&state={}", attempt.state), &attempt.cookie()).await
    };
    told(&call_back("error=access_denied").await, AuthErrorKind::Denied);
    hooks.refuse_login.store(true, Ordering::SeqCst);
    told(&call_back(&format!("code={}", site.code())).await, AuthErrorKind::RejectedByApp);
    hooks.refuse_start.store(true, Ordering::SeqCst);
    told(&site.get(LOGIN, "").await, AuthErrorKind::RejectedByApp);
}
