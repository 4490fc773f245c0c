//! Tasks that go on when the request that began them is gone.

use std::future::Future;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time;

use crate::error::{AuthError, AuthErrorKind};

/// The tasks of one configuration, over all of its clones.
#[derive(Default)]
pub(crate) struct Tasks {
    under_way: watch::Sender<usize>,
    /// Where they run, if not where the request is.
    home: RwLock<Option<Home>>,
}

/// A runtime that lives longer than those that requests come from.
struct Home {
    runtime: Handle,
    /// Closed once the runtime has ended: a task spawned there would be lost.
    life: watch::Receiver<()>,
}

impl Home {
    fn is_alive(&self) -> bool {
        self.life.has_changed().is_ok()
    }
}

/// One task. It is over when this is dropped, also when its runtime ended or it panicked.
struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    fn begin(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Tasks {
    /// Runs all further tasks in this runtime, if there is one. The first that has not ended counts.
    pub(crate) fn run_here(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (alive, life) = watch::channel(());
        runtime.spawn(async move { alive.closed().await });
        let mut home = self.home.write().unwrap_or_else(PoisonError::into_inner);
        if home.as_ref().is_none_or(|home| !home.is_alive()) {
            *home = Some(Home { runtime, life });
        }
    }

    /// Runs `task` to its end, whatever becomes of the request. Waiting for it fails when it is lost:
    /// it panicked, or its runtime ended.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, AuthError> {
        let here = runtime()?;
        let home = self.home.read().unwrap_or_else(PoisonError::into_inner);
        let home = home.as_ref().filter(|home| home.is_alive());
        let under_way = UnderWay::begin(&self.under_way);
        Ok(home.map_or(&here, |home| &home.runtime).spawn(async move {
            let _under_way = under_way;
            task.await
        }))
    }

    /// Waits until no task is under way, for `longest` at most. Whether none is.
    pub(crate) async fn finished(&self, longest: Duration) -> bool {
        let mut under_way = self.under_way.subscribe();
        // The sender is this value's own, so this ends with a count of none.
        let none = async { under_way.wait_for(|count| *count == 0).await.is_ok() };
        if Handle::try_current().is_err() {
            // Nothing measures a wait without a runtime. Each task has a deadline of its own.
            return none.await;
        }
        time::timeout(longest, none).await.unwrap_or(false)
    }
}

/// The runtime that this is called in: the flow's waits need one.
pub(crate) fn runtime() -> Result<Handle, AuthError> {
    let needs = "the flow needs a Tokio runtime with time enabled";
    Handle::try_current().map_err(|_| AuthError::with_source(AuthErrorKind::Internal, needs))
}
