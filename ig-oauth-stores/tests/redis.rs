//! The suite on Redis.
#![cfg(feature = "redis")]

use ig_oauth_stores::{RedisStore, suite};
use ig_oauth_test_servers::RedisServer;

#[tokio::test(flavor = "multi_thread")]
async fn redis_passes_the_suite() {
    let Some(server) = RedisServer::start() else { return };
    let store = RedisStore::connect(server.url()).await.unwrap();
    let cases = suite::run_all(&store).await;
    println!("suite on redis: {cases} cases");
}
