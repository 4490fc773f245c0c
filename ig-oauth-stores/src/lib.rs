//! Stores for "Log in with Instagram": sessions and accounts in Redis, Valkey, PostgreSQL or SQLite.
//!
//! By default a session is stored in its cookie, and nowhere else. A store is for apps that run on
//! several instances and log users out at will, that make calls for absent users, or that connect
//! several accounts per user. Choose the engine that you already run:
//!
//! | feature | store | for |
//! |---|---|---|
//! | `redis` | `RedisStore` | Redis 6.2 and later, Valkey: one round trip per operation, expiry by the server |
//! | `postgres` | `PostgresStore` | PostgreSQL: one prepared statement per operation, a pool, tables created and migrated automatically |
//! | `sqlite` | `SqliteStore` | a file, for all processes of one machine; SQLite itself is built in |
//! | `rustls` | | TLS to Redis and PostgreSQL |
//! | `suite` | [`suite`](https://docs.rs/ig-oauth-stores/latest/ig_oauth_stores/suite/) | the test cases that every store must pass, for a store of your own |
//!
//! ```toml
//! [dependencies]
//! ig-oauth-tower = "0.1"     # or ig-oauth-actix
//! ig-oauth-stores = { version = "0.1", features = ["sqlite"] }
//! ```
//!
//! # Quick start
//!
#![cfg_attr(feature = "sqlite", doc = "```no_run")]
#![cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
//! use ig_oauth_common::{Config, Flow, UserId};
//! use ig_oauth_stores::SqliteStore;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let config = Config::builder("990602627938098", "fake app secret", "https://app.example/callback")
//!     .store(SqliteStore::open(":memory:").await?)
//!     .cookie_secrets(std::env::var("INSTAGRAM_COOKIE_SECRETS")?.split(','))
//!     .build()?;
//!
//! // Tokens for background jobs, beside the layer or middleware made from the same `Flow`:
//! let accounts = Flow::new(config).offline_access()?;
//! assert!(accounts.token(&UserId::from(17_841_458_366_137_975)).await?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # What a store contains
//!
//! - sessions, by the SHA-256 of their ids;
//! - accounts, with their tokens sealed by a key from your `cookie_secrets`;
//! - short claims, for work that only one instance may do at a time;
//! - requests to delete a user's data, by the hash of their codes.
//!
//! A leaked database opens no session and reveals no token. It does reveal user ids, granted scopes and
//! times.
//!
//! # When it does not answer
//!
//! Every operation ends within the store's timeout. Default: two seconds. Handlers that ask for a token
//! then answer 503 `store_unavailable`. Other handlers are not affected. When the database is back,
//! logins work again without a restart.

mod engine;
mod error;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
mod record;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "redis", feature = "postgres", feature = "sqlite"))]
mod settings;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "suite")]
#[cfg_attr(docsrs, doc(cfg(feature = "suite")))]
pub mod suite;
#[cfg(all(feature = "rustls", any(feature = "redis", feature = "postgres")))]
mod tls;

pub use error::{StoreSetupError, StoreSetupErrorKind};
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::{PostgresStore, PostgresStoreBuilder};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::{RedisStore, RedisStoreBuilder};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "postgres", feature = "sqlite"))))]
pub use sql::SqlStore;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use sqlite::{SqliteStore, SqliteStoreBuilder};
