//! The flow in-process: hooks, links, bindings, keys, and what happens when tasks are lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ig_oauth_common::adapter::Begin;
use ig_oauth_common::hooks::{
    DeletionStatus, Denial, Failure, HookError, Hooks, Login, LoginDecision, LoginStart,
    LoginStartDecision, Logout, Reply,
};
use ig_oauth_common::http::{
    HttpRequest, HttpResponse, Randomness, RandomnessUnavailable, SystemRandomness,
};
use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{AuthErrorKind, LoginContext, LoginOptions, Scope, Timestamp, UserId};
use support::{CODE, Site, body, header, state_of};

const CALLBACK: &str = "/auth/instagram/callback";
const LOGIN: &str = "/auth/instagram/login";
const LOGOUT: &str = "/auth/instagram/logout";

/// The calls of the hooks, and their decisions.
#[derive(Clone, Default)]
struct Recorder {
    told: Arc<Mutex<Vec<String>>>,
    refuse_start: bool,
    refuse_login: bool,
    fail: bool,
    panic: bool,
    accept_since: Arc<Mutex<u64>>,
}

impl Recorder {
    fn tell(&self, what: impl Into<String>) {
        self.told.lock().unwrap().push(what.into());
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

impl Hooks for Recorder {
    async fn before_login(&self, start: LoginStart) -> Result<LoginStartDecision, HookError> {
        self.tell(format!("start {} {:?}", start.return_to, start.app_data));
        if self.fail {
            return Err(HookError::new("the database is away"));
        }
        Ok(if self.refuse_start {
            LoginStartDecision::refuse()
        } else {
            LoginStartDecision::proceed()
        })
    }

    async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
        let user_id = login.token.user_id();
        self.tell(format!("login {user_id} {} {:?}", login.return_to, login.app_data));
        assert!(!self.panic, "this hook panics");
        if self.refuse_login {
            return Ok(LoginDecision::refuse());
        }
        let decision = LoginDecision::accept().redirect_to("/welcome?new=1");
        decision.and_then(|decision| decision.with_cookie("app=1; Path=/")).map_err(HookError::new)
    }

    async fn on_denied(&self, denial: Denial) -> Option<Reply> {
        self.tell(format!("denied {:?} {:?}", denial.reason, denial.description));
        Some(Reply::text(200, "as you like").unwrap())
    }

    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        assert_eq!(failure.id.len(), 16);
        self.tell(format!("failure {:?} {}", failure.kind, failure.detail));
        None
    }

    async fn on_logout(&self, logout: Logout) {
        self.tell(format!("logout {:?}", logout.user_id.as_ref().map(UserId::as_str)));
    }

    async fn accepts(&self, _: &UserId, started_at: Timestamp) -> Result<bool, HookError> {
        Ok(started_at.unix_seconds() >= *self.accept_since.lock().unwrap())
    }
}

fn with_hooks(hooks: &Recorder) -> Site {
    // Behind an `Arc` they are the same hooks.
    let hooks = Arc::new(hooks.clone());
    Site::with(|builder| builder.shared_hooks(hooks))
}

fn is_failure(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status(), status, "{}", body(reply));
    assert!(body(reply).contains(code), "{}", body(reply));
}

#[tokio::test]
async fn hooks_see_a_login_from_start_to_end() {
    let hooks = Recorder::default();
    let mut site = with_hooks(&hooks);
    site.context = Some(LoginContext::unbound().with_app_data(*b"plan").unwrap());
    let state = site.start("?return_to=/inbox").await;
    site.context = None;
    let reply = site.call_back(&state).await;
    assert_eq!(header(&reply, "location"), Some("/welcome?new=1#"));
    assert_eq!(site.cookies.get("app").map(String::as_str), Some("1"));
    assert!(site.is_logged_in().await);
    let told = hooks.told();
    let data = b"plan";
    assert_eq!(told[0], format!("start /inbox {data:?}"));
    assert_eq!(told[1], format!("login 17841458366137975 /inbox {data:?}"));
    let reply = site.send("POST", LOGOUT, &[]).await;
    assert_eq!(reply.status(), 303);
    assert_eq!(hooks.told(), ["logout Some(\"17841458366137975\")"]);
    assert!(!site.is_logged_in().await);
}

