//! A clock that stands still and counts how often it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ig_oauth_common::Timestamp;
use ig_oauth_common::http::Clock;

/// How often a callback reads the clock before it waits for the provider: to judge the attempt's age,
/// and when it consumes the state, from where on it shares the answer.
const READS_OF_A_CALLBACK: usize = 2;

/// The one exchange that they share notes when it asks.
const READS_OF_THE_EXCHANGE: usize = 1;

/// Longest wait for a callback to come, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The clock. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct CountedClock(Arc<AtomicUsize>);

impl CountedClock {
    /// How often it was read so far.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits until that many callbacks wait for the provider, since there were so many reads.
    pub async fn until_callbacks_wait(&self, callbacks: usize, reads: usize) {
        let waiting = async {
            while self.reads() < reads + callbacks * READS_OF_A_CALLBACK + READS_OF_THE_EXCHANGE {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the callbacks have come");
    }
}

impl Clock for CountedClock {
    fn now(&self) -> Timestamp {
        self.0.fetch_add(1, Ordering::SeqCst);
        Timestamp::from_unix_seconds(1_800_000_000)
    }
}
