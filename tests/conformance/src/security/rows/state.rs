//! Section 1: the state, how it is made, what it is bound to, how long it lives.

use std::collections::HashSet;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::Browser;
use crate::harness::{Adapter, App, Settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ig_oauth_common::AuthErrorKind;
use ig_oauth_common::hooks::{HookError, Hooks, Login, LoginDecision};
use ig_oauth_fake_instagram::Endpoint;

use super::forgeries::told;
use crate::security::counted_clock::CountedClock;
use crate::security::site::{
    Attempt, CALLBACK, LOGIN, Site, attempt, cookies, is_ok, is_refused, session_cookie,
};

pub async fn s_01_every_login_sends_one_random_state(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let answer = site.get(LOGIN, "").await;
    assert_eq!(answer.location().matches("state=").count(), 1);
    let state = attempt(&answer).state;
    assert_eq!(state.len(), 43, "256 bits in base64url");
    assert!(state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
}

/// Set for a process that a test starts to see the states it makes.
const STATES_WANTED: &str = "IG_OAUTH_TEST_STATES_WANTED";

pub async fn s_02_states_do_not_repeat_and_every_bit_is_fair(adapter: &impl Adapter) {
    const COUNT: usize = 10_000;
    let site = Site::new(adapter).await;
    if std::env::var_os(STATES_WANTED).is_some() {
        return tell_states(&site).await;
    }
    let mut seen = HashSet::new();
    let mut ones = [0_usize; 256];
    for _ in 0..COUNT {
        let attempt = site.start("").await;
        let bytes = URL_SAFE_NO_PAD.decode(&attempt.state).unwrap();
        for (bit, ones) in ones.iter_mut().enumerate() {
            *ones += usize::from(bytes[bit / 8] >> (bit % 8) & 1);
        }
        assert!(seen.insert(attempt.state), "a state came twice");
    }
    // Five standard deviations of a fair coin thrown 10,000 times are 250.
    for (bit, ones) in ones.iter().enumerate() {
        assert!(ones.abs_diff(COUNT / 2) < 250, "bit {bit} is set {ones} of {COUNT} times");
    }
    // Nor do two processes share any, as they would with a seed that is compiled in.
    for _ in 0..2 {
        for state in states_of_a_process(adapter) {
            assert!(seen.insert(state), "two processes made the same state");
        }
    }
}

#[allow(clippy::print_stdout, reason = "the process that started this one reads it")]
async fn tell_states(site: &Site) {
    for _ in 0..20 {
        println!("\nstate: {}", site.start("").await.state);
    }
}

/// Runs this test in a separate process, which prints its first states.
fn states_of_a_process<A: Adapter>(_: &A) -> Vec<String> {
    let adapter = std::any::type_name::<A>().rsplit("::").next().unwrap().to_lowercase();
    let test = format!("{adapter}::state::s_02_states_do_not_repeat_and_every_bit_is_fair");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture"])
        .env(STATES_WANTED, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let states = text.lines().filter_map(|line| line.strip_prefix("state: "));
    let states: Vec<_> = states.map(str::to_owned).collect();
    assert_eq!(states.len(), 20, "{text}");
    states
}

pub async fn s_03_a_callback_in_a_browser_without_the_attempt_is_refused(adapter: &impl Adapter) {
    let (site, kinds) = told(adapter).await;
    let attacker = site.start("").await;
    let query = format!("code={}&state={}", site.code(), attacker.state);
    is_refused(&site.call_back(&query, "").await, "invalid_state");
    assert_eq!(kinds.take(), [AuthErrorKind::MissingAttempt]);
    assert_eq!(site.exchanges(), 0);
}

pub async fn s_04_neither_state_nor_cookie_is_no_way_in(adapter: &impl Adapter) {
    let (site, kinds) = told(adapter).await;
    is_refused(&site.call_back("code=abc", "").await, "invalid_state");
    assert_eq!(kinds.take(), [AuthErrorKind::MissingState]);
    assert_eq!(site.exchanges(), 0);
}

pub async fn s_05_empty_state_and_empty_cookie_do_not_match(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let prefix = attempt.name.split('.').next().unwrap();
    for cookie in [format!("{prefix}.="), format!("{}=", attempt.name), String::new()] {
        for query in ["code=abc&state=", "code=abc&state"] {
            is_refused(&site.call_back(query, &cookie).await, "invalid_state");
        }
    }
    let query = format!("code=abc&state={}", attempt.state);
    is_refused(&site.call_back(&query, &format!("{}=", attempt.name)).await, "invalid_state");
    assert_eq!(site.exchanges(), 0);
}

pub async fn s_06_states_swapped_between_browsers_are_refused(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let (one, other) = (site.start("").await, site.start("").await);
    for (state_of, cookie_of) in [(&one, &other), (&other, &one)] {
        let query = format!("code={}&state={}", site.code(), state_of.state);
        is_refused(&site.call_back(&query, &cookie_of.cookie()).await, "invalid_state");
        // Even under the right name, another attempt's value is another attempt.
        let renamed = format!("{}={}", state_of.name, cookie_of.value);
        is_refused(&site.call_back(&query, &renamed).await, "invalid_state");
    }
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&one).await;
}

pub async fn s_09_an_attempt_lives_ten_minutes_by_the_servers_clock(adapter: &impl Adapter) {
    for (age, lives) in [(10 * 60 - 1, true), (10 * 60 + 1, false)] {
        let (site, kinds) = told(adapter).await;
        let attempt = site.start("").await;
        site.app.advance(Duration::from_secs(age));
        let answer = site.finish(&attempt).await;
        if lives {
            is_ok(&answer);
            assert_eq!(kinds.take(), []);
        } else {
            is_refused(&answer, "invalid_state");
            assert_eq!(kinds.take(), [AuthErrorKind::Expired]);
            assert_eq!(site.exchanges(), 0);
        }
    }
}

pub async fn s_10_a_used_callback_is_worth_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("?return_to=/page/there").await;
    let query = format!("code={}&state={}", site.code(), attempt.state);
    let first = site.call_back(&query, &attempt.cookie()).await;
    is_ok(&first);
    let session = session_cookie(&first).unwrap();
    is_refused(&site.call_back(&query, &attempt.cookie()).await, "code_rejected");
    let soft = site.call_back(&query, &format!("{}; {session}", attempt.cookie())).await;
    assert_eq!((soft.status, soft.location()), (303, "/page/there#"));
    assert_eq!(session_cookie(&soft), None, "no new session");
    assert_eq!(site.exchanges(), 1);
}

pub async fn s_11_fifty_parallel_callbacks_make_one_exchange(adapter: &impl Adapter) {
    let clock = CountedClock::default();
    let counted = clock.clone();
    let settings = Settings::new().configure(|builder| builder.clock(counted));
    let site = Site::with(adapter, settings).await;
    let attempt = site.start("?return_to=/page/there").await;
    let held = site.app.provider.hold(Endpoint::CodeExchange);
    let reads = clock.reads();
    let target = format!("{CALLBACK}?code={}&state={}", site.code(), attempt.state);
    let address = site.app.address().to_owned();
    let headers = vec![
        ("host".to_owned(), address.clone().into_bytes()),
        ("cookie".to_owned(), attempt.cookie().into_bytes()),
    ];
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (address, target, headers) = (address.clone(), target.clone(), headers.clone());
            tokio::spawn(async move {
                crate::browser::send(&address, "GET", &target, &headers, b"").await
            })
        })
        .collect();
    clock.until_callbacks_wait(50, reads).await;
    drop(held);
    let mut sessions = HashSet::new();
    for caller in callers {
        let answer = caller.await.unwrap();
        assert_eq!((answer.status, answer.location()), (303, "/page/there#"));
        sessions.extend(session_cookie(&answer));
    }
    assert_eq!(site.exchanges(), 1);
    assert_eq!(sessions.len(), 1, "one session, shared");
}

