//! The end of a session.

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
        Begin::Job(Job::new(async move { flow.log_out(&values, audience).await }))
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
                return self.half_logged_out(error, audience).await;
            }
            hooks.on_logout(Logout { user_id }).await;
            return self.logged_out(audience);
        }
        match session::end(settings, self.tombstones(), values).await {
            Ok(()) => self.logged_out(audience),
            Err(error) => self.half_logged_out(error, audience).await,
        }
    }

    /// The browser forgets the session; the store still has it, and says so by 503.
    async fn half_logged_out(&self, error: AuthError, audience: Audience) -> Reply {
        let removal = session::removal(self.settings());
        self.refuse_now(Refusal::new(error, audience).cookies(vec![removal])).await
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
