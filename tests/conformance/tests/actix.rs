//! Every scenario on actix-web.

ig_oauth_conformance::run_scenarios!(ig_oauth_test_adapters::Actix);
