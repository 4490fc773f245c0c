//! Futures in a box, and the app's traits in a form that can be an object.

use std::pin::Pin;

/// A boxed future that can move between threads.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes the form of a trait that can be an object, and gives it to every type that implements the
/// trait. The app writes `async fn`, and the flow holds any implementation behind one pointer.
///
/// What is listed here is all that the flow can call, and nothing has a default: a method that is
/// forgotten does not compile where it is called.
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
