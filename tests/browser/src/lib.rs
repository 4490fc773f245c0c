//! Debian's Chromium and Firefox use the examples, and the test app behind a gateway with https.
//!
//! `cargo test --workspace --test browsers` runs every check in each browser that is installed, on axum
//! and on actix, and says what it leaves out; words after `--` choose checks by their names. With
//! `REQUIRE_BROWSERS=1` a browser that is not there is a failure. Turbo, htmx and axe-core come from
//! npm: `npm ci` in this folder.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    missing_debug_implementations,
    clippy::must_use_candidate,
    reason = "a check stops at the first surprise and says what it was"
)]

pub mod bidi;
pub mod checks;
pub mod facts;
pub mod gateway;
pub mod launch;
pub mod pages;
pub mod run;
pub mod site;
pub mod stages;
pub mod visit;
pub mod watch;
