//! From the code to the session: claim, exchange, scopes, long-lived token, hook.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::{self, Instant};

use super::authorization::AuthorizationRequests;
use super::mode::Mode;
use super::proven::Proven;
use super::successor;
use crate::api::{Api, Scopes};
use crate::clock::Clock;
use crate::encoding::to_base64url;
use crate::error::{AuthError, AuthErrorKind, chain};
use crate::hooks::{Accepted, BoxedHooks, Login, Refused};
use crate::messages::Reply;
use crate::provider::{Profile, Provider, Token};
use crate::randomness::{Randomness, random};
use crate::rejection::ProviderRejection;
use crate::session::Sessions;
use crate::store::Claim;
use crate::token_facts::{Lifetime, TokenFacts, UserId};

/// The lifetime of the code exchange's token, whose response has no `expires_in`: one hour, by
/// Meta's reference of the access token endpoint.
const SHORT_LIVED: Duration = Duration::from_secs(60 * 60);

/// Some apps are reported to get a 60-day token from the code exchange, and then "Unsupported
/// request" or "Session key invalid" from the long-lived exchange. Such a token is not exchanged.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

const NO_TIME: &str = "no answer in time";

/// What happens to the one-hour token after the code exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LongLived {
    /// The one-hour token is kept.
    Off,
    /// It is exchanged for a 60-day token. If that fails, or takes more than half of the
    /// [`callback_deadline`](crate::ConfigBuilder::callback_deadline), the login continues with the
    /// one-hour token. A 60-day token that lacks a required scope fails the login.
    Prefer,
    /// It is exchanged for a 60-day token. If that fails, the login fails.
    Require,
}

pub(crate) struct Completion {
    pub(crate) provider: Arc<Provider>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) requests: Arc<AuthorizationRequests>,
    pub(crate) hooks: Option<Arc<dyn BoxedHooks>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) api: Api,
    pub(crate) mode: Mode,
    pub(crate) long_lived: LongLived,
    pub(crate) fetches_profile: bool,
}

/// The result of a login that reached the provider.
pub(super) enum Ending {
    LoggedIn {
        landing: Option<String>,
        cookies: Vec<String>,
    },
    /// Another instance consumed the state.
    ConsumedElsewhere,
    /// A hook's own answer.
    Replaced(Reply),
}

/// The time limits of the optional steps. They leave time for the hook and the store when the
/// provider hangs.
pub(super) struct Budget {
    long_lived_until: Instant,
    profile_until: Instant,
}

impl Budget {
    /// Half of the deadline is for the tokens, and a quarter for the profile. A quarter remains.
    pub(super) fn of(deadline: Duration) -> Self {
        let begun = Instant::now();
        Self { long_lived_until: begun + deadline / 2, profile_until: begun + deadline / 4 * 3 }
    }
}

impl Completion {
    pub(super) async fn complete(
        &self,
        proven: &Proven,
        code: &str,
        budget: &Budget,
    ) -> Result<Ending, AuthError> {
        if !self.claim_for_all_instances(proven).await? {
            warn_of_another_instance(proven);
            return Ok(Ending::ConsumedElsewhere);
        }
        let token = self.exchange(proven, code).await?;
        let token = self.to_long_lived(token, budget).await?;
        let profile = self.profile(&token, budget).await;
        let ids = profile.iter().flat_map(Profile::ids).filter(|id| *id != token.user_id());
        let further_ids: Vec<UserId> = ids.cloned().collect();
        let (landing, mut cookies) = match self.ask_hook(proven, &token, profile).await? {
            Ok(Accepted { landing, cookies }) => (landing, cookies),
            Err(Some(reply)) => return Ok(Ending::Replaced(reply)),
            Err(None) => return Err(AuthErrorKind::RejectedByApp.into()),
        };
        match self.mode {
            Mode::Linking => {
                if let Some(accounts) = self.sessions.accounts() {
                    accounts.keep(&token, further_ids).await?;
                }
            }
            Mode::Login => {
                self.still_accepts(&token).await?;
                cookies.insert(0, self.sessions.begin(&token, further_ids, &proven.session).await?);
            }
        }
        Ok(Ending::LoggedIn { landing, cookies })
    }

    /// Whether this instance is the one that continues. Without a store it is the only one.
    async fn claim_for_all_instances(&self, proven: &Proven) -> Result<bool, AuthError> {
        let Some(accounts) = self.sessions.accounts() else {
            return Ok(true);
        };
        let attempt = &proven.attempt;
        let state = to_base64url(&Sha256::digest(attempt.state.0));
        let owner = to_base64url(&random::<16>(&*self.randomness)?);
        let claim = Claim::new(format!("state:{state}"), owner, attempt.dead_after());
        Ok(accounts.store.claim(claim, self.clock.now()).await?)
    }

