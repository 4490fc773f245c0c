//! The attempts a browser has under way, and room for one more.
//!
//! Browsers and servers limit the `Cookie` header: attempts that pile up end in 431 errors that only
//! clearing all cookies cures. So there is a bound, and the oldest make room.

use super::Headers;
use crate::attempt::{Attempt, Binding, Unverified};
use crate::config::Settings;
use crate::cookie::{self, each_cookie};

/// Most attempts of one browser.
const MAX_ATTEMPTS: usize = 8;

/// Most bytes of them, names and values.
const MAX_ATTEMPT_BYTES: usize = 2_560;

/// Most attempt cookies looked at, and most removal lines sent: the answer's headers stay small.
const MAX_EXAMINED: usize = 64;
const MAX_REMOVALS: usize = 24;

/// The attempt cookies of a request, sorted out.
#[derive(Default)]
pub(crate) struct PendingAttempts {
    /// Verified and live, newest first.
    live: Vec<Pending>,
    /// Signed by a secret of another instance, perhaps.
    foreign: Vec<Pending>,
    /// No attempt, or none any more.
    useless: Vec<String>,
}

struct Pending {
    name: String,
    bytes: usize,
}

impl PendingAttempts {
    pub(crate) fn of(settings: &Settings, headers: &dyn Headers) -> Self {
        let names = &settings.cookie_names;
        let now = settings.clock.now();
        let mut found = Self::default();
        let mut claimed = Vec::new();
        let mut examined = 0;
        each_cookie(headers, &mut |name, value| {
            if !names.is_attempt(name) || examined >= MAX_EXAMINED {
                return;
            }
            examined += 1;
            let Ok(name) = std::str::from_utf8(name) else {
                return;
            };
            let pending = Pending { name: name.to_owned(), bytes: name.len() + value.len() + 1 };
            match Attempt::unproven(value, &settings.keyring) {
                Ok(attempt)
                    if attempt.is_live(now) && names.attempt(&attempt.state.to_text()) == name =>
                {
                    claimed.push((attempt.issued_at, pending, value));
                }
                Err(Unverified::UnknownKey) => found.foreign.push(pending),
                Ok(_) | Err(Unverified::BadSignature) => found.useless.push(pending.name),
            }
        });
        claimed.sort_by_key(|(issued_at, ..)| std::cmp::Reverse(*issued_at));
        for (index, (_, pending, value)) in claimed.into_iter().enumerate() {
            let binding = Binding {
                cookie_name: &pending.name,
                client_id: &settings.client_id,
                redirect_uri: settings.redirect_uri.as_str(),
            };
            // Signatures beyond the bound are not checked: those attempts must go in any case.
            if index < MAX_ATTEMPTS && Attempt::verify(value, &settings.keyring, &binding).is_ok() {
                found.live.push(pending);
            } else {
                found.useless.push(pending.name);
            }
        }
        found
    }

    /// The lines that make room for a new cookie of `bytes`.
    pub(crate) fn make_room(self, settings: &Settings, bytes: usize) -> Vec<String> {
        let mut total = bytes;
        let mut count = 1;
        let mut full = false;
        let mut leaving = self.useless;
        for pending in self.live.into_iter().chain(self.foreign) {
            full |= count >= MAX_ATTEMPTS || total + pending.bytes > MAX_ATTEMPT_BYTES;
            if full {
                leaving.push(pending.name);
            } else {
                total += pending.bytes;
                count += 1;
            }
        }
        leaving.dedup();
        leaving
            .iter()
            .take(MAX_REMOVALS)
            .map(|name| cookie::removal(&settings.cookie_names, name))
            .collect()
    }
}
