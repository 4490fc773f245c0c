//! What every adapter must do. Each function is one test of each adapter.

#![allow(missing_docs, reason = "a scenario's name says what it shows")]

pub mod callback;
pub mod guide;
pub mod headers;
pub mod hooks;
pub mod login;
pub mod logout;
pub mod mounting;
pub mod permissions;
pub mod return_to;
pub mod stopping;
pub mod tokens;
pub mod unauthenticated;

/// Makes a test of every scenario, for the adapter that is the value of a path.
#[macro_export]
macro_rules! run_scenarios {
    ($adapter:path) => {
        $crate::run_scenarios! { @each $adapter;
            guide {
                the_sample_authorization_request_is_made_to_the_letter
                comma_and_encoded_space_scopes_read_alike
                the_sample_success_redirect_logs_in
                the_sample_cancel_redirect_shows_a_calm_page
                the_sample_success_json_is_understood
                the_sample_rejected_json_asks_to_start_again
            }
            login {
                the_login_button_leads_through_the_window_to_a_logged_in_page
                a_page_that_needs_a_token_is_reached_after_the_login
                another_account_can_be_chosen_in_the_window
                cancel_ends_on_a_calm_page_and_the_attempt_is_over
                a_second_tab_does_not_kill_the_first
                attempts_are_bounded_and_the_oldest_make_room
                both_apis_work_with_both_kinds_of_sessions
                a_post_only_login_shows_a_button_first
                garbage_in_an_attempt_cookie_does_not_stop_a_login
            }
            callback {
                an_escaped_fragment_ends_no_login
                a_stale_attempt_is_refused_and_a_fresh_one_is_not
                forged_callbacks_never_reach_the_provider_and_leave_the_attempt_alive
                a_tampered_attempt_is_refused
                an_attempt_of_another_browser_is_refused
                malformed_callbacks_are_refused_and_leave_the_attempt_alive
                a_replayed_callback_lands_softly_without_a_second_exchange
                a_replayed_callback_without_a_session_asks_to_start_again
                identical_callbacks_share_one_exchange_and_one_answer
                a_prefetched_callback_spends_nothing
                a_callback_in_a_frame_or_script_is_refused
                a_failing_provider_is_told_apart_and_the_next_login_works
            }
            return_to {
                a_login_ends_where_it_was_asked_to_with_query_and_fragment
                hostile_targets_end_on_the_default_page
                our_own_routes_are_no_place_to_return_to
                allowed_origins_may_be_returned_to
                the_providers_fragment_does_not_follow_the_user
            }
            logout {
                logging_out_ends_the_session
                a_logged_out_session_id_stays_logged_out
                only_posts_of_this_site_log_out
                a_program_gets_204
            }
            unauthenticated {
                a_navigation_is_led_to_the_login
                a_program_gets_json_that_says_where_to_log_in
                other_paths_pass_through_untouched
                a_broken_or_expired_session_counts_as_none
            }
            headers {
                every_answer_of_ours_is_private_and_not_sniffed
                pages_run_no_script_and_fit_in_no_frame
                other_methods_are_refused_without_side_effect
                a_prefetched_login_starts_nothing
                no_secret_reaches_the_browser
                failure_url_gets_the_code_an_id_and_signed_options
            }
            tokens {
                the_long_lived_token_is_fetched_by_default_today
                a_failing_long_lived_exchange_does_not_fail_the_login
                a_required_long_lived_exchange_that_fails_fails_the_login
                every_shape_of_token_answer_is_understood
                a_missing_required_permission_keeps_nothing
                a_session_ends_with_its_idle_life_and_is_renewed_by_use
                a_weekly_visitor_never_logs_in_again_and_who_stays_away_is_asked_to
                a_wait_is_read_in_seconds_and_as_a_date
            }
            hooks {
                a_hook_chooses_the_landing_page_and_adds_the_apps_cookies
                a_hook_refuses_a_login_and_nothing_is_kept
            }
            permissions {
                a_click_on_the_page_about_a_missing_permission_asks_for_it
                asking_for_more_keeps_what_was_granted_before
                a_program_is_told_what_is_missing_and_where_to_grant_it
                a_guard_asks_for_its_scopes_too
                a_handler_lists_media_and_hears_of_a_revoked_token
            }
            stopping {
                what_a_browser_began_and_left_is_finished_when_the_server_stops
            }
            mounting {
                handlers_without_the_middleware_ask_for_it
                middleware_and_routes_together_answer_once
                nested_routes_log_in_under_their_prefix
                a_nested_middleware_logs_in_under_its_prefix
                misplaced_routes_say_what_to_change
                another_spelling_of_a_mounted_path_is_the_apps
                two_mounts_on_one_host_log_in_users_of_both
                a_stripped_prefix_is_put_before_what_the_browser_sees
                a_login_works_with_middlewares_of_others_outside
                a_login_works_with_middlewares_of_others_inside
                a_timeout_outside_gives_our_callback_up
                a_timeout_inside_is_the_apps_alone
                an_endless_answer_arrives_as_it_is_made
                a_connection_that_switches_protocols_is_the_apps
            }
        }
    };
    (@each $adapter:path; $($module:ident { $($scenario:ident)* })*) => {
        $(
            mod $module {
                $(
                    #[tokio::test]
                    async fn $scenario() {
                        $crate::scenarios::$module::$scenario(&$adapter).await;
                    }
                )*
            }
        )*

        /// How many scenarios this adapter runs, by name.
        pub const SCENARIOS: &[&str] = &[$($(concat!(stringify!($module), "::", stringify!($scenario)),)*)*];
    };
}

#[cfg(test)]
mod tests {
    /// A scenario that the list above forgets would never run.
    #[test]
    fn every_scenario_is_in_the_list() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scenarios");
        let list = include_str!("mod.rs");
        let mut count = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let file = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for line in file.lines() {
                let Some(rest) = line.strip_prefix("pub async fn ") else {
                    continue;
                };
                let name = rest.split('(').next().unwrap();
                assert!(
                    list.contains(&format!("                {name}\n")),
                    "{name} is not listed"
                );
                count += 1;
            }
        }
        assert!(count > 40, "{count} scenarios");
    }
}
