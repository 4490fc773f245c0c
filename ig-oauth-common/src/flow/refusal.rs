//! An error with all that its answer needs.

use super::login_options::SameLogin;
use super::pages::{Scene, Words};
use crate::error::{AuthError, AuthErrorKind};
use crate::messages::Audience;

/// An error with all that its answer needs.
pub(crate) struct Refusal {
    pub(crate) error: AuthError,
    pub(crate) audience: Audience,
    /// Where it happened. [`Scene::Login`] stands for the linking of accounts as well.
    pub(crate) scene: Scene,
    /// The login it belongs to, when that is proven.
    pub(crate) login: Option<SameLogin>,
    /// The request came without any cookie of the crate's.
    pub(crate) without_cookies: bool,
    /// `Set-Cookie` lines that go along.
    pub(crate) cookies: Vec<String>,
    /// For `method_not_allowed`.
    pub(crate) allow: Option<&'static str>,
    /// The address to open in a window, for scripts that fetched it.
    pub(crate) opens: Option<String>,
}

impl Refusal {
    pub(crate) fn new(error: impl Into<AuthError>, audience: Audience) -> Self {
        Self {
            error: error.into(),
            audience,
            scene: Scene::Login,
            login: None,
            without_cookies: false,
            cookies: Vec::new(),
            allow: None,
            opens: None,
        }
    }

    /// It happened elsewhere than at a login or its callback.
    pub(crate) fn at(mut self, scene: Scene) -> Self {
        self.scene = scene;
        self
    }

    pub(crate) fn without_cookies(mut self, without: bool) -> Self {
        self.without_cookies = without;
        self
    }

    pub(crate) fn allow(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    pub(crate) fn opens(mut self, login_url: String) -> Self {
        self.opens = Some(login_url);
        self
    }

    pub(crate) fn cookies(mut self, lines: Vec<String>) -> Self {
        self.cookies = lines;
        self
    }

    /// It belongs to this login, whose options are proven.
    pub(crate) fn of(mut self, login: SameLogin) -> Self {
        self.login = Some(login);
        self
    }

    pub(crate) fn return_to(&self) -> Option<&str> {
        self.login.as_ref().and_then(SameLogin::return_to)
    }

    pub(super) fn words(&self, scene: Scene) -> Words {
        match self.error.kind() {
            AuthErrorKind::Busy => scene.words_when_busy(),
            _ if self.without_cookies => scene.words_without_cookies(),
            kind => scene.words(kind.code()),
        }
    }
}
