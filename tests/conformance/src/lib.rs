//! One list of scenarios for every adapter, over real HTTP.
//!
//! A scenario knows an app at an address and its simulated provider, and nothing of the framework
//! that serves it. An adapter is added by naming it in [`apps`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    clippy::missing_panics_doc,
    missing_debug_implementations,
    clippy::must_use_candidate,
    clippy::missing_errors_doc,
    reason = "test support stops at the first surprise"
)]

pub mod apps;
pub mod browser;
mod caller;
pub mod connect;
pub mod documents;
pub mod example;
pub mod harness;
pub mod mounting;
pub mod program;
pub mod scenarios;
pub mod security;
pub mod stopping;

/// The README's code, compiled with the other documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

/// The guide to hooks, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/hooks.md")]
pub struct HooksGuide;

/// The guide to deploying, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/deploying.md")]
pub struct DeployingGuide;

/// The guide to linking, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/linking.md")]
pub struct LinkingGuide;

/// The guide to app review, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/app-review.md")]
pub struct AppReviewGuide;

/// The simulator's README, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../../ig-oauth-fake-instagram/README.md")]
pub struct SimulatorReadme;
