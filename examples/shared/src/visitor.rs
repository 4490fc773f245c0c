//! The visitor of a page.

use ig_oauth_common::{ApiErrorKind, Profile, Token};

/// The visitor of a page, according to the session and the provider.
#[derive(Debug)]
#[non_exhaustive]
pub enum Visitor<'a> {
    /// Not logged in.
    Anonymous,
    /// Logged in, but the provider has invalidated the token: only a new login helps.
    Ended,
    /// A user, with the profile if the provider returned one.
    User(&'a Token, Option<Box<Profile>>),
}

impl<'a> Visitor<'a> {
    /// Asks the provider about the user, if there is one. A user is still logged in when the
    /// provider cannot be reached.
    pub async fn of(token: Option<&'a Token>) -> Self {
        let Some(token) = token else { return Self::Anonymous };
        match token.profile().await {
            Ok(profile) => Self::User(token, Some(Box::new(profile))),
            Err(error) if error.kind() == ApiErrorKind::TokenInvalid => Self::Ended,
            Err(_) => Self::User(token, None),
        }
    }
}
