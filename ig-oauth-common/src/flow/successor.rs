//! The token of a response that replaces an earlier token: of the same user, and without scopes
//! that were not granted before.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{AuthError, AuthErrorKind, chain};
use crate::provider::{Provider, Token, TokenAnswer};
use crate::token_facts::{Lifetime, TokenFacts, UserId};

/// The lifetime of a long-lived token whose response has no plausible one: 60 days, by Meta's page
/// of the business login.
const LONG_LIVED: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// The token that replaces `token`.
///
/// Its lifetime is counted from `asked_at`, before the call. Counted from the response, it would be
/// later than the provider's own expiry.
pub(super) async fn of(
    provider: &Provider,
    token: &Token,
    further_ids: &[UserId],
    answer: TokenAnswer,
    asked_at: Timestamp,
) -> Result<Token, AuthError> {
    check_owner(provider, token, further_ids, &answer).await?;
    let life = answer.expires_in.unwrap_or(LONG_LIVED);
    Ok(token.succeeded_by(TokenFacts {
        access_token: answer.access_token,
        user_id: token.user_id().clone(),
        lifetime: Lifetime::LongLived,
        scopes: token.scopes().narrowed_to(answer.permissions.as_ref()),
        scopes_reported: token.scopes_reported() || answer.permissions.is_some(),
        issued_at: asked_at,
        expires_at: asked_at.saturating_add(life),
    }))
}

/// Checks that the response's token belongs to the same user.
///
/// A user has several ids, and Meta documents for none of them that it appears here: an unknown id
/// does not prove another user. The profile of the new token has all ids.
async fn check_owner(
    provider: &Provider,
    token: &Token,
    further_ids: &[UserId],
    answer: &TokenAnswer,
) -> Result<(), AuthError> {
    let is_known = |id: &UserId| id == token.user_id() || further_ids.contains(id);
    if answer.user_id.as_ref().is_none_or(is_known) {
        return Ok(());
    }
    let profile = provider.profile(&answer.access_token).await;
    let profile = profile.map_err(|error| {
        let asked = format!("whose token the answer holds cannot be asked: {}", chain(&error));
        AuthError::with_source(AuthErrorKind::MalformedAnswer, asked)
    })?;
    if profile.ids().any(is_known) {
        return Ok(());
    }
    let other = "the answer's token is of another user";
    Err(AuthError::with_source(AuthErrorKind::MalformedAnswer, other))
}
