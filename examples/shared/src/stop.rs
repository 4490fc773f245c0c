//! The end of a server program: running work is finished, and no new work starts.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use ig_oauth_common::Flow;
use tokio::sync::watch;

/// How long running requests may take after the signal: a login waits for the provider.
const GRACE: Duration = Duration::from_secs(30);

/// Waits for the flow's tasks without a connection, after the server has ended. If a browser
/// disconnects during its login, its code is already used.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the examples talk to their user")]
pub async fn finish(flow: &Flow) {
    println!("  stopping  no connection is left; logins under way are finished");
    if !flow.finished().await {
        eprintln!("something was still under way after the callback's deadline");
    }
}

/// Serves until Ctrl-C or SIGTERM, which service managers and containers send. Running requests
/// then have half a minute to end: a login that is interrupted has used its code for nothing.
///
/// `serve` receives the signal, for the server's own graceful shutdown.
///
/// # Errors
///
/// The server's.
pub async fn until_stopped<S>(
    serve: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>) -> S,
) -> io::Result<()>
where
    S: Future<Output = io::Result<()>>,
{
    let (stop, mut stopped) = watch::channel(false);
    let signal = Box::pin(async move {
        signalled().await;
        stop.send_replace(true);
    });
    let grace = async move {
        // An error means that the server has ended, and so has the sender of the signal.
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = serve(signal) => ended,
        () = grace => Ok(()),
    }
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signalled() {
    drop(tokio::signal::ctrl_c().await);
}