#[tokio::test]
async fn a_hook_can_refuse_a_start_and_a_login_and_nothing_is_kept() {
    let hooks = Recorder { refuse_start: true, ..Recorder::default() };
    let mut site = with_hooks(&hooks);
    is_failure(&site.get(LOGIN).await, 403, "rejected_by_app");
    assert!(site.cookies.is_empty());

    let hooks = Recorder { refuse_login: true, ..Recorder::default() };
    let mut site = with_hooks(&hooks);
    let state = site.start("").await;
    is_failure(&site.call_back(&state).await, 403, "rejected_by_app");
    assert!(site.cookies.is_empty(), "{:?}", site.cookies);

    let hooks = Recorder { fail: true, ..Recorder::default() };
    let mut site = with_hooks(&hooks);
    is_failure(&site.get(LOGIN).await, 500, "hook_failed");
    let told = hooks.told().pop().unwrap();
    assert!(told.contains("Hook") && told.contains("the database is away"), "{told}");
}

#[tokio::test]
async fn a_denial_is_told_only_when_it_is_proven() {
    let hooks = Recorder::default();
    let mut site = with_hooks(&hooks);
    let cancel = "error=access_denied&error_reason=user_denied&error_description=No+thanks%0aFAKE";
    is_failure(&site.get(&format!("{CALLBACK}?{cancel}")).await, 400, "invalid_state");
    let told = hooks.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("failure MissingState"), "{told:?}");
    let state = site.start("").await;
    hooks.told();
    let reply = site.get(&format!("{CALLBACK}?{cancel}&state={state}")).await;
    assert_eq!((reply.status(), body(&reply).as_str()), (200, "as you like"));
    assert_eq!(
        header(&reply, "cache-control"),
        Some("no-store"),
        "a hook's answer is protected too"
    );
    assert_eq!(hooks.told(), ["denied Some(\"user_denied\") Some(\"No thanks FAKE\")"]);
    assert!(site.cookies.is_empty(), "the attempt is over");
}

#[tokio::test]
async fn sessions_from_before_a_moment_can_be_refused() {
    let hooks = Recorder::default();
    let mut site = with_hooks(&hooks);
    site.log_in().await;
    assert!(site.is_logged_in().await);
    site.clock.advance(10);
    *hooks.accept_since.lock().unwrap() = support::START + 5;
    assert!(!site.is_logged_in().await, "logged out everywhere");
    site.log_in().await;
    assert!(site.is_logged_in().await);
}

#[tokio::test]
async fn every_kind_of_provider_error_carries_its_cause_to_the_hook() {
    let hooks = Recorder::default();
    let mut site = with_hooks(&hooks);
    let invalid_app = r#"{"error_type":"OAuthException","code":400,
        "error_message":"Invalid platform app"}"#;
    site.provider.answers(400, invalid_app);
    let state = site.start("").await;
    is_failure(&site.call_back(&state).await, 500, "provider_rejected");
    let told = hooks.told().pop().unwrap();
    assert!(told.contains("failure ProviderRejected"), "{told}");
    assert!(told.contains("perhaps it is the Meta app id"), "the cure is named: {told}");
}

