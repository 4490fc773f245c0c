//! The app's own code at the steps of a login.

use ig_oauth_common::hooks::{HookError, Hooks, Login, LoginDecision};

use crate::browser::Browser;
use crate::harness::{Adapter, App, Sessions, Settings};

/// Accepts every login, or none.
struct Door {
    is_open: bool,
}

impl Hooks for Door {
    async fn on_login(&self, login: Login) -> Result<LoginDecision, HookError> {
        let name = login.profile.map(|profile| profile.username.to_owned());

        if !self.is_open {
            return Ok(LoginDecision::refuse());
        }
        let name = name.ok_or_else(|| HookError::new("no profile"))?;
        LoginDecision::accept()
            .redirect_to(format!("/page/welcome?name={name}"))
            .and_then(|decision| decision.with_cookie("tour=1; Path=/; HttpOnly"))
            .and_then(|decision| decision.with_cookie("theme=dark; Path=/"))
            .map_err(HookError::new)
    }
}

fn door(is_open: bool, sessions: Sessions) -> Settings {
    let configure = move |builder: ig_oauth_common::ConfigBuilder| {
        builder.fetch_profile(true).hooks(Door { is_open })
    };
    Settings::new().sessions(sessions).configure(configure)
}

pub async fn a_hook_chooses_the_landing_page_and_adds_the_apps_cookies(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, door(true, sessions)).await;
        let mut browser = Browser::new();
        browser.open(&app.url("/me")).await;
        let page = browser.press("Allow").await;
        assert_eq!(page.url.path(), "/page/welcome", "not where the login began");
        assert_eq!(page.url.query(), Some("name=simulated.bakery"));
        assert!(page.response.text().ends_with(&app.user_id()), "{}", page.response.text());
        for name in ["tour", "theme", "ig_session"] {
            assert_eq!(browser.jar.named(name).len(), 1, "{name}, {sessions:?}");
        }
    }
}

pub async fn a_hook_refuses_a_login_and_nothing_is_kept(adapter: &impl Adapter) {
    for sessions in [Sessions::Cookie, Sessions::Store] {
        let app = App::start(adapter, door(false, sessions)).await;
        let mut browser = Browser::new();
        browser.open(&app.url("/me")).await;
        let page = browser.press("Allow").await;
        assert_eq!(page.response.status, 403, "{}", page.response.describe());
        assert!(page.response.text().contains("rejected_by_app"), "{}", page.response.text());
        for name in ["ig_session", "ig_login", "tour"] {
            assert!(browser.jar.named(name).is_empty(), "{name}, {sessions:?}");
        }
        assert_eq!(browser.fetch_json("GET", &app.url("/me")).await.status, 401);
        assert_eq!(app.exchanges(), 1);
    }
}
