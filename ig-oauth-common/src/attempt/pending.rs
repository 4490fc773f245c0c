//! The pending attempts of a browser, and room for one more.
//!
//! Browsers and servers limit the `Cookie` header. Too many attempts lead to 431 errors, which
//! users can fix only by deleting all cookies. The number of attempts is therefore limited, and the
//! oldest are removed.

use super::attempts::{Attempts, LookupError};
use crate::cookie::each_cookie;
use crate::messages::Headers;

/// The most attempts of one browser.
const MAX_ATTEMPTS: usize = 8;

/// The largest total size of their names and values, in bytes.
const MAX_ATTEMPT_BYTES: usize = 2_560;

/// The most signatures checked: as many as can be kept. If all of them verify, exactly these are
/// kept.
const MAX_MAC_CHECKS: usize = MAX_ATTEMPTS;

/// The most attempt cookies read, and the most removal lines sent, so that the answer's headers
/// stay small.
const MAX_EXAMINED: usize = 64;
const MAX_REMOVALS: usize = 24;

/// The attempt cookies of a request, classified.
#[derive(Default)]
pub(crate) struct PendingAttempts {
    /// Verified and live, newest first.
    live: Vec<Pending>,
    /// Not expired according to their unverified content, and beyond the limit of signature checks.
    /// Newest first, and older than every checked one.
    unchecked: Vec<Pending>,
    /// Possibly signed with a secret of another instance.
    foreign: Vec<Pending>,
    /// Not attempts, or expired.
    useless: Vec<String>,
}

struct Pending {
    name: String,
    bytes: usize,
    /// Whether a page of another site started it, as far as that is proven.
    is_cross_site: bool,
}

/// The room made for one more attempt.
pub(crate) struct MadeRoom {
    /// The lines that remove other attempts.
    pub(crate) removals: Vec<String>,
    /// Whether one of them was not started by a page of another site.
    pub(crate) ends_the_users_own: bool,
}

impl Attempts {
    /// The attempts whose cookies are in the request.
    pub(crate) fn pending(&self, headers: &dyn Headers) -> PendingAttempts {
        let now = self.now();
        let mut found = PendingAttempts::default();
        let mut candidates = Vec::new();
        let mut examined = 0;
        each_cookie(headers, &mut |name, value| {
            if !self.names.is_attempt(name) || examined >= MAX_EXAMINED {
                return;
            }
            examined += 1;
            let Ok(name) = std::str::from_utf8(name) else { return };
            let bytes = name.len() + value.len() + 1;
            let pending = Pending { name: name.to_owned(), bytes, is_cross_site: false };
            match self.unverified(value) {
                Ok(unverified)
                    if unverified.attempt.is_live(now)
                        && self.names.attempt(&unverified.attempt.state.to_text()) == name =>
                {
                    candidates.push((pending, unverified));
                }
                Err(LookupError::UnknownKey) => found.foreign.push(pending),
                _ => found.useless.push(pending.name),
            }
        });
        candidates.sort_by_key(|(_, unverified)| std::cmp::Reverse(unverified.attempt.issued_at));
        let mut checks = 0;
        for (mut pending, unverified) in candidates {
            if found.live.iter().any(|known| known.name == pending.name) {
                continue;
            }
            if checks == MAX_MAC_CHECKS {
                found.unchecked.push(pending);
                continue;
            }
            checks += 1;
            match self.prove(&pending.name, unverified) {
                Ok(attempt) => {
                    pending.is_cross_site = attempt.is_cross_site;
                    found.live.push(pending);
                }
                Err(_) => found.useless.push(pending.name),
            }
        }
        found
    }

    /// The lines that make room for a new cookie of `bytes`.
    ///
    /// Only verified attempts displace others: forged ones can claim to be the newest and would
    /// remove every valid one. An unchecked attempt is therefore kept unless the verified ones, all
    /// newer, fill the room. The forged ones before it are removed now, so the next request checks
    /// it.
    pub(crate) fn make_room(&self, pending: PendingAttempts, bytes: usize) -> MadeRoom {
        let mut room = Room { bytes, count: 1, full: false };
        let mut staying = Vec::new();
        let mut leaving = pending.useless;
        let mut ends_the_users_own = false;
        let mut sort_out = |stays: bool, attempt: Pending| {
            if stays {
                staying.push(attempt.name);
            } else {
                ends_the_users_own |= !attempt.is_cross_site;
                leaving.push(attempt.name);
            }
        };
        pending.live.into_iter().for_each(|attempt| sort_out(room.take(&attempt), attempt));
        pending.unchecked.into_iter().for_each(|attempt| sort_out(room.holds(&attempt), attempt));
        pending.foreign.into_iter().for_each(|attempt| sort_out(room.take(&attempt), attempt));
        // A removal names no value: if a name occurred twice, it would remove the valid one too.
        let mut removals: Vec<String> = Vec::new();
        for name in leaving {
            if removals.len() < MAX_REMOVALS
                && !staying.contains(&name)
                && !removals.contains(&name)
            {
                removals.push(name);
            }
        }
        let removals = removals.iter().map(|name| self.names.removal(name)).collect();
        MadeRoom { removals, ends_the_users_own }
    }
}

/// The size of the attempts that are kept, including the new one.
struct Room {
    bytes: usize,
    count: usize,
    /// An attempt did not fit. Older, smaller ones are then not kept in its place.
    full: bool,
}

impl Room {
    fn holds(&self, pending: &Pending) -> bool {
        !self.full && self.count < MAX_ATTEMPTS && self.bytes + pending.bytes <= MAX_ATTEMPT_BYTES
    }

    fn take(&mut self, pending: &Pending) -> bool {
        self.full = !self.holds(pending);
        if !self.full {
            self.bytes += pending.bytes;
            self.count += 1;
        }
        !self.full
    }
}
