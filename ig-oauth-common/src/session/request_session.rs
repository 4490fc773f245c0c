//! The session of one app request: opened at most once, when a handler asks for it, and possibly
//! with a cookie to send with the answer.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::reading::{Reading, Renewal};
use super::sessions::Sessions;
use crate::error::AuthError;
use crate::messages::{Caching, Headers};
use crate::provider::Token;

/// The session of one request. Adapters store it in the request's extensions, and only when the
/// request has a session cookie.
pub(crate) struct RequestSession {
    values: Vec<Vec<u8>>,
    opened: OnceCell<Option<Token>>,
    pending: Mutex<Option<Pending>>,
    /// The handler has ended the session, so there is no token any more.
    has_ended: AtomicBool,
}

/// A cookie to send with the answer.
enum Pending {
    Renew(Renewal),
    Remove {
        /// Whether the session had ended before this request read it. If not, the cookie of a login
        /// that ends meanwhile is kept.
        had_ended: bool,
    },
}

impl RequestSession {
    pub(crate) fn new(values: Vec<Vec<u8>>) -> Self {
        let (opened, pending) = (OnceCell::new(), Mutex::new(None));
        Self { values, opened, pending, has_ended: AtomicBool::new(false) }
    }

    pub(crate) fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    /// The token, read once.
    pub(crate) async fn open(
        &self,
        sessions: &Sessions,
        read: impl Future<Output = Result<Reading, AuthError>>,
    ) -> Result<Option<Token>, AuthError> {
        if self.has_ended.load(Ordering::Acquire) {
            return Ok(None);
        }
        let opened = self.opened.get_or_try_init(|| async {
            let (token, pending) = match read.await? {
                Reading::Live(session) => {
                    let (token, renewal) = sessions.renewed(session).await;
                    (Some(token), renewal.map(Pending::Renew))
                }
                Reading::Nobody { remove: false } => (None, None),
                Reading::Nobody { remove: true } => {
                    let had_ended = sessions.ended_a_moment_ago(&self.values);
                    (None, Some(Pending::Remove { had_ended }))
                }
            };
            self.set_pending(pending);
            Ok::<_, AuthError>(token)
        });
        let token = opened.await?.clone();
        // The provider may have reported it as invalid since.
        Ok(token.filter(|token| !sessions.is_dead(token)))
    }

    /// The handler has ended the session. The cookie is removed, unless the session had ended
    /// before.
    pub(crate) fn end(&self, had_ended: bool) {
        self.has_ended.store(true, Ordering::Release);
        self.set_pending((!had_ended).then_some(Pending::Remove { had_ended: true }));
    }

    /// The lines to add to the app's answer, whose headers are `answer`.
    pub(crate) fn finish(
        &self,
        sessions: &Sessions,
        answer: &dyn Headers,
    ) -> Vec<(&'static str, String)> {
        let caching = Caching::of(answer);
        // A shared cache would send the cookie to other users. It is sent with the next answer
        // instead.
        let may_carry = caching != Caching::Shared;
        let line = may_carry.then(|| self.cookie_line(sessions)).flatten();
        let mut lines: Vec<_> = line.map(|line| ("set-cookie", line)).into_iter().collect();
        let is_for_one_user = sessions.forbids_caching && self.token().is_some();
        let is_unsaid = match lines.is_empty() {
            false => caching == Caching::Unsaid,
            true => is_for_one_user && Caching::is_unsaid_anywhere(answer),
        };
        if is_unsaid {
            lines.push(("cache-control", "no-store".to_owned()));
        }
        lines
    }

    /// The token that the handler received.
    fn token(&self) -> Option<&Token> {
        self.opened.get().and_then(Option::as_ref)
    }

    fn set_pending(&self, pending: Option<Pending>) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = pending;
    }

    fn cookie_line(&self, sessions: &Sessions) -> Option<String> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if !self.has_ended.load(Ordering::Acquire)
            && self.token().is_some_and(|token| sessions.is_dead(token))
        {
            pending = Some(Pending::Remove { had_ended: false });
        }
        match pending? {
            // A login ended meanwhile, in another tab. The removal would delete the new session's
            // cookie, which has the same name.
            Pending::Remove { had_ended: false } if sessions.ended_a_moment_ago(&self.values) => {
                None
            }
            Pending::Remove { .. } => {
                sessions.mark_end_reported(&self.values);
                Some(sessions.removal())
            }
            Pending::Renew(Renewal { session, line }) => {
                (!sessions.is_buried(&session)).then_some(line)
            }
        }
    }
}

impl fmt::Debug for RequestSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSession")
            .field("cookies", &self.values.len())
            .finish_non_exhaustive()
    }
}
