//! The ways to put an app together.

use std::net::TcpListener;
use std::time::Duration;

use ig_oauth_common::Config;

use crate::harness::{Adapter, Serving};

/// Longest body that the body limit of [`Mounting::Outside`] and [`Mounting::Inside`] lets through.
pub const BODY_LIMIT: usize = 1024;

/// Where middleware and routes of ours are, and what is around and within.
///
/// Middlewares of others are: one that logs requests, one that compresses answers, one that answers
/// for other origins (`Access-Control-Allow-Origin`), one that answers 504 when its patience is over,
/// and one that answers 413 to bodies over [`BODY_LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mounting {
    /// The middleware around the app.
    Middleware,
    /// Our paths as routes of the app, and no middleware.
    Routes,
    /// Both.
    MiddlewareAndRoutes,
    /// The app and our routes under `/app`, and the middleware around all.
    NestedRoutes,
    /// The app with the middleware around it, under `/app`.
    NestedMiddleware,
    /// Our routes under `/elsewhere`, where the configuration does not have them.
    MisplacedRoutes,
    /// The app twice: with the first configuration's middleware under `/shop`, with the second's
    /// under `/blog`.
    Two,
    /// The middleware around the app, and those of others around ours.
    Outside {
        /// When 504 is answered.
        patience: Duration,
    },
    /// The middlewares of others around the app, and ours around them.
    Inside {
        /// When 504 is answered.
        patience: Duration,
    },
}

/// A web framework's ways to put the test app together.
///
/// The app has these pages more: `/maybe` (takes the token as the adapter's optional form; text:
/// `maybe`), `/links` (text: the login's path), `/long` (text that is worth compressing), `/never` (does
/// not answer), `/events` (an endless body: `one`, and each time that `/events/next` was asked for,
/// `next`) and `/echo` (switches protocols, and sends back what it gets).
pub trait Mounts: Adapter {
    /// Serves the test app on `listener` until the result is dropped.
    fn mount(&self, mounting: Mounting, configs: Vec<Config>, listener: TcpListener) -> Serving;
}
