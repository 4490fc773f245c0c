//! The two APIs of the provider that the flow supports.

use super::scope::{Scope, ScopeError, Scopes};

/// Names that the provider retired, and their replacements. Sources: Meta's changelog of 2025-01-27
/// (`business_*`), the Basic Display migration (everything older).
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
    /// "Instagram API with Instagram Login", which the provider serves today.
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

/// Everything that differs between the APIs.
pub(crate) struct Preset {
    name: &'static str,
    authorize_url: &'static str,
    required_scope: Scope,
    /// The fields requested from `/me`.
    pub(crate) profile_fields: &'static str,
    /// The provider's error text, in lower case, for a code that was already used.
    pub(crate) says_code_was_used: &'static str,
    /// Whether one-hour tokens are exchanged for 60-day tokens by default.
    pub(crate) has_long_lived_tokens: bool,
    /// Scopes of another API, and what to request instead.
    foreign_scopes: (&'static [Scope], &'static str),
}

const INSTAGRAM_LOGIN: Preset = Preset {
    name: "instagram-login",
    // Meta's reference page still names api.instagram.com; that host redirected until July 2026 and
    // answers "this page isn't available" since August 2026.
    authorize_url: "https://www.instagram.com/oauth/authorize",
    required_scope: Scope::InstagramBusinessBasic,
    profile_fields: "id,user_id,username,name,account_type,profile_picture_url,followers_count,\
                     follows_count,media_count",
    says_code_was_used: "code has been used",
    has_long_lived_tokens: true,
    foreign_scopes: (
        &[Scope::UserProfile, Scope::UserMedia],
        "`instagram_business_basic`, or set the api to `basic-display`",
    ),
};

const BASIC_DISPLAY: Preset = Preset {
    name: "basic-display",
    authorize_url: "https://api.instagram.com/oauth/authorize",
    required_scope: Scope::UserProfile,
    profile_fields: "id,username,account_type,media_count",
    says_code_was_used: "already used",
    has_long_lived_tokens: false,
    foreign_scopes: (&[], ""),
};

impl Api {
    const ALL: [Self; 2] = [Self::InstagramLogin, Self::BasicDisplay];

    pub(crate) const fn preset(self) -> &'static Preset {
        match self {
            Self::InstagramLogin => &INSTAGRAM_LOGIN,
            Self::BasicDisplay => &BASIC_DISPLAY,
        }
    }

    /// The authorization endpoint, where browsers are redirected to.
    #[must_use]
    pub const fn authorize_url(self) -> &'static str {
        self.preset().authorize_url
    }

    /// The token endpoint, where codes are exchanged.
    #[must_use]
    pub const fn token_url(self) -> &'static str {
        "https://api.instagram.com/oauth/access_token"
    }

    /// The base URL of the long-lived exchange, the refresh and the profile.
    #[must_use]
    pub const fn graph_url(self) -> &'static str {
        "https://graph.instagram.com"
    }

    /// The scope that the provider requires in every authorization request.
    #[must_use]
    pub fn required_scope(self) -> Scope {
        self.preset().required_scope.clone()
    }

    /// The scopes requested when the configuration names none: the required one.
    #[must_use]
    pub fn default_scopes(self) -> Scopes {
        Scopes::from([self.required_scope()])
    }

    /// The name in `INSTAGRAM_API`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.preset().name
    }

    /// The API of that name in `INSTAGRAM_API`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.as_str() == name)
    }

    /// Why `scope` cannot be requested, if it cannot.
    pub(crate) fn refuses(self, scope: &Scope) -> Option<ScopeError> {
        let (foreign, instead) = self.preset().foreign_scopes;
        let with = if foreign.contains(scope) {
            instead
        } else {
            RETIRED.iter().find(|(name, _)| *name == scope.as_str())?.1
        };
        Some(ScopeError::retired(scope, with))
    }
}
