//! What an app is told of a user who removed it, or who wants their data deleted.

use crate::clock::Timestamp;
use crate::provider::SignedRequest;
use crate::token_facts::UserId;

/// What both messages say.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) request: SignedRequest,
    /// How many accounts the store has forgotten.
    pub(crate) revoked: u64,
    /// The posted id first, then every other one the forgotten accounts were known by.
    pub(crate) user_ids: Vec<UserId>,
}

/// A stored account, or without a store a user, whose token the provider calls invalid: the user has
/// removed the app, changed the password, or was blocked. Only a new login helps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadAccount {
    user_id: UserId,
    further_ids: Vec<UserId>,
}

impl DeadAccount {
    pub(crate) fn new(user_id: UserId, further_ids: Vec<UserId>) -> Self {
        Self { user_id, further_ids }
    }

    /// The user, by the id of the token answer.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Other ids of the same account, such as the professional account's. None without a store.
    #[must_use]
    pub fn further_ids(&self) -> &[UserId] {
        &self.further_ids
    }
}

/// A user removed the app at the provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deauthorization {
    pub(crate) gone: Gone,
}

impl Deauthorization {
    /// The user, by an id of the provider's choosing.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        self.gone.request.user_id()
    }

    /// Every id to look your data up by: the posted one first, then those by which the store knew the
    /// accounts it has just forgotten.
    ///
    /// What was forgotten before is not known again: the posted id stands alone without a store, when
    /// a request comes again after a failure, and in the later of a removal and a deletion, even when
    /// nothing failed and when both came at once. It may be any one of a user's ids, so keep them all
    /// beside your data: [`app_scoped_id`](crate::Profile::app_scoped_id) and
    /// [`professional_account_id`](crate::Profile::professional_account_id).
    #[must_use]
    pub fn user_ids(&self) -> &[UserId] {
        &self.gone.user_ids
    }

    /// When the provider says it happened.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.gone.request.issued_at()
    }

    /// Whether it speaks of what began at `moment`, such as a connection: see
    /// [`SignedRequest::covers`].
    #[must_use]
    pub fn covers(&self, moment: Timestamp) -> bool {
        self.gone.request.covers(moment)
    }

    /// How many accounts the store has forgotten: 0 without one, or when it knew none.
    #[must_use]
    pub fn revoked(&self) -> u64 {
        self.gone.revoked
    }
}

/// A user wants their data deleted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataDeletion {
    pub(crate) gone: Gone,
    pub(crate) confirmation_code: String,
}

impl DataDeletion {
    /// The user, by an id of the provider's choosing.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        self.gone.request.user_id()
    }

    /// Every id to look your data up by: the posted one first, then those by which the store knew the
    /// accounts it has just forgotten.
    ///
    /// What was forgotten before is not known again: the posted id stands alone without a store, when
    /// a request comes again after a failure, and in the later of a removal and a deletion, even when
    /// nothing failed and when both came at once. It may be any one of a user's ids, so keep them all
    /// beside your data: [`app_scoped_id`](crate::Profile::app_scoped_id) and
    /// [`professional_account_id`](crate::Profile::professional_account_id).
    #[must_use]
    pub fn user_ids(&self) -> &[UserId] {
        &self.gone.user_ids
    }

    /// When the user asked.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.gone.request.issued_at()
    }

    /// Whether it speaks of what began at `moment`, such as a connection: see
    /// [`SignedRequest::covers`].
    #[must_use]
    pub fn covers(&self, moment: Timestamp) -> bool {
        self.gone.request.covers(moment)
    }

    /// How many accounts the store has forgotten: 0 without one, or when it knew none.
    #[must_use]
    pub fn revoked(&self) -> u64 {
        self.gone.revoked
    }

    /// The code the user gets. Keep it with a deletion that is queued, for
    /// [`Flow::report_deletion`](crate::Flow::report_deletion).
    #[must_use]
    pub fn confirmation_code(&self) -> &str {
        &self.confirmation_code
    }
}
