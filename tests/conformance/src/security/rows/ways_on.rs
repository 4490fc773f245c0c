//! The texts of a page and the target of its link: the same login again, this page again, the site.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::{Browser, Response, links};
use crate::harness::{Adapter, App, Sessions, Settings};
use ig_oauth_common::hooks::{Failure, HookError, Hooks, Reply};
use ig_oauth_common::{Config, Text, Texts, Timestamp, UserId};
use ig_oauth_fake_instagram::{Endpoint, Fault};

use crate::security::site::{
    Attempt, CALLBACK, LOGIN, LOGOUT, REDIRECT_URI, Site, attempt, session_cookie,
};
use crate::security::switched_store::SwitchedStore;

const SECRET: &str = "an obviously fake cookie secret for tests";
const HTML: (&str, &str) = ("accept", "text/html");

/// An app that refuses every session.
struct Refuses;

impl Hooks for Refuses {
    async fn accepts(&self, _: &UserId, _: Timestamp) -> Result<bool, HookError> {
        Ok(false)
    }
}

/// The target of the link with this label.
fn way(page: &Response, label: &str) -> String {
    let links = links(&page.text());
    let found = links.into_iter().find(|(text, _)| text == label);
    found.unwrap_or_else(|| panic!("no `{label}`: {}", page.describe())).1
}

async fn cancel(site: &Site, attempt: &Attempt) -> Response {
    let query = format!("error=access_denied&state={}", attempt.state);
    site.call_back(&query, &attempt.cookie()).await
}

/// The link by which a page asks for one more permission, and which returns to that page.
async fn link_for_more(site: &Site) -> String {
    let session = site.log_in().await;
    let page = site.send("GET", "/publish", &[("cookie", &session), HTML]).await;
    assert_eq!(page.status, 403, "{}", page.describe());
    way(&page, "Ask Instagram for it")
}

/// A start asks for that permission, and its login ends at that page.
async fn starts_the_login_for_more(site: &Site, start: &Response) {
    assert!(start.location().contains("content_publish"), "{}", start.describe());
    let landed = site.finish(&attempt(start)).await;
    assert_eq!(landed.location(), "/publish#");
}

pub async fn w_05_a_user_whom_accepts_refuses_ends_at_the_callback(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let settings = Settings::new().sessions(sessions);
        let app = App::start(adapter, settings.configure(|builder| builder.hooks(Refuses))).await;
        let mut browser = Browser::new();
        let callback = app.allowed(&mut browser, "?return_to=/me").await;
        let page = browser.step(&callback).await;
        assert_eq!(page.status, 403, "{sessions:?}: {}", page.describe());
        assert!(page.text().contains("rejected_by_app"), "{}", page.text());
        assert_eq!(app.exchanges(), 1);
        assert!(browser.jar.named("ig_session").is_empty(), "nothing is kept");
        let again = browser.step(&app.url(&way(&page, "Try again"))).await;
        assert!(again.location().contains("force_reauth=true"), "{}", again.location());
    }
}

pub async fn w_06_no_failure_url_leads_round_in_circles(adapter: &impl Adapter) {
    for failure_url in ["/me", "/page/failed?x=1", "/guarded", "/"] {
        let settings = Settings::new().configure(move |builder| builder.failure_url(failure_url));
        let site = Site::with(adapter, settings).await;
        site.app.provider.set_fault_times(Endpoint::CodeExchange, Fault::json(500, "{}"), 1);
        let started = site.start("?return_to=/page/mine").await;
        let target = format!("{CALLBACK}?code={}&state={}", site.code(), started.state);
        let mut answer = site.send("GET", &target, &[("cookie", &started.cookie()), HTML]).await;
        let mut redirects = 0;
        while answer.status == 303 {
            redirects += 1;
            assert!(redirects <= 3, "{failure_url}: {}", answer.describe());
            assert!(!answer.location().contains("mine"), "no page in the clear");
            let next = answer.location().split('#').next().unwrap().to_owned();
            assert!(next.starts_with('/'), "no second trip to the provider: {next}");
            answer = site.send("GET", &next, &[HTML]).await;
        }
        assert_eq!(site.exchanges(), 1, "{failure_url}");
        if failure_url == "/" {
            assert_eq!(answer.text(), "anonymous");
        } else {
            assert_eq!(answer.status, 401, "{failure_url}: {}", answer.describe());
            let again = way(&answer, "Log in with Instagram");
            let landed = site.finish(&attempt(&site.get(&again, "").await)).await;
            assert_eq!(landed.location(), "/page/mine#", "{again}");
            for visit in ["", "?error=foreign"] {
                let visit = format!("{}{visit}", failure_url.split('?').next().unwrap());
                let answer = site.send("GET", &visit, &[HTML]).await;
                assert!(answer.location().starts_with(LOGIN), "{visit}: {}", answer.describe());
            }
        }
    }
    // A store that fails at the page itself is reported there.
    let store = SwitchedStore::new();
    let kept = store.clone();
    let settings = Settings::new()
        .configure(|builder| builder.store(store).cookie_secrets([SECRET]).failure_url("/me"));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    kept.set_off(true);
    let page = site.send("GET", "/me", &[("cookie", &session), HTML]).await;
    assert_eq!(page.status, 503, "{}", page.describe());
    for taken in ["/oops?error=x", "/oops?a=b&id=1#c", "/oops?%6fptions"] {
        let built = Config::builder("1", "obviously-fake-app-secret-0123456789", REDIRECT_URI)
            .failure_url(taken)
            .build();
        assert_eq!(built.expect_err(taken).field(), "failure_url");
    }
}

