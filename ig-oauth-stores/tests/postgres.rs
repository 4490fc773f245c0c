//! The suite on PostgreSQL.
#![cfg(feature = "postgres")]

use ig_oauth_stores::{PostgresStore, suite};
use ig_oauth_test_servers::PostgresServer;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_passes_the_suite() {
    let Some(server) = PostgresServer::start() else { return };
    let store = PostgresStore::connect(server.url()).await.unwrap();
    let cases = suite::run_all(&store).await;
    println!("suite on postgres: {cases} cases");
}
