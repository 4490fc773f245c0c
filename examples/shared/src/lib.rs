//! What the examples share, so that each one's own source shows only what a user of its framework
//! writes: start-up, the provider to talk to, and the pages.

mod pages;
mod setup;

pub use pages::{home, me};
pub use setup::{Example, SetupError};
