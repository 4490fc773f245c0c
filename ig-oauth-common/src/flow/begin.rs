//! A route, and what its request begins.

use std::fmt;
use std::future::Future;

use super::form::Form;
use crate::futures::BoxFuture;
use crate::messages::Reply;

/// One of the crate's routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Starts a login.
    Login,
    /// The redirect URI: finishes a login.
    Callback,
    /// Ends a session.
    Logout,
    /// The provider tells that a user removed the app.
    Deauthorize,
    /// The provider asks for a user's data to be deleted, and the user how far that has come.
    DataDeletion,
}

/// What [`Flow::begin`](crate::Flow::begin) gives.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "a reply is there, or it is not yet")]
pub enum Begin {
    /// The reply.
    Done(Reply),
    /// The reply takes the provider, a store or a hook.
    Job(Job),
    /// The reply takes the request's body.
    Form(Form),
}

/// A reply under way. It owns all it needs.
#[must_use = "a job does nothing until it is run"]
pub struct Job {
    reply: BoxFuture<'static, Reply>,
}

impl Job {
    pub(super) fn new(reply: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self { reply: Box::pin(reply) }
    }

    /// Runs it. Needs a Tokio runtime. Dropping the future does not stop an exchange that has begun.
    pub async fn run(self) -> Reply {
        self.reply.await
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}
