//! Constructs the routes and services of a flow, each with only the dependencies that it needs.

use std::sync::Arc;
use std::time::Duration;

use super::builder::ConfigBuilder;
use super::check;
use crate::attempt::Attempts;
use crate::error::ConfigError;
use crate::flow::{
    Addresses, AppAnswers, AuthorizationRequests, CallbackRoute, Claims, Completion,
    ConfirmationCodes, ConsumedStates, Consumption, Deadline, Deaths, Deletions, ExchangePlaces,
    Failures, LoginLinks, LoginRoute, LogoutRoute, LongLived, Mode, Pages, PlatformRoute,
    Refreshes, Revocations, SharedRefreshes, Steps,
};
use crate::keys::Keyring;
use crate::provider::{Provider, SignedRequestVerifier};
use crate::session::{SessionCookie, Sessions, SessionsParts};
use crate::store::{BoxedStore, MemoryStore};
use crate::tasks::Tasks;

/// The most claims on signed requests that are remembered without a store. Only the provider can
/// make such requests.
const MOST_CLAIMS: usize = 16_384;

/// Checked settings that several steps depend on.
pub(super) struct CheckedSettings {
    pub(super) pages: Pages,
    pub(super) requests: AuthorizationRequests,
    pub(super) cookie: SessionCookie,
    pub(super) provider: Arc<Provider>,
    pub(super) addresses: Arc<Addresses>,
    pub(super) keyring: Arc<Keyring>,
    pub(super) deadline: Deadline,
}

/// Dependencies that the steps share.
struct Shared<'a> {
    settings: &'a ConfigBuilder,
    addresses: Arc<Addresses>,
    provider: Arc<Provider>,
    keyring: Arc<Keyring>,
    deadline: Deadline,
    links: Arc<LoginLinks>,
    failures: Arc<Failures>,
    requests: Arc<AuthorizationRequests>,
    attempts: Arc<Attempts>,
    sessions: Arc<Sessions>,
    exchanges: Arc<ExchangePlaces>,
    tasks: Arc<Tasks>,
}

pub(super) fn steps(
    settings: &ConfigBuilder,
    checked: CheckedSettings,
    signed_requests: SignedRequestVerifier,
) -> Result<Steps, ConfigError> {
    let shared = Shared::new(settings, checked)?;
    let deaths = shared.deaths();
    let deletions = shared.deletions();
    Ok(Steps {
        login: Arc::new(shared.login()),
        callback: Arc::new(shared.callback()),
        logout: shared.logout().map(Arc::new),
        platform: Arc::new(PlatformRoute {
            failures: Arc::clone(&shared.failures),
            addresses: Arc::clone(&shared.addresses),
            signed_requests,
            deletions: Arc::clone(&deletions),
            hooks: settings.hooks.clone(),
        }),
        answers: AppAnswers {
            failures: Arc::clone(&shared.failures),
            links: Arc::clone(&shared.links),
            addresses: Arc::clone(&shared.addresses),
            requests: Arc::clone(&shared.requests),
            api: settings.api,
            mode: settings.linking,
        },
        refreshes: Arc::new(shared.refreshes(&deaths)?),
        deaths,
        deletions,
        addresses: shared.addresses,
        links: shared.links,
        failures: shared.failures,
        sessions: shared.sessions,
        tasks: shared.tasks,
        deadline: shared.deadline.0,
    })
}

impl<'a> Shared<'a> {
    fn new(settings: &'a ConfigBuilder, checked: CheckedSettings) -> Result<Self, ConfigError> {
        let CheckedSettings { pages, requests, cookie, provider, addresses, keyring, deadline } =
            checked;
        let links = Arc::new(LoginLinks {
            addresses: Arc::clone(&addresses),
            keyring: Arc::clone(&keyring),
            client_id: settings.client_id.clone(),
            api: settings.api,
            mode: settings.linking,
            clock: Arc::clone(&settings.clock),
        });
        let exchanges =
            check::concurrency("max_concurrent_exchanges", settings.max_concurrent_exchanges)?;
        Ok(Self {
            failures: Arc::new(Failures {
                pages,
                links: Arc::clone(&links),
                addresses: Arc::clone(&addresses),
                mode: settings.linking,
                hooks: settings.hooks.clone(),
                randomness: Arc::clone(&settings.randomness),
            }),
            attempts: Arc::new(Attempts {
                names: Arc::clone(&cookie.names),
                keyring: Arc::clone(&keyring),
                client_id: settings.client_id.clone(),
                redirect_uri: addresses.redirect_uri.text.clone(),
                clock: Arc::clone(&settings.clock),
                randomness: Arc::clone(&settings.randomness),
            }),
            sessions: Arc::new(Sessions::new(SessionsParts {
                cookie,
                client_id: settings.client_id.clone(),
                keyring: Arc::clone(&keyring),
                provider: Arc::clone(&provider),
                store: settings.store.clone(),
                hooks: settings.hooks.clone(),
                clock: Arc::clone(&settings.clock),
                randomness: Arc::clone(&settings.randomness),
                forbids_caching: settings.no_store,
            })),
            exchanges: Arc::new(ExchangePlaces::new(exchanges)),
            tasks: Arc::default(),
            requests: Arc::new(requests),
            settings,
            addresses,
            provider,
            keyring,
            deadline,
            links,
        })
    }

