//! What hooks hear of: a login that came to nothing, a logout, a dead account, and what the provider says
//! of a user who removed the app or wants their data deleted.

use crate::error::AuthErrorKind;
use crate::messages::Languages;
use crate::provider::SignedRequest;
use crate::token_facts::UserId;

/// The user said no in the authorization window.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Denial {
    /// Where the login was headed.
    pub return_to: String,
    /// The provider's `error_reason`, such as `user_denied`: text from outside, at most 256
    /// characters. Escape it before you show it.
    pub reason: Option<String>,
    /// The provider's `error_description`, decoded: text from outside, at most 256 characters.
    /// Escape it before you show it.
    pub description: Option<String>,
    /// The app data that the login started with.
    pub app_data: Vec<u8>,
    /// The link that starts the same login again, with everything it was asked for. It works for ten
    /// minutes, and shows a button after that.
    pub retry_url: String,
    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    pub is_for_a_person: bool,
    /// The languages the reader asks for.
    pub languages: Languages,
}

/// Something went wrong on one of our routes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong. Count by it.
    pub kind: AuthErrorKind,
    /// The error with its causes in one line, without any secret: for logs, not for users.
    pub detail: String,
    /// A random id that also stands on the page, so that a user's report finds its log line.
    pub id: String,
    /// Whether a person will read the answer as a page. Everybody else is a program, which reads JSON
    /// best.
    pub is_for_a_person: bool,
    /// The languages the reader asks for.
    pub languages: Languages,
    /// Where the login was headed, when it is a login that failed and an attempt of this browser
    /// proves it.
    pub return_to: Option<String>,
    /// The link that starts the login again, with everything it was asked for where that is proven.
    /// None where no login failed, as at a logout.
    pub retry_url: Option<String>,
}

/// A user logs out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logout {
    /// Who logs out: none when the browser had no valid session.
    pub user_id: Option<UserId>,
}

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
