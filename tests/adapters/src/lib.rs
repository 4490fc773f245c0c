//! The test app on every framework, for the scenarios and the security rows.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "test support stops at the first surprise"
)]

mod actix;
mod axum;
mod content;

pub use crate::actix::Actix;
pub use crate::axum::Axum;
