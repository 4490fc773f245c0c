//! A store whose server does not answer, or whose caller is cancelled.

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{join_all, poll_fn};
use ig_oauth_common::store::{AccountPage, Store};
use ig_oauth_test_servers::Passage;

/// The timeout of stores whose server is blocked.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(500);

/// Far beyond the timeout, on a machine that has other things to do.
const GENEROUS: Duration = Duration::from_secs(10);

/// Hundreds of requests while the server does not answer, concurrently and one after the other,
/// some of them cancelled. The store opens at most `most` connections, and each caller gets its
/// answer within the timeout.
pub(crate) async fn an_outage_costs_few_connections(
    store: &impl Store,
    passage: &Passage,
    socket: std::path::PathBuf,
    most: usize,
) {
    assert_eq!(store.accounts(AccountPage::new("client", 1)).await.unwrap(), []);
    passage.block();
    let before = passage.taken();
    for _ in 0..3 {
        for _ in 0..200 {
            assert!(store.accounts(AccountPage::new("client", 1)).now_or_never().is_none());
        }
        let began = Instant::now();
        let answers =
            join_all((0..300).map(|_| store.accounts(AccountPage::new("client", 1)))).await;
        assert!(began.elapsed() < GENEROUS, "{:?}", began.elapsed());
        assert!(answers.iter().all(Result::is_err));
    }
    let taken = passage.taken() - before;
    assert!(taken <= most, "{taken} connections for 1,500 operations");
    passage.lead_to(socket);
    // Concurrent requests may still meet earlier operations.
    let mut answer = store.accounts(AccountPage::new("client", 1)).await;
    for _ in 0..2 {
        if answer.is_ok() {
            break;
        }
        answer = store.accounts(AccountPage::new("client", 1)).await;
    }
    assert_eq!(answer.unwrap(), []);
}

/// A worker asks often and then does something else for a while, as a handler that blocks does. The
/// others are served meanwhile, and in the end the worker is, too.
pub(crate) async fn a_blocked_worker_keeps_nobody_waiting(store: Arc<impl Store>) {
    let (tell, told) = tokio::sync::oneshot::channel();
    let (release, blocked) = mpsc::channel::<()>();
    let theirs = Arc::clone(&store);
    let worker = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let asked = join_all((0..40).map(|_| theirs.accounts(AccountPage::new("client", 1))));
            let mut asked = pin!(asked);
            poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_pending())).await;
            tell.send(()).unwrap();
            blocked.recv().unwrap();
            asked.await
        })
    });
    told.await.unwrap();
    for _ in 0..20 {
        assert_eq!(store.accounts(AccountPage::new("client", 1)).await.unwrap(), []);
    }
    release.send(()).unwrap();
    for answer in worker.await.unwrap() {
        assert_eq!(answer.unwrap(), []);
    }
}

/// Creates a store in a runtime that ends immediately.
pub(crate) async fn made_elsewhere<S: Send + 'static>(
    make: impl AsyncFnOnce() -> S + Send + 'static,
) -> S {
    let made = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(make())
    });
    made.await.unwrap()
}

/// Reads, and makes changes of both kinds: those that may be repeated and those that may not.
pub(crate) async fn works(store: &impl Store) {
    let (session, account) = super::login();
    store.put_account(account.clone(), Some(session.clone())).await.unwrap();
    assert!(store.session(&session.id_hash, super::NOW).await.unwrap().is_some());
    assert!(store.forget_account(&account.key, &account.sealed_token).await.unwrap());
}