pub async fn s_12_the_request_does_not_choose_the_state(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let wanted = "A".repeat(43);
    assert_ne!(site.start(&format!("?state={wanted}")).await.state, wanted);
}

pub async fn s_13_a_planted_cookie_does_not_become_the_state(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let name = site.start("").await.name;
    let answer = site.get(LOGIN, &format!("{name}=PLANTED")).await;
    let fresh = attempt(&answer);
    assert_ne!(fresh.name, name);
    assert!(!answer.describe().contains("PLANTED"), "{}", answer.describe());
    site.is_alive(&fresh).await;
}

pub async fn s_17_two_tabs_both_succeed(adapter: &impl Adapter) {
    let app = App::start(adapter, Settings::new()).await;
    let mut browser = Browser::new();
    let first = app.allowed(&mut browser, "?return_to=/page/first").await;
    let second = app.allowed(&mut browser, "?return_to=/page/second").await;
    assert_eq!(browser.step(&second).await.location(), "/page/second#");
    assert_eq!(browser.step(&first).await.location(), "/page/first#");
    assert_eq!(app.exchanges(), 2);
}

pub async fn s_18_a_forged_callback_does_not_end_an_attempt(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    // A state that begins as the attempt's own does goes by the same cookie.
    let alike = format!("{}{}A", &attempt.state[..8], "A".repeat(34));
    for state in ["wrong", &"A".repeat(43), &alike] {
        for query in [format!("code=x&state={state}"), format!("error=access_denied&state={state}")]
        {
            let answer = site.call_back(&query, &attempt.cookie()).await;
            is_refused(&answer, "invalid_state");
            assert!(answer.all("set-cookie").is_empty(), "{query}: {}", answer.describe());
        }
    }
    let answer = site.call_back("error=access_denied", &attempt.cookie()).await;
    is_refused(&answer, "invalid_state");
    assert!(answer.all("set-cookie").is_empty(), "{}", answer.describe());
    // Beside a forged cookie of the same name too.
    let both = cookies([&attempt.forged(), &attempt]);
    let answer = site.call_back(&format!("code=x&state={alike}"), &both).await;
    is_refused(&answer, "invalid_state");
    assert!(answer.all("set-cookie").is_empty(), "{}", answer.describe());
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&attempt).await;
}

