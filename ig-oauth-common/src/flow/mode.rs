//! What an app uses Instagram accounts for.

use super::pages::Scene;
use super::texts::Text;

/// What an app uses Instagram accounts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Users log in with their accounts: a login ends with a session.
    Login,
    /// The app's own users connect their accounts: a login ends with a stored account, and every
    /// attempt is bound to the user who started it.
    Linking,
}

impl Mode {
    /// The part of the app in which a failed login happens.
    pub(super) fn scene(self) -> Scene {
        match self {
            Self::Login => Scene::Login,
            Self::Linking => Scene::Linking,
        }
    }

    /// The text of the button that starts a login.
    pub(super) fn button(self) -> Text {
        match self {
            Self::Login => Text::LogIn,
            Self::Linking => Text::Connect,
        }
    }

    pub(super) fn binds_every_attempt(self) -> bool {
        self == Self::Linking
    }
}
