//! How much work a request makes, counted: a time would measure the machine.

use std::cell::Cell;

thread_local! {
    static WORK: Cell<Work> = const { Cell::new(Work { mac_checks: 0, decoded_bytes: 0 }) };
}

/// Work that was done on this thread.
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

/// What `task` gives, and the work that it did.
pub(crate) fn counted<T>(task: impl FnOnce() -> T) -> (T, Work) {
    WORK.set(Work::default());
    (task(), WORK.get())
}
