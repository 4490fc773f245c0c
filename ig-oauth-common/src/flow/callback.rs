//! The callback, up to the moment its state is consumed: everything that needs no provider.
//!
//! The order matters. Nothing reaches the provider, and nothing the request says is believed, before
//! the state is proven to belong to an attempt of this browser (RFC 6749, section 10.12).

use subtle::ConstantTimeEq as _;

use super::authorization_response::AuthorizationResponse;
use super::failure::Refusal;
use super::negotiation::Audience;
use super::query::Query;
use super::return_to::with_own_fragment;
use super::same_login::SameLogin;
use super::{Begin, Flow, Job, Reply, Request, context_guard};
use crate::attempt::{Attempt, Binding, State, Unverified};
use crate::cookie;
use crate::error::{AuthError, AuthErrorKind};
use crate::session::{self, Reading};

/// A callback whose attempt is proven, with all that the rest needs of the request.
pub(super) struct Proven {
    pub(super) attempt: Attempt,
    pub(super) response: AuthorizationResponse,
    pub(super) audience: Audience,
    /// The line that removes the attempt's cookie: the attempt ends here, whatever the outcome.
    pub(super) removal: String,
    /// The values of our session cookie.
    pub(super) session: Vec<Vec<u8>>,
}

/// Why no cookie of the right name is the attempt. The last that holds for any of them counts,
/// because a removal would take every cookie of that name along.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NotThisAttempt {
    BadSignature,
    UnknownKey,
    OtherState,
}

impl Proven {
    /// A refusal that ends the attempt and keeps where it was headed.
    pub(super) fn refusal(&self, error: impl Into<AuthError>) -> Refusal {
        let refusal = Refusal::new(error, self.audience).of(SameLogin::of(&self.attempt));
        refusal.cookies(vec![self.removal.clone()])
    }

    /// A refusal that leaves the attempt as it is: the same callback may come again.
    pub(super) fn busy(&self) -> Refusal {
        Refusal::new(AuthErrorKind::Busy, self.audience).of(SameLogin::of(&self.attempt))
    }
}

impl Flow {
    pub(super) fn begin_callback(&self, request: &Request<'_>) -> Begin {
        let audience = Audience::of(request);
        let refuse = |kind: AuthErrorKind| self.refuse(Refusal::new(kind, audience));
        if request.method != "GET" {
            let refusal = Refusal::new(AuthErrorKind::MethodNotAllowed, audience);
            return self.refuse(refusal.allow("GET"));
        }
        if let Err(kind) = context_guard::check(request.headers) {
            return refuse(kind);
        }
        let query = match Query::read(request.query, AuthorizationResponse::PARAMETERS) {
            Ok(query) => query.without_fragment(),
            Err(kind) => return refuse(kind),
        };
        let (response, state) = match AuthorizationResponse::read(&query) {
            Ok(read) => read,
            Err(kind) => return refuse(kind),
        };
        let Some(state) = state else {
            let refusal = Refusal::new(AuthErrorKind::MissingState, audience);
            return self.refuse(refusal.without_cookies(self.sent_no_cookie(request)));
        };
        let session = self.session_values(request);
        let Some(state) = State::parse(state) else {
            let without_cookies = self.sent_no_cookie(request);
            return self.land_or_refuse(audience, session, without_cookies);
        };
        let settings = self.settings();
        let name = settings.cookie_names.attempt(&state.to_text());
        let values = cookie::values_of(request.headers, &name);
        if values.is_empty() {
            let without_cookies = self.sent_no_cookie(request);
            return self.land_or_refuse(audience, session, without_cookies);
        }
        let removal = cookie::removal(&settings.cookie_names, &name);
        let attempt = match self.verify(&values, &name, &state) {
            Ok(attempt) => attempt,
            // A good attempt of this browser, and another state that begins as its own does.
            Err(NotThisAttempt::OtherState) => {
                return self.land_or_refuse(audience, session, false);
            }
            // Another instance may know the key, and the browser may come to it yet.
            Err(NotThisAttempt::UnknownKey) => return refuse(AuthErrorKind::BadSignature),
            Err(NotThisAttempt::BadSignature) => {
                let refusal = Refusal::new(AuthErrorKind::BadSignature, audience);
                return self.refuse(refusal.cookies(vec![removal]));
            }
        };
        let present = request.context.and_then(super::context_hash);
        let is_theirs = attempt.context.is_none_or(|bound_to| {
            present.is_some_and(|present| bool::from(present.ct_eq(&bound_to)))
        });
        let refuse_attempt = |kind: AuthErrorKind| {
            let refusal = Refusal::new(kind, audience).cookies(vec![removal.clone()]);
            // Another user's login is renewed for nobody, however it failed.
            self.refuse(match kind {
                AuthErrorKind::WrongContext => refusal,
                _ if is_theirs => refusal.of(SameLogin::of(&attempt)),
                _ => refusal,
            })
        };
        if !attempt.is_live(settings.clock.now()) {
            return refuse_attempt(AuthErrorKind::Expired);
        }
        if settings.linking && attempt.context.is_none() {
            // Begun before accounts were linked: it says nothing of whose the account would be.
            return refuse_attempt(AuthErrorKind::WrongContext);
        }
        if let Some(bound_to) = &attempt.context {
            match present {
                Some(present) if bool::from(present.ct_eq(bound_to)) => {}
                None if query.get("hop") != Ok(Some("1")) => {
                    return Begin::Done(
                        self.pages(audience).bounce(&self.same_callback_again(request)),
                    );
                }
                _ => return refuse_attempt(AuthErrorKind::WrongContext),
            }
        }
        let proven = Proven { attempt, response, audience, removal, session };
        let flow = self.clone();
        Begin::Job(Job::new(async move { flow.consume(proven).await }))
    }

