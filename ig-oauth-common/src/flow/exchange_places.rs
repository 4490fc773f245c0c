//! Limits the number of concurrent exchanges: a provider that hangs must not use memory and sockets
//! without limit.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time;

/// The most callbacks that wait for a place.
const MOST_WAITING: usize = 256;

/// The longest wait for a place. Each waiting callback holds a connection to a browser.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// The permit for one exchange. Dropping it gives the place to the next callback.
pub(crate) type Place = OwnedSemaphorePermit;

/// The places of one configuration.
pub(crate) struct ExchangePlaces {
    places: Arc<Semaphore>,
    waiting: Semaphore,
}

impl ExchangePlaces {
    pub(crate) fn new(places: usize) -> Self {
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { places, waiting: Semaphore::new(MOST_WAITING) }
    }

    /// A place if one is free now.
    pub(crate) fn take_now(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// A place, now or shortly, in the order of requests. A caller that stops waiting leaves the
    /// queue.
    pub(crate) async fn take(&self) -> Option<Place> {
        if let Some(place) = self.take_now() {
            return Some(place);
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        // Without a runtime there is no timer to limit the wait.
        Handle::try_current().ok()?;
        time::timeout(LONGEST_WAIT, Arc::clone(&self.places).acquire_owned()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use tokio::time::Instant;

    use super::*;

    /// Polls once, without waiting.
    async fn once<T>(future: &mut std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_waited_for_a_moment_and_then_given_up() {
        let places = ExchangePlaces::new(1);
        let place = places.take_now().unwrap();
        assert!(places.take_now().is_none());
        let begun = Instant::now();
        assert!(places.take().await.is_none());
        assert_eq!(begun.elapsed(), LONGEST_WAIT);
        let mut next = pin!(places.take());
        assert!(once(&mut next).await.is_pending());
        drop(place);
        assert!(matches!(once(&mut next).await, Poll::Ready(Some(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_wait_and_one_that_leaves_makes_room() {
        let places = ExchangePlaces::new(1);
        let place = places.take_now().unwrap();
        let mut queue: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(places.take())).collect();
        for waiting in &mut queue {
            assert!(once(&mut waiting.as_mut()).await.is_pending());
        }
        let begun = Instant::now();
        assert!(places.take().await.is_none());
        assert_eq!(begun.elapsed(), Duration::ZERO, "the queue is full: no wait at all");
        // The first one's browser disconnects.
        drop(queue.remove(0));
        let mut late = pin!(places.take());
        assert!(once(&mut late).await.is_pending(), "there is room in the queue again");
        drop(place);
        let mut second = queue.remove(0);
        assert!(
            matches!(once(&mut second.as_mut()).await, Poll::Ready(Some(_))),
            "nobody takes the turn of one who left"
        );
    }
}
