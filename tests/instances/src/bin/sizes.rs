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

use ig_oauth_common::{
    AccountKey, AccountRecord, Clock as _, SessionIdHash, SessionRecord, SystemClock, UserId,
};
use ig_oauth_instances::engine::Engine;

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
        let store = engine.store().await;
        let empty = engine.size().await;
        let mut sizes = vec![empty];
        for round in 0..2_u8 {
            for user in 0..COUNT {
                store.begin_session(session(user, round), account(user)).await.unwrap();
            }
            sizes.push(engine.size().await);
        }
        let mut each = sizes.windows(2).map(|pair| (pair[1] - pair[0]) / COUNT);
        let (first, more) = (each.next().unwrap(), each.next().unwrap());
        println!("{name:<12} {first:>8} bytes       {more:>8} bytes");
    }
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
