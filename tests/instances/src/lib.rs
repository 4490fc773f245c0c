//! Several instances of an app on one real database: each knows what the others did, even while the
//! database crashes and restarts. Each test receives its engine; `tests/` has a file for each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    missing_debug_implementations,
    clippy::must_use_candidate,
    clippy::missing_errors_doc,
    reason = "test support stops at the first surprise"
)]

pub mod dead_accounts;
pub mod dump;
pub mod engine;
pub mod killed_refresher;
pub mod outage;
pub mod refreshers;
pub mod round_robin;
pub mod two_examples;

#[path = "../../../ig-oauth-common/tests/support/mod.rs"]
mod support;
