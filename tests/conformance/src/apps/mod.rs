//! The test app on every framework. This is the one place that names the adapters.

mod actix;
mod axum;
mod content;

pub use self::actix::Actix;
pub use self::axum::Axum;

/// Runs a list of tests on every adapter, each in a module with the adapter's name.
#[macro_export]
macro_rules! on_every_adapter {
    ($run:ident) => {
        mod axum {
            $crate::$run!($crate::apps::Axum);
        }

        mod actix {
            $crate::$run!($crate::apps::Actix);
        }
    };
}