    /// The token of the exchange, if every required scope was granted.
    async fn exchange(&self, proven: &Proven, code: &str) -> Result<Token, AuthError> {
        let asked_at = self.clock.now();
        // Without a store this error is the only sign that another instance used the code.
        let (user_id, answer) = self.provider.exchange_code(code).await.inspect_err(|error| {
            let spent = |rejection: &ProviderRejection| rejection.says_code_was_used(self.api);
            if self.sessions.accounts().is_none() && error.rejection().is_some_and(spent) {
                warn_of_another_instance(proven);
            }
        })?;
        let extra: Scopes = proven.attempt.extra_scopes.parse().unwrap_or_default();
        let scopes_reported = answer.permissions.is_some();
        // RFC 6749, section 5.1: if the response has no scopes, they are the requested ones.
        let scopes = answer.permissions.unwrap_or_else(|| self.requests.scopes(&extra));
        self.check_required(&scopes)?;
        let life = answer.expires_in.unwrap_or(SHORT_LIVED);
        let facts = TokenFacts {
            access_token: answer.access_token,
            user_id,
            scopes,
            scopes_reported,
            lifetime: if life >= A_DAY { Lifetime::LongLived } else { Lifetime::ShortLived },
            issued_at: asked_at,
            expires_at: asked_at.saturating_add(life),
        };
        Ok(Token::new(facts, &self.provider))
    }

    fn check_required(&self, granted: &Scopes) -> Result<(), AuthError> {
        let missing = self.requests.missing(granted);
        if missing.is_empty() {
            return Ok(());
        }
        let detail = format!("not granted: {missing}");
        Err(AuthError::with_source(AuthErrorKind::MissingPermission, detail))
    }

    /// Exchanges the one-hour token for a 60-day token, as configured.
    async fn to_long_lived(&self, short: Token, budget: &Budget) -> Result<Token, AuthError> {
        if short.lifetime() == Lifetime::LongLived {
            return Ok(short);
        }
        let exchanged = self.long_lived(short.clone());
        let reason = match self.long_lived {
            LongLived::Off => return Ok(short),
            LongLived::Require => return exchanged.await,
            LongLived::Prefer => match time::timeout_at(budget.long_lived_until, exchanged).await {
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
        let asked_at = self.clock.now();
        let answer = self.provider.exchange_long_lived(short.access_token()).await?;
        let token = successor::of(&self.provider, &short, &[], answer, asked_at).await?;
        self.check_required(token.scopes())?;
        Ok(token)
    }

    /// The profile, if it is configured and arrives in time.
    async fn profile(&self, token: &Token, budget: &Budget) -> Option<Profile> {
        if !self.fetches_profile {
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

    async fn ask_hook(
        &self,
        proven: &Proven,
        token: &Token,
        profile: Option<Profile>,
    ) -> Result<Result<Accepted, Refused>, AuthError> {
        let Some(hooks) = &self.hooks else {
            return Ok(Ok(Accepted::default()));
        };
        let login = Login {
            token: token.clone(),
            profile,
            return_to: proven.attempt.return_to.clone(),
            app_data: proven.attempt.app_data.clone(),
        };
        let decision = hooks.on_login(login).await;
        let decision =
            decision.map_err(|error| AuthError::with_source(AuthErrorKind::Hook, error))?;
        Ok(decision.0)
    }

    /// If the app refuses the user's sessions, every page would redirect here again, so nothing is
    /// stored.
    async fn still_accepts(&self, token: &Token) -> Result<(), AuthError> {
        if self.sessions.accept(token, self.clock.now()).await? {
            return Ok(());
        }
        let detail = "`accepts` refuses this user's sessions";
        Err(AuthError::with_source(AuthErrorKind::RejectedByApp, detail))
    }
}

/// The result of the other instance is unknown here, and if that instance stopped, there is no
/// other log line about it.
fn warn_of_another_instance(proven: &Proven) {
    crate::trace::warning(&format!(
        "the callback of attempt {id} came a second time, or its code was spent elsewhere: another \
         instance may have died while it was at it, or a proxy sent the request twice. Nobody here \
         knows how it ended. The id is how the `state` in that request's line of the proxy's log begins",
        id = proven.attempt.state.id(),
    ));
}
