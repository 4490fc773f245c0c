//! The end of a session.
//!
//! It runs in a task of its own: many a user closes the page with the press of the button, and means
//! it.

use tokio::runtime::Handle;
use tokio::time;

use super::failure::Refusal;
use super::negotiation::Audience;
use super::return_to::with_own_fragment;
use super::{Begin, Flow, Job, Reply, Request, post_rule};
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::Logout;
use crate::session::{self, Reading};
use crate::token::UserId;

impl Flow {
    pub(super) fn begin_logout(&self, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        if request.method != "POST" {
            let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience);
            return self.refuse(refusal.allow("POST"));
        }
        if let Err(kind) = post_rule::check(self.settings(), request.headers) {
            return self.refuse(Refusal::new(kind, audience));
        }
        let values = self.session_values(request);
        if values.is_empty() && self.settings().hooks.is_none() {
            return Begin::Done(self.logged_out(audience));
        }
        let flow = self.clone();
        Begin::Job(Job::new(async move { flow.log_out_whoever_leaves(values, audience).await }))
    }

    async fn log_out_whoever_leaves(self, values: Vec<Vec<u8>>, audience: Audience) -> Reply {
        let Ok(runtime) = Handle::try_current() else {
            return self.log_out(&values, audience).await;
        };
        let flow = self.clone();
        let task = runtime.spawn(async move {
            let deadline = flow.settings().callback_deadline;
            if let Ok(reply) = time::timeout(deadline, flow.log_out(&values, audience)).await {
                return reply;
            }
            let detail = "neither the store nor the hooks ended the logout in time";
            let error = AuthError::with_source(AuthErrorKind::Store, detail);
            flow.reply_without_hook(&flow.half_logged_out(error, audience))
        });
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

    async fn log_out(&self, values: &[Vec<u8>], audience: Audience) -> Reply {
        let settings = self.settings();
        let mut user_id = None;
        if let Some(hooks) = &settings.hooks {
            // Only to tell the hook who leaves; a store that is down shows below.
            if let Ok(Reading::Live(session)) = session::read(settings, values).await {
                user_id = Some(session.token.user_id().clone());
            }
            if let Err(error) = session::end(settings, self.tombstones(), values).await {
                return self.refuse_now(self.half_logged_out(error, audience)).await;
            }
            hooks.on_logout(Logout { user_id }).await;
            return self.logged_out(audience);
        }
        match session::end(settings, self.tombstones(), values).await {
            Ok(()) => self.logged_out(audience),
            Err(error) => self.refuse_now(self.half_logged_out(error, audience)).await,
        }
    }

    /// The browser forgets the session; the store may still have it, and the status says so.
    fn half_logged_out(&self, error: AuthError, audience: Audience) -> Refusal {
        let removal = session::removal(self.settings());
        Refusal::new(error, audience).cookies(vec![removal])
    }

    fn logged_out(&self, audience: Audience) -> Reply {
        let settings = self.settings();
        let reply = if audience.prefers_json {
            Reply::empty(204)
        } else {
            let target = with_own_fragment(&settings.after_logout).into_owned();
            Reply::empty(303).header("location", target)
        };
        reply.cookies([session::removal(settings)])
    }
}
