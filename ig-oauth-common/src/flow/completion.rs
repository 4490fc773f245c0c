//! The callback, from the moment its state is consumed: exchange, hook, session.
//!
//! This runs in a task of its own. A browser that goes away cancels nothing: the code is spent in
//! any case, and whoever calls back a second time shares the answer.

use std::error::Error as _;

use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{self, Instant};

use super::authorization_response::AuthorizationResponse;
use super::callback::{Proven, landing};
use super::consumed_states::Entry;
use super::exchange_places::Place;
use super::failure::Refusal;
use super::same_login::SameLogin;
use super::{Flow, Reply};
use crate::api::Api;
use crate::clock::Timestamp;
use crate::config::LongLived;
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind, chain};
use crate::hooks::{Denial, Login, LoginKind};
use crate::provider::{Profile, ProviderRejection, TokenAnswer};
use crate::scope::Scopes;
use crate::session::{self, Claim, unavailable};
use crate::token::{Lifetime, Token, TokenFacts, UserId};

/// The life of the code exchange's token, whose answer carries no `expires_in`: one hour, by Meta's
/// reference of the access token endpoint.
const SHORT_LIVED: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// Some apps are reported to get a token of 60 days from the code exchange, and "Unsupported request"
/// or "Session key invalid" from the long-lived exchange then: there is nothing to exchange.
const A_DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// How a login that reached the provider ended.
enum Ending {
    LoggedIn {
        landing: Option<String>,
        cookies: Vec<String>,
    },
    /// Another instance consumed the state.
    ConsumedElsewhere,
    /// A hook answers instead.
    Replaced(Reply),
    Denied(Denial, AuthError),
}

impl Flow {
    /// Consumes the state: runs the rest, waits for whoever runs it, or lands softly.
    pub(super) async fn consume(self, proven: Proven) -> Reply {
        let attempt = &proven.attempt;
        // Only who exchanges a code needs a place, and whoever has none loses nothing: neither the
        // state is consumed nor the cookie removed, and the same callback works a moment later.
        let is_exchange = matches!(proven.response, AuthorizationResponse::Code(_));
        let mut place = None;
        if is_exchange && self.consumed().is_new(&attempt.state) {
            place = self.exchanges().take().await;
            // Its double may have begun in the meantime, and is joined without a place.
            if place.is_none() && self.consumed().is_new(&attempt.state) {
                return self.refuse_now(proven.busy()).await;
            }
        }
        let lost = proven.refusal(AuthErrorKind::Unreachable);
        let now = self.settings().clock.now();
        let mut is_waiting = false;
        let mut shared = match self.consumed().consume(&attempt.state, attempt.dead_after(), now) {
            Entry::First(sender) => {
                let receiver = sender.subscribe();
                let state = attempt.state;
                if let Err(error) = self.spawn(self.clone().run(proven, sender, place)) {
                    self.consumed().finish(&state, false);
                    return self.refuse_now(Refusal { error, ..lost }).await;
                }
                receiver
            }
            Entry::UnderWay(receiver) => {
                // Only who runs an exchange holds a place.
                drop(place);
                is_waiting = Handle::try_current().is_ok();
                receiver
            }
            // Whoever is the very user that began it has what they came for.
            Entry::Consumed { ended_well: true } if attempt.context.is_some() => {
                return landing(&attempt.return_to).cookies([proven.removal]);
            }
            Entry::Consumed { .. } => {
                let refusal = Refusal { error: AuthErrorKind::CodeRejected.into(), ..lost };
                return self.land_softly(&proven.session, refusal).await;
            }
        };
        let reply =
            async { shared.wait_for(Option::is_some).await.ok().and_then(|reply| reply.clone()) };
        // The task's own deadline runs where the task does, and that runtime can be blocked by a
        // handler of the app's.
        let reply = if is_waiting {
            time::timeout(self.settings().callback_deadline, reply).await
        } else {
            Ok(reply.await)
        };
        match reply {
            Ok(Some(reply)) => reply,
            // The task is gone: its runtime ended, or a hook panicked.
            Ok(None) => self.refuse_now(lost).await,
            // The wait was as long as an answer may take, which leaves a hook no time.
            Err(_) => {
                let error = AuthErrorKind::TimedOut.into();
                self.reply_without_hook(&Refusal { error, ..lost })
            }
        }
    }