pub async fn s_19_the_state_says_nothing(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let (one, other) =
        (site.start("?return_to=/page/secret-plan").await, site.start("?return_to=/x").await);
    for Attempt { state, .. } in [&one, &other] {
        assert_eq!(state.len(), 43, "its length says nothing either");
        assert!(!state.contains("page") && !state.contains("secret"));
    }
    // Two attempts share no more characters than chance has it, so no time or host is in there.
    let alike = one.state.bytes().zip(other.state.bytes()).filter(|(a, b)| a == b).count();
    assert!(alike < 12, "{alike} of 43 characters are alike: {} {}", one.state, other.state);
}

pub async fn s_20_hostile_clocks_give_no_endless_life_and_no_panic(adapter: &impl Adapter) {
    const START: u64 = 1_800_000_000;
    for (behind, lives) in [(30, true), (60, true), (61, false), (600, false)] {
        let site = Site::new(adapter).await;
        let attempt = site.start("").await;
        site.app.set_app_clock(START - behind);
        let answer = site.finish(&attempt).await;
        assert_eq!(answer.status == 303, lives, "started {behind} s in the future");
    }
    for moment in [0, 2_147_483_648, 4_294_967_296, 9_223_372_036, u64::MAX] {
        let site = Site::new(adapter).await;
        let attempt = site.start("").await;
        site.app.set_app_clock(moment);
        is_refused(&site.finish(&attempt).await, "invalid_state");
        // At that moment itself everything works.
        let attempt = site.start("").await;
        let answer = site.finish(&attempt).await;
        assert!(answer.status < 500, "{}", answer.describe());
        if moment != u64::MAX {
            is_ok(&answer);
        }
    }
}

/// Hooks that remember which of the app's users got which account.
#[derive(Clone, Default)]
struct Links(Arc<Mutex<Vec<(String, String)>>>);

impl Hooks for Links {
    async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
        let user = String::from_utf8(login.app_data.to_vec()).unwrap();
        let account = login.token.user_id().to_string();
        self.0.lock().unwrap().push((user, account));
        Ok(LoginDecision::accept())
    }
}

/// Starts to link an account to an app user: presses the button of the crate's page.
async fn start_linking(site: &Site, user: &str) -> Attempt {
    let cookie = format!("app_user={user}");
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    attempt(&site.send("POST", LOGIN, &headers).await)
}

