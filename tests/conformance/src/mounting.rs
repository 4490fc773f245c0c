//! The ways to put an app together.

use std::net::TcpListener;
use std::time::Duration;

use ig_oauth_common::Config;

use crate::harness::{Adapter, Serving};

/// Longest body that the body limit of [`Mounting::Outside`] and [`Mounting::Inside`] lets through.
pub const BODY_LIMIT: usize = 1024;

/// Where the crate's middleware and routes are, and which middlewares are outside and inside.
///
/// The other middlewares are: one that logs requests, one that compresses responses, one that sets
/// headers for other origins (`Access-Control-Allow-Origin`), one that answers 504 after its
/// timeout, and one that answers 413 to bodies over [`BODY_LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mounting {
    /// The middleware around the app.
    Middleware,
    /// The crate's paths as routes of the app, without the middleware.
    Routes,
    /// Both.
    MiddlewareAndRoutes,
    /// The app and the crate's routes under `/app`, and the middleware around everything.
    NestedRoutes,
    /// The app with the middleware around it, under `/app`.
    NestedMiddleware,
    /// The crate's routes under `/elsewhere`, where the configuration does not have them.
    MisplacedRoutes,
    /// The app twice: with the first configuration's middleware under `/shop`, with the second's
    /// under `/blog`.
    Two,
    /// The middleware around the app, and the other middlewares around it.
    Outside {
        /// When 504 is answered.
        patience: Duration,
    },
    /// The other middlewares around the app, and the crate's around them.
    Inside {
        /// When 504 is answered.
        patience: Duration,
    },
}

/// A web framework's ways to mount the test app.
///
/// The app has these further pages: `/maybe` (takes the token as the adapter's optional form; text:
/// `maybe`), `/links` (text: the login's path), `/long` (text that is worth compressing), `/never`
/// (does not answer), `/events` (an endless body: `one`, and `next` each time that `/events/next`
/// is requested) and `/echo` (switches protocols, and echoes what it receives).
pub trait Mounts: Adapter {
    /// Serves the test app on `listener` until the result is dropped.
    fn mount(&self, mounting: Mounting, configs: Vec<Config>, listener: TcpListener) -> Serving;
}
