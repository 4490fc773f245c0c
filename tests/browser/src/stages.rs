//! Apps of the suite's own, in which everything that goes wrong can be made to go wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ig_oauth_common::hooks::{
    DataDeletion, DeletionStatus, HookError, Hooks, Login, LoginDecision, Logout, Reply,
};
use ig_oauth_common::{ConfigBuilder, Scope, Timestamp, UserId};
use ig_oauth_conformance::apps::{Actix, Axum};
use ig_oauth_conformance::browser::send;
use ig_oauth_conformance::harness::{App, Sessions, Settings};
use ig_oauth_conformance::security::switched_store::SwitchedStore;
use ig_oauth_fake_instagram::{Endpoint, FakeInstagram, Fault, Held};

use crate::site::Framework;

/// What the app's own code does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Act {
    /// Its work.
    #[default]
    Works,
    /// It fails, wherever it is asked.
    Fails,
    /// It refuses every login.
    Refuses,
    /// It answers logins with nothing, so that browsers stay where they are (204).
    SaysNothing,
    /// It answers that a deletion has come so far.
    Deletes(DeletionStatus),
}

/// The app's own code, which plays what a page needs.
#[derive(Clone, Debug, Default)]
struct Actor(Arc<Mutex<Act>>);

impl Actor {
    fn act(&self) -> Act {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fails<T>(&self, otherwise: T) -> Result<T, HookError> {
        match self.act() {
            Act::Fails => Err(HookError::new("a failure that a page needs")),
            _ => Ok(otherwise),
        }
    }
}

impl Hooks for Actor {
    async fn on_login(&self, _: Login) -> Result<LoginDecision, HookError> {
        let decision = match self.act() {
            Act::Refuses => LoginDecision::refuse(),
            Act::SaysNothing => LoginDecision::refuse_with(Reply::new(204).expect("a status")),
            _ => LoginDecision::accept(),
        };
        self.fails(decision)
    }

    async fn on_logout(&self, _: Logout) {
        if self.act() == Act::Fails {
            // Without the message of a panic.
            std::panic::resume_unwind(Box::new(()));
        }
    }

    async fn on_data_deletion(&self, _: DataDeletion) -> Result<DeletionStatus, HookError> {
        self.fails(match self.act() {
            Act::Deletes(status) => status,
            _ => DeletionStatus::Done,
        })
    }

    async fn accepts(&self, _: &UserId, _: Timestamp) -> Result<bool, HookError> {
        self.fails(true)
    }
}

/// An app with its provider, its store and its own code.
pub struct Stage {
    /// The app and its provider.
    pub app: App,
    /// Whether users of the app connect accounts.
    pub linking: bool,
    store: SwitchedStore,
    actor: Actor,
    held: Mutex<Vec<Held>>,
}

impl Stage {
    async fn start(
        framework: Framework,
        linking: bool,
        sessions: Sessions,
        change: impl FnOnce(ConfigBuilder) -> ConfigBuilder + 'static,
    ) -> Self {
        let (store, actor) = (SwitchedStore::new(), Actor::default());
        let (kept, hooks) = (store.clone(), actor.clone());
        let settings = Settings::new().sessions(sessions).configure(move |builder| {
            let builder = change(builder).linking(linking).platform_callbacks().hooks(hooks);
            if sessions == Sessions::Store { builder.store(kept) } else { builder }
        });
        let app = match framework {
            Framework::Axum => App::start(&Axum, settings).await,
            Framework::Actix => App::start(&Actix, settings).await,
        };
        Self { app, linking, store, actor, held: Mutex::default() }
    }

    /// Everything works again.
    fn reset(&self) {
        self.held().clear();
        self.store.set_off(false);
        self.act(Act::Works);
        self.app.provider.clear_faults();
        self.app.provider.set_window_answer(None);
    }

    /// What the app's own code does from now on.
    pub fn act(&self, act: Act) {
        *self.actor.0.lock().unwrap_or_else(PoisonError::into_inner) = act;
    }

    /// The store goes away.
    pub fn lose_the_store(&self) {
        self.store.set_off(true);
    }

    /// The window redirects back with these parameters instead of a code.
    pub fn window_says(&self, parameters: &[(&str, &str)]) {
        self.app.provider.set_window_answer(Some(parameters));
    }

    /// The provider answers this where codes are exchanged.
    pub fn exchange_fails(&self, status: u16, body: &str) {
        self.app.provider.set_fault(Endpoint::CodeExchange, Fault::json(status, body));
    }

    /// The provider holds all code exchanges until everything is reset.
    pub fn hold_exchanges(&self) {
        self.held().push(self.app.provider.hold(Endpoint::CodeExchange));
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A signed request for a user, at one time: it is the same whenever a page needs it.
    #[must_use]
    pub fn signed_request(&self, user_id: u32) -> String {
        let at = self.app.provider.signed_request(0);
        let issued_at = issued_at(&at);
        let payload = serde_json::json!({
            "algorithm": "HMAC-SHA256", "issued_at": issued_at, "user_id": user_id.to_string(),
        });
        FakeInstagram::sign(&payload.to_string(), self.app.provider.client_secret())
    }

    /// Posts a signed data deletion request of the provider. Returns its status page.
    pub async fn deletion(&self, user_id: u32, status: DeletionStatus) -> Result<String, String> {
        self.act(Act::Deletes(status));
        let body = format!("signed_request={}", self.signed_request(user_id));
        let headers = [
            ("host", self.app.address()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept", "*/*"),
        ];
        let lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect();
        let target = "/auth/instagram/data-deletion";
        let answer = send(self.app.address(), "POST", target, &lines, body.as_bytes()).await;
        let url = serde_json::from_str::<serde_json::Value>(&answer.text())
            .ok()
            .and_then(|answer| answer["url"].as_str().map(str::to_owned));
        url.ok_or_else(|| format!("no address of a status: {}", answer.describe()))
    }
}

/// The time at which the simulator signed a request.
fn issued_at(signed: &str) -> u64 {
    use base64::Engine as _;
    let payload = signed.split('.').nth(1).unwrap_or_default();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    let payload = serde_json::from_slice::<serde_json::Value>(&payload.unwrap_or_default());
    payload.ok().and_then(|payload| payload["issued_at"].as_u64()).unwrap_or_default()
}

/// The apps in which pages are reached.
pub struct Stages {
    /// Users log in; two permissions are required, and only one exchange runs at a time.
    pub login: Stage,
    /// Users of the app connect accounts.
    pub linking: Stage,
    /// Logins start by posts and fail at a page of the app; sessions live in cookies.
    pub posting: Stage,
}

impl Stages {
    /// Starts all of them.
    pub async fn start(framework: Framework) -> Self {
        let two = [Scope::InstagramBusinessBasic, Scope::InstagramBusinessContentPublish];
        let login = move |builder: ConfigBuilder| {
            builder.scopes(two).max_concurrent_exchanges(1).site_name("The Bakery")
        };
        let two = [Scope::InstagramBusinessBasic, Scope::InstagramBusinessContentPublish];
        let linking = move |builder: ConfigBuilder| builder.scopes(two);
        let posting = |builder: ConfigBuilder| builder.require_post(true).failure_url("/me");
        Self {
            login: Stage::start(framework, false, Sessions::Store, login).await,
            linking: Stage::start(framework, true, Sessions::Store, linking).await,
            posting: Stage::start(framework, false, Sessions::Cookie, posting).await,
        }
    }

    /// Everything works again.
    pub fn reset(&self) {
        for stage in [&self.login, &self.linking, &self.posting] {
            stage.reset();
        }
    }
}
