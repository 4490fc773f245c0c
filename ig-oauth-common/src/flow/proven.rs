//! A callback that is proven to belong to an attempt of this browser.

use super::authorization::AuthorizationResponse;
use super::failures::Refusal;
use super::login_links::SameLogin;
use crate::attempt::Attempt;
use crate::error::{AuthError, AuthErrorKind};
use crate::messages::Audience;

/// A proven callback with the data it needs from its request.
pub(super) struct Proven {
    pub(super) attempt: Attempt,
    pub(super) response: AuthorizationResponse,
    pub(super) audience: Audience,
    /// The line that removes the attempt's cookie, sent with every result.
    pub(super) removal: String,
    /// The values of the session cookie that the browser sent.
    pub(super) session: Vec<Vec<u8>>,
}

impl Proven {
    pub(super) fn refusal(&self, error: impl Into<AuthError>) -> Refusal {
        let refusal = Refusal::new(error, self.audience).of(SameLogin::of(&self.attempt));
        refusal.cookies(vec![self.removal.clone()])
    }

    /// The refusal when there is no place for the exchange. Nothing is consumed and the attempt's
    /// cookie is kept, so that the same callback can be sent again.
    pub(super) fn busy(&self) -> Refusal {
        Refusal::new(AuthErrorKind::Busy, self.audience).of(SameLogin::of(&self.attempt))
    }
}
