//! The checks, by subject.

use std::future::Future;
use std::pin::Pin;

use crate::launch::Mood;
use crate::site::Site;
use crate::visit::Visit;

mod connecting;
mod cookies;
mod libraries;
mod login;
mod looks;
mod navigation;
mod others;
mod watching;

/// What a check came to.
pub(crate) type Outcome = Result<(), String>;

/// A check that is running.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// One check.
#[derive(Clone, Copy)]
pub struct Check {
    /// As it is printed.
    pub name: &'static str,
    /// The browser it takes.
    pub mood: Mood,
    /// What a person does, and has to see.
    pub run: for<'a> fn(&'a Visit<'a>, &'a Site) -> Running<'a>,
}

/// Every check.
#[must_use]
pub fn all() -> Vec<Check> {
    [
        watching::CHECKS,
        login::CHECKS,
        navigation::CHECKS,
        cookies::CHECKS,
        connecting::CHECKS,
        others::CHECKS,
        libraries::CHECKS,
        looks::CHECKS,
    ]
    .concat()
}

/// The list of a subject's checks: functions, with the browser that each takes.
macro_rules! checks {
    ($($mood:ident: $($name:ident),+;)+) => {
        pub(super) const CHECKS: &[$crate::checks::Check] = &[$($($crate::checks::Check {
            name: stringify!($name),
            mood: $crate::launch::Mood::$mood,
            run: |visit, site| Box::pin($name(visit, site)),
        }),+),+];
    };
}
use checks;

/// Goes on only if this holds.
pub(crate) fn ensure(holds: bool, otherwise: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
