//! The suite on SQLite.
#![cfg(feature = "sqlite")]

use ig_oauth_stores::{SqliteStore, suite};

#[tokio::test(flavor = "multi_thread")]
async fn a_sqlite_file_passes_the_suite() {
    let path = std::env::temp_dir().join(format!("x{}", std::process::id()));
    let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
    let cases = suite::run_all(&store).await;
    println!("suite on sqlite: {cases} cases");
}
