//! How many bytes each database takes for a session and an account: `cargo run -p ig-oauth-instances
//! --bin sizes`. Starts servers of its own, which must be installed.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement stops at the first surprise"
)]

use std::time::Duration;

use ig_oauth_common::UserId;
use ig_oauth_common::http::{Clock as _, SystemClock};
use ig_oauth_common::store::{AccountKey, AccountRecord, SessionIdHash, SessionRecord, Store};
use ig_oauth_instances::engine::Engine;
use ig_oauth_stores::{PostgresStore, RedisStore, SqliteStore};

/// Records of each kind.
const COUNT: u64 = 10_000;

/// Bytes of a sealed record whose token has 200 characters and one scope.
const SEALED: usize = 310;

#[tokio::main]
async fn main() {
    println!("{COUNT} users, one session each, {SEALED} bytes of sealed token\n");
    println!("engine       account + session    one session more");
    let engines = [
        ("Redis", Engine::redis()),
        ("PostgreSQL", Engine::postgres()),
        ("SQLite", Some(Engine::sqlite())),
    ];
    for (name, engine) in engines {
        let Some(engine) = engine else { continue };
        let [first, more] = match &engine {
            Engine::Redis(server) => {
                sizes(&engine, RedisStore::connect(server.url()).await.unwrap()).await
            }
            Engine::Postgres(server) => {
                sizes(&engine, PostgresStore::connect(server.url()).await.unwrap()).await
            }
            Engine::Sqlite(folder) => {
                sizes(&engine, SqliteStore::open(folder.file()).await.unwrap()).await
            }
        };
        println!("{name:<12} {first:>8} bytes       {more:>8} bytes");
    }
}

/// Bytes of an account with its first session, and of one session more.
async fn sizes(engine: &Engine, store: impl Store) -> [u64; 2] {
    let mut sizes = [0; 2];
    for (size, round) in sizes.iter_mut().zip(0..) {
        let before = engine.size().await;
        for user in 0..COUNT {
            store.put_account(account(user), Some(session(user, round))).await.unwrap();
        }
        *size = (engine.size().await - before) / COUNT;
    }
    sizes
}

fn key(user: u64) -> AccountKey {
    AccountKey::new("990602627938098", UserId::from(17_841_400_000_000_000 + user))
}

fn account(user: u64) -> AccountRecord {
    let now = SystemClock::new().now();
    AccountRecord::new(
        key(user),
        vec![UserId::from(24_000_000_000_000_000 + user)],
        (0..SEALED).map(|_| fastrand::u8(..)).collect(),
        vec!["instagram_business_basic".to_owned()],
        now,
        now.saturating_add(Duration::from_secs(60 * 24 * 3600)),
    )
}

fn session(user: u64, round: u8) -> SessionRecord {
    let now = SystemClock::new().now();
    let mut id = [round; 32];
    for (place, byte) in id.iter_mut().zip(user.to_be_bytes()) {
        *place = byte;
    }
    let end = now.saturating_add(Duration::from_secs(14 * 24 * 3600));
    SessionRecord::new(SessionIdHash::from_bytes(id), key(user), now, now, end)
}
