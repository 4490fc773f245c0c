//! The sources of the published crates, read as tokens: how much code there is, and which file takes
//! what from which.
//!
//! Comments, documentation and tests do not count, neither as lines nor as uses.

#![allow(
    clippy::exhaustive_structs,
    clippy::indexing_slicing,
    reason = "a tool for tests, which nothing depends on"
)]

mod circles;
mod files;
mod lines;
mod rooms;
mod uses;

pub use circles::circles;
pub use files::{CRATES, Crate, File};
pub use lines::{Function, functions, lines_of_code};
pub use rooms::{Room, rooms};
pub use uses::{Use, uses};
