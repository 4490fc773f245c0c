//! Section 15: attempts of one browser that a foreign page crowds out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::browser::Response;
use crate::harness::{Adapter, Settings};
use ig_oauth_common::hooks::{HookError, Hooks, LoginStart, LoginStartDecision};

use crate::security::site::{Attempt, LOGIN, Site, attempt, cookies, removed};

const FOREIGN: (&str, &str) = ("sec-fetch-site", "cross-site");

/// A start in a browser that has these attempts under way.
async fn start(
    site: &Site,
    target: &str,
    under_way: &[Attempt],
    sent_from: Option<(&str, &str)>,
) -> Response {
    let cookies = cookies(under_way);
    let mut headers: Vec<_> = sent_from.into_iter().collect();
    if !cookies.is_empty() {
        headers.push(("cookie", &cookies));
    }
    site.send("GET", target, &headers).await
}

/// Eight attempts, which fill the room.
async fn full(site: &Site, sent_from: Option<(&str, &str)>) -> Vec<Attempt> {
    let mut under_way = Vec::new();
    for _ in 0..8 {
        let started = start(site, LOGIN, &under_way, sent_from).await;
        assert!(removed(&started).is_empty(), "{}", started.describe());
        under_way.push(attempt(&started));
    }
    under_way
}

pub async fn v_09_a_foreign_page_ends_no_login_under_way(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for own in [None, Some(("sec-fetch-site", "same-origin")), Some(("sec-fetch-site", "none"))] {
        let under_way = full(&site, own).await;
        let target = format!("{LOGIN}?return_to=/page/x");
        let page = start(&site, &target, &under_way, Some(FOREIGN)).await;
        assert_eq!(page.status, 200, "{}", page.describe());
        assert!(page.all("set-cookie").is_empty());
        let button = "href=\"/auth/instagram/login?return_to=%2Fpage%2Fx\"";
        assert!(page.text().contains(button), "{}", page.text());
        // The press of the button is the user's own, and so is a start that says nothing.
        for sent_from in [Some(("sec-fetch-site", "same-origin")), None] {
            let pressed = start(&site, &target, &under_way, sent_from).await;
            assert_eq!((pressed.status, removed(&pressed).len()), (303, 1));
        }
    }
    // Of its own, a foreign page may end as many as it likes.
    let under_way = full(&site, Some(FOREIGN)).await;
    let again = start(&site, LOGIN, &under_way, Some(FOREIGN)).await;
    assert_eq!((again.status, removed(&again).len()), (303, 1));
    // The attack: the login under way survives as many starts as a foreign page brings about.
    let mut jar = vec![site.start("").await];
    for _ in 0..20 {
        let answer = start(&site, LOGIN, &jar, Some(FOREIGN)).await;
        let ended = removed(&answer);
        jar.retain(|started| !ended.contains(&started.name));
        if answer.status == 303 {
            jar.push(attempt(&answer));
        }
    }
    let own = jar.swap_remove(0);
    site.is_alive(&own).await;
    // Room that is filled by bytes is room that is filled.
    let long = format!("{LOGIN}?return_to=/{}", "a".repeat(500));
    let site = Site::with(adapter, Settings::new()).await;
    let mut under_way = Vec::new();
    loop {
        let started = start(&site, &long, &under_way, None).await;
        if !removed(&started).is_empty() {
            break;
        }
        under_way.push(attempt(&started));
    }
    assert!(under_way.len() < 8, "{}", under_way.len());
    let page = start(&site, &long, &under_way, Some(FOREIGN)).await;
    assert_eq!((page.status, page.all("set-cookie").len()), (200, 0));
}

/// Counts the logins that begin.
#[derive(Clone, Default)]
struct Begun(Arc<AtomicUsize>);

impl Hooks for Begun {
    async fn before_login(&self, _: LoginStart) -> Result<LoginStartDecision, HookError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(LoginStartDecision::proceed())
    }
}

pub async fn v_09_the_button_page_is_no_login_for_the_hook(adapter: &impl Adapter) {
    let begun = Begun::default();
    let hooks = begun.clone();
    let site = Site::with(adapter, Settings::new().configure(|builder| builder.hooks(hooks))).await;
    let under_way = full(&site, None).await;
    assert_eq!(begun.0.load(Ordering::SeqCst), 8);
    for _ in 0..3 {
        let page = start(&site, LOGIN, &under_way, Some(FOREIGN)).await;
        assert_eq!((page.status, page.all("set-cookie").len()), (200, 0), "{}", page.describe());
    }
    assert_eq!(begun.0.load(Ordering::SeqCst), 8, "a foreign page brings no hook about");
    let pressed = start(&site, LOGIN, &under_way, Some(("sec-fetch-site", "same-origin"))).await;
    assert_eq!((pressed.status, begun.0.load(Ordering::SeqCst)), (303, 9));
}
