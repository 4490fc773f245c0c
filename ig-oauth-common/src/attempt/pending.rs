//! The attempts a browser has under way, and room for one more.
//!
//! Browsers and servers limit the `Cookie` header: attempts that pile up end in 431 errors that only
//! clearing all cookies cures. So there is a bound, and the oldest make room.

use super::attempts::{Attempts, NotThisAttempt};
use crate::cookie::each_cookie;
use crate::messages::Headers;

/// Most attempts of one browser.
const MAX_ATTEMPTS: usize = 8;

/// Most bytes of them, names and values.
const MAX_ATTEMPT_BYTES: usize = 2_560;

/// Most signatures checked. As many as attempts can stay: when all of them verify, they are what stays.
const MAX_MAC_CHECKS: usize = MAX_ATTEMPTS;

/// Most attempt cookies looked at, and most removal lines sent: the answer's headers stay small.
const MAX_EXAMINED: usize = 64;
const MAX_REMOVALS: usize = 24;

/// The attempt cookies of a request, sorted out.
#[derive(Default)]
pub(crate) struct PendingAttempts {
    /// Verified and live, newest first.
    live: Vec<Pending>,
    /// Live by their own word, and past the bound of what is checked. Newest first, and older than
    /// whatever was checked.
    unchecked: Vec<Pending>,
    /// Signed by a secret of another instance, perhaps.
    foreign: Vec<Pending>,
    /// No attempt, or none any more.
    useless: Vec<String>,
}

struct Pending {
    name: String,
    bytes: usize,
    /// A foreign page began it, as far as that is proven.
    is_cross_site: bool,
}

/// Room for one more attempt.
pub(crate) struct MadeRoom {
    /// The lines that end other attempts.
    pub(crate) removals: Vec<String>,
    /// One of them was not begun by a foreign page.
    pub(crate) ends_the_users_own: bool,
}

impl Attempts {
    /// The attempts whose cookies a request carries.
    pub(crate) fn pending(&self, headers: &dyn Headers) -> PendingAttempts {
        let now = self.now();
        let mut found = PendingAttempts::default();
        let mut claims = Vec::new();
        let mut examined = 0;
        each_cookie(headers, &mut |name, value| {
            if !self.names.is_attempt(name) || examined >= MAX_EXAMINED {
                return;
            }
            examined += 1;
            let Ok(name) = std::str::from_utf8(name) else { return };
            let bytes = name.len() + value.len() + 1;
            let pending = Pending { name: name.to_owned(), bytes, is_cross_site: false };
            match self.claim(value) {
                Ok(claim)
                    if claim.attempt.is_live(now)
                        && self.names.attempt(&claim.attempt.state.to_text()) == name =>
                {
                    claims.push((pending, claim));
                }
                Err(NotThisAttempt::UnknownKey) => found.foreign.push(pending),
                _ => found.useless.push(pending.name),
            }
        });
        claims.sort_by_key(|(_, claim)| std::cmp::Reverse(claim.attempt.issued_at));
        let mut checks = 0;
        for (mut pending, claim) in claims {
            if found.live.iter().any(|known| known.name == pending.name) {
                continue;
            }
            if checks == MAX_MAC_CHECKS {
                found.unchecked.push(pending);
                continue;
            }
            checks += 1;
            match self.prove(&pending.name, claim) {
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
    /// Only what verifies makes others leave: forged attempts can claim to be the newest, and would
    /// end every good one. So an unchecked attempt stays unless the verified ones, all newer, fill
    /// the room; the forged ones before it leave now, and its turn to be checked comes.
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
        // A removal names no value: where a name came twice, it would take the good one along.
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

/// What the attempts that stay take up, the new one included.
struct Room {
    bytes: usize,
    count: usize,
    /// Something did not fit. What is older does not jump the queue by being smaller.
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