pub async fn s_21_an_attempt_of_one_app_user_is_none_of_anothers(adapter: &impl Adapter) {
    let links = Links::default();
    let hooks = links.clone();
    let settings = Settings::new().configure(|builder| builder.linking(true).hooks(hooks));
    let site = Site::with(adapter, settings).await;

    // Not a user of the app: nothing starts. A link or form of another site: nothing starts.
    let visitor = site.get(LOGIN, "").await;
    assert_eq!((visitor.status, visitor.all("set-cookie").len()), (401, 0));
    assert!(visitor.header("www-authenticate").is_some());
    let button = site.send("POST", LOGIN, &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!((button.status, button.all("set-cookie").len()), (401, 0), "their session ended");
    let linked = site.get(LOGIN, "app_user=ann").await;
    assert_eq!((linked.status, linked.all("set-cookie").len()), (200, 0), "a page with a button");
    assert!(linked.text().contains("<form method=\"post\""), "{}", linked.text());
    let foreign = [("cookie", "app_user=ann"), ("sec-fetch-site", "cross-site")];
    assert_eq!(site.send("POST", LOGIN, &foreign).await.status, 403);
    // A link made for Ann works only for Ann.
    let link = site.get("/link", "app_user=ann").await.text();
    assert_eq!(site.get(&link, "app_user=bob").await.status, 200, "a page with a button");
    assert!(site.get(&link, "app_user=bob").await.all("set-cookie").is_empty());
    assert_eq!(site.get(&link, "app_user=ann").await.status, 303);
    assert!(site.get("/link", "").await.text().contains("LoginContext::bound_to"));

    // A handler that asks for a token in linking mode gets an explanation, instead of a redirect
    // loop.
    let handler = site.get("/me", "app_user=ann").await;
    assert_eq!(
        (handler.status, handler.json()["error"].as_str()),
        (500, Some("middleware_missing"))
    );
    assert!(handler.text().contains("offline_access()"), "{}", handler.text());
    assert_eq!(site.get("/", "app_user=ann").await.text(), "anonymous");

    // Started by Ann, finished by Bob: refused, and the attempt is over.
    let started = start_linking(&site, "ann").await;
    let query = format!("code={}&state={}", site.code(), started.state);
    let cookies = format!("{}; app_user=bob", started.cookie());
    is_refused(&site.call_back(&query, &cookies).await, "invalid_state");
    assert_eq!(site.exchanges(), 0);

    // Nor is Ann's attempt renewed for Bob when it is too old: not her link, and not her page.
    let link = format!("{LOGIN}?return_to=/page/of-ann");
    let headers = [("cookie", "app_user=ann"), ("sec-fetch-site", "same-origin")];
    let started = attempt(&site.send("POST", &link, &headers).await);
    site.app.advance(Duration::from_secs(601));
    for (user, is_renewed) in [("bob", false), ("ann", true)] {
        let query = format!("code={}&state={}", site.code(), started.state);
        let cookies = format!("{}; app_user={user}", started.cookie());
        let page = site.call_back(&query, &cookies).await;
        is_refused(&page, "invalid_state");
        assert_eq!(page.text().contains("options="), is_renewed, "{user}: {}", page.text());
        assert_eq!(page.text().contains("of-ann"), is_renewed, "{user}: {}", page.text());
    }

    // Without any app user the browser may be holding a strict cookie back: it bounces once.
    let started = start_linking(&site, "ann").await;
    let query = format!("code={}&state={}", site.code(), started.state);
    let bounce = site.call_back(&query, &started.cookie()).await;
    assert_eq!((bounce.status, bounce.all("set-cookie").len()), (200, 0), "nothing is consumed");
    let again = crate::browser::meta_refresh(&bounce.text()).unwrap();
    assert!(again.starts_with("/auth/instagram/callback?") && again.ends_with("&hop=1"), "{again}");
    is_refused(&site.get(&again, &started.cookie()).await, "invalid_state");

    // With the right user it ends well: linked, the hook is called, and no user is logged in by it.
    let started = start_linking(&site, "ann").await;
    let query = format!("code={}&state={}", site.code(), started.state);
    let cookies = format!("{}; app_user=ann", started.cookie());
    let bounced = site.call_back(&query, &started.cookie()).await;
    let again = crate::browser::meta_refresh(&bounced.text()).unwrap();
    let done = site.get(&again, &cookies).await;
    assert_eq!((done.status, done.location()), (303, "/#"), "{}", done.describe());
    assert_eq!(session_cookie(&done), None, "no session of the crate");
    assert_eq!(*links.0.lock().unwrap(), [("ann".to_owned(), site.app.user_id())]);
    // The back button lands softly for Ann only.
    let back = site.get(&again, &cookies).await;
    assert_eq!((back.status, back.location()), (303, "/#"));
    let thief = format!("{}; app_user=bob", started.cookie());
    is_refused(&site.get(&again, &thief).await, "invalid_state");
    assert_eq!(site.exchanges(), 1);
    // Where the user said no, the back button does not pretend otherwise.
    let started = start_linking(&site, "ann").await;
    let query = format!("error=access_denied&error_reason=user_denied&state={}", started.state);
    let cookies = format!("{}; app_user=ann", started.cookie());
    assert_eq!(site.call_back(&query, &cookies).await.status, 403);
    assert_eq!(site.call_back(&query, &cookies).await.status, 400);
    assert_eq!(
        site.send("POST", crate::security::site::LOGOUT, &[]).await.status,
        404,
        "no logout of the crate"
    );
}
