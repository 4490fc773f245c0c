//! The two provider APIs that one flow serves.

use super::scope::{Scope, ScopeError, Scopes};

/// Names that the provider gave up, and what took their place. Sources: Meta's changelog of
/// 2025-01-27 (`business_*`), the Basic Display migration (everything older).
const RETIRED: &[(&str, &str)] = &[
    ("basic", "`instagram_business_basic`"),
    ("public_content", "`instagram_business_basic`"),
    ("follower_list", "`instagram_business_basic` (there is no list of followers any more)"),
    ("comments", "`instagram_business_manage_comments`"),
    ("relationships", "no scope: it has no successor"),
    ("likes", "no scope: it has no successor"),
    ("business_basic", "`instagram_business_basic`"),
    ("business_content_publish", "`instagram_business_content_publish`"),
    ("business_content_publishing", "`instagram_business_content_publish`"),
    ("business_manage_messages", "`instagram_business_manage_messages`"),
    ("business_manage_comments", "`instagram_business_manage_comments`"),
];

/// Which of the provider's APIs an app is registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Api {
    /// "Instagram API with Instagram Login", what the provider serves today.
    ///
    /// Endpoints and scopes:
    /// <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>.
    #[default]
    InstagramLogin,
    /// "Instagram Basic Display API", as Meta's guide "Get Access Tokens and Permissions"
    /// describes it. The provider switched it off on 2024-12-04; private gateways and simulators
    /// still speak it.
    BasicDisplay,
}

impl Api {
    /// The authorization window, where browsers are sent.
    #[must_use]
    pub const fn authorize_url(self) -> &'static str {
        match self {
            // Meta's reference page still names api.instagram.com; that host redirected until July
            // 2026 and answers "this page isn't available" since August 2026.
            Self::InstagramLogin => "https://www.instagram.com/oauth/authorize",
            Self::BasicDisplay => "https://api.instagram.com/oauth/authorize",
        }
    }

    /// The token endpoint, where codes are exchanged.
    #[must_use]
    pub const fn token_url(self) -> &'static str {
        "https://api.instagram.com/oauth/access_token"
    }

    /// The base of the long-lived exchange, the refresh and the profile.
    #[must_use]
    pub const fn graph_url(self) -> &'static str {
        "https://graph.instagram.com"
    }

    /// The scope that the provider requires in every authorization request.
    #[must_use]
    pub const fn required_scope(self) -> Scope {
        match self {
            Self::InstagramLogin => Scope::InstagramBusinessBasic,
            Self::BasicDisplay => Scope::UserProfile,
        }
    }

    /// What is asked for when the configuration names no scope: the required one.
    #[must_use]
    pub fn default_scopes(self) -> Scopes {
        Scopes::from([self.required_scope()])
    }

    /// The name in `INSTAGRAM_API`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InstagramLogin => "instagram-login",
            Self::BasicDisplay => "basic-display",
        }
    }

    /// The API of that name in `INSTAGRAM_API`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::InstagramLogin, Self::BasicDisplay].into_iter().find(|api| api.as_str() == name)
    }

    /// Why `scope` cannot be asked for, if so.
    pub(crate) fn refuses(self, scope: &Scope) -> Option<ScopeError> {
        let with = match (self, scope) {
            (Self::InstagramLogin, Scope::UserProfile | Scope::UserMedia) => {
                "`instagram_business_basic`, or set the api to `basic-display`"
            }
            _ => RETIRED.iter().find(|(name, _)| *name == scope.as_str())?.1,
        };
        Some(ScopeError::retired(scope, with))
    }
}
