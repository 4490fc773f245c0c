//! A simulator of the Instagram login, for tests and examples: nothing leaves this machine.
//!
//! It behaves as described in Meta's guide "Get Access Tokens and Permissions" and as observed on the
//! live service. It has the authorization window with its own error pages, codes that can be used once
//! within an hour, the token endpoint with all its answer formats and its order of checks, the
//! long-lived exchange, the refresh with its 24-hour rule, the profile and the media. A test can switch
//! on faults, move the clock, and read everything that the simulator received.
//!
//! ```
//! use ig_oauth_fake_instagram::{Endpoint, FakeInstagram};
//!
//! let provider = FakeInstagram::builder()
//!     .redirect_uri("http://127.0.0.1:3000/auth/instagram/callback")
//!     .start_blocking()?;
//!
//! // Point the app under test at these.
//! println!("{} {} {}", provider.authorize_url(), provider.token_url(), provider.graph_url());
//! assert_eq!(provider.count(Endpoint::CodeExchange), 0);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A script does not need to press the buttons of the window: `fake_decision=allow` or
//! `fake_decision=cancel` in the authorization request answers at once. Optional parameters are
//! `fake_account=<user id>` and `fake_scope=<granted scopes>`.
//!
//! Below the buttons of the login, the window has "Remove app" and "Delete my data". They really post a
//! signed request to the app's [deauthorize](FakeInstagramBuilder::deauthorize_url) and [data
//! deletion](FakeInstagramBuilder::data_deletion_url) callbacks. Scripts can use
//! [`remove_app`](FakeInstagram::remove_app) and [`delete_data`](FakeInstagram::delete_data) instead.
//!
//! The window uses the host name `localhost`. Keep the app on `127.0.0.1`: the two are different sites
//! to a browser, as the app and Instagram are.

mod account;
mod answer;
mod api;
mod authorize;
mod builder;
mod fault;
mod graph;
mod ledger;
mod media;
mod platform;
mod record;
mod server;
mod takeover;
mod token_endpoint;
mod window_page;

pub use account::Account;
pub use api::{Api, TokenShape};
pub use builder::{FakeInstagram, FakeInstagramBuilder};
pub use fault::{Endpoint, Fault, Held};
pub use platform::{PlatformAnswer, PlatformCallback};
pub use record::RecordedRequest;
