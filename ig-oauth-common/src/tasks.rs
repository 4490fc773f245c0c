//! Tasks that continue after the request that started them has ended.

use std::future::Future;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time;

use crate::error::{AuthError, AuthErrorKind};

/// The tasks of one configuration, shared by all of its clones.
#[derive(Default)]
pub(crate) struct Tasks {
    under_way: watch::Sender<usize>,
    /// The runtime for new tasks. `None` for the runtime of the request.
    home: RwLock<Option<TaskRuntime>>,
}

/// A runtime that lives longer than the runtimes of the requests.
struct TaskRuntime {
    runtime: Handle,
    /// Closed once the runtime has ended. A task spawned there would be lost.
    life: watch::Receiver<()>,
}

impl TaskRuntime {
    fn is_alive(&self) -> bool {
        self.life.has_changed().is_ok()
    }
}

/// A running task. Dropping it counts the task as ended, also when its runtime ended or it
/// panicked.
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
    /// Runs all later tasks in the current runtime, if there is one. If several running runtimes
    /// call this, the first one counts.
    pub(crate) fn run_here(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (alive, life) = watch::channel(());
        runtime.spawn(async move { alive.closed().await });
        let mut home = self.home.write().unwrap_or_else(PoisonError::into_inner);
        if home.as_ref().is_none_or(|home| !home.is_alive()) {
            *home = Some(TaskRuntime { runtime, life });
        }
    }

    /// Runs `task` to its end, even if the request is cancelled. Awaiting the result fails when the
    /// task is lost: it panicked, or its runtime ended.
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

    /// Waits until no task is running, for `longest` at most. Returns whether all tasks have ended.
    pub(crate) async fn finished(&self, longest: Duration) -> bool {
        let mut under_way = self.under_way.subscribe();
        // This value holds the sender, so the wait ends only when the count is zero.
        let none = async { under_way.wait_for(|count| *count == 0).await.is_ok() };
        if Handle::try_current().is_err() {
            // Without a runtime there is no timer. Each task has its own deadline.
            return none.await;
        }
        time::timeout(longest, none).await.unwrap_or(false)
    }
}

/// The current runtime. The flow's timers need one.
pub(crate) fn runtime() -> Result<Handle, AuthError> {
    let needs = "the flow needs a Tokio runtime with time enabled";
    Handle::try_current().map_err(|_| AuthError::with_source(AuthErrorKind::Internal, needs))
}
