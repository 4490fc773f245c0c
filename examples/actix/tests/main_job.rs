//! Uses the example as a person does.

use ig_oauth_conformance::{example, stopping};

const PROGRAM: &str = env!("CARGO_BIN_EXE_actix-example");

#[tokio::test]
async fn a_person_logs_in_looks_around_and_logs_out() {
    example::a_person_logs_in_looks_around_and_logs_out(PROGRAM).await;
}

#[tokio::test]
async fn cancelling_and_two_tabs_end_well() {
    example::cancelling_and_two_tabs_end_well(PROGRAM).await;
}

#[tokio::test]
async fn the_guides_own_settings_lead_to_the_guides_window() {
    example::the_guides_own_settings_lead_to_the_guides_window(PROGRAM).await;
}

#[tokio::test]
async fn another_loopback_name_is_led_to_the_one_of_the_redirect_uri() {
    example::another_loopback_name_is_led_to_the_one_of_the_redirect_uri(PROGRAM).await;
}

#[tokio::test]
async fn a_scripted_login_reads_as_written() {
    example::a_scripted_login_reads_as_written(PROGRAM).await;
}

#[test]
fn a_mistake_in_the_settings_is_explained() {
    example::a_mistake_in_the_settings_is_explained(PROGRAM);
}

#[tokio::test]
async fn a_token_that_the_provider_has_ended_leads_to_a_login() {
    example::a_token_that_the_provider_has_ended_leads_to_a_login(PROGRAM).await;
}

#[tokio::test]
async fn no_page_leaves_an_icon_error_in_the_console() {
    example::no_page_leaves_an_icon_error_in_the_console(PROGRAM).await;
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_finishes_the_login_under_way() {
    stopping::sigterm_finishes_the_login_under_way(PROGRAM).await;
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_finishes_the_login_of_a_browser_that_left() {
    stopping::sigterm_finishes_the_login_of_a_browser_that_left(PROGRAM).await;
}
