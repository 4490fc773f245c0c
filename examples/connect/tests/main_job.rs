//! Uses the example as a person does.

use ig_oauth_conformance::{connect, stopping};

const PROGRAM: &str = env!("CARGO_BIN_EXE_connect-example");

#[tokio::test]
async fn two_accounts_are_connected_and_one_is_removed_by_its_user_on_strict_cookies() {
    connect::two_accounts_are_connected_and_one_is_removed_by_its_user(PROGRAM, "strict").await;
}

#[tokio::test]
async fn two_accounts_are_connected_and_one_is_removed_by_its_user_on_lax_cookies() {
    connect::two_accounts_are_connected_and_one_is_removed_by_its_user(PROGRAM, "lax").await;
}

#[tokio::test]
async fn an_account_of_two_users_stays_until_both_let_it_go() {
    connect::an_account_of_two_users_stays_until_both_let_it_go(PROGRAM).await;
}

#[tokio::test]
async fn deleted_data_can_be_asked_after() {
    connect::deleted_data_can_be_asked_after(PROGRAM).await;
}

#[tokio::test]
async fn no_foreign_page_connects_anything() {
    connect::no_foreign_page_connects_anything(PROGRAM).await;
}

#[tokio::test]
async fn the_commands_of_the_guide_work() {
    connect::the_commands_of_the_guide_work(PROGRAM).await;
}

#[tokio::test]
async fn the_provider_may_name_a_user_by_any_id() {
    connect::the_provider_may_name_a_user_by_any_id(PROGRAM).await;
}

#[tokio::test]
async fn no_foreign_page_enters_for_its_visitors() {
    connect::no_foreign_page_enters_for_its_visitors(PROGRAM).await;
}

#[tokio::test]
async fn an_account_stays_listed_while_its_token_cannot_be_forgotten() {
    connect::an_account_stays_listed_while_its_token_cannot_be_forgotten(PROGRAM, |file, sql| {
        rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
    })
    .await;
}

#[test]
fn a_word_it_does_not_know_is_named() {
    connect::a_word_it_does_not_know_is_named(PROGRAM);
}

#[tokio::test]
async fn its_session_cookie_has_a_name_of_its_own() {
    connect::its_session_cookie_has_a_name_of_its_own(PROGRAM, "connect_axum").await;
}

#[tokio::test]
async fn an_account_whose_token_has_ended_asks_to_be_connected_again() {
    connect::an_account_whose_token_has_ended_asks_to_be_connected_again(PROGRAM).await;
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_finishes_the_connecting_under_way() {
    stopping::sigterm_finishes_the_connecting_under_way(PROGRAM).await;
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_finishes_the_connecting_of_a_browser_that_left() {
    stopping::sigterm_finishes_the_connecting_of_a_browser_that_left(PROGRAM).await;
}
