//! The defects: where they go in, what they do, and the row that must notice.

/// One deliberate defect.
pub(crate) struct Defect {
    /// Its name, chosen at run time.
    pub(crate) name: &'static str,
    /// The row tests that must fail with it.
    pub(crate) caught_by: &'static [&'static str],
    /// The file it goes into.
    pub(crate) file: &'static str,
    /// The text it goes before, or replaces. It must stand exactly once in the file, so that a defect
    /// whose place has moved is an error here instead of a test that tests nothing.
    pub(crate) before: &'static str,
    /// The code. With `{on}` in it, it replaces the text; `{on}` becomes the question whether this
    /// defect was chosen. Without, it goes before the text and runs when the defect was chosen.
    pub(crate) code: &'static str,
}

/// All of them.
pub(crate) const DEFECTS: &[Defect] = &[
    Defect {
        name: "skip_the_mac",
        caught_by: &["s_14_any_changed_bit_of_the_attempt_is_noticed"],
        file: "ig-oauth-common/src/keys/mac.rs",
        before: "self.over(parts).verify_slice(tag).is_ok()",
        code: "return true;",
    },
    Defect {
        name: "compare_a_prefix_of_the_mac",
        caught_by: &["s_14_any_changed_bit_of_the_attempt_is_noticed"],
        file: "ig-oauth-common/src/keys/mac.rs",
        before: "self.over(parts).verify_slice(tag).is_ok()",
        code: "return self.tag(parts).iter().zip(tag).take(16).all(|(a, b)| a == b);",
    },
    Defect {
        name: "forget_the_expiry",
        caught_by: &["s_09_an_attempt_lives_ten_minutes_by_the_servers_clock"],
        file: "ig-oauth-common/src/attempt/attempt.rs",
        before: "self.issued_at <= now.saturating_add(CLOCK_SKEW)",
        code: "return now.saturating_add(CLOCK_SKEW) >= self.issued_at;",
    },
    Defect {
        name: "forget_the_future",
        caught_by: &["s_20_hostile_clocks_give_no_endless_life_and_no_panic"],
        file: "ig-oauth-common/src/attempt/attempt.rs",
        before: "self.issued_at <= now.saturating_add(CLOCK_SKEW)",
        code: "return now.saturating_duration_since(self.issued_at) <= ATTEMPT_LIFETIME;",
    },
    Defect {
        name: "consume_nothing",
        caught_by: &[
            "s_10_a_used_callback_is_worth_nothing",
            "s_11_fifty_parallel_callbacks_make_one_exchange",
        ],
        file: "ig-oauth-common/src/flow/consumed_states.rs",
        before: "match known.get(state).map(|mark| &mark.stage) {",
        code: "let _ = (state, dead_after, now); return Entry::First(watch::channel(None).0);",
    },
    Defect {
        name: "accept_duplicate_parameters",
        caught_by: &["c_01_a_code_given_twice_is_refused", "c_02_a_state_given_twice_is_refused"],
        file: "ig-oauth-common/src/messages/query.rs",
        before: "if parameters.iter().any(|(seen, _)| seen == name) {",
        code: "if parameters.iter().any(|(seen, _)| seen == name) { continue; }",
    },
    Defect {
        name: "believe_an_error_before_the_state",
        caught_by: &["c_08_an_error_is_believed_only_with_a_proven_state"],
        file: "ig-oauth-common/src/flow/callback_route.rs",
        before: "let Some(state) = state else {",
        code: "if matches!(response, AuthorizationResponse::Error { .. }) { return Err(refused(AuthErrorKind::Denied)); }",
    },
    Defect {
        name: "keep_the_attempt_cookie",
        caught_by: &["k_03_removals_are_taken_by_a_strict_jar"],
        file: "ig-oauth-common/src/cookie/set.rs",
        before: "self.set(name, \"\", Some(Duration::ZERO))",
        code: "return format!(\"{name}=; Max-Age=0\");",
    },
    Defect {
        name: "decode_cookie_names",
        caught_by: &["k_05_a_percent_encoded_name_is_another_name"],
        file: "ig-oauth-common/src/cookie/read.rs",
        before: "if name == wanted.as_bytes() && values.len() < MAX_DUPLICATES {",
        code: "if percent_encoding::percent_decode(name).eq(wanted.bytes()) { values.push(value); return; }",
    },
    Defect {
        name: "set_lax_cookies_without_secure",
        caught_by: &["k_01_every_cookie_has_the_strictest_attributes"],
        file: "ig-oauth-common/src/cookie/set.rs",
        before: ".secure(self.secure)",
        code: ".secure(self.secure && !{on})",
    },
    Defect {
        name: "return_to_whatever_begins_with_a_slash",
        caught_by: &["r_01_no_form_of_open_redirect_works"],
        file: "ig-oauth-common/src/local_path.rs",
        before: "if target.len() > MAX_RETURN_TO_BYTES {",
        code: "if target.starts_with('/') && target.bytes().all(|b| b.is_ascii_graphic()) { return true; }",
    },
    Defect {
        name: "let_the_providers_fragment_follow",
        caught_by: &["r_11_every_landing_has_a_fragment_of_its_own"],
        file: "ig-oauth-common/src/local_path.rs",
        before: "if target.contains('#') {",
        code: "return Cow::Borrowed(target);",
    },
    Defect {
        name: "take_early_data",
        caught_by: &["h_09_replayable_early_data_is_refused"],
        file: "ig-oauth-common/src/flow/fetch_metadata.rs",
        before: "if headers.has(\"early-data\") {",
        code: "if headers.has(\"early-data\") { return Ok(()); }",
    },
    Defect {
        name: "let_answers_be_cached",
        caught_by: &["e_01_no_answer_of_ours_is_cached"],
        file: "ig-oauth-common/src/messages/reply.rs",
        before: "let has_policy = self.headers.iter()",
        code: "return self;",
    },
    Defect {
        name: "log_the_code",
        caught_by: &["e_08_no_secret_is_logged_at_any_level"],
        file: "ig-oauth-common/src/provider/token_calls.rs",
        before: "let form = encoded(&[",
        code: "crate::trace::warning(code);",
    },
    Defect {
        name: "treat_head_as_get",
        caught_by: &["m_01_head_and_options_have_no_effect"],
        file: "ig-oauth-common/src/flow/callback_route.rs",
        before: "let audience = Audience::of(request);",
        code: "let head = {on} && request.method == \"HEAD\";
               let method = if head { \"GET\" } else { request.method };
               let request = &Request { method, ..*request };
               let audience = Audience::of(request);",
    },
    Defect {
        name: "serve_prefetches",
        caught_by: &["m_05_a_prefetched_callback_spends_nothing"],
        file: "ig-oauth-common/src/flow/fetch_metadata.rs",
        before: "if PREFETCH_HEADERS",
        code: "if PREFETCH_HEADERS.iter().any(|name| says_prefetch(headers, name)) { return Ok(()); }",
    },
    Defect {
        name: "log_out_for_anybody",
        caught_by: &["m_07_only_this_site_logs_out"],
        file: "ig-oauth-common/src/flow/fetch_metadata.rs",
        before: "let allowed = if headers.has(\"sec-fetch-site\") {",
        code: "let _ = (addresses, headers); return Ok(());",
    },
    Defect {
        name: "retry_the_post",
        caught_by: &["t_12_a_lost_answer_is_not_asked_for_again"],
        file: "ig-oauth-common/src/provider/client.rs",
        before: "let response = self.client.send(request).await.map_err(|error| {",
        code: "if let Ok(response) = self.client.send(request.clone()).await { return Ok(response); }",
    },
    Defect {
        name: "take_an_empty_token",
        caught_by: &["t_07_an_empty_or_odd_token_is_an_error"],
        file: "ig-oauth-common/src/provider/wire.rs",
        before: "if token.len() > MAX_TOKEN_BYTES {",
        code: "if token.is_empty() { return Ok(AccessToken::new(\"empty\")); }",
    },
    Defect {
        name: "read_ids_as_floats",
        caught_by: &["t_08_user_ids_are_exact_or_an_error"],
        file: "ig-oauth-common/src/provider/wire.rs",
        before: "match field {\n        Value::Number(number) => number.as_u64().map(UserId::from),",
        code: "if let Some(float) = field.as_f64() { return Some(UserId::from(float as u64)); }",
    },
    Defect {
        name: "read_answers_without_end",
        caught_by: &["t_03_a_huge_body_is_cut_off"],
        file: "ig-oauth-common/src/provider/reqwest_client.rs",
        before: "let limit = request.max_response_bytes;",
        code: "let limit = if {on} { usize::MAX } else { request.max_response_bytes };",
    },
    Defect {
        name: "forget_refusals_in_the_apps_own_words",
        caught_by: &["e_11_a_refusal_in_the_apps_own_words_leaves_its_event_too"],
        file: "ig-oauth-common/src/flow/failures.rs",
        before: "self.failure_id(&error.into());",
        code: "return;",
    },
    Defect {
        name: "keep_connections",
        caught_by: &["t_16_a_second_answer_on_a_connection_is_nobodys"],
        file: "ig-oauth-common/src/provider/reqwest_client.rs",
        before: ".pool_max_idle_per_host(0)",
        code: ".pool_max_idle_per_host(if {on} { 8 } else { 0 })",
    },
    Defect {
        name: "finish_anybodys_linking",
        caught_by: &["s_21_an_attempt_of_one_app_user_is_none_of_anothers"],
        file: "ig-oauth-common/src/flow/callback_route.rs",
        before: "if is_bound_to_this_user {",
        code: "if {on} || is_bound_to_this_user {",
    },
    Defect {
        name: "never_bounce",
        caught_by: &[
            "s_21_an_attempt_of_one_app_user_is_none_of_anothers",
            "connect-example::two_accounts_are_connected_and_one_is_removed_by_its_user_on_strict_cookies",
            "connect-actix-example::two_accounts_are_connected_and_one_is_removed_by_its_user_on_strict_cookies",
        ],
        file: "ig-oauth-common/src/flow/callback_route.rs",
        before: "if present.is_none() && !is_second_time {",
        code: "if !{on} && present.is_none() && !is_second_time {",
    },
    Defect {
        name: "seed_every_process_alike",
        caught_by: &["s_02_states_do_not_repeat_and_every_bit_is_fair"],
        file: "ig-oauth-common/src/randomness.rs",
        before: "getrandom::fill(bytes).map_err(|_| RandomnessUnavailable)",
        code: "use sha2::Digest as _;
               static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
               for chunk in bytes.chunks_mut(32) {
                   let call = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                   let digest = sha2::Sha256::digest(call.to_be_bytes());
                   chunk.iter_mut().zip(digest).for_each(|(byte, random)| *byte = random);
               }
               return Ok(());",
    },
    Defect {
        name: "forget_the_client_id",
        caught_by: &["s_08_an_attempt_of_one_mount_is_none_of_anothers"],
        file: "ig-oauth-common/src/attempt/attempts.rs",
        before: "(self.client_id.as_bytes(), ",
        code: "(if !{on} { self.client_id.as_bytes() } else { b\"\" }, ",
    },
    Defect {
        name: "forget_the_redirect_uri",
        caught_by: &["s_08_an_attempt_of_one_mount_is_none_of_anothers"],
        file: "ig-oauth-common/src/attempt/attempts.rs",
        before: "self.redirect_uri.as_bytes());",
        code: "if !{on} { self.redirect_uri.as_bytes() } else { b\"\" });",
    },
    Defect {
        name: "end_an_attempt_for_another_state",
        caught_by: &["s_18_a_forged_callback_does_not_end_an_attempt"],
        file: "ig-oauth-common/src/attempt/attempts.rs",
        before: "Ok(_) => LookupError::OtherState,",
        code: "Ok(_) if {on} => LookupError::BadSignature, Ok(_) => LookupError::OtherState,",
    },
    Defect {
        name: "let_forged_attempts_push_out_good_ones",
        caught_by: &["k_14_leftovers_do_not_stop_a_login_and_are_cleared"],
        file: "ig-oauth-common/src/attempt/pending.rs",
        before: "if checks == MAX_MAC_CHECKS {",
        code: "if checks == MAX_MAC_CHECKS { found.useless.push(pending.name); continue; }",
    },
    Defect {
        name: "check_signatures_without_end",
        caught_by: &["k_10_a_flood_of_cookies_is_bounded"],
        file: "ig-oauth-common/src/attempt/pending.rs",
        before: "checks += 1;",
        code: "if !{on} { checks += 1; }",
    },
    Defect {
        name: "take_unsigned_requests",
        caught_by: &["g_01_a_forged_request_is_refused_and_no_hook_called"],
        file: "ig-oauth-common/src/provider/signed_request.rs",
        before: "let mut is_signed = Choice::from(0);",
        code: "return !payload.is_empty();",
    },
    Defect {
        name: "believe_any_algorithm",
        caught_by: &["g_02_only_the_one_algorithm_is_taken"],
        file: "ig-oauth-common/src/provider/signed_request.rs",
        before: "if !payload.algorithm.is_some_and(|name| name.eq_ignore_ascii_case(\"HMAC-SHA256\")) {",
        code: "if !{on} && !payload.algorithm.is_some_and(|name| name.eq_ignore_ascii_case(\"HMAC-SHA256\")) {",
    },
    Defect {
        name: "take_stale_signed_requests",
        caught_by: &["g_09_stale_requests_are_refused_and_repeated_ones_are_one"],
        file: "ig-oauth-common/src/provider/signed_request.rs",
        before: "if is_from_the_future || is_old || has_expired {",
        code: "if !{on} && (is_from_the_future || is_old || has_expired) {",
    },
    Defect {
        name: "confirm_before_the_hook",
        caught_by: &["g_12_a_hook_that_fails_confirms_nothing"],
        file: "ig-oauth-common/src/flow/deletions.rs",
        before: "let requested_at = request.issued_at();",
        code: "return Ok(());",
    },
    Defect {
        name: "revoke_newer_connections",
        caught_by: &["g_09_stale_requests_are_refused_and_repeated_ones_are_one"],
        file: "ig-oauth-common/src/session/account_changes.rs",
        before: "if !covers(account.issued_at) {",
        code: "if !{on} && !covers(account.issued_at) {",
    },
    Defect {
        name: "take_signatures_over_the_decoded_payload",
        caught_by: &["g_04_the_signature_is_over_the_text_as_it_came"],
        file: "ig-oauth-common/src/provider/signed_request.rs",
        before: "if !self.is_signed(payload.as_bytes(), &signature) {",
        code: "if !self.is_signed(payload.as_bytes(), &signature)
                   && !({on} && self.is_signed(&decoded, &signature)) {",
    },
    Defect {
        name: "read_base64url_loosely",
        caught_by: &["g_05_only_the_canonical_base64url_is_read"],
        file: "ig-oauth-common/src/provider/signed_request.rs",
        before: "let decoded = from_base64url(payload.as_bytes()).ok_or(Error::Malformed)?;",
        code: "let plain = payload.replace('+', \"-\").replace('/', \"_\");
               let plain = if {on} { plain.trim_end() } else { payload };
               let decoded = from_base64url(plain.as_bytes()).ok_or(Error::Malformed)?;",
    },
    Defect {
        name: "keep_tokens_with_fewer_scopes",
        caught_by: &["t_15_fewer_scopes_than_required_keep_nothing"],
        file: "ig-oauth-common/src/flow/completion.rs",
        before: "let missing = self.requests.missing(granted);",
        code: "let _ = granted; return Ok(());",
    },
    Defect {
        name: "refresh_the_youngest",
        caught_by: &["t_17_a_due_token_is_refreshed_once_and_a_failure_keeps_the_old_one"],
        file: "ig-oauth-common/src/flow/refreshes.rs",
        before: "&& now.saturating_duration_since(token.issued_at()) >= YOUNGEST",
        code: "&& ({on} || now.saturating_duration_since(token.issued_at()) >= YOUNGEST)",
    },
    Defect {
        name: "refresh_without_a_pause",
        caught_by: &["t_17_a_due_token_is_refreshed_once_and_a_failure_keeps_the_old_one"],
        file: "ig-oauth-common/src/flow/shared_refreshes.rs",
        before: "Stage::Failed if mark.holds(now) => return Entry::NotNow,",
        code: "Stage::Failed if !{on} && mark.holds(now) => return Entry::NotNow,",
    },
    Defect {
        name: "log_the_token_of_a_refresh",
        caught_by: &["e_08_no_secret_is_logged_at_any_level"],
        file: "ig-oauth-common/src/provider/token_calls.rs",
        before: "let query = encoded(&[(\"grant_type\", \"ig_refresh_token\"), (\"access_token\", token)]);",
        code: "crate::trace::warning(token);",
    },
    Defect {
        name: "keep_the_planted_session",
        caught_by: &["k_16_a_planted_session_does_not_become_the_users"],
        file: "ig-oauth-common/src/session/sessions.rs",
        before: "self.end(previous).await?;",
        code: "if !{on} { self.end(previous).await?; }",
    },
    Defect {
        name: "send_cookies_to_shared_caches",
        caught_by: &["k_17_a_cookie_never_rides_on_an_answer_that_may_be_cached"],
        file: "ig-oauth-common/src/session/request_session.rs",
        before: "let may_carry = caching != Caching::Shared;",
        code: "let may_carry = {on} || caching != Caching::Shared;",
    },
    Defect {
        name: "let_sessions_live_on",
        caught_by: &["n_03_an_expired_session_is_none_however_long_it_is_kept"],
        file: "ig-oauth-common/src/session/sessions.rs",
        before: "|| self.cookie.ends_at(session.started_at, session.seen_at, token) <= now",
        code: "|| (!{on} && self.cookie.ends_at(session.started_at, session.seen_at, token) <= now)",
    },
    Defect {
        name: "log_out_the_browser_only",
        caught_by: &["n_04_a_session_that_was_logged_out_does_not_come_back"],
        file: "ig-oauth-common/src/session/sessions.rs",
        before: "accounts.store.end_session(&id.hash()).await?;",
        code: "if !{on} { accounts.store.end_session(&id.hash()).await?; }",
    },
    Defect {
        name: "remove_the_cookies_of_other_keys",
        caught_by: &["n_08_an_unknown_version_or_key_opens_nothing"],
        file: "ig-oauth-common/src/session/sealing.rs",
        before: "let keys = self.keyring.by_id(key_id).ok_or(Unopened::Foreign)?;",
        code: "let unopened = if {on} { Unopened::Broken } else { Unopened::Foreign };
               let keys = self.keyring.by_id(key_id).ok_or(unopened)?;",
    },
    Defect {
        name: "end_only_the_cookie_of_a_handlers_logout",
        caught_by: &["w_19_a_handler_ends_the_session_in_one_line"],
        file: "ig-oauth-common/src/session/sessions.rs",
        before: "self.tombstones.bury_until(Ended::LoggedOut(id), until, now);",
        code: "if !{on} { self.tombstones.bury_until(Ended::LoggedOut(id), until, now); }",
    },
    Defect {
        name: "mark_whatever_the_account_holds_as_dead",
        caught_by: &["w_20_a_late_answer_about_an_old_token_ends_nothing_newer"],
        file: "ig-oauth-common/src/session/account_changes.rs",
        before: "if opened.is_dead || opened.token.hash() != token.hash() {",
        code: "if opened.is_dead || (!{on} && opened.token.hash() != token.hash()) {",
    },
    Defect {
        name: "read_sessions_of_accounts_marked_as_dead",
        caught_by: &["w_20_the_mark_alone_ends_a_session_that_could_not_be_removed"],
        file: "ig-oauth-common/src/session/sessions.rs",
        before: "if is_dead {",
        code: "if !{on} && is_dead {",
    },
    Defect {
        name: "believe_times_of_the_future",
        caught_by: &["v_04_a_session_from_the_future_is_ignored_and_never_sealed_anew"],
        file: "ig-oauth-common/src/session/invalid_timestamps.rs",
        before: "let latest = now.saturating_add(CLOCK_SKEW);",
        code: "let latest = if {on} { Timestamp::from_unix_seconds(u64::MAX) } else { now.saturating_add(CLOCK_SKEW) };",
    },
];
