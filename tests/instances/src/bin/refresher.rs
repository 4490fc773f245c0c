//! A refresher as a process of its own, for a test that kills it.

#[tokio::main]
async fn main() {
    ig_oauth_instances::killed_refresher::run().await;
}