    /// Holds the place until it ends.
    async fn run(
        self,
        proven: Proven,
        sender: watch::Sender<Option<Reply>>,
        _place: Option<Place>,
    ) {
        let state = proven.attempt.state;
        let deadline = self.settings().callback_deadline;
        let budget = Budget::of(deadline);
        let ending = match time::timeout(deadline, self.complete(&proven, &budget)).await {
            Ok(ending) => ending,
            Err(_) => Err(AuthErrorKind::TimedOut.into()),
        };
        let ended_well = matches!(ending, Ok(Ending::LoggedIn { .. }));
        let reply = match time::timeout(deadline, self.answer(ending, &proven)).await {
            Ok(reply) => reply,
            // Only a hook can take that long here; the answer then does without it.
            Err(_) => self.reply_without_hook(&proven.refusal(AuthErrorKind::Hook)),
        };
        // In this order, or a caller in between would not learn how it ended.
        self.consumed().finish(&state, ended_well);
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
            // How it ended there is not known here. The app's own page shows its user what is
            // connected; saying that it failed would be wrong more often.
            Ok(Ending::ConsumedElsewhere) if attempt.context.is_some() => {
                landing(&attempt.return_to).cookies([removal.clone()])
            }
            Ok(Ending::ConsumedElsewhere) => {
                self.land_softly(session, proven.refusal(AuthErrorKind::CodeRejected)).await
            }
            Ok(Ending::Replaced(reply)) => {
                self.refused_by_hook(AuthErrorKind::RejectedByApp);
                reply.cookies([removal.clone()])
            }
            Ok(Ending::Denied(denial, error)) => {
                let refusal = proven.refusal(error);
                let replaced = match &self.settings().hooks {
                    Some(hooks) => hooks.on_denied(denial).await,
                    None => None,
                };
                match replaced {
                    Some(reply) => {
                        self.refused_by_hook(refusal.error);
                        reply.cookies(refusal.cookies)
                    }
                    None => self.reply_without_hook(&refusal),
                }
            }
            Err(error) => self.refuse_now(proven.refusal(error)).await,
        }
    }

    async fn complete(&self, proven: &Proven, budget: &Budget) -> Result<Ending, AuthError> {
        let attempt = &proven.attempt;
        let code = match &proven.response {
            AuthorizationResponse::Code(code) => code,
            AuthorizationResponse::Error(error) => {
                let denial = Denial {
                    return_to: attempt.return_to.clone(),
                    reason: error.reason.clone(),
                    description: error.description.clone(),
                    app_data: attempt.app_data.clone(),
                    retry_url: self
                        .retry_link(Some(&SameLogin::of(attempt)), AuthErrorKind::Denied),
                    audience: proven.audience,
                };
                let error = error.to_error();
                return if error.is_denied() {
                    Ok(Ending::Denied(denial, error))
                } else {
                    Err(error)
                };
            }
        };
        if !self.claim_for_all_instances(proven).await? {
            warn_of_another_instance(proven);
            return Ok(Ending::ConsumedElsewhere);
        }
        let settings = self.settings();
        let asked_at = settings.clock.now();
        let answer = settings.provider.exchange_code(code).await;
        // Without a store nothing else tells that another instance was at it.
        let answer = answer.inspect_err(|error| {
            if settings.store.is_none() && says_spent(error, settings.api) {
                warn_of_another_instance(proven);
            }
        })?;
        let extra: Scopes = attempt.extra_scopes.parse().unwrap_or_default();
        let token = self.granted(answer, self.requested_scopes(&extra), asked_at)?;
        let token = self.lengthen(token, budget).await?;
        let profile = self.profile(&token, budget).await;
        let (landing, mut cookies) = match &settings.hooks {
            None => (None, Vec::new()),
            Some(hooks) => {
                let login = Login {
                    token: token.clone(),
                    profile: profile.clone(),
                    return_to: attempt.return_to.clone(),
                    app_data: attempt.app_data.clone(),
                };
                let decision = hooks.on_login(login).await;
                let decision =
                    decision.map_err(|error| AuthError::with_source(AuthErrorKind::Hook, error))?;
                match decision.kind {
                    LoginKind::Accept { landing, cookies } => (landing, cookies),
                    LoginKind::Refuse(Some(reply)) => return Ok(Ending::Replaced(reply)),
                    LoginKind::Refuse(None) => return Err(AuthErrorKind::RejectedByApp.into()),
                }
            }
        };
        let further_ids = profile.iter().flat_map(Profile::ids).filter(|id| *id != token.user_id());
        let further_ids: Vec<UserId> = further_ids.cloned().collect();
        if settings.linking {
            session::keep_account(settings, &token, further_ids).await?;
            return Ok(Ending::LoggedIn { landing, cookies });
        }
        self.still_accepts(&token).await?;
        let tombstones = self.tombstones();
        let session =
            session::begin(settings, tombstones, &token, further_ids, &proven.session).await?;
        cookies.splice(0..0, session);
        Ok(Ending::LoggedIn { landing, cookies })
    }

    /// A user whose sessions are refused would come back here from every page: so nothing is kept.
    async fn still_accepts(&self, token: &Token) -> Result<(), AuthError> {
        let settings = self.settings();
        let Some(hooks) = &settings.hooks else { return Ok(()) };
        match hooks.accepts(token.user_id(), settings.clock.now()).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let detail = "`accepts` refuses this user's sessions";
                Err(AuthError::with_source(AuthErrorKind::RejectedByApp, detail))
            }
            Err(error) => Err(AuthError::with_source(AuthErrorKind::Hook, error)),
        }
    }

    /// Whether this instance is the one that goes on. Without a store it is alone.
    async fn claim_for_all_instances(&self, proven: &Proven) -> Result<bool, AuthError> {
        let settings = self.settings();
        let Some(store) = &settings.store else {
            return Ok(true);
        };
        let state = Sha256::digest(proven.attempt.state.as_bytes());
        let owner = to_base64url(&settings.random::<16>()?);
        let until = proven.attempt.dead_after();
        let claim = Claim::new(format!("state:{}", to_base64url(&state)), owner, until);
        let claimed = store.claim(claim, settings.clock.now()).await;
        claimed.map_err(unavailable)
    }

    /// The token of the exchange, when every required scope was granted.
    fn granted(
        &self,
        answer: TokenAnswer,
        requested: Scopes,
        asked_at: Timestamp,
    ) -> Result<Token, AuthError> {
        let settings = self.settings();
        let scopes_reported = answer.permissions.is_some();
        // RFC 6749, section 5.1: no word about scopes means those asked for.
        let scopes = answer.permissions.unwrap_or(requested);
        self.check_required(&scopes)?;
        let life = answer.expires_in.unwrap_or(SHORT_LIVED);
        let facts = TokenFacts {
            access_token: answer.access_token,
            user_id: answer.user_id,
            scopes,
            scopes_reported,
            lifetime: if life >= A_DAY { Lifetime::LongLived } else { Lifetime::ShortLived },
            issued_at: asked_at,
            expires_at: asked_at.saturating_add(life),
        };
        Ok(Token::new(facts, &settings.provider))
    }

    fn check_required(&self, granted: &Scopes) -> Result<(), AuthError> {
        let missing = self.settings().required_scopes.without(granted);
        if missing.is_empty() {
            return Ok(());
        }
        let detail = format!("not granted: {missing}");
        Err(AuthError::with_source(AuthErrorKind::MissingPermission, detail))
    }

    /// The profile, if it is wanted and can be had in time.
    async fn profile(&self, token: &Token, budget: &Budget) -> Option<Profile> {
        if !self.settings().fetch_profile {
            return None;
        }
        let reason = match time::timeout_at(budget.profile_until, token.profile()).await {
            Ok(Ok(profile)) => return Some(profile),
            Ok(Err(error)) => chain(&error),
            Err(_) => NO_TIME.to_owned(),
        };
        crate::trace::warning(&format!("the login goes on without a profile: {reason}"));
        None
    }

    /// The 60-day token for the one-hour one, as configured.
    async fn lengthen(&self, short: Token, budget: &Budget) -> Result<Token, AuthError> {
        if short.lifetime() == Lifetime::LongLived {
            return Ok(short);
        }
        let lengthened = self.long_lived(short.clone());
        let reason = match self.settings().long_lived {
            LongLived::Off => return Ok(short),
            LongLived::Require => return lengthened.await,
            _ => match time::timeout_at(budget.long_lived_until, lengthened).await {
                Ok(Err(error)) if error.kind() != AuthErrorKind::MissingPermission => chain(&error),
                Ok(ended) => return ended,
                Err(_) => NO_TIME.to_owned(),
            },
        };
        crate::trace::warning(&format!(
            "the login goes on with a one-hour token, because the long-lived exchange failed: \
             {reason}"
        ));
        Ok(short)
    }

    async fn long_lived(&self, short: Token) -> Result<Token, AuthError> {
        let settings = self.settings();
        let asked_at = settings.clock.now();
        let answer = settings.provider.exchange_long_lived(short.access_token()).await?;
        let token = self.successor(&short, &[], answer, asked_at).await?;
        self.check_required(token.scopes())?;
        Ok(token)
    }
}

