//! Who looks at a page.

use ig_oauth_common::{ApiErrorKind, Profile, Token};

/// Who looks at a page, as far as their session and the provider say.
#[derive(Debug)]
#[non_exhaustive]
pub enum Visitor<'a> {
    /// Nobody has logged in.
    Anonymous,
    /// Somebody has, and the provider has ended the token since: only a new login helps.
    Ended,
    /// A user, with their profile when the provider gave one.
    User(&'a Token, Option<Box<Profile>>),
}

impl<'a> Visitor<'a> {
    /// Asks the provider about the user, if there is one. That the provider cannot be asked now is
    /// no reason to turn a user away.
    pub async fn of(token: Option<&'a Token>) -> Self {
        let Some(token) = token else { return Self::Anonymous };
        match token.profile().await {
            Ok(profile) => Self::User(token, Some(Box::new(profile))),
            Err(error) if error.kind() == ApiErrorKind::TokenInvalid => Self::Ended,
            Err(_) => Self::User(token, None),
        }
    }
}
