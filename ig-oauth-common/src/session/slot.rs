//! What one app request has to do with its session: opened when a handler asks, at most once, and
//! perhaps with a cookie to send along.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::{Reading, Renewal, Tombstones};
use crate::config::Settings;
use crate::error::AuthError;
use crate::flow::{Headers, Reply};
use crate::token::Token;

/// The session of one request. There is one only when the request carries our session cookie.
pub struct Slot {
    values: Vec<Vec<u8>>,
    opened: OnceCell<Option<Token>>,
    pending: Mutex<Option<Pending>>,
    failure: Mutex<Option<Reply>>,
    /// Whether the app has ended it during this request.
    has_ended: AtomicBool,
}

enum Pending {
    Renew(Renewal),
    /// There is no session. Whether it had ended already when the request asked for it.
    Remove {
        had_ended: bool,
    },
}

impl Slot {
    pub(crate) fn new(values: Vec<Vec<u8>>) -> Self {
        Self {
            values,
            opened: OnceCell::new(),
            pending: Mutex::new(None),
            failure: Mutex::new(None),
            has_ended: AtomicBool::new(false),
        }
    }

    /// The cookie's values.
    pub(crate) fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    /// The token of this session, looked up by `read` at the first call. An error is not remembered:
    /// the next call tries again.
    pub(crate) async fn open(
        &self,
        settings: &Settings,
        tombstones: &Tombstones,
        read: impl Future<Output = Result<Reading, AuthError>>,
    ) -> Result<Option<Token>, AuthError> {
        if self.has_ended.load(Ordering::Acquire) {
            return Ok(None);
        }
        let opened = self.opened.get_or_try_init(|| async {
            let (token, pending) = match read.await? {
                Reading::Live(session) => {
                    let (token, renewal) = session.renewed(settings).await;
                    (Some(token), renewal.map(Pending::Renew))
                }
                Reading::Nobody { remove: false } => (None, None),
                Reading::Nobody { remove: true } => {
                    let had_ended = super::ended_a_moment_ago(settings, tombstones, &self.values);
                    (None, Some(Pending::Remove { had_ended }))
                }
            };
            *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = pending;
            Ok::<_, AuthError>(token)
        });
        let token = opened.await?.clone();
        // The provider may have called it dead since.
        Ok(token.filter(|token| !tombstones.is_dead(token, settings.clock.now())))
    }

    /// Notes that the app has ended the session: its cookie goes. Where it had ended before, in another
    /// tab perhaps, the browser knows, and may have a new session by now.
    pub(crate) fn end(&self, had_ended: bool) {
        self.has_ended.store(true, Ordering::Release);
        let pending = (!had_ended).then_some(Pending::Remove { had_ended: true });
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = pending;
    }

    /// Remembers that nobody could say whether there is a session.
    pub(crate) fn fail(&self, reply: Reply) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
    }

    /// The answer of the last failure, if there was one and the session has not been opened since.
    pub(crate) fn take_failure(&self) -> Option<Reply> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.filter(|_| !self.opened.initialized())
    }

    /// The header lines to append to the app's answer.
    ///
    /// A shared cache must never keep one user's cookie for another (RFC 9111, section 7.3): the
    /// cookie goes along only where the app said nothing about caching, and then brings `no-store`,
    /// or where it said `private` or `no-store`. Else it waits for the next request, as it does where
    /// a header for one kind of cache says otherwise. With a store the session was noted as seen by
    /// then, so the cookie of a mere renewal waits until the next one is due, a tenth of the idle life
    /// later: asking for it at each request would write to the store at each request.
    pub(crate) fn finish(
        &self,
        settings: &Settings,
        tombstones: &Tombstones,
        answer: &dyn Headers,
    ) -> Vec<(&'static str, String)> {
        let mut lines = self.cookie_lines(settings, tombstones, answer);
        let has_caching = lines.iter().any(|(name, _)| *name == "cache-control");
        if settings.no_store && self.token_was_taken() && !has_caching && says_nothing(answer) {
            lines.push(("cache-control", "no-store".to_owned()));
        }
        lines
    }

    /// Whether a handler or a guard was given the token: the answer may be about its user, and a cache
    /// or the back button must not show it to the next one.
    fn token_was_taken(&self) -> bool {
        matches!(self.opened.get(), Some(Some(_)))
    }

    fn cookie_lines(
        &self,
        settings: &Settings,
        tombstones: &Tombstones,
        answer: &dyn Headers,
    ) -> Vec<(&'static str, String)> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let pending = match self.opened.get() {
            Some(Some(token))
                if !self.has_ended.load(Ordering::Acquire)
                    && tombstones.is_dead(token, settings.clock.now()) =>
            {
                Some(Pending::Remove { had_ended: false })
            }
            _ => pending,
        };
        let Some(pending) = pending else {
            return Vec::new();
        };
        let is_removal = matches!(pending, Pending::Remove { .. });
        let line = match pending {
            // A login ended meanwhile, in another tab: the removal would take the new session's
            // cookie, which has the same name.
            Pending::Remove { had_ended: false }
                if super::ended_a_moment_ago(settings, tombstones, &self.values) =>
            {
                return Vec::new();
            }
            Pending::Remove { .. } => super::removal(settings),
            Pending::Renew(Renewal { session, line }) => {
                let now = settings.clock.now();
                if tombstones.is_buried(&session, now) {
                    return Vec::new();
                }
                line
            }
        };
        let caching = caching(answer);
        if is_removal && !matches!(caching, Caching::Shared) {
            super::told_of_the_end(settings, tombstones, &self.values);
        }
        match caching {
            Caching::Shared => Vec::new(),
            Caching::Private => vec![("set-cookie", line)],
            Caching::Unsaid => {
                vec![("set-cookie", line), ("cache-control", "no-store".to_owned())]
            }
        }
    }
}

enum Caching {
    Unsaid,
    Private,
    Shared,
}

/// What caches of one kind obey instead of `Cache-Control` (RFC 9213, section 2.1), the last ones
/// since before there was an RFC.
const TARGETED: &[&str] = &[
    "cdn-cache-control",
    "surrogate-control",
    "cloudflare-cdn-cache-control",
    "netlify-cdn-cache-control",
    "vercel-cdn-cache-control",
    "akamai-cache-control",
    "edge-control",
    "x-accel-expires",
    "x-litespeed-cache-control",
];

/// Whether the app left all about caching unsaid, in the old headers too.
fn says_nothing(answer: &dyn Headers) -> bool {
    let mut names = ["cache-control", "expires", "pragma"].iter().chain(TARGETED);
    !names.any(|name| answer.has(name))
}

fn caching(answer: &dyn Headers) -> Caching {
    let is_shared = |name: &&str| matches!(said_by(answer, name), Caching::Shared);
    if TARGETED.iter().any(is_shared) {
        return Caching::Shared;
    }
    said_by(answer, "cache-control")
}

fn said_by(answer: &dyn Headers, name: &str) -> Caching {
    let mut said = false;
    let mut private = false;
    answer.visit(name, &mut |value| {
        said = true;
        let directives = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        private |= directives.into_iter().any(|directive| {
            directive.eq_ignore_ascii_case(b"private")
                || directive.eq_ignore_ascii_case(b"no-store")
        });
    });
    match (said, private) {
        (false, _) => Caching::Unsaid,
        (true, true) => Caching::Private,
        (true, false) => Caching::Shared,
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("cookies", &self.values.len()).finish_non_exhaustive()
    }
}
