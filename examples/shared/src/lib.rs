//! Code that the examples share, so that each example's source shows only what a user of its
//! framework writes: start-up, the provider, and the pages.

mod connect_pages;
mod connections;
mod pages;
mod setup;
mod stop;
mod store;
mod visitor;

pub use connect_pages::{accounts, enter, is_user_name};
pub use connections::Connections;
pub use pages::{Links, Media, home, me, media, more};
pub use setup::{Example, SetupError, session_is_lax};
pub use stop::{finish, until_stopped};
pub use visitor::Visitor;
