//! Every scenario on every adapter.

ig_oauth_conformance::on_every_adapter!(run_scenarios);

/// Prints how many there are: `cargo test -p ig-oauth-conformance count -- --nocapture`.
#[test]
#[allow(clippy::print_stdout, reason = "the command's output")]
fn the_count_of_scenarios_is_the_same_on_every_adapter() {
    println!("scenarios on axum   {}", axum::SCENARIOS.len());
    println!("scenarios on actix  {}", actix::SCENARIOS.len());
    assert_eq!(axum::SCENARIOS, actix::SCENARIOS);
    assert!(axum::SCENARIOS.len() > 50);
}
