//! The rows, a section a file.

#![allow(missing_docs, reason = "a row's name says what it shows")]

pub mod answers;
pub mod authorization_errors;
pub mod availability;
pub mod caches;
pub mod callback;
pub mod cookies;
pub mod crowding;
pub mod dead_tokens;
pub mod events;
pub mod forgeries;
pub mod hosts;
pub mod links_of_others;
pub mod logout;
pub mod methods;
pub mod redirects;
pub mod repeated_requests;
pub mod session_ends;
pub mod sessions;
pub mod signed_request;
pub mod state;
pub mod token_answers;
pub mod token_endpoint;
pub mod token_life;
pub mod ways_on;
pub mod web_clients;

/// Makes a test of every row, for the adapter that is the value of a path.
#[macro_export]
macro_rules! run_rows {
    ($adapter:path) => {
        $crate::run_rows! { @each $adapter;
            web_clients {
                w_01_a_person_is_known_by_one_rule_everywhere
                w_02_a_fetched_login_link_is_left_for_the_browser_to_open
                w_03_htmx_is_led_to_the_login_and_back_to_its_page
                w_07_a_form_sent_after_the_session_ended_gets_a_page
                w_10_a_prefetch_is_routine_in_the_log
                w_11_a_long_or_odd_address_is_returned_to
                v_05_a_websocket_handshake_starts_and_ends_nothing
            }
            logout {
                w_04_a_listed_front_end_on_a_sibling_host_logs_out
                w_14_a_logout_that_did_not_happen_offers_the_button
            }
            caches {
                w_16_a_page_made_with_a_token_is_not_kept
            }
            crowding {
                v_09_a_foreign_page_ends_no_login_under_way
                v_09_the_button_page_is_no_login_for_the_hook
            }
            state {
                s_01_every_login_sends_one_random_state
                s_02_states_do_not_repeat_and_every_bit_is_fair
                s_03_a_callback_in_a_browser_without_the_attempt_is_refused
                s_04_neither_state_nor_cookie_is_no_way_in
                s_05_empty_state_and_empty_cookie_do_not_match
                s_06_states_swapped_between_browsers_are_refused
                s_09_an_attempt_lives_ten_minutes_by_the_servers_clock
                s_10_a_used_callback_is_worth_nothing
                s_11_fifty_parallel_callbacks_make_one_exchange
                s_12_the_request_does_not_choose_the_state
                s_13_a_planted_cookie_does_not_become_the_state
                s_17_two_tabs_both_succeed
                s_18_a_forged_callback_does_not_end_an_attempt
                s_19_the_state_says_nothing
                s_20_hostile_clocks_give_no_endless_life_and_no_panic
                s_21_an_attempt_of_one_app_user_is_none_of_anothers
            }
            forgeries {
                s_07_a_value_of_one_cookie_is_worth_nothing_in_another
                s_08_an_attempt_of_one_mount_is_none_of_anothers
                s_14_any_changed_bit_of_the_attempt_is_noticed
                s_15_a_shorter_or_longer_signature_is_none
                s_16_one_value_has_one_text
            }
            links_of_others {
                w_08_another_users_old_link_renews_nothing
            }
            ways_on {
                w_05_a_user_whom_accepts_refuses_ends_at_the_callback
                w_06_no_failure_url_leads_round_in_circles
                w_08_an_old_signed_link_becomes_a_button_for_the_same_login
                w_09_try_again_starts_the_same_login
                w_12_a_browser_without_cookies_is_told_what_to_check
                w_13_the_way_on_is_the_one_that_helps_there
                w_15_the_cancel_page_leads_back_to_the_site_too
                w_17_no_page_says_what_it_cannot_know
                w_18_every_text_is_the_apps_in_the_readers_language
            }
            signed_request {
                g_01_a_forged_request_is_refused_and_no_hook_called
                g_02_only_the_one_algorithm_is_taken
                g_03_a_shorter_or_longer_signature_is_none
                g_04_the_signature_is_over_the_text_as_it_came
                g_05_only_the_canonical_base64url_is_read
                g_06_every_odd_shape_is_refused
                g_07_a_request_without_a_user_is_refused
                g_08_a_good_request_reaches_the_hook
                g_09_stale_requests_are_refused_and_repeated_ones_are_one
                g_10_only_a_posted_form_is_read
                g_11_the_confirmation_can_be_asked_for_and_says_nothing
                g_12_a_hook_that_fails_confirms_nothing
                g_13_another_secret_counts_only_when_it_is_configured
            }
            callback {
                c_01_a_code_given_twice_is_refused
                c_02_a_state_given_twice_is_refused
                c_03_names_are_decoded_once_and_compared_exactly
                c_04_arrays_and_objects_are_no_parameters
                c_05_code_and_error_together_are_refused
                c_06_neither_code_nor_error_is_refused_with_a_way_on
                c_07_empty_values_are_refused
                c_08_an_error_is_believed_only_with_a_proven_state
                c_09_a_real_cancel_ends_calmly
                c_10_nothing_reaches_the_provider_before_the_state_is_proven
                c_11_the_appended_fragment_is_no_part_of_the_code
                c_12_a_token_in_the_query_is_never_taken
                c_13_bad_percent_encoding_is_refused
                c_14_codes_are_visible_ascii
                c_15_only_the_ampersand_separates
                c_16_huge_queries_are_refused_and_cost_little
                c_17_unknown_parameters_are_ignored
                c_18_a_request_changes_nothing_of_the_authorization_request
                c_19_the_authorization_request_is_whole_and_escaped
                c_20_the_redirect_uri_is_the_same_to_the_letter_both_times
                c_21_other_shapes_of_the_path_are_not_the_callback
                c_22_a_body_is_never_read
            }
            cookies {
                k_01_every_cookie_has_the_strictest_attributes
                k_02_the_cross_site_callback_and_the_page_after_it_see_their_cookies
                k_03_removals_are_taken_by_a_strict_jar
                k_04_a_siblings_cookie_without_the_prefix_is_not_ours
                k_05_a_percent_encoded_name_is_another_name
                k_06_white_space_and_unicode_before_a_name_make_another_name
                k_07_a_bad_byte_in_another_cookie_costs_us_nothing
                k_08_duplicates_of_our_name_are_tried_up_to_a_bound
                k_09_malformed_cookies_hide_nothing
                k_10_a_flood_of_cookies_is_bounded
                k_11_attempts_do_not_pile_up
                k_12_a_token_that_no_cookie_holds_fails_before_the_redirect
                k_13_names_and_values_are_plain
                k_14_leftovers_do_not_stop_a_login_and_are_cleared
                k_15_the_apps_own_cookies_stay_beside_ours
                k_17_a_cookie_never_rides_on_an_answer_that_may_be_cached
                h_05_plain_http_is_for_loopback_and_has_other_cookie_names
            }
            dead_tokens {
                w_20_a_call_that_meets_a_dead_token_ends_its_sessions
                w_20_the_mark_alone_ends_a_session_that_could_not_be_removed
                w_20_a_refresh_that_meets_a_dead_token_ends_its_sessions
                w_20_a_late_answer_about_an_old_token_ends_nothing_newer
                w_20_a_late_answer_about_a_dead_token_spares_the_cookie_of_a_newer_login
                w_20_during_a_login_a_dead_token_is_a_step_that_failed
            }
            session_ends {
                w_19_a_handler_ends_the_session_in_one_line
                w_21_a_session_can_end_with_the_browser
                v_04_a_session_from_the_future_is_ignored_and_never_sealed_anew
                v_04_a_session_from_the_future_leaves_one_event
            }
            redirects {
                r_01_no_form_of_open_redirect_works
                r_02_no_other_carrier_says_where_to_go
                r_03_a_target_given_twice_is_not_used
                r_04_paths_that_a_url_parser_turns_into_hosts_are_not_used
                r_05_bytes_that_browsers_strip_are_not_used
                r_06_no_header_can_be_added
                r_07_no_login_ends_at_the_login
                r_08_only_listed_origins_are_left_for
                r_09_what_the_callback_says_about_the_target_is_ignored
                r_10_redirects_are_303
                r_11_every_landing_has_a_fragment_of_its_own
                r_12_the_code_does_not_stay_in_the_address_bar
                r_13_the_callback_leaks_no_referrer
                r_14_try_again_leads_to_our_login_and_nowhere_else
            }
            hosts {
                h_01_the_host_header_changes_nothing
                h_02_forwarded_headers_change_nothing
                h_03_a_foreign_authority_in_the_target_changes_nothing
                h_03_authority_and_host_of_http2_may_differ_and_change_nothing
                h_04_plain_http_to_the_app_downgrades_nothing
                h_06_the_token_endpoint_is_reached_by_proven_tls_only
                h_07_another_host_name_has_no_attempt
                h_08_no_header_overrides_the_method
                h_09_replayable_early_data_is_refused
            }
            answers {
                e_01_no_answer_of_ours_is_cached
                e_02_nothing_of_a_request_is_reflected
                e_03_the_providers_description_is_not_shown_unproven
                e_04_pages_fit_in_no_frame
                e_05_every_bad_state_looks_the_same
                e_06_every_refusal_has_a_way_on
                e_07_nothing_internal_is_told
                e_08_no_secret_is_logged_at_any_level
                e_09_no_secret_shows_in_what_hooks_can_print
                e_09_no_secret_shows_in_what_the_app_can_print
                e_12_a_failure_url_gets_a_closed_word
            }
            events {
                e_10_log_lines_cannot_be_forged
                e_11_every_refusal_leaves_one_event_with_an_id
                e_11_a_refusal_in_the_apps_own_words_leaves_its_event_too
            }
            methods {
                m_01_head_and_options_have_no_effect
                m_02_other_methods_are_refused
                m_03_no_script_frame_or_image_starts_a_login
                m_04_a_prefetched_login_starts_nothing
                m_05_a_prefetched_callback_spends_nothing
                m_06_a_callback_in_a_frame_or_subresource_is_refused
                m_07_only_this_site_logs_out
                m_08_the_back_button_lands_softly
                m_09_a_doubled_callback_lands_twice_and_exchanges_once
                m_10_a_link_scanner_spoils_nothing
            }
            token_endpoint {
                t_01_no_redirect_is_followed_with_the_secret
                t_02_a_slow_provider_is_given_up_and_slows_nobody_else
                t_03_a_huge_body_is_cut_off
                t_04_compression_is_neither_asked_for_nor_undone
                t_12_a_lost_answer_is_not_asked_for_again
                t_13_no_request_changes_where_calls_go
                t_14_the_secret_is_where_it_belongs
                t_16_a_second_answer_on_a_connection_is_nobodys
                t_18_a_browser_that_leaves_loses_no_login_and_no_attempt
            }
            token_answers {
                t_05_what_is_not_json_is_an_error_and_not_shown
                t_06_a_field_given_twice_is_an_error
                t_07_an_empty_or_odd_token_is_an_error
                t_08_user_ids_are_exact_or_an_error
                t_09_every_live_shape_is_understood
                t_10_status_and_body_must_agree
                t_11_every_known_error_is_told_apart
            }
            authorization_errors {
                v_10_errors_of_the_window_are_believed_and_logged_once_they_are_proven
                v_10_unproven_words_are_never_logged
            }
            availability {
                v_01_a_refresh_without_a_place_is_put_off
                v_01_clones_of_one_configuration_share_states_and_places
                v_01_exchanges_are_bounded_and_who_finds_no_place_loses_nothing
                v_02_only_a_code_is_claimed_and_no_longer_than_its_attempt_lives
                v_14_a_callback_that_another_instance_had_leaves_one_warning
                v_14_so_does_a_linking_that_another_instance_had
                v_14_a_code_that_was_not_spent_speaks_of_no_other_instance
            }
            repeated_requests {
                v_11_a_repeat_does_not_undo_a_newer_connection
                v_11_a_repeat_waits_for_the_first_and_answers_alike
                v_11_a_signed_request_acts_once_at_each_callback
            }
            token_life {
                t_15_fewer_scopes_than_required_keep_nothing
                t_17_a_due_token_is_refreshed_once_and_a_failure_keeps_the_old_one
            }
            sessions {
                k_16_a_planted_session_does_not_become_the_users
                n_01_no_cookie_says_anything
                n_02_a_tampered_session_is_none_and_goes
                n_03_an_expired_session_is_none_however_long_it_is_kept
                n_04_a_session_that_was_logged_out_does_not_come_back
                n_05_session_ids_cannot_be_guessed
                n_06_equal_sessions_look_different
                n_07_keys_rotate_without_logging_anybody_out
                n_08_an_unknown_version_or_key_opens_nothing
                n_09_weak_secrets_are_no_secrets
                n_10_every_key_has_one_purpose
                n_11_nothing_fails_open
                n_12_only_our_own_cookie_makes_a_user
                n_13_chunks_are_not_put_together
                n_15_a_user_is_an_id_and_not_a_name
                n_16_another_account_is_another_session_and_nothing_is_merged
            }
        }
    };
    (@each $adapter:path; $($module:ident { $($row:ident)* })*) => {
        $(
            mod $module {
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $row() {
                        $crate::security::rows::$module::$row(&$adapter).await;
                    }
                )*
            }
        )*

        /// The rows that this adapter runs, by name.
        pub const ROWS: &[&str] = &[$($(stringify!($row),)*)*];
    };
}

#[cfg(test)]
mod tests {
    /// A row that the list above forgets would never run.
    #[test]
    fn every_row_is_in_the_list() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/security/rows");
        let list = include_str!("mod.rs");
        let mut count = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let file = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for line in file.lines() {
                let Some(rest) = line.strip_prefix("pub async fn ") else { continue };
                let name = rest.split('(').next().unwrap();
                assert!(
                    list.contains(&format!("                {name}\n")),
                    "{name} is not listed"
                );
                count += 1;
            }
        }
        assert!(count > 100, "{count} rows");
    }
}
