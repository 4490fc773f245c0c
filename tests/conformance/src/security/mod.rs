//! The security rows: attacks and faults that every adapter must stand, over real HTTP.
//!
//! Each row is one function whose name begins with the row's id. `docs/security.md` lists all rows
//! with their verdicts; a test holds that table against the rows here.

pub mod counted_clock;
pub mod faults;
pub mod http2;
pub mod log;
pub mod once;
pub mod open_redirects;
pub mod rows;
pub mod site;
pub mod switched_store;
pub mod verdicts;
