//! Logins against a provider that misbehaves.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::Response;
use crate::harness::Settings;
use ig_oauth_common::hooks::{Failure, Hooks, Reply};
use ig_oauth_common::{AuthErrorKind, LongLived};
use ig_oauth_fake_instagram::{Endpoint, Fault};

use crate::security::site::{Site, is_ok, session_cookie};

/// How an answer begins that looks good.
pub const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/// The kinds of failure, which the browser does not see.
#[derive(Clone, Debug, Default)]
pub struct Failures(Arc<Mutex<Vec<Failure>>>);

impl Failures {
    /// The latest kind, which is taken out.
    #[must_use]
    pub fn last(&self) -> Option<AuthErrorKind> {
        self.0.lock().unwrap().pop().map(|failure| failure.kind)
    }

    /// All of them so far.
    #[must_use]
    pub fn all(&self) -> Vec<Failure> {
        self.0.lock().unwrap().clone()
    }
}

impl Hooks for Failures {
    async fn on_failure(&self, failure: Failure) -> Option<Reply> {
        self.0.lock().unwrap().push(failure);
        None
    }
}

/// An app that stops at the code exchange.
pub fn exchange_only() -> Settings {
    Settings::new().configure(|builder| builder.long_lived(LongLived::Off))
}

/// The same with a timeout so small that a provider which never answers costs a test little, and
/// a deadline of the whole login that comes long after this test's own patience has ended.
pub fn impatient(failures: &Failures) -> Settings {
    let hooks = failures.clone();
    Settings::new().configure(|builder| {
        builder
            .request_timeout(Duration::from_secs(3))
            .callback_deadline(Duration::from_secs(120))
            .long_lived(LongLived::Off)
            .hooks(hooks)
    })
}

/// These very bytes: the lines of a head, and a body.
#[must_use]
pub fn raw(head: &str, body: &[u8]) -> Fault {
    Fault::Raw([head.as_bytes(), b"\r\n", body].concat())
}

/// One login against this fault, and its answer. While the provider hesitates the app's other
/// requests are answered; there is one exchange; and the next login works.
pub async fn login_against(site: &Site, fault: Fault) -> Response {
    let provider = &site.app.provider;
    let attempt = site.start("").await;
    let before = site.exchanges();
    provider.set_fault_times(Endpoint::CodeExchange, fault.clone(), 1);
    let held = provider.hold(Endpoint::CodeExchange);
    let mut login = pin!(site.finish(&attempt));
    let others = async {
        while site.exchanges() == before {
            tokio::task::yield_now().await;
        }
        assert_eq!(site.get("/plain", "").await.text(), "plain");
        assert_eq!(site.get("/", "").await.text(), "anonymous");
    };
    tokio::select! {
        answer = &mut login => {
            panic!("answered before the others were, {fault:.80?}: {}", answer.describe())
        }
        () = others => {}
    }
    drop(held);
    let answer = login.await;
    assert_eq!(site.exchanges(), before + 1, "exactly one POST: {fault:.80?}");
    provider.clear_faults();
    let next = site.start("").await;
    is_ok(&site.finish(&next).await);
    answer
}

/// The answer when it is the provider's fault, or the network's.
pub fn is_unavailable(answer: &Response) {
    assert_eq!(answer.status, 503, "{}", answer.describe());
    assert!(answer.text().contains("provider_unavailable"), "{}", answer.describe());
    assert!(answer.header("retry-after").is_some());
    assert_eq!(session_cookie(answer), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
