//! Every scenario on every adapter.

mod axum {
    ig_oauth_conformance::run_scenarios!(ig_oauth_test_adapters::Axum);
}

mod actix {
    ig_oauth_conformance::run_scenarios!(ig_oauth_test_adapters::Actix);
}

/// Prints how many there are: `cargo test -p ig-oauth-conformance count -- --nocapture`.
#[test]
#[allow(clippy::print_stdout, reason = "the command's output")]
fn the_count_of_scenarios_is_the_same_on_every_adapter() {
    println!("scenarios on axum   {}", axum::SCENARIOS.len());
    println!("scenarios on actix  {}", actix::SCENARIOS.len());
    assert_eq!(axum::SCENARIOS, actix::SCENARIOS);
    assert!(axum::SCENARIOS.len() > 50);
}
