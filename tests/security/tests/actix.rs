//! Every row on actix-web.

ig_oauth_security::run_rows!(ig_oauth_test_adapters::Actix);