pub async fn w_08_an_old_signed_link_becomes_a_button_for_the_same_login(adapter: &impl Adapter) {
    let old = Duration::from_secs(11 * 60);
    let site = Site::new(adapter).await;
    let link = link_for_more(&site).await;
    starts_the_login_for_more(&site, &site.get(&link, "").await).await;
    site.app.advance(old);
    let page = site.get(&link, "").await;
    assert_eq!((page.status, page.header("set-cookie")), (200, None), "it starts nothing");
    let renewed = way(&page, "Log in with Instagram");
    starts_the_login_for_more(&site, &site.get(&renewed, "").await).await;
    let forged = format!("{}A", link.strip_suffix(|_: char| true).unwrap());
    for forged in [forged, format!("{link}AAAA")] {
        let page = site.get(&forged, "").await;
        assert_eq!(page.status, 200);
        assert_eq!(way(&page, "Log in with Instagram"), LOGIN, "{forged}");
    }
    // Where starts are posts, the button is a form.
    let site =
        Site::with(adapter, Settings::new().configure(|builder| builder.require_post(true))).await;
    let started = attempt(&site.send("POST", &format!("{LOGIN}?return_to=/page/mine"), &[]).await);
    let link = way(&cancel(&site, &started).await, "Try again");
    site.app.advance(old);
    for (method, headers) in [("GET", &[HTML][..]), ("POST", &[])] {
        let page = site.send(method, &link, headers).await;
        assert_eq!((page.status, page.header("set-cookie")), (200, None), "{method}");
        let text = page.text();
        let form = text.split_once("<form method=\"post\" action=\"").expect("a form").1;
        let action = form.split('"').next().unwrap();
        let started = attempt(&site.send("POST", action, &[]).await);
        assert_eq!(site.finish(&started).await.location(), "/page/mine#", "{method}");
    }
}

