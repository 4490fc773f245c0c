//! Every scenario on axum.

ig_oauth_conformance::run_scenarios!(ig_oauth_test_adapters::Axum);
