//! The logout.
//!
//! It runs in its own task: users often close the page right after pressing the button, and want to
//! be logged out.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{self, Instant};

use super::addresses::Addresses;
use super::begin::{Begin, Job};
use super::failures::{Failures, Refusal};
use super::fetch_metadata;
use super::pages::Scene;
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::{BoxedHooks, Logout};
use crate::local_path::with_own_fragment;
use crate::messages::{Audience, Reply, Request};
use crate::provider::Token;
use crate::session::{Reading, RequestSession, Sessions};
use crate::tasks::Tasks;
use crate::token_facts::UserId;

pub(crate) struct LogoutRoute {
    pub(crate) failures: Arc<Failures>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) deadline: Duration,
}

impl LogoutRoute {
    pub(super) fn begin(self: &Arc<Self>, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        let refused = |kind| Refusal::new(kind, audience).at(Scene::Logout);
        if request.method != "POST" {
            let refusal = refused(AuthErrorKind::MethodNotAllowed);
            return self.failures.refuse(Refusal { allow: Some("POST"), ..refusal });
        }
        if let Err(kind) = fetch_metadata::check_logout(&self.addresses, request.headers) {
            return self.failures.refuse(refused(kind));
        }
        let values = self.sessions.values_in(request.headers);
        if values.is_empty() && self.hooks.is_none() {
            return Begin::Done(self.logged_out(audience));
        }
        let route = Arc::clone(self);
        Begin::Job(Job::new(async move { route.run(values, audience).await }))
    }

    async fn run(self: &Arc<Self>, values: Vec<Vec<u8>>, audience: Audience) -> Reply {
        let route = Arc::clone(self);
        let error = match self.tasks.spawn(async move { route.log_out(values, audience).await }) {
            Ok(task) => match task.await {
                Ok(reply) => return reply,
                // A hook panicked, or the runtime is shutting down.
                Err(_) => AuthErrorKind::Hook.into(),
            },
            Err(error) => error,
        };
        self.failures.refuse_now(self.half_logged_out(error, audience)).await
    }

    async fn log_out(&self, values: Vec<Vec<u8>>, audience: Audience) -> Reply {
        let begun = Instant::now();
        let user_id = match &self.hooks {
            Some(_) => self.user_of(&values, begun + self.deadline / 2).await,
            None => None,
        };
        let Err(error) = self.end(user_id, &values, begun + self.deadline).await else {
            return self.logged_out(audience);
        };
        let refusal = self.half_logged_out(error, audience);
        // A hook that hung is not called again.
        if refusal.error.kind() == AuthErrorKind::Hook {
            return self.failures.reply_without_hook(&refusal);
        }
        match time::timeout(self.deadline, self.failures.refuse_now(refusal)).await {
            Ok(reply) => reply,
            Err(_) => {
                let late = self.half_logged_out(AuthErrorKind::Hook.into(), audience);
                self.failures.reply_without_hook(&late)
            }
        }
    }

    /// Ends the sessions, then calls the hook.
    async fn end(
        &self,
        user_id: Option<UserId>,
        values: &[Vec<u8>],
        until: Instant,
    ) -> Result<(), AuthError> {
        let late = |_| AuthError::with_source(AuthErrorKind::Store, "the store took too long");
        time::timeout_at(until, self.sessions.end(values)).await.map_err(late)??;
        if let Some(hooks) = &self.hooks {
            let heard = time::timeout_at(until, hooks.on_logout(Logout { user_id })).await;
            let late = |_| AuthError::with_source(AuthErrorKind::Hook, "the hook took too long");
            heard.map_err(late)?;
        }
        Ok(())
    }

    /// Ends the session of a handler's request.
    pub(super) async fn end_for_app(
        self: &Arc<Self>,
        token: &Token,
        request_session: &RequestSession,
    ) -> Result<(), AuthError> {
        let values = request_session.values().to_vec();
        let had_ended = self.sessions.ended_a_moment_ago(&values);
        let (route, user_id) = (Arc::clone(self), Some(token.user_id().clone()));
        // In its own task, as for a logout: the user may leave right after pressing the button.
        let task = self.tasks.spawn(async move {
            route.end(user_id, &values, Instant::now() + route.deadline).await
        })?;
        // An error means that a hook panicked, or that the runtime is shutting down.
        let ended = task.await.unwrap_or_else(|_| Err(AuthErrorKind::Hook.into()));
        // The session has ended when the hook fails.
        let is_over = ended.as_ref().err().is_none_or(|error| error.kind() == AuthErrorKind::Hook);
        if is_over {
            request_session.end(had_ended);
        }
        ended
    }

    /// The session's user, for the hook. `None` when it cannot be read in time, or when the app's
    /// `accepts` panics.
    async fn user_of(&self, values: &[Vec<u8>], until: Instant) -> Option<UserId> {
        let (sessions, values) = (Arc::clone(&self.sessions), values.to_vec());
        let mut reading = tokio::spawn(async move {
            match sessions.read(&values).await {
                Ok(Reading::Live(session)) => Some(session.token.user_id().clone()),
                _ => None,
            }
        });
        match time::timeout_at(until, &mut reading).await {
            Ok(read) => read.ok().flatten(),
            Err(_) => {
                reading.abort();
                None
            }
        }
    }

    /// The cookie is removed in any case: this browser is logged out, whatever failed.
    fn half_logged_out(&self, error: AuthError, audience: Audience) -> Refusal {
        let removal = self.sessions.removal();
        Refusal::new(error, audience).at(Scene::Logout).cookies(vec![removal])
    }

    fn logged_out(&self, audience: Audience) -> Reply {
        let reply = if audience.prefers_json() {
            Reply::empty(204)
        } else {
            let target = with_own_fragment(&self.addresses.after_logout).into_owned();
            Reply::empty(303).header("location", target)
        };
        reply.cookies([self.sessions.removal()])
    }
}