pub async fn w_09_try_again_starts_the_same_login(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let link = link_for_more(&site).await;
    for fault in [
        None,
        Some(Fault::json(400, r#"{"error_type":"OAuthException","code":400,"error_message":"x"}"#)),
        Some(Fault::json(500, "{}")),
        Some(Fault::ResetAfterRequest),
    ] {
        let started = attempt(&site.get(&link, "").await);
        let page = match fault.clone() {
            None => cancel(&site, &started).await,
            Some(fault) => {
                site.app.provider.set_fault_times(Endpoint::CodeExchange, fault, 1);
                site.finish(&started).await
            }
        };
        assert!(page.status >= 400, "{fault:?}");
        let again = site.get(&way(&page, "Try again"), "").await;
        starts_the_login_for_more(&site, &again).await;
    }
    let site =
        Site::with(adapter, Settings::new().configure(|builder| builder.hooks(Refuses))).await;
    let rejected = site.finish(&site.start("").await).await;
    let forced = site.get(&way(&rejected, "Try again"), "").await;
    assert!(forced.location().contains("force_reauth=true"));
    let again = site.get(&way(&cancel(&site, &attempt(&forced)).await, "Try again"), "").await;
    assert!(again.location().contains("force_reauth=true"), "it is kept");
}

pub async fn w_12_a_browser_without_cookies_is_told_what_to_check(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let (started, other) = (site.start("").await, site.start("").await);
    let query = format!("code=x&state={}", started.state);
    for (cookies, is_without) in [
        (String::new(), true),
        ("theme=dark".to_owned(), true),
        (other.cookie(), false),
        ("__Host-ig_session_other=x".to_owned(), true),
    ] {
        let page = site.call_back(&query, &cookies).await;
        assert_eq!(page.status, 400);
        let says = page.text().contains(Text::NoCookieTitle.english());
        assert_eq!(says, is_without, "{cookies}: {}", page.text());
        assert_ne!(page.text().contains(Text::CannotGoOnTitle.english()), is_without);
        assert_eq!(way(&page, "Try again"), LOGIN);
    }
}

pub async fn w_13_the_way_on_is_the_one_that_helps_there(adapter: &impl Adapter) {
    let store = SwitchedStore::new();
    let kept = store.clone();
    let settings =
        Settings::new().configure(|builder| builder.store(store).cookie_secrets([SECRET]));
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    kept.set_off(true);
    let page = site.send("GET", "/me", &[("cookie", &session), HTML]).await;
    assert_eq!(page.status, 503);
    assert_eq!(links(&page.text()), [(Text::LoadAgain.english().to_owned(), String::new())]);
    let logout = site.send("POST", LOGOUT, &[("cookie", &session), HTML]).await;
    assert_eq!(logout.status, 503);
    assert!(logout.text().contains(Text::HalfLoggedOutTitle.english()), "{}", logout.text());
    assert_eq!(links(&logout.text()), [("Back to the site".to_owned(), "/".to_owned())]);
    assert_eq!(session_cookie(&logout), None);
    for (method, headers) in [
        ("GET", &[HTML][..]),
        ("POST", &[HTML, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]),
    ] {
        let page = site.send(method, LOGOUT, headers).await;
        assert!(matches!(page.status, 403 | 405), "{}", page.describe());
        assert!(!page.text().contains(LOGIN), "no login for somebody who wants out");
        assert!(page.text().contains(&format!("<form method=\"post\" action=\"{LOGOUT}\">")));
    }
}

pub async fn w_15_the_cancel_page_leads_back_to_the_site_too(adapter: &impl Adapter) {
    let settings = Settings::new().configure(|builder| builder.after_logout("/plain"));
    let site = Site::with(adapter, settings).await;
    let page = cancel(&site, &site.start("").await).await;
    let expected = [("Try again", LOGIN), ("Back to the site", "/plain")];
    let expected = expected.map(|(label, target)| (label.to_owned(), target.to_owned()));
    assert_eq!(links(&page.text()), expected);
}

pub async fn w_17_no_page_says_what_it_cannot_know(adapter: &impl Adapter) {
    for text in Text::ALL {
        let words = text.english().to_lowercase();
        for untrue in ["not logged in", "been told", "were told", "informed", "notified"] {
            assert!(!words.contains(untrue), "{text:?}: {words}");
        }
    }
    // A logged-in user who meets a failure of another login.
    let site = Site::new(adapter).await;
    let session = site.log_in().await;
    let started = site.start("").await;
    let cookies = format!("{session}; {}", started.cookie());
    for query in [
        format!("error=access_denied&state={}", started.state),
        "error=x&code=x&state=z".to_owned(),
        "code=x&code=y&state=z".to_owned(),
    ] {
        let page = site.call_back(&query, &cookies).await;
        assert!(page.status >= 400 && !page.text().contains("not logged in"), "{}", page.text());
    }
}

/// Remembers the hook's data about the client.
#[derive(Clone, Default)]
struct Reader(Arc<Mutex<Vec<Failure>>>);

impl Hooks for Reader {
    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        self.0.lock().unwrap().push(failure);
        None
    }
}

/// Every text in other words.
fn other_words(language: &str) -> Texts {
    Text::ALL.iter().fold(Texts::new(language), |texts, text| {
        let placeholder = if text.english().contains('{') { "{permissions}" } else { "" };
        texts.with(*text, format!("[{language}] <{text:?}> {placeholder}"))
    })
}

pub async fn w_18_every_text_is_the_apps_in_the_readers_language(adapter: &impl Adapter) {
    let hooks = Reader::default();
    let told = hooks.0.clone();
    let settings = Settings::new().configure(|builder| {
        let builder = builder.texts(other_words("it")).texts(other_words("de")).hooks(hooks);
        builder.site_name("Fish & Chips").platform_callbacks()
    });
    let site = Site::with(adapter, settings).await;
    let session = site.log_in().await;
    for (accept_language, language) in
        [("de-AT,en;q=0.5", "de"), ("it", "it"), ("fr", "it"), ("fr, de;q=0.2", "de")]
    {
        let started = site.start("?return_to=/page/mine").await;
        let cancelled = format!("{CALLBACK}?error=access_denied&state={}", started.state);
        for (method, target, cookie) in [
            ("GET", &*cancelled, &*started.cookie()),
            ("GET", "/auth/instagram/callback?code=x&state=y", ""),
            ("GET", "/auth/instagram/login?options=old", ""),
            ("GET", "/publish", &session),
            ("GET", LOGOUT, ""),
            ("GET", "/auth/instagram/data-deletion?code=unknown", ""),
            ("POST", "/auth/instagram/deauthorize", ""),
            ("POST", "/me", ""),
        ] {
            let headers = [HTML, ("accept-language", accept_language), ("cookie", cookie)];
            let page = site.send(method, target, &headers).await;
            let text = page.text();
            if !text.starts_with("<!doctype") {
                assert_eq!((method, target), ("POST", "/me"), "{}", page.describe());
                continue;
            }
            assert!(text.contains(&format!("<html lang=\"{language}\">")), "{target}: {text}");
            assert!(text.contains(&format!("[{language}] &lt;")), "{target}: {text}");
            assert!(text.contains("Fish &amp; Chips"), "{target}: {text}");
            for english in Text::ALL.iter().map(|text| text.english()) {
                assert!(!text.contains(&format!(">{english}<")), "{target}: {english}");
            }
        }
        let json = [("accept", "application/json"), ("accept-language", accept_language)];
        let answer = site.send("GET", &format!("{CALLBACK}?code=x&state=y"), &json).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(&format!("[{language}] <")), "{message}");
        let answer = site.send("GET", "/me", &json).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(&format!("[{language}] <")), "{message}");
    }
    site.app.provider.set_fault_times(Endpoint::CodeExchange, Fault::json(500, "{}"), 1);
    let started = site.start("?return_to=/page/mine").await;
    let target = format!("{CALLBACK}?code={}&state={}", site.code(), started.state);
    let cookie = started.cookie();
    site.send("GET", &target, &[HTML, ("accept-language", "de, en"), ("cookie", &cookie)]).await;
    let failure = told.lock().unwrap().pop().expect("the hook was asked");
    assert_eq!(failure.languages.iter().collect::<Vec<_>>(), ["de", "en"]);
    assert!(failure.wants_page);
    assert_eq!(failure.return_to.as_deref(), Some("/page/mine"));
    let again = attempt(&site.get(&failure.retry_url.unwrap(), "").await);
    assert_eq!(site.finish(&again).await.location(), "/page/mine#");
    refused_texts();
}