#[tokio::test]
async fn a_login_link_carries_options_for_ten_minutes() {
    let mut site = Site::with(|builder| builder.after_login("/default"));
    let options = LoginOptions::new()
        .return_to("/inbox")
        .force_reauth(true)
        .scopes([Scope::InstagramBusinessManageMessages]);
    let link = site.flow.login_url(&options, None).unwrap();
    let reply = site.get(&link).await;
    let location = header(&reply, "location").unwrap().to_owned();
    assert!(location.contains("&force_reauth=true&"), "{location}");
    let scopes = "scope=instagram_business_basic%2Cinstagram_business_manage_messages&";
    assert!(location.contains(scopes), "{location}");
    let state = state_of(&reply);
    let reply = site.call_back(&state).await;
    assert_eq!(header(&reply, "location"), Some("/inbox#"));
    let (token, _) = site.session(&[]).await;
    // The answer said nothing about scopes, so those asked for were granted (RFC 6749, 5.1).
    let token = token.unwrap();
    assert!(token.has_scope(&Scope::InstagramBusinessManageMessages) && !token.scopes_reported());

    site.clock.advance(10 * 60 + 1);
    let old = site.get(&link).await;
    assert_eq!((old.status(), header(&old, "set-cookie")), (200, None), "nothing has started");
    assert!(body(&old).contains("href=\"/auth/instagram/login?options="), "{}", body(&old));
    assert!(!body(&old).contains(link.split_once('=').unwrap().1), "the button is signed anew");
    for bad in [format!("{link}A"), format!("{LOGIN}?options=x"), link.replace("s=A", "s=B")] {
        let page = site.get(&bad).await;
        assert_eq!(page.status(), 200, "{bad}");
        assert!(body(&page).contains("href=\"/auth/instagram/login\""), "{}", body(&page));
        assert_eq!(header(&page, "set-cookie"), None, "nothing has started");
    }
    for options in [
        LoginOptions::new().return_to("//evil.example"),
        LoginOptions::new().return_to("https://evil.example/"),
        LoginOptions::new().return_to(LOGIN),
        LoginOptions::new().scopes([Scope::UserProfile]),
    ] {
        assert!(site.flow.login_url(&options, None).is_err(), "{options:?}");
    }
}

#[tokio::test]
async fn a_request_cannot_change_the_authorization_request() {
    let mut site = Site::new();
    let hostile =
        "client_id=e&redirect_uri=https://evil.example&scope=x&response_type=token&state=AAAA";
    let reply = site.get(&format!("{LOGIN}?{hostile}")).await;
    let location = header(&reply, "location").unwrap();
    assert!(!location.contains("evil") && !location.contains("AAAA"), "{location}");
    for name in ["client_id=", "redirect_uri=", "scope=", "response_type=", "&state="] {
        assert_eq!(location.matches(name).count(), 1, "{name} in {location}");
    }
}

fn bound(user: &str) -> Option<LoginContext> {
    Some(LoginContext::bound_to(user).with_app_data(user.as_bytes()).unwrap())
}

