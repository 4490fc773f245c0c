//! What an app is told of a user who removed it, or who wants their data deleted.

use crate::provider::SignedRequest;
use crate::token_facts::UserId;

/// A stored account, or without a store a user, whose token the provider calls invalid: the user has
/// removed the app, changed the password, or was blocked. Only a new login helps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadAccount {
    /// The user, by the id of the token answer.
    pub user_id: UserId,
    /// Other ids of the same account, such as the professional account's. None without a store.
    pub further_ids: Vec<UserId>,
}

/// A user removed the app at the provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deauthorization {
    /// What the provider signed: the user, by an id of the provider's choosing, and when it happened.
    /// Whether it speaks of what began at a moment, such as a connection, says
    /// [`covers`](SignedRequest::covers).
    pub request: SignedRequest,
    /// Every id to look your data up by: the posted one first, then those by which the store knew the
    /// accounts it has just forgotten.
    ///
    /// What was forgotten before is not known again: the posted id stands alone without a store, when
    /// a request comes again after a failure, and in the later of a removal and a deletion, even when
    /// nothing failed and when both came at once. It may be any one of a user's ids, so keep them all
    /// beside your data: [`app_scoped_id`](crate::Profile::app_scoped_id) and
    /// [`professional_account_id`](crate::Profile::professional_account_id).
    pub user_ids: Vec<UserId>,
    /// How many accounts the store has forgotten: 0 without one, or when it knew none.
    pub revoked: u64,
}

/// A user wants their data deleted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataDeletion {
    /// What the provider signed: the user, by an id of the provider's choosing, and when they asked.
    /// Whether it speaks of what began at a moment, such as a connection, says
    /// [`covers`](SignedRequest::covers).
    pub request: SignedRequest,
    /// Every id to look your data up by: the posted one first, then those by which the store knew the
    /// accounts it has just forgotten.
    ///
    /// The same holds as for a [`Deauthorization`]'s.
    pub user_ids: Vec<UserId>,
    /// How many accounts the store has forgotten: 0 without one, or when it knew none.
    pub revoked: u64,
    /// The code the user gets. Keep it with a deletion that is queued, for
    /// [`Flow::report_deletion`](crate::Flow::report_deletion).
    pub confirmation_code: String,
}
