//! Counts the work of a request. Counts do not depend on the machine, as times would.

use std::cell::Cell;

thread_local! {
    static WORK: Cell<Work> = const { Cell::new(Work { mac_checks: 0, decoded_bytes: 0 }) };
}

/// The work done on this thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Signatures that were checked.
    pub(crate) mac_checks: usize,
    /// Bytes of base64url and of percent-escapes that were decoded.
    pub(crate) decoded_bytes: usize,
}

pub(crate) fn mac_checked() {
    let work = WORK.get();
    WORK.set(Work { mac_checks: work.mac_checks + 1, ..work });
}

pub(crate) fn decoded(bytes: usize) {
    let work = WORK.get();
    WORK.set(Work { decoded_bytes: work.decoded_bytes + bytes, ..work });
}

/// The result of `task` and the work that it did.
pub(crate) fn counted<T>(task: impl FnOnce() -> T) -> (T, Work) {
    WORK.set(Work::default());
    (task(), WORK.get())
}
