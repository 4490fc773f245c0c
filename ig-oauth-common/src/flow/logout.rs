//! The end of a session.
//!
//! It runs in a task of its own: many a user closes the page with the press of the button, and means
//! it.

use tokio::time::{self, Instant};

use super::failure::Refusal;
use super::negotiation::Audience;
use super::pages::Scene;
use super::return_to::with_own_fragment;
use super::{Begin, Flow, Job, Reply, Request, post_rule};
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::Logout;
use crate::session::{self, Reading, Slot};
use crate::token::{Token, UserId};

impl Flow {
    pub(super) fn begin_logout(&self, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        if request.method != "POST" {
            let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience).at(Scene::Logout);
            return self.refuse(refusal.allow("POST"));
        }
        if let Err(kind) = post_rule::check_logout(self.settings(), request.headers) {
            return self.refuse(Refusal::new(kind, audience).at(Scene::Logout));
        }
        let values = self.session_values(request);
        if values.is_empty() && self.settings().hooks.is_none() {
            return Begin::Done(self.logged_out(audience));
        }
        let flow = self.clone();
        Begin::Job(Job::new(async move { flow.log_out_whoever_leaves(values, audience).await }))
    }

    async fn log_out_whoever_leaves(self, values: Vec<Vec<u8>>, audience: Audience) -> Reply {
        let flow = self.clone();
        let task = match self.spawn(async move { flow.log_out(values, audience).await }) {
            Ok(task) => task,
            Err(error) => return self.refuse_now(self.half_logged_out(error, audience)).await,
        };
        match task.await {
            Ok(reply) => reply,
            // A hook panicked, or the runtime ends.
            Err(_) => {
                let lost = self.half_logged_out(AuthErrorKind::Hook.into(), audience);
                self.refuse_now(lost).await
            }
        }
    }

    /// Ends all sessions of a user, known by any id of theirs, on every instance: they are asked to
    /// log in again with their next request. Their account and its token stay in the store. How many
    /// sessions there were.
    ///
    /// # Errors
    ///
    /// `Store` when the store fails, and when there is none: cookie sessions live in browsers. There,
    /// [`Hooks::accepts`](crate::Hooks::accepts) can refuse every session that started before now.
    pub async fn log_out_everywhere(&self, user_id: &UserId) -> Result<u64, AuthError> {
        let settings = self.settings();
        let Some(store) = &settings.store else {
            let cure =
                "sessions live in cookies; set a `store`, or refuse them by `Hooks::accepts`";
            return Err(AuthError::with_source(AuthErrorKind::Store, cure));
        };
        session::end_all(settings, &**store, user_id).await
    }

    async fn log_out(&self, values: Vec<Vec<u8>>, audience: Audience) -> Reply {
        let Err(error) = self.end_session(values).await else {
            return self.logged_out(audience);
        };
        let refusal = self.half_logged_out(error, audience);
        // A hook that hangs is not asked again.
        if refusal.error.kind() == AuthErrorKind::Hook {
            return self.reply_without_hook(&refusal);
        }
        let deadline = self.settings().callback_deadline;
        match time::timeout(deadline, self.refuse_now(refusal)).await {
            Ok(reply) => reply,
            Err(_) => {
                let late = self.half_logged_out(AuthErrorKind::Hook.into(), audience);
                self.reply_without_hook(&late)
            }
        }
    }

    /// Ends the session, and tells the hook whose it was: in one deadline, of which finding that out
    /// may take a half.
    async fn end_session(&self, values: Vec<Vec<u8>>) -> Result<(), AuthError> {
        let settings = self.settings();
        let begun = Instant::now();
        let user_id = match &settings.hooks {
            Some(_) => self.user_of(&values, begun + settings.callback_deadline / 2).await,
            None => None,
        };
        self.end_session_of(user_id, values, begun + settings.callback_deadline).await
    }

    async fn end_session_of(
        &self,
        user_id: Option<UserId>,
        values: Vec<Vec<u8>>,
        until: Instant,
    ) -> Result<(), AuthError> {
        let settings = self.settings();
        let end = session::end(settings, self.tombstones(), &values);
        let late = |_| AuthError::with_source(AuthErrorKind::Store, "the store took too long");
        time::timeout_at(until, end).await.map_err(late)??;
        if let Some(hooks) = &settings.hooks {
            let told = time::timeout_at(until, hooks.on_logout(Logout { user_id })).await;
            let late = |_| AuthError::with_source(AuthErrorKind::Hook, "the hook took too long");
            told.map_err(late)?;
        }
        Ok(())
    }

    /// Ends the session of `token` because the app wants it to end.
    pub(super) async fn end_for_app(&self, token: &Token, slot: &Slot) -> Result<(), AuthError> {
        let settings = self.settings();
        let values = slot.values().to_vec();
        let had_ended = session::ended_a_moment_ago(settings, self.tombstones(), &values);
        let (flow, user_id) = (self.clone(), Some(token.user_id().clone()));
        // A task of its own, as for a logout: the user may leave with the press of the button.
        let task = self.spawn(async move {
            let until = Instant::now() + flow.settings().callback_deadline;
            flow.end_session_of(user_id, values, until).await
        })?;
        let ended = match task.await {
            Ok(ended) => ended,
            // A hook panicked, or the runtime ends.
            Err(_) => Err(AuthErrorKind::Hook.into()),
        };
        // A hook that fails comes after the end.
        let is_over = match &ended {
            Ok(()) => true,
            Err(error) => error.kind() == AuthErrorKind::Hook,
        };
        if is_over {
            slot.end(had_ended);
        }
        ended
    }

    /// Whose session it is, if that can be had in time. A store or a hook that hangs or panics here
    /// must not keep the session alive.
    async fn user_of(&self, values: &[Vec<u8>], until: Instant) -> Option<UserId> {
        let (flow, values) = (self.clone(), values.to_vec());
        let mut reading = tokio::spawn(async move {
            match session::read(flow.settings(), flow.tombstones(), &values).await {
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

    /// The browser forgets the session; the store may still have it, and the status says so.
    fn half_logged_out(&self, error: AuthError, audience: Audience) -> Refusal {
        let removal = session::removal(self.settings());
        Refusal::new(error, audience).at(Scene::Logout).cookies(vec![removal])
    }

    fn logged_out(&self, audience: Audience) -> Reply {
        let settings = self.settings();
        let reply = if audience.prefers_json() {
            Reply::empty(204)
        } else {
            let target = with_own_fragment(&settings.after_logout).into_owned();
            Reply::empty(303).header("location", target)
        };
        reply.cookies([session::removal(settings)])
    }
}