#[tokio::test]
async fn a_bound_attempt_starts_by_post_or_by_its_own_link_only() {
    let mut site = Site::new();
    site.context = bound("anna");
    let page = site.get(&format!("{LOGIN}?return_to=/inbox")).await;
    assert_eq!(page.status(), 200, "a foreign page's link starts nothing");
    assert!(body(&page).contains("method=\"post\""), "{}", body(&page));
    assert_eq!(header(&page, "set-cookie"), None);
    let posted = site.send("POST", LOGIN, &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(posted.status(), 303);
    let foreign = site.send("POST", LOGIN, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(foreign.status(), 403);

    let link = site.flow.login_url(&LoginOptions::new(), site.context.as_ref()).unwrap();
    assert_eq!(site.get(&link).await.status(), 303);
    site.context = bound("berta");
    let page = site.get(&link).await;
    assert_eq!((page.status(), header(&page, "set-cookie")), (200, None), "another's link");
    site.context = None;
    assert_eq!(site.get(&link).await.status(), 200, "and nobody's");
}

#[tokio::test]
async fn a_bound_attempt_ends_for_the_same_user_only() {
    let hooks = Recorder::default();
    let mut site = with_hooks(&hooks);
    let start = async |site: &mut Site| {
        site.context = bound("anna");
        let reply = site.send("POST", LOGIN, &[]).await;
        state_of(&reply)
    };
    // The cross-site callback comes without the app's strict cookie: one page of this site between.
    let state = start(&mut site).await;
    site.context = None;
    let bounce = site.call_back(&state).await;
    assert_eq!(bounce.status(), 200);
    let again = format!("{CALLBACK}?code={CODE}&amp;state={state}&amp;hop=1");
    assert!(body(&bounce).contains(&format!("content=\"0;url={again}\"")), "{}", body(&bounce));
    assert_eq!(site.provider.calls(), 0, "nothing is consumed");
    site.context = bound("anna");
    let reply = site.get(&again.replace("&amp;", "&")).await;
    assert_eq!(reply.status(), 303, "{}", body(&reply));
    assert!(hooks.told().iter().any(|told| told.starts_with("login") && told.contains("97, 110")));

    for context in [None, bound("berta")] {
        let state = start(&mut site).await;
        site.context = context;
        let reply = site.get(&format!("{CALLBACK}?code={CODE}&state={state}&hop=1")).await;
        is_failure(&reply, 400, "invalid_state");
        assert!(hooks.told().iter().any(|told| told.starts_with("failure WrongContext")));
    }
    assert_eq!(site.provider.calls(), 1);
}

const OLD: &str = "an obviously fake cookie secret: the old";
const NEW: &str = "an obviously fake cookie secret: the new";

#[tokio::test]
async fn rotating_the_cookie_secret_loses_nobody() {
    let mut before = Site::with(|builder| builder.cookie_secrets([OLD]));
    before.log_in().await;
    let state = before.start("").await;
    let session = before.cookies.clone();

    let mut after = before.restarted(|builder| builder.cookie_secrets([NEW, OLD]));
    let (token, lines) = after.session(&[]).await;
    assert!(token.is_some());
    assert_eq!(lines.len(), 2, "re-sealed with the new secret: {lines:?}");
    let reply = after.call_back(&state).await;
    assert_eq!(reply.status(), 303, "an attempt under way ends well");

    // The old secret goes.
    let mut last = after.restarted(|builder| builder.cookie_secrets([NEW]));
    assert!(last.is_logged_in().await);
    last.cookies = session;
    let (token, lines) = last.session(&[]).await;
    assert!(token.is_none(), "what was never re-sealed is logged out");
    assert!(lines.is_empty(), "but not removed: another instance may know the secret");
    last.log_in().await;
    assert!(last.is_logged_in().await);
}

#[tokio::test]
async fn rotating_the_app_secret_can_lose_nobody_too() {
    let mut before = Site::new();
    before.log_in().await;
    let provider = before.provider.clone();
    let rotated = "FAKE-rotated-app-secret-MARKER-0123456789";
    let config =
        ig_oauth_common::Config::builder("990602627938098", rotated, support::REDIRECT_URI)
            .earlier_client_secrets([support::CLIENT_SECRET])
            .clock(before.clock.clone())
            .http_client(|_: HttpRequest| async { Ok(HttpResponse::new(500, Vec::new())) })
            .build()
            .unwrap();
    let mut after = Site {
        flow: ig_oauth_common::Flow::new(config),
        provider,
        clock: before.clock.clone(),
        cookies: before.cookies.clone(),
        context: None,
    };
    assert!(after.is_logged_in().await);
}

#[tokio::test]
async fn a_cookie_waits_while_the_answer_may_be_cached() {
    let mut site = Site::new();
    site.provider.answers(
        200,
        r#"{"access_token":"FAKE","user_id":1,"permissions":["instagram_business_basic"]}"#,
    );
    site.log_in().await;
    let good = site.cookies.clone();
    let name = good.keys().next().unwrap().clone();
    for (caching, expected) in [
        (None, &["set-cookie", "cache-control"][..]),
        (Some("private, max-age=60"), &["set-cookie"]),
        (Some("no-store"), &["set-cookie"]),
        (Some("public, max-age=60"), &[]),
        (Some("max-age=60"), &[]),
    ] {
        let mut broken = good.clone();
        broken.get_mut(&name).unwrap().push('A');
        site.cookies = broken;
        let answer: Vec<_> = caching.map(|value| ("cache-control", value)).into_iter().collect();
        let (token, lines) = site.session(&answer).await;
        assert!(token.is_none());
        let names: Vec<_> = lines.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, expected, "{caching:?}");
    }
}

#[tokio::test]
async fn a_logged_out_session_is_not_brought_back_by_a_late_renewal() {
    let mut site = Site::with(|builder| builder.long_lived(ig_oauth_common::LongLived::Off));
    site.log_in().await;
    // The token's hour is the session's life here, so a tenth of the idle life never passes; a
    // rotated secret makes the renewal due.
    let mut site = Site::restarted(&site, |builder| builder.cookie_secrets([NEW]));
    site.log_in().await;
    let mut site = site.restarted(|builder| builder.cookie_secrets([OLD, NEW]));
    let lines = site.header_lines(&[]);
    let request = site.flow.attach(&support::Lines(&lines));
    assert!(request.token().await.unwrap().is_some());
    assert_eq!(site.send("POST", LOGOUT, &[]).await.status(), 303);
    assert_eq!(
        request.finish(&support::Lines(&support::private())),
        [],
        "no cookie after the logout"
    );
}

/// Random bytes that repeat where a test wants it.
struct Scripted(Mutex<Vec<Vec<u8>>>);

impl Randomness for Scripted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        let mut script = self.0.lock().unwrap();
        let next = script.iter().position(|next| next.len() == bytes.len());
        match next.map(|next| script.remove(next)) {
            Some(next) => bytes.copy_from_slice(&next),
            None => SystemRandomness::new().fill(bytes)?,
        }
        Ok(())
    }
}

