//! The callback, until its state is consumed: all checks that do not need the provider.
//!
//! The order matters. Nothing is sent to the provider, and no content of the request is trusted,
//! before the state is proven to belong to an attempt of this browser (RFC 6749, section 10.12).

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use super::addresses::Addresses;
use super::authorization::AuthorizationResponse;
use super::begin::{Begin, Job};
use super::consumption::Consumption;
use super::failures::{Failures, Refusal};
use super::fetch_metadata;
use super::login_links::SameLogin;
use super::mode::Mode;
use super::proven::Proven;
use crate::attempt::{Attempt, Attempts, LookupError, State};
use crate::error::{AuthError, AuthErrorKind};
use crate::messages::{Audience, Query, Reply, Request};
use crate::session::Sessions;

pub(crate) struct CallbackRoute {
    pub(crate) failures: Arc<Failures>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) consumption: Arc<Consumption>,
    pub(crate) mode: Mode,
}

/// Why a callback is not proven, and how to answer it.
enum Unproven {
    Refused(Box<Refusal>),
    /// This browser has no attempt with that state. It may have a session.
    NoAttempt(Box<Refusal>),
    /// The browser did not send the app's `SameSite=Strict` cookie on the redirect from the
    /// provider's site.
    Bounced(Reply),
}

impl Unproven {
    fn refused(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl CallbackRoute {
    pub(super) fn begin(self: &Arc<Self>, request: &Request<'_>) -> Begin {
        // Read before anything is proven, so that a wrong state and a wrong signature cost the
        // same.
        let session = self.sessions.values_in(request.headers);
        match self.prove(request, &session) {
            Ok(proven) => {
                let consumption = Arc::clone(&self.consumption);
                Begin::Job(Job::new(async move { consumption.consume(proven).await }))
            }
            Err(Unproven::Bounced(reply)) => Begin::Done(reply),
            Err(Unproven::Refused(refusal)) => self.failures.refuse(*refusal),
            Err(Unproven::NoAttempt(refusal)) => {
                if session.is_empty() {
                    return self.failures.refuse(*refusal);
                }
                let consumption = Arc::clone(&self.consumption);
                Begin::Job(Job::new(
                    async move { consumption.land_softly(&session, *refusal).await },
                ))
            }
        }
    }

    fn prove(&self, request: &Request<'_>, session: &[Vec<u8>]) -> Result<Proven, Unproven> {
        let audience = Audience::of(request);
        let refused = |kind| Unproven::refused(Refusal::new(kind, audience));
        if request.method != "GET" {
            let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience);
            return Err(Unproven::refused(Refusal { allow: Some("GET"), ..refusal }));
        }
        fetch_metadata::check_navigation(request.headers).map_err(refused)?;
        let query = Query::read(request.query, AuthorizationResponse::PARAMETERS);
        let query = query.map_err(refused)?.without_fragment();
        let (response, state) = AuthorizationResponse::read(&query).map_err(refused)?;
        let Some(state) = state else {
            let refusal = Refusal::new(AuthErrorKind::MissingState, audience);
            let without_cookies = self.attempts.no_cookie_came(request.headers);
            return Err(Unproven::refused(Refusal { without_cookies, ..refusal }));
        };
        let state = State::parse(state).ok_or_else(|| self.no_attempt(request, audience))?;
        let removal = self.attempts.removal(&state);
        let attempt = self.attempts.find(request.headers, &state).map_err(|why| match why {
            LookupError::NoCookie => self.no_attempt(request, audience),
            // A valid attempt of this browser, for another state that begins with the same
            // characters.
            LookupError::OtherState => self.missing_attempt(audience, false),
            LookupError::UnknownKey => refused(AuthErrorKind::BadSignature),
            LookupError::BadSignature => {
                let refusal = Refusal::new(AuthErrorKind::BadSignature, audience);
                Unproven::refused(refusal.cookies(vec![removal.clone()]))
            }
        })?;
        let is_second_time = query.get("hop") == Ok(Some("1"));
        self.check(&attempt, request, audience, is_second_time, &removal)?;
        Ok(Proven { attempt, response, audience, removal, session: session.to_vec() })
    }

    /// Checks age and binding.
    fn check(
        &self,
        attempt: &Attempt,
        request: &Request<'_>,
        audience: Audience,
        is_second_time: bool,
        removal: &str,
    ) -> Result<(), Unproven> {
        let present = request.binding();
        let is_bound_to_this_user = attempt.binding.is_none_or(|bound_to| {
            present.is_some_and(|present| bool::from(present.ct_eq(&bound_to)))
        });
        let refused = |kind| {
            let refusal = Refusal::new(kind, audience).cookies(vec![removal.to_owned()]);
            // A link to repeat the login is only for the user it is bound to, whatever the error.
            Err(Unproven::refused(match kind {
                AuthErrorKind::WrongContext => refusal,
                _ if is_bound_to_this_user => refusal.of(SameLogin::of(attempt)),
                _ => refusal,
            }))
        };
        if !attempt.is_live(self.attempts.now()) {
            return refused(AuthErrorKind::Expired);
        }
        // Started before linking was turned on: it does not say which user the account would belong
        // to.
        if self.mode.binds_every_attempt() && attempt.binding.is_none() {
            return refused(AuthErrorKind::WrongContext);
        }
        if is_bound_to_this_user {
            return Ok(());
        }
        if present.is_none() && !is_second_time {
            let again = self.same_callback_again(request);
            return Err(Unproven::Bounced(self.failures.pages(audience).bounce(&again)));
        }
        refused(AuthErrorKind::WrongContext)
    }

    /// The address of this callback with the mark `hop=1`.
    fn same_callback_again(&self, request: &Request<'_>) -> String {
        let path = &*self.addresses.redirect_uri.path;
        format!("{path}?{}&hop=1", request.query.unwrap_or_default())
    }

    fn no_attempt(&self, request: &Request<'_>, audience: Audience) -> Unproven {
        self.missing_attempt(audience, self.attempts.no_cookie_came(request.headers))
    }

    fn missing_attempt(&self, audience: Audience, without_cookies: bool) -> Unproven {
        // A browser that started on `www` has no cookie for the apex domain. The log names the host
        // that the login should have started on.
        let host = self.addresses.redirect_uri.host();
        let detail = format!("the redirect URI's host is {host}");
        let error = AuthError::with_source(AuthErrorKind::MissingAttempt, detail);
        Unproven::NoAttempt(Box::new(Refusal { without_cookies, ..Refusal::new(error, audience) }))
    }
}
