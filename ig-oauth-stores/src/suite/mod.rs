//! Test cases that every [`Store`] must pass, for your own store too.
//!
//! Each case is an `async fn` whose name states what it checks; it panics if the store does
//! something else. Together they cover every method and every clause of the trait's documentation.
//! They use fresh random ids, so they can run on a database with other data, concurrently and
//! repeatedly. Their present time is 15 January 2027, because the caller's clock decides.
//!
//! ```
//! use ig_oauth_common::store::MemoryStore;
//! use ig_oauth_stores::suite;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let store = MemoryStore::new();
//! let cases = suite::run_all(&store).await;
//! assert_eq!(cases, suite::CASES.len());
//!
//! // Or one of them, by its name:
//! suite::a_claim_of_the_same_owner_is_renewed(&store).await;
//! # });
//! ```
//!
//! The cases do not check two things that the trait leaves open: the order of an account's further
//! ids and of the accounts with an id, and when an expired record is deleted.

use ig_oauth_common::store::Store;

mod accounts;
mod batches;
mod claims;
mod deletions;
mod materials;
mod robustness;
mod sessions;

macro_rules! cases {
    ($($module:ident: $($name:ident,)*;)*) => {
        $(pub use $module::{$($name),*};)*

        /// The names of all cases, in the order in which they run.
        pub const CASES: &[&str] = &[$($(stringify!($name)),*),*];

        /// Runs all cases, one after the other. Returns how many there were.
        pub async fn run_all(store: &impl Store) -> usize {
            $($(Box::pin($name(store)).await;)*)*
            CASES.len()
        }
    };
}

cases! {
    sessions:
        a_session_comes_back_with_its_account,
        a_login_joins_the_further_ids_of_earlier_ones,
        other_sessions_stay_and_use_the_new_token,
        an_unknown_session_is_none,
        a_session_ends_at_the_very_moment,
        a_session_ends_with_its_account,
        a_touched_session_lives_on,
        a_touch_can_shorten_a_session,
        touching_an_unknown_session_makes_none,
        ending_a_session_ends_that_one_only,
        sessions_come_oldest_first,
        sessions_are_those_of_one_account,
        expired_sessions_are_not_listed,
        ending_all_sessions_leaves_the_account,
    ;
    accounts:
        an_account_comes_back,
        an_unknown_account_is_none,
        an_account_ends_at_the_very_moment,
        an_account_of_the_same_key_gives_way_and_ids_join,
        logins_at_once_lose_nothing,
        a_replaced_account_is_the_new_one_whole,
        a_replaced_account_keeps_its_sessions,
        a_late_writer_never_undoes_a_newer_login,
        replacing_an_unknown_account_makes_none,
        of_many_replacements_at_once_one_wins,
        sealed_tokens_come_back_to_the_byte,
        any_text_comes_back,
        user_ids_are_text,
    ;
    batches:
        accounts_come_in_the_order_of_their_keys,
        pages_follow_each_other_without_a_gap,
        a_page_can_start_after_a_key_that_is_gone,
        a_page_can_start_after_a_key_of_another_app,
        a_page_can_have_any_limit,
        expiring_accounts_come_in_the_order_of_their_keys,
        expiring_accounts_follow_their_changes,
        apps_do_not_see_each_others_accounts,
        accounts_are_known_by_any_of_their_ids,
        one_id_can_know_several_accounts,
        revoking_forgets_the_account_and_its_sessions,
        revoking_by_a_further_id_is_the_same,
        revoking_an_unknown_id_forgets_nothing,
        a_new_login_after_a_revocation_starts_anew,
        forgetting_takes_the_account_and_its_sessions,
        a_late_revocation_never_undoes_a_newer_login,
    ;
    claims:
        a_claim_keeps_others_out,
        a_refused_claim_leaves_no_trace,
        a_claim_is_free_at_its_end,
        a_claim_of_the_same_owner_is_renewed,
        an_owner_can_shorten_a_claim,
        a_claim_given_back_is_free,
        only_the_owner_can_give_a_claim_back,
        giving_back_nothing_is_harmless,
        claims_of_different_keys_do_not_meet,
        of_many_claims_at_once_one_wins,
        of_many_heirs_at_once_one_wins,
        claims_stand_any_moment,
    ;
    deletions:
        a_deletion_request_comes_back,
        a_deletion_request_gives_way_whole,
        a_deletion_request_gives_way_only_as_it_was_seen,
        an_expired_deletion_request_counts_as_none,
        of_many_reports_at_once_one_wins,
        an_unknown_deletion_request_is_none,
        a_deletion_request_ends_at_the_very_moment,
        deletion_requests_stand_any_moment,
    ;
    robustness:
        the_callers_clock_rules,
        the_last_moment_is_a_moment,
        the_first_moment_is_a_moment,
        a_dropped_login_is_whole_or_nothing,
        dropped_operations_do_no_harm,
        a_login_during_a_revocation_leaves_no_half,
        everything_at_once_ends_well,
    ;
}
