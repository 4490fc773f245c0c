//! Database servers of a test's own, from the programs installed on the machine.
//!
//! Each lives in a folder of its own below the temporary folder, listens on a Unix socket only, keeps
//! nothing that matters, and goes with the value that stands for it.
//!
//! ```
//! use ig_oauth_test_servers::RedisServer;
//!
//! if let Some(mut server) = RedisServer::start() {
//!     println!("{}", server.url());
//!     server.kill();
//!     server.restart();
//! }
//! ```
//!
//! Where a program is not installed, `start` says so on the standard error output and gives `None`,
//! so that the tests pass with less in them. With `REQUIRE_SERVERS=1` in the environment it panics.

#![cfg(unix)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_debug_implementations,
    clippy::must_use_candidate,
    clippy::missing_errors_doc,
    reason = "a test that cannot have its server should stop at once and say why"
)]

mod folder;
mod passage;
mod postgres;
mod program;
mod redis;

pub use passage::Passage;
pub use postgres::PostgresServer;
pub use redis::RedisServer;
