//! The end of a program that serves: what is under way is finished, and nothing new begins.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use ig_oauth_common::Flow;
use tokio::sync::watch;

/// How long requests under way may take after the signal: a login waits for the provider.
const GRACE: Duration = Duration::from_secs(30);

/// Waits for what the flow does without a connection, once the server has ended: a browser that hangs
/// up during its login has spent the code.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the examples talk to their user")]
pub async fn finish(flow: &Flow) {
    println!("  stopping  no connection is left; logins under way are finished");
    if !flow.finished().await {
        eprintln!("something was still under way after the callback's deadline");
    }
}

/// Serves until Ctrl-C or SIGTERM, which is what service managers and containers send. What is under
/// way then has half a minute to end: a login that is cut off there has spent its code for nothing.
///
/// `serve` is handed the signal, for the server's own graceful shutdown.
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
        // An error means that the server is gone, and with it the one who would tell.
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