/// Texts that do not fit are refused when the configuration is built.
fn refused_texts() {
    let build = |given: Vec<Texts>| {
        let builder = Config::builder("1", "obviously-fake-app-secret-0123456789", REDIRECT_URI);
        given.into_iter().fold(builder, ig_oauth_common::ConfigBuilder::texts).build()
    };
    for given in [
        vec![Texts::new("not a tag")],
        vec![Texts::new("de"), Texts::new("DE")],
        vec![Texts::new("de").with(Text::TryAgain, " ")],
        vec![Texts::new("de").with(Text::TryAgain, "two\nlines")],
        vec![Texts::new("de").with(Text::TryAgain, "x".repeat(1_001))],
        vec![Texts::new("de").with(Text::TryAgain, "{permissions}")],
        vec![Texts::new("de").with(Text::PermissionNeeded, "without its placeholder")],
    ] {
        let error = build(given.clone()).expect_err("refused");
        assert_eq!(error.field(), "texts", "{given:?}");
        assert!(!error.cure().is_empty());
    }
    assert!(build(vec![Texts::new("en"), other_words("pt-BR")]).is_ok());
    for name in ["", " ", "two\nlines", &"x".repeat(61)] {
        let built = Config::builder("1", "obviously-fake-app-secret-0123456789", REDIRECT_URI)
            .site_name(name)
            .build();
        assert_eq!(built.expect_err(name).field(), "site_name");
    }
}
