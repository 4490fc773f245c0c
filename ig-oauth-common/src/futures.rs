//! Boxed futures, and object-safe versions of the app's traits.

use std::pin::Pin;

/// A boxed future that can move between threads.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Defines an object-safe version of a trait and implements it for every type that implements the
/// trait. The app writes `async fn`, and the flow holds any implementation as a trait object.
///
/// Only the methods listed here can be called by the flow, and none has a default, so a missing
/// method does not compile where it is called.
macro_rules! boxed {
    (
        $(#[$about:meta])*
        $boxed:ident of $open:ident {
            $(fn $method:ident($($argument:ident: $kind:ty),*) -> $output:ty;)*
        }
    ) => {
        $(#[$about])*
        pub(crate) trait $boxed: Send + Sync + 'static {
            $(fn $method<'a>(&'a self, $($argument: $kind),*) -> $crate::futures::BoxFuture<'a, $output>;)*
        }

        impl<T: $open> $boxed for T {
            $(fn $method<'a>(&'a self, $($argument: $kind),*) -> $crate::futures::BoxFuture<'a, $output> {
                Box::pin($open::$method(self, $($argument),*))
            })*
        }
    };
}

pub(crate) use boxed;
