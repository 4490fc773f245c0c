//! What an app takes accounts for.

use super::pages::Scene;
use super::texts::Text;

/// What an app takes accounts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Users log in with them: a login ends in a session.
    Login,
    /// The app's own users connect them: a login ends in a stored account, and every attempt is bound
    /// to the user who began it.
    Linking,
}

impl Mode {
    /// Where a failure of a login happens.
    pub(super) fn scene(self) -> Scene {
        match self {
            Self::Login => Scene::Login,
            Self::Linking => Scene::Linking,
        }
    }

    /// The words of the button that starts.
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