    fn login(&self) -> LoginRoute {
        LoginRoute {
            failures: Arc::clone(&self.failures),
            links: Arc::clone(&self.links),
            addresses: Arc::clone(&self.addresses),
            attempts: Arc::clone(&self.attempts),
            requests: Arc::clone(&self.requests),
            hooks: self.settings.hooks.clone(),
            requires_post: self.settings.require_post,
            mode: self.settings.linking,
        }
    }

    fn callback(&self) -> CallbackRoute {
        CallbackRoute {
            failures: Arc::clone(&self.failures),
            attempts: Arc::clone(&self.attempts),
            sessions: Arc::clone(&self.sessions),
            addresses: Arc::clone(&self.addresses),
            consumption: Arc::new(Consumption {
                failures: Arc::clone(&self.failures),
                links: Arc::clone(&self.links),
                addresses: Arc::clone(&self.addresses),
                completion: self.completion(),
                hooks: self.settings.hooks.clone(),
                consumed: ConsumedStates::default(),
                exchanges: Arc::clone(&self.exchanges),
                tasks: Arc::clone(&self.tasks),
                clock: Arc::clone(&self.settings.clock),
                deadline: self.deadline.0,
            }),
            mode: self.settings.linking,
        }
    }

    fn completion(&self) -> Completion {
        let settings = self.settings;
        let lasts = settings.api.preset().has_long_lived_tokens;
        let by_default = if lasts { LongLived::Prefer } else { LongLived::Off };
        Completion {
            provider: Arc::clone(&self.provider),
            sessions: Arc::clone(&self.sessions),
            requests: Arc::clone(&self.requests),
            hooks: settings.hooks.clone(),
            clock: Arc::clone(&settings.clock),
            randomness: Arc::clone(&settings.randomness),
            api: settings.api,
            mode: settings.linking,
            long_lived: settings.long_lived.unwrap_or(by_default),
            fetches_profile: settings.fetch_profile,
        }
    }

    /// With linking, users log in to the app and not to the crate, so there is no logout route.
    fn logout(&self) -> Option<LogoutRoute> {
        (self.settings.linking == Mode::Login).then(|| LogoutRoute {
            failures: Arc::clone(&self.failures),
            sessions: Arc::clone(&self.sessions),
            addresses: Arc::clone(&self.addresses),
            hooks: self.settings.hooks.clone(),
            tasks: Arc::clone(&self.tasks),
            deadline: self.deadline.0,
        })
    }

    fn deletions(&self) -> Arc<Deletions> {
        let (settings, deadline) = (self.settings, self.deadline);
        let in_memory = || Arc::new(MemoryStore::with_capacity(MOST_CLAIMS)) as Arc<dyn BoxedStore>;
        let claims = Claims {
            store: settings.store.clone().unwrap_or_else(in_memory),
            clock: Arc::clone(&settings.clock),
            randomness: Arc::clone(&settings.randomness),
            tasks: Arc::clone(&self.tasks),
            deadline,
        };
        Arc::new(Deletions {
            codes: ConfirmationCodes {
                keyring: Arc::clone(&self.keyring),
                client_id: settings.client_id.clone(),
            },
            claims: Arc::new(claims),
            revocations: Arc::new(Revocations {
                accounts: self.sessions.accounts().cloned(),
                deadline,
            }),
            hooks: settings.hooks.clone(),
            deadline,
        })
    }

    fn deaths(&self) -> Arc<Deaths> {
        Arc::new(Deaths {
            sessions: Arc::clone(&self.sessions),
            hooks: self.settings.hooks.clone(),
            tasks: Arc::clone(&self.tasks),
            deadline: self.deadline.0,
        })
    }

    fn refreshes(&self, deaths: &Arc<Deaths>) -> Result<Refreshes, ConfigError> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let settings = self.settings;
        Ok(Refreshes {
            provider: Arc::clone(&self.provider),
            sessions: Arc::clone(&self.sessions),
            deaths: Arc::clone(deaths),
            exchanges: Arc::clone(&self.exchanges),
            shared: SharedRefreshes::default(),
            tasks: Arc::clone(&self.tasks),
            clock: Arc::clone(&settings.clock),
            randomness: Arc::clone(&settings.randomness),
            ahead: check::within(
                "refresh_ahead",
                settings.refresh_ahead,
                Duration::ZERO..=59 * DAY,
                "use at most 59 days, as tokens live 60 and the provider refreshes none on its first \
                 day; zero turns refreshing off",
            )?,
            wait: check::within(
                "refresh_wait",
                settings.refresh_wait,
                Duration::ZERO..=Duration::from_secs(30),
                "use at most 30 s",
            )?,
            deadline: self.deadline.0,
            kept_for_cookies: settings.idle_lifetime,
        })
    }
}
