//! The callback, from the moment its state is consumed.
//!
//! The rest runs in its own task. It is not cancelled when the browser disconnects, because the
//! code is used in any case, and a second callback shares the answer of the first.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time;

use super::addresses::Addresses;
use super::authorization::{AuthorizationError, AuthorizationResponse};
use super::completion::{Budget, Completion, Ending};
use super::consumed_states::{ConsumedStates, Entry};
use super::exchange_places::{ExchangePlaces, Place};
use super::failures::{Failures, Refusal};
use super::landing::landing;
use super::login_links::{LoginLinks, SameLogin};
use super::proven::Proven;
use crate::clock::Clock;
use crate::error::{AuthError, AuthErrorKind};
use crate::hooks::{BoxedHooks, Denial};
use crate::messages::Reply;
use crate::session::Reading;
use crate::tasks::Tasks;

pub(crate) struct Consumption {
    pub(crate) failures: Arc<Failures>,
    pub(crate) links: Arc<LoginLinks>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) completion: Completion,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) consumed: ConsumedStates,
    pub(crate) exchanges: Arc<ExchangePlaces>,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) deadline: Duration,
}

impl Consumption {
    /// Consumes the state. Then runs the rest, waits for the task that runs it, or lands softly.
    pub(super) async fn consume(self: &Arc<Self>, proven: Proven) -> Reply {
        let attempt = &proven.attempt;
        // Only a code to be exchanged needs a place. A callback that gets no place loses nothing:
        // neither is the state consumed nor the cookie removed, and it works a moment later.
        let is_exchange = matches!(proven.response, AuthorizationResponse::Code(_));
        let mut place = None;
        if is_exchange && self.consumed.is_new(&attempt.state) {
            place = self.exchanges.take().await;
            // The same callback may have begun meanwhile. This one then shares its answer without a
            // place.
            if place.is_none() && self.consumed.is_new(&attempt.state) {
                return self.failures.refuse_now(proven.busy()).await;
            }
        }
        let lost = proven.refusal(AuthErrorKind::Unreachable);
        let now = self.clock.now();
        let entry = self.consumed.consume(&attempt.state, attempt.dead_after(), now);
        let (shared, is_waiting) = match entry {
            Entry::First(sender) => {
                let (receiver, state) = (sender.subscribe(), attempt.state);
                let run = Arc::clone(self).run(proven, sender, place);
                if let Err(error) = self.tasks.spawn(run) {
                    self.consumed.finish(&state, false);
                    return self.failures.refuse_now(Refusal { error, ..lost }).await;
                }
                (receiver, false)
            }
            Entry::UnderWay(receiver) => {
                // Only the task that runs an exchange holds a place.
                drop(place);
                (receiver, Handle::try_current().is_ok())
            }
            // The same user started it, and has arrived where they wanted to be.
            Entry::Consumed { ended_well: true } if attempt.binding.is_some() => {
                return landing(&attempt.return_to).cookies([proven.removal]);
            }
            Entry::Consumed { .. } => {
                let refusal = Refusal { error: AuthErrorKind::CodeRejected.into(), ..lost };
                return self.land_softly(&proven.session, refusal).await;
            }
        };
        self.shared_reply(shared, is_waiting, lost).await
    }

    /// Answers a callback that cannot log in, in a browser with a valid session: after a double
    /// click or the back button. The user is already logged in and is redirected to the app.
    pub(super) async fn land_softly(&self, session: &[Vec<u8>], refusal: Refusal) -> Reply {
        match self.completion.sessions.read(session).await {
            Ok(Reading::Live(_)) => {
                let target = refusal.return_to().unwrap_or(&self.addresses.after_login);
                landing(target).cookies(refusal.cookies)
            }
            Ok(Reading::Nobody { .. }) => self.failures.refuse_now(refusal).await,
            Err(error) => self.failures.refuse_now(Refusal { error, ..refusal }).await,
        }
    }