/// Whether the provider refused the code because somebody has exchanged it.
fn says_spent(error: &AuthError, api: Api) -> bool {
    let rejection = error.source().and_then(|source| source.downcast_ref::<ProviderRejection>());
    rejection.is_some_and(|rejection| rejection.says_spent(api))
}

/// How it ended there cannot be known here, and if that instance died there is no other line about it.
fn warn_of_another_instance(proven: &Proven) {
    crate::trace::warning(&format!(
        "the callback of attempt {id} came a second time, or its code was spent elsewhere: another \
         instance may have died while it was at it, or a proxy sent the request twice. Nobody here \
         knows how it ended. The id is how the `state` in that request's line of the proxy's log begins",
        id = proven.attempt.state.id(),
    ));
}

const NO_TIME: &str = "no answer in time";

/// When the steps give up that no login fails by, so that a provider who hangs leaves time for the
/// hook and the store.
struct Budget {
    long_lived_until: Instant,
    profile_until: Instant,
}

impl Budget {
    /// Of the deadline, a half is for the tokens and a quarter for the profile. A quarter remains.
    fn of(deadline: std::time::Duration) -> Self {
        let begun = Instant::now();
        Self { long_lived_until: begun + deadline / 2, profile_until: begun + deadline / 4 * 3 }
    }
}