    /// The attempt in the first of `values` that verifies and is the one of `state`.
    fn verify(
        &self,
        values: &[&[u8]],
        name: &str,
        state: &State,
    ) -> Result<Attempt, NotThisAttempt> {
        let settings = self.settings();
        let binding = Binding {
            cookie_name: name,
            client_id: &settings.client_id,
            redirect_uri: settings.redirect_uri.as_str(),
        };
        let mut why = NotThisAttempt::BadSignature;
        for value in values {
            why = why.max(match Attempt::verify(value, &settings.keyring, &binding) {
                Ok(attempt) if attempt.state.as_bytes().ct_eq(state.as_bytes()).into() => {
                    return Ok(attempt);
                }
                Ok(_) => NotThisAttempt::OtherState,
                Err(Unverified::UnknownKey) => NotThisAttempt::UnknownKey,
                Err(Unverified::BadSignature) => NotThisAttempt::BadSignature,
            });
        }
        Err(why)
    }

    /// Whether the browser sent none of the crate's cookies: then it is one that keeps none, or not
    /// the one that began the login.
    fn sent_no_cookie(&self, request: &Request<'_>) -> bool {
        let names = &self.settings().cookie_names;
        let mut found = false;
        cookie::each_cookie(request.headers, &mut |name, _| {
            found |= names.is_attempt(name) || name == names.session().as_bytes();
        });
        !found
    }

    /// The public URL of this very callback, marked as having bounced.
    fn same_callback_again(&self, request: &Request<'_>) -> String {
        let path = self.settings().redirect_uri.path();
        format!("{path}?{}&hop=1", request.query.unwrap_or_default())
    }

    /// A callback without an attempt is often the back button, or a second tab of the browser's
    /// making: whoever is logged in already is led on instead of being shown an error.
    fn land_or_refuse(
        &self,
        audience: Audience,
        session: Vec<Vec<u8>>,
        without_cookies: bool,
    ) -> Begin {
        // A browser that started on `www` has no cookie for the apex: whoever reads the log needs to
        // know which name it should have been.
        let detail = format!("the redirect URI's host is {}", self.settings().redirect_uri.host());
        let error = AuthError::with_source(AuthErrorKind::MissingAttempt, detail);
        let refusal = Refusal::new(error, audience).without_cookies(without_cookies);
        if session.is_empty() {
            return self.refuse(refusal);
        }
        let flow = self.clone();
        Begin::Job(Job::new(async move { flow.land_softly(&session, refusal).await }))
    }

    /// 303 for a browser that has a valid session, without a new one; the refusal for any other.
    pub(super) async fn land_softly(&self, session: &[Vec<u8>], refusal: Refusal) -> Reply {
        match session::read(self.settings(), self.tombstones(), session).await {
            Ok(Reading::Live(_)) => {
                let target = refusal.return_to().unwrap_or(&self.settings().after_login);
                landing(target).cookies(refusal.cookies)
            }
            Ok(Reading::Nobody { .. }) => self.refuse_now(refusal).await,
            Err(error) => {
                let refusal = Refusal { error, ..refusal };
                self.refuse_now(refusal).await
            }
        }
    }
}

/// 303 to where a login ends.
pub(super) fn landing(target: &str) -> Reply {
    Reply::empty(303).header("location", with_own_fragment(target).into_owned())
}