    async fn shared_reply(
        &self,
        mut shared: watch::Receiver<Option<Reply>>,
        is_waiting: bool,
        lost: Refusal,
    ) -> Reply {
        let reply =
            async { shared.wait_for(Option::is_some).await.ok().and_then(|reply| reply.clone()) };
        // The task measures its own deadline in its own runtime, which a handler of the app can
        // block.
        let reply =
            if is_waiting { time::timeout(self.deadline, reply).await } else { Ok(reply.await) };
        match reply {
            Ok(Some(reply)) => reply,
            // The task was lost: its runtime ended, or a hook panicked.
            Ok(None) => self.failures.refuse_now(lost).await,
            // The wait has used all the time for an answer, so no hook is called.
            Err(_) => {
                let error = AuthErrorKind::TimedOut.into();
                self.failures.reply_without_hook(&Refusal { error, ..lost })
            }
        }
    }

    async fn run(
        self: Arc<Self>,
        proven: Proven,
        sender: watch::Sender<Option<Reply>>,
        place: Option<Place>,
    ) {
        let ending = match &proven.response {
            AuthorizationResponse::Error(error) => Err(error.to_error()),
            AuthorizationResponse::Code(code) => {
                let budget = Budget::of(self.deadline);
                let completed = self.completion.complete(&proven, code, &budget);
                let completed = time::timeout(self.deadline, completed).await;
                completed.unwrap_or_else(|_| Err(AuthErrorKind::TimedOut.into()))
            }
        };
        // Released before any client gets the answer, because the client may need a place next.
        drop(place);
        let ended_well = matches!(ending, Ok(Ending::LoggedIn { .. }));
        let reply = match time::timeout(self.deadline, self.answer(ending, &proven)).await {
            Ok(reply) => reply,
            // Only a hook can take that long here, so the answer is made without it.
            Err(_) => self.failures.reply_without_hook(&proven.refusal(AuthErrorKind::Hook)),
        };
        // In this order. Otherwise a caller in between would not learn the result.
        self.consumed.finish(&proven.attempt.state, ended_well);
        sender.send_replace(Some(reply));
    }

    async fn answer(&self, ending: Result<Ending, AuthError>, proven: &Proven) -> Reply {
        let Proven { attempt, removal, session, .. } = proven;
        match ending {
            Ok(Ending::LoggedIn { landing: chosen, cookies }) => {
                landing(chosen.as_deref().unwrap_or(&attempt.return_to))
                    .cookies([removal.clone()])
                    .cookies(cookies)
            }
            // The result of the other instance is unknown here. The app's own page shows the user
            // what is connected; an error would be wrong more often.
            Ok(Ending::ConsumedElsewhere) if attempt.binding.is_some() => {
                landing(&attempt.return_to).cookies([removal.clone()])
            }
            Ok(Ending::ConsumedElsewhere) => {
                self.land_softly(session, proven.refusal(AuthErrorKind::CodeRejected)).await
            }
            Ok(Ending::Replaced(reply)) => {
                self.failures.refused_by_hook(AuthErrorKind::RejectedByApp);
                reply.cookies([removal.clone()])
            }
            Err(error) => match (&proven.response, &self.hooks) {
                (AuthorizationResponse::Error(said), hooks) if error.is_denied() => {
                    self.denied(said, error, proven, hooks.as_deref()).await
                }
                _ => self.failures.refuse_now(proven.refusal(error)).await,
            },
        }
    }

    /// A denial is not a failure, so it has its own hook.
    async fn denied(
        &self,
        said: &AuthorizationError,
        error: AuthError,
        proven: &Proven,
        hooks: Option<&dyn BoxedHooks>,
    ) -> Reply {
        let (attempt, refusal) = (&proven.attempt, proven.refusal(error));
        let replaced = match hooks {
            None => None,
            Some(hooks) => {
                let retry_url =
                    self.links.retry(Some(&SameLogin::of(attempt)), AuthErrorKind::Denied);
                let denial = Denial {
                    return_to: attempt.return_to.clone(),
                    reason: said.reason.clone(),
                    description: said.description.clone(),
                    app_data: attempt.app_data.clone(),
                    retry_url,
                    wants_page: proven.audience.reads_pages(),
                    languages: proven.audience.languages,
                };
                hooks.on_denied(denial).await
            }
        };
        match replaced {
            Some(reply) => {
                self.failures.refused_by_hook(refusal.error);
                reply.cookies(refusal.cookies)
            }
            None => self.failures.reply_without_hook(&refusal),
        }
    }
}
