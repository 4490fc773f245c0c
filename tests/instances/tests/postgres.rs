//! Several instances on PostgreSQL.

mod programs;

use ig_oauth_conformance::apps::{Actix, Axum};
use ig_oauth_instances::engine::Engine;
use ig_oauth_instances::{dead_accounts, dump, killed_refresher, outage, refreshers, two_examples};
use programs::{PROGRAMS, REFRESHER};

#[tokio::test]
async fn a_login_started_on_one_instance_ends_on_the_other() {
    let Some(engine) = Engine::postgres() else { return };
    two_examples::a_login_started_on_one_instance_ends_on_the_other(&PROGRAMS, &engine).await;
}

#[tokio::test]
async fn fifty_identical_callbacks_cost_one_exchange() {
    let Some(engine) = Engine::postgres() else { return };
    two_examples::fifty_identical_callbacks_cost_one_exchange(&PROGRAMS, &engine).await;
}

#[tokio::test]
async fn a_revoked_user_is_out_on_both_at_once() {
    let Some(engine) = Engine::postgres() else { return };
    two_examples::a_revoked_user_is_out_on_both_at_once(&PROGRAMS, &engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refreshers_refresh_ten_thousand_due_tokens_once_each() {
    let Some(engine) = Engine::postgres() else { return };
    let name = "PostgreSQL";
    refreshers::two_refreshers_refresh_ten_thousand_due_tokens_once_each(&engine, name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_refresher_killed_nothing_is_lost() {
    let Some(engine) = Engine::postgres() else { return };
    killed_refresher::with_one_refresher_killed_nothing_is_lost(REFRESHER, &engine, "PostgreSQL")
        .await;
}

#[tokio::test]
async fn a_stolen_database_shows_no_secret() {
    let Some(engine) = Engine::postgres() else { return };
    dump::a_stolen_database_shows_no_secret(&Axum, &engine).await;
    dump::a_stolen_database_shows_no_secret(&Actix, &engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_dies_and_returns_on_axum() {
    let Some(mut engine) = Engine::postgres() else { return };
    outage::a_database_that_dies_and_returns(&Axum, &mut engine, "PostgreSQL, axum").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_dies_and_returns_on_actix() {
    let Some(mut engine) = Engine::postgres() else { return };
    outage::a_database_that_dies_and_returns(&Actix, &mut engine, "PostgreSQL, actix").await;
}

#[tokio::test]
async fn a_database_that_hangs_slows_nobody_else() {
    let Some(engine) = Engine::postgres() else { return };
    outage::a_database_that_hangs_slows_nobody_else(&Axum, &engine).await;
    outage::a_database_that_hangs_slows_nobody_else(&Actix, &engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_longer_for_a_database_that_hangs_than_the_timeout() {
    let Some(engine) = Engine::postgres() else { return };
    let name = "PostgreSQL";
    outage::nobody_waits_longer_than_the_timeout(&Axum, &engine, name).await;
    outage::nobody_waits_longer_than_the_timeout(&Actix, &engine, name).await;
}

#[tokio::test]
async fn a_dead_account_is_marked_for_all_instances() {
    let Some(engine) = Engine::postgres() else { return };
    dead_accounts::a_dead_account_is_marked_for_all_instances(&engine).await;
}
