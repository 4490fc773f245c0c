//! Every row on axum.

ig_oauth_security::run_rows!(ig_oauth_test_adapters::Axum);