/// The cookie's name holds eight characters of the state, so two attempts can share it.
#[tokio::test]
async fn states_that_begin_alike_are_told_apart() {
    let (mut one, mut other) = (vec![7; 32], vec![7; 32]);
    (one[31], other[31]) = (1, 2);
    let script = Scripted(Mutex::new(vec![one, other]));
    let mut site = Site::with(|builder| builder.randomness(script));
    let first = site.start("").await;
    let second = site.start("").await;
    assert_eq!(first[..8], second[..8]);
    assert_ne!(first, second);
    assert_eq!(site.cookies.len(), 1, "the second took the first one's place");
    let cookies = site.cookies.clone();
    is_failure(&site.call_back(&first).await, 400, "invalid_state");
    assert_eq!(site.provider.calls(), 0);
    site.cookies = cookies;
    assert_eq!(site.call_back(&second).await.status(), 303);
}

#[tokio::test]
async fn a_used_callback_stays_used_while_others_come_in() {
    let mut site = Site::new();
    let first = site.start("").await;
    let attempt = site.cookies.clone();
    assert_eq!(site.call_back(&first).await.status(), 303);
    for _ in 0..10 {
        site.clock.advance(30);
        site.log_in().await;
    }
    let calls = site.provider.calls();
    site.cookies = attempt;
    is_failure(&site.call_back(&first).await, 400, "code_rejected");
    assert_eq!(site.provider.calls(), calls);
}

