//! The permissions that an authorization request asks for (RFC 6749, section 3.3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A permission, by the provider's name for it.
///
/// Compare with the named variants, or parse one from its text:
///
/// ```
/// use ig_oauth_common::Scope;
///
/// let scope: Scope = "instagram_business_basic".parse()?;
/// assert_eq!(scope, Scope::InstagramBusinessBasic);
/// # Ok::<(), ig_oauth_common::ScopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Scope {
    /// Profile and media of a professional account. [`Api::InstagramLogin`](crate::Api::InstagramLogin) requires it.
    InstagramBusinessBasic,
    /// Publishing posts, reels and stories.
    InstagramBusinessContentPublish,
    /// Reading and answering messages.
    InstagramBusinessManageMessages,
    /// Reading, answering and hiding comments.
    InstagramBusinessManageComments,
    /// Figures about the account and its posts.
    InstagramBusinessManageInsights,
    /// Id and name of the user. [`Api::BasicDisplay`](crate::Api::BasicDisplay) requires it.
    UserProfile,
    /// The user's media. Of [`Api::BasicDisplay`](crate::Api::BasicDisplay).
    UserMedia,
    /// A permission that this version of the crate has no variant for.
    Other(OtherScope),
}

/// The text of a permission without its own variant in [`Scope`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OtherScope(String);

/// The longest permission name, in bytes. The longest known name has 34.
const MAX_SCOPE_BYTES: usize = 96;

/// A text that is not a permission name, or a permission that cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope `{text}` is {problem}")]
pub struct ScopeError {
    text: String,
    problem: String,
}

impl ScopeError {
    /// The provider has retired this scope, or never had it in this API.
    pub(super) fn retired(scope: &Scope, with: &'static str) -> Self {
        let problem = format!("retired by the provider; use {with}");
        Self { text: scope.as_str().to_owned(), problem }
    }
}

impl Scope {
    /// The provider's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::InstagramBusinessBasic => "instagram_business_basic",
            Self::InstagramBusinessContentPublish => "instagram_business_content_publish",
            Self::InstagramBusinessManageMessages => "instagram_business_manage_messages",
            Self::InstagramBusinessManageComments => "instagram_business_manage_comments",
            Self::InstagramBusinessManageInsights => "instagram_business_manage_insights",
            Self::UserProfile => "user_profile",
            Self::UserMedia => "user_media",
            Self::Other(other) => &other.0,
        }
    }

    /// The scopes that have their own variant.
    const NAMED: &'static [Self] = &[
        Self::InstagramBusinessBasic,
        Self::InstagramBusinessContentPublish,
        Self::InstagramBusinessManageMessages,
        Self::InstagramBusinessManageComments,
        Self::InstagramBusinessManageInsights,
        Self::UserProfile,
        Self::UserMedia,
    ];

    /// The scope of that name, retired or not, if the text is a valid name. Names reported by the
    /// provider are taken as they are.
    pub(crate) fn reported(text: &str) -> Option<Self> {
        let is_letter =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_name = (1..=MAX_SCOPE_BYTES).contains(&text.len()) && text.bytes().all(is_letter);
        let named = Self::NAMED.iter().find(|scope| scope.as_str() == text).cloned();
        named.or_else(|| is_name.then(|| Self::Other(OtherScope(text.to_owned()))))
    }
}

impl std::str::FromStr for Scope {
    type Err = ScopeError;

    /// # Errors
    ///
    /// When the text is not a permission name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::reported(text).ok_or_else(|| ScopeError {
            text: text.escape_debug().to_string(),
            problem: format!(
                "not a permission name: 1 to {MAX_SCOPE_BYTES} lower-case letters, digits and \
                 underscores, several of them separated by commas"
            ),
        })
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of permissions that keeps the order in which they were added.
///
/// ```
/// use ig_oauth_common::{Scope, Scopes};
///
/// let scopes: Scopes = "user_profile,user_media".parse()?;
/// assert!(scopes.contains(&Scope::UserMedia));
/// assert_eq!(scopes.to_string(), "user_profile,user_media");
/// # Ok::<(), ig_oauth_common::ScopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Scope>")]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// No permission.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes of `self` that are not in `others`.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        self.iter().filter(|scope| !others.contains(scope)).cloned().collect()
    }

    /// The scopes of `self` that are in `others`, or all of them if `others` is `None`.
    pub(crate) fn narrowed_to(&self, others: Option<&Self>) -> Self {
        let known = |scope: &&Scope| others.is_none_or(|others| others.contains(scope));
        self.iter().filter(known).cloned().collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Self::new();
        set.extend(scopes);
        set
    }
}

impl Extend<Scope> for Scopes {
    fn extend<I: IntoIterator<Item = Scope>>(&mut self, scopes: I) {
        for scope in scopes {
            if !self.contains(&scope) {
                self.0.push(scope);
            }
        }
    }
}

impl<const N: usize> From<[Scope; N]> for Scopes {
    fn from(scopes: [Scope; N]) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<Vec<Scope>> for Scopes {
    fn from(scopes: Vec<Scope>) -> Self {
        scopes.into_iter().collect()
    }
}

impl IntoIterator for Scopes {
    type Item = Scope;
    type IntoIter = std::vec::IntoIter<Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::str::FromStr for Scopes {
    type Err = ScopeError;

    /// Reads a list separated by commas or spaces, the two forms the provider's guide allows.
    ///
    /// # Errors
    ///
    /// When one of the names is not a permission name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split([',', ' ']).filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for Scopes {
    /// Joined by commas, as in the authorization request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}
