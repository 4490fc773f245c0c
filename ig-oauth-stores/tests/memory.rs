//! The suite on the memory store, by which it was written.
#![cfg(feature = "suite")]

use ig_oauth_common::store::MemoryStore;
use ig_oauth_stores::suite;

#[tokio::test]
async fn the_memory_store_passes_the_suite() {
    let cases = suite::run_all(&MemoryStore::new()).await;
    println!("suite on memory: {cases} cases");
}
