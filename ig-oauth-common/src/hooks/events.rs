//! The events that hooks receive: a failed or declined login, a logout, a dead account, and the
//! provider's requests about a user who removed the app or wants their data deleted.

use crate::error::AuthErrorKind;
use crate::messages::Languages;
use crate::provider::SignedRequest;
use crate::token_facts::UserId;

/// The user declined in the authorization window.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Denial {
    /// Where the login would have ended.
    pub return_to: String,
    /// The provider's `error_reason`, such as `user_denied`: text from outside, at most 256
    /// characters. Escape it before you show it.
    pub reason: Option<String>,
    /// The provider's `error_description`, decoded: text from outside, at most 256 characters.
    /// Escape it before you show it.
    pub description: Option<String>,
    /// The app data that the login started with.
    pub app_data: Vec<u8>,
    /// The link that starts the same login again, with the same options. It works for ten minutes.
    /// After that it shows a button.
    pub retry_url: String,
    /// Whether a person will read the answer as a page. Otherwise the client is a program and JSON
    /// suits it best.
    pub wants_page: bool,
    /// The languages that the client asks for.
    pub languages: Languages,
}

/// One of the crate's routes fails.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What went wrong. Use it as the label of a counter.
    pub kind: AuthErrorKind,
    /// The error with its causes in one line, without any secret: for logs, not for users.
    pub detail: String,
    /// A random id that is also shown on the page, so that a user's report leads to its log line.
    pub id: String,
    /// Whether a person will read the answer as a page. Otherwise the client is a program and JSON
    /// suits it best.
    pub wants_page: bool,
    /// The languages that the client asks for.
    pub languages: Languages,
    /// Where the login would have ended. `None` unless a login failed and an attempt cookie of this
    /// browser proves the value.
    pub return_to: Option<String>,
    /// The link that starts the login again, with its options where they are proven. `None` where
    /// no login failed, as at a logout.
    pub retry_url: Option<String>,
}

/// A user logs out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Logout {
    /// The user who logs out. `None` when the browser had no valid session.
    pub user_id: Option<UserId>,
}

/// A stored account, or without a store a user, whose token the provider reports as invalid: the
/// user has removed the app, changed the password, or was blocked. Only a new login helps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadAccount {
    /// The user, by the id of the token response.
    pub user_id: UserId,
    /// Other ids of the same account, such as the professional account's. Empty without a store.
    pub further_ids: Vec<UserId>,
}

/// A user removed the app at the provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deauthorization {
    /// What the provider signed: the user, by an id that the provider chooses, and when it
    /// happened. [`covers`](SignedRequest::covers) says whether data created at a given time is
    /// older than this request.
    pub request: SignedRequest,
    /// All known ids of the user, for looking up your data: the posted id first, then the other ids
    /// of the accounts that the store has just deleted.
    ///
    /// Once the store has deleted an account, its other ids are no longer known. `user_ids` then
    /// holds only the posted id: without a store, when a request is repeated after a failure, and
    /// for the second of a deauthorization and a data deletion, even when both arrive at once and
    /// neither fails. The posted id can be any of a user's ids, so store all of them with your
    /// data: [`app_scoped_id`](crate::Profile::app_scoped_id) and
    /// [`professional_account_id`](crate::Profile::professional_account_id).
    pub user_ids: Vec<UserId>,
    /// How many accounts the store has deleted: 0 without a store, or when it knew none.
    pub revoked: u64,
}

/// A user wants their data deleted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DataDeletion {
    /// What the provider signed: the user, by an id that the provider chooses, and when they asked.
    /// [`covers`](SignedRequest::covers) says whether data created at a given time is older than
    /// this request.
    pub request: SignedRequest,
    /// All known ids of the user, for looking up your data: the posted id first, then the other ids
    /// of the accounts that the store has just deleted.
    ///
    /// The limits described at [`Deauthorization::user_ids`] apply here too.
    pub user_ids: Vec<UserId>,
    /// How many accounts the store has deleted: 0 without a store, or when it knew none.
    pub revoked: u64,
    /// The confirmation code that the user gets. Store it with a queued deletion, for
    /// [`Flow::report_deletion`](crate::Flow::report_deletion).
    pub confirmation_code: String,
}
