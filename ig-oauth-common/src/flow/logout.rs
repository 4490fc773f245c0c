//! The end of a session.

use super::failure::Refusal;
use super::negotiation::Audience;
use super::return_to::with_own_fragment;
use super::{Begin, Flow, Job, Reply, Request, post_rule};
use crate::error::AuthErrorKind;
use crate::hooks::Logout;
use crate::session::{self, Reading};

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
    async fn half_logged_out(&self, error: crate::AuthError, audience: Audience) -> Reply {
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
