//! The tasks of the flow: what goes on when the request that began it is gone.

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time;

use super::{Config, Flow, platform};
use crate::error::AuthError;

/// How many tasks are under way, over all clones of a configuration.
#[derive(Default)]
pub(super) struct Tasks {
    under_way: watch::Sender<usize>,
}

/// One task. It is over when this is dropped, also when its runtime ended or it panicked.
struct UnderWay(watch::Sender<usize>);

impl Tasks {
    fn begin(&self) -> UnderWay {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(self.under_way.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// A runtime that lives longer than those which requests come from.
pub(super) struct Home {
    runtime: Handle,
    /// Closed once the runtime has ended: a task spawned there would be lost.
    life: watch::Receiver<()>,
}

impl Home {
    fn here() -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        let (alive, life) = watch::channel(());
        runtime.spawn(async move { alive.closed().await });
        Some(Self { runtime, life })
    }

    fn is_alive(&self) -> bool {
        self.life.has_changed().is_ok()
    }
}

impl Flow {
    /// The flow of `config`, whose tasks run in the Tokio runtime in which it is made, instead of
    /// those that requests come from: for a framework whose workers are runtimes of their own, as
    /// actix-web's are. A worker that stops has no connection left, and a login whose browser hung up
    /// would end with it.
    ///
    /// That runtime must run for as long as the flow is used, as the one of `main` does. Outside of
    /// any runtime, and once that runtime has ended, it is as [`new`](Self::new).
    #[must_use]
    pub fn at_home_here(config: Config) -> Self {
        Self::made(config, Home::here())
    }

    /// Waits until no task of the flow is under way: for the end of a program, after its server has
    /// stopped. Whether none is.
    ///
    /// A server's graceful shutdown waits for connections. A login whose browser hung up has none any
    /// more, and its code is spent; a deauthorization, a logout and a refresh go on in the same way.
    /// Tasks of all clones of the [`Config`] count.
    ///
    /// This takes no longer than the [`callback_deadline`](crate::ConfigBuilder::callback_deadline)
    /// (20 s). The program should be allowed to run that much longer before it is killed.
    pub async fn finished(&self) -> bool {
        let mut under_way = self.shared.state.tasks.under_way.subscribe();
        // The sender is the flow's own, so this ends with a count of none.
        let none = async { under_way.wait_for(|count| *count == 0).await.is_ok() };
        if Handle::try_current().is_err() {
            // Nothing measures a wait without a runtime. Each task has a deadline of its own.
            return none.await;
        }
        time::timeout(self.settings().callback_deadline, none).await.unwrap_or(false)
    }

    /// Runs `task` to its end, whatever becomes of the request.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, AuthError> {
        let here = platform::runtime()?;
        let home = self.shared.home.as_ref().filter(|home| home.is_alive());
        let runtime = home.map_or(&here, |home| &home.runtime);
        let under_way = self.shared.state.tasks.begin();
        Ok(runtime.spawn(async move {
            let _under_way = under_way;
            task.await
        }))
    }
}