/// A proxy at `/shop` strips its prefix: the browser knows paths that this server never sees.
#[tokio::test]
async fn behind_a_prefix_every_path_of_ours_has_it_once() {
    let clock = Site::new().clock;
    let provider = support::Provider::new();
    let uri = "https://app.example/shop/auth/instagram/callback";
    let site = Site::new();
    let secret = support::CLIENT_SECRET;
    let config = ig_oauth_common::Config::builder("990602627938098", secret, uri)
        .public_prefix("/shop")
        .after_login("/shop/home")
        .long_lived(ig_oauth_common::LongLived::Off)
        .http_client(support::answering(&provider))
        .clock(clock)
        .build()
        .unwrap();
    let mut site = Site { flow: ig_oauth_common::Flow::new(config), provider, ..site };
    assert_eq!(site.flow.login_path(), "/shop/auth/instagram/login");
    assert_eq!(site.flow.logout_path(), "/shop/auth/instagram/logout");

    let lines = site.header_lines(&[("accept", "text/html")]);
    let lines = support::Lines(&lines);
    let request =
        ig_oauth_common::adapter::Request::new("GET", "/inbox", &lines).with_query(Some("x=1"));
    let attached = site.flow.attach(&lines);
    let reply = attached.require(&attached.caller(&request)).await.unwrap_err();
    let login = "/shop/auth/instagram/login?return_to=%2Fshop%2Finbox%3Fx%3D1";
    assert_eq!(header(&reply, "location"), Some(login));

    let start = site.get(login.strip_prefix("/shop").unwrap()).await;
    let sent = header(&start, "location").unwrap();
    assert!(sent.contains("redirect_uri=https%3A%2F%2Fapp.example%2Fshop%2Fauth%2F"), "{sent}");
    let reply = site.call_back(&state_of(&start)).await;
    assert_eq!(header(&reply, "location"), Some("/shop/inbox?x=1#"));
    // The crate's own routes are not accepted as `return_to`, not even by their public names.
    let start = site.get(&format!("{LOGIN}?return_to=%2Fshop{LOGIN}")).await;
    let reply = site.call_back(&state_of(&start)).await;
    assert_eq!(header(&reply, "location"), Some("/shop/home#"));
    let page = site.get(CALLBACK).await;
    assert!(body(&page).contains("href=\"/shop/auth/instagram/login\""), "{}", body(&page));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_does_not_keep_a_login_waiting_for_ever() {
    struct Hanging;
    impl Hooks for Hanging {
        async fn on_denied(&self, _: Denial) -> Option<Reply> {
            std::future::pending().await
        }
    }
    let mut site = Site::with(|builder| builder.hooks(Hanging));
    let state = site.start("").await;
    let reply = site.get(&format!("{CALLBACK}?error=access_denied&state={state}")).await;
    is_failure(&reply, 500, "hook_failed");
    assert!(site.cookies.is_empty());
}

#[tokio::test]
async fn a_hook_that_panics_fails_one_login_and_no_more() {
    let hooks = Recorder { panic: true, ..Recorder::default() };
    let mut site = with_hooks(&hooks);
    let state = site.start("").await;
    let reply = site.call_back(&state).await;
    is_failure(&reply, 503, "provider_unavailable");
    assert!(site.cookies.is_empty(), "the attempt is over, and there is no session");
    let state = site.start("").await;
    is_failure(&site.call_back(&state).await, 503, "provider_unavailable");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_ends_with_the_deadline() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut site = Site::with(|builder| {
        builder.callback_deadline(Duration::from_secs(3)).http_client(move |_: HttpRequest| {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::pending()
        })
    });
    let state = site.start("").await;
    let before = tokio::time::Instant::now();
    let reply = site.call_back(&state).await;
    is_failure(&reply, 503, "provider_unavailable");
    assert_eq!(header(&reply, "retry-after"), Some("5"));
    assert_eq!(before.elapsed(), Duration::from_secs(3));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn without_a_runtime_there_is_an_answer_and_no_panic() {
    let mut site = Site::new();
    let Begin::Done(reply) = site.begin("GET", LOGIN, &[]) else { panic!("no hook, no job") };
    site.take_cookies(&reply);
    let state = state_of(&reply);
    let Begin::Job(job) = site.begin("GET", &format!("{CALLBACK}?code={CODE}&state={state}"), &[])
    else {
        panic!("a job")
    };
    let mut running = Box::pin(job.run());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(reply) = running.as_mut().poll(&mut cx) else { panic!("at once") };
    is_failure(&reply, 500, "internal_error");
}

#[test]
fn without_a_runtime_the_status_of_a_deletion_is_an_error_and_no_panic() {
    let store = MemoryStore::new();
    let site = Site::with(|builder| {
        let builder =
            builder.store(store).cookie_secrets(["an obviously fake cookie secret, long"]);
        builder.platform_callbacks()
    });
    let code = "0".repeat(64);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut reporting = Box::pin(site.flow.report_deletion(&code, DeletionStatus::Done));
    let std::task::Poll::Ready(told) = reporting.as_mut().poll(&mut cx) else { panic!("at once") };
    assert_eq!(told.unwrap_err().kind(), AuthErrorKind::Internal);
    let target = format!("/auth/instagram/data-deletion?code={code}");
    let Begin::Job(job) = site.begin("GET", &target, &[]) else { panic!("a job") };
    let mut running = Box::pin(job.run());
    let std::task::Poll::Ready(reply) = running.as_mut().poll(&mut cx) else { panic!("at once") };
    assert_eq!(reply.status(), 500, "{}", support::body(&reply));
}

#[test]
fn the_errors_and_their_codes_are_those_of_the_contract() {
    for (code, status, kinds) in [
        ("access_denied", 403, &[AuthErrorKind::Denied][..]),
        (
            "invalid_request",
            400,
            &[
                AuthErrorKind::Malformed,
                AuthErrorKind::DuplicateParameter,
                AuthErrorKind::MissingCode,
                AuthErrorKind::Oversize,
            ],
        ),
        (
            "invalid_state",
            400,
            &[
                AuthErrorKind::MissingState,
                AuthErrorKind::MissingAttempt,
                AuthErrorKind::BadSignature,
                AuthErrorKind::Expired,
                AuthErrorKind::WrongContext,
            ],
        ),
        ("code_rejected", 400, &[AuthErrorKind::CodeRejected, AuthErrorKind::TokenInvalid]),
        ("missing_permission", 403, &[AuthErrorKind::MissingPermission]),
        ("provider_rejected", 500, &[AuthErrorKind::ProviderRejected]),
        (
            "provider_unavailable",
            503,
            &[
                AuthErrorKind::AuthorizationUnavailable,
                AuthErrorKind::Unreachable,
                AuthErrorKind::TimedOut,
                AuthErrorKind::MalformedAnswer,
                AuthErrorKind::OversizeAnswer,
                AuthErrorKind::Redirected,
                AuthErrorKind::Throttled,
                AuthErrorKind::Busy,
            ],
        ),
        ("store_unavailable", 503, &[AuthErrorKind::Store]),
        ("rejected_by_app", 403, &[AuthErrorKind::RejectedByApp]),
        ("hook_failed", 500, &[AuthErrorKind::Hook]),
        ("forbidden_context", 403, &[AuthErrorKind::ForbiddenContext]),
        ("login_required", 401, &[AuthErrorKind::LoginRequired, AuthErrorKind::TokenDead]),
        ("invalid_signed_request", 400, &[AuthErrorKind::SignedRequest]),
        ("method_not_allowed", 405, &[AuthErrorKind::MethodNotAllowed]),
        ("request_timeout", 408, &[AuthErrorKind::RequestTimeout]),
        ("payload_too_large", 413, &[AuthErrorKind::PayloadTooLarge]),
        ("unsupported_media_type", 415, &[AuthErrorKind::UnsupportedMediaType]),
        ("too_early", 425, &[AuthErrorKind::TooEarly]),
        ("prefetch", 503, &[AuthErrorKind::Prefetch]),
        ("middleware_missing", 500, &[AuthErrorKind::MiddlewareMissing]),
        (
            "internal_error",
            500,
            &[
                AuthErrorKind::AccountUnreadable,
                AuthErrorKind::OversizeSession,
                AuthErrorKind::Internal,
            ],
        ),
    ] {
        let with_code: Vec<_> = AuthErrorKind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.code().as_str() == code)
            .collect();
        assert_eq!(with_code, kinds, "{code}");
        assert!(kinds.iter().all(|kind| kind.status() == status), "{code}");
    }
}

#[tokio::test]
async fn a_code_of_1024_bytes_fits_and_a_longer_one_does_not() {
    for (bytes, status) in [(1_024, 303), (1_025, 400)] {
        let mut site = Site::new();
        let state = site.start("").await;
        let code = "c".repeat(bytes);
        let reply = site.get(&format!("{CALLBACK}?code={code}&state={state}")).await;
        assert_eq!(reply.status(), status, "{bytes} bytes: {}", body(&reply));
        assert_eq!(site.provider.calls(), usize::from(status == 303));
    }
}

/// RFC 6749, appendix A.7, and a length that logs can bear.
#[tokio::test]
async fn an_error_of_the_window_is_believed_only_when_well_formed() {
    let longest = "e".repeat(256);
    let longer = "e".repeat(257);
    for (error, status, code) in [
        ("invalid_scope", 400, "authorization_rejected"),
        ("!~[]#", 400, "authorization_rejected"),
        (&*longest, 400, "authorization_rejected"),
        (&*longer, 400, "invalid_request"),
        ("", 400, "invalid_request"),
        ("a\"b", 400, "invalid_request"),
        ("a\\b", 400, "invalid_request"),
        ("a\nb", 400, "invalid_request"),
        ("\u{e4}", 400, "invalid_request"),
    ] {
        let mut site = Site::new();
        let state = site.start("").await;
        let escaped: String = error.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let reply = site.get(&format!("{CALLBACK}?error={escaped}&state={state}")).await;
        is_failure(&reply, status, code);
    }
}

/// A store failure is not answered as "no session".
#[tokio::test]
async fn a_soft_landing_that_nobody_can_decide_is_an_error_of_its_own_kind() {
    struct Away(Arc<AtomicUsize>);
    impl Hooks for Away {
        async fn accepts(&self, _: &UserId, _: Timestamp) -> Result<bool, HookError> {
            let away = self.0.load(Ordering::SeqCst) == 1;
            if away { Err(HookError::new("the database is away")) } else { Ok(true) }
        }
    }
    let away = Arc::new(AtomicUsize::new(0));
    let mut site = Site::with(|builder| builder.hooks(Away(Arc::clone(&away))));
    site.log_in().await;
    let state = "A".repeat(43);
    let target = format!("{CALLBACK}?code={CODE}&state={state}");
    assert_eq!(site.get(&target).await.status(), 303);
    away.store(1, Ordering::SeqCst);
    is_failure(&site.get(&target).await, 500, "hook_failed");
}

/// The largest that fits has 3,072 bytes with its name.
#[tokio::test]
async fn a_session_cookie_of_3072_bytes_fits_and_a_larger_one_does_not() {
    let names: Vec<_> = (0..5).map(|index| format!("{}_{index}", "s".repeat(60))).collect();
    let scopes = format!("instagram_business_basic,{}", names.join(","));
    let mut largest = 0;
    let mut refused = false;
    for bytes in 1_600..2_000 {
        let mut site = Site::new();
        let token = "t".repeat(bytes);
        site.provider.answers(
            200,
            format!(r#"{{"access_token":"{token}","user_id":1,"permissions":"{scopes}"}}"#),
        );
        let state = site.start("").await;
        let reply = site.call_back(&state).await;
        if reply.status() == 303 {
            assert!(!refused, "{bytes} bytes fit after fewer did not");
            let (name, value) = site.cookies.iter().next().unwrap();
            largest = name.len() + value.len();
        } else {
            refused = true;
        }
    }
    assert!(refused);
    assert_eq!(largest, 3_072);
}

#[tokio::test]
async fn what_could_not_be_said_once_is_asked_again_for_the_same_request() {
    #[derive(Clone, Default)]
    struct Away(Arc<AtomicUsize>);
    impl Hooks for Away {
        async fn accepts(&self, _: &UserId, _: Timestamp) -> Result<bool, HookError> {
            let away = self.0.load(Ordering::SeqCst) == 1;
            if away { Err(HookError::new("the database is away")) } else { Ok(true) }
        }
    }
    let away = Away::default();
    let hooks = away.clone();
    let mut site = Site::with(|builder| builder.hooks(hooks));
    site.log_in().await;
    let lines = site.header_lines(&[]);
    let lines = support::Lines(&lines);
    let asked = ig_oauth_common::adapter::Request::new("GET", "/", &lines);
    let request = site.flow.attach(&lines);
    let caller = request.caller(&asked);
    assert!(request.optional(&caller).await.unwrap().is_some());

    away.0.store(1, Ordering::SeqCst);
    let request = site.flow.attach(&lines);
    let reply = request.optional(&caller).await.unwrap_err();
    assert_eq!(reply.status(), 500);
    // A handler that looks again finds out.
    away.0.store(0, Ordering::SeqCst);
    assert!(request.optional(&caller).await.unwrap().is_some());
    assert!(request.has_session_cookie());
    assert!(!site.flow.attach(&support::Lines(&[])).has_session_cookie());
}
