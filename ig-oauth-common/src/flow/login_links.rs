//! Links that start a login, with options that a handler chose, or with those of an earlier login.
//!
//! Unsigned parameters of a request cannot change a login, because anyone could have made the link.
//! Options are therefore accepted only in a signed parameter, made by a handler or by a failed
//! attempt.

use std::sync::Arc;
use std::time::Duration;

use super::addresses::Addresses;
use super::mode::Mode;
use crate::api::{Api, Scopes};
use crate::attempt::{Attempt, choice_byte, read_choice};
use crate::clock::{CLOCK_SKEW, Clock, Timestamp};
use crate::encoding::{Reader, Writer, from_base64url, query_escape, to_base64url};
use crate::error::AuthErrorKind;
use crate::keys::Keyring;
use crate::messages::BindingHash;

/// How long a link starts a login without another click.
const LINK_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The longest list of scope names, in bytes: it has to fit in a URL.
const MAX_SCOPES_BYTES: usize = 512;

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"ig-oauth login options";

pub(crate) struct LoginLinks {
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) client_id: String,
    pub(crate) api: Api,
    pub(crate) mode: Mode,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The options of a link, proven to be signed by this app and for this user.
pub(super) enum Verified {
    Fresh(LoginOptions),
    /// Older than the link's lifetime: it starts a login only after a click.
    Old(LoginOptions),
}

impl LoginLinks {
    /// The link that a handler asks for.
    pub(super) fn url(
        &self,
        options: &LoginOptions,
        binding: Option<&BindingHash>,
    ) -> Result<String, LoginOptionsError> {
        if self.mode.binds_every_attempt() && binding.is_none() {
            return Err(LoginOptionsError::unbound());
        }
        let target = options.return_to.as_deref().filter(|target| !target.is_empty());
        if target.is_some_and(|target| !self.addresses.accept(target)) {
            return Err(LoginOptionsError::return_to());
        }
        Ok(self.with_options(&self.sign(options, binding)?))
    }

    /// The link that starts the same login again. Without options when they are all defaults.
    pub(super) fn retry(&self, login: Option<&SameLogin>, kind: AuthErrorKind) -> String {
        let login = login.cloned().unwrap_or_default().after(kind);
        let LoginOptions { return_to, force_reauth, scopes } = &login.options;
        let is_usual =
            return_to.as_deref().is_none_or(|target| target == self.addresses.after_login);
        if is_usual && force_reauth.is_none() && scopes.is_empty() && login.binding.is_none() {
            return self.addresses.login_path();
        }
        let signed = self.sign_again(&login);
        signed.map_or_else(|| self.addresses.login_path(), |signed| self.with_options(&signed))
    }

    /// The options of the same login, for a page of the app's own.
    pub(super) fn retry_options(
        &self,
        login: Option<&SameLogin>,
        kind: AuthErrorKind,
    ) -> Option<String> {
        self.sign_again(&login.cloned().unwrap_or_default().after(kind))
    }

    /// Signs the options of an earlier login again, as far as the present configuration allows
    /// them.
    pub(super) fn sign_again(&self, login: &SameLogin) -> Option<String> {
        let LoginOptions { return_to, force_reauth, scopes } = &login.options;
        let allowed = scopes.iter().filter(|scope| self.api.refuses(scope).is_none());
        let options = LoginOptions {
            return_to: return_to.clone().filter(|target| self.addresses.accept(target)),
            force_reauth: *force_reauth,
            scopes: allowed.cloned().collect(),
        };
        self.sign(&options, login.binding.as_ref()).ok()
    }

    /// The login's path with the known parameters of the login to start.
    pub(super) fn action(&self, return_to: Option<&str>, options: Option<&str>) -> String {
        let mut action = self.addresses.login_path();
        let mut separator = '?';
        for (name, value) in [("return_to", return_to), ("options", options)] {
            if let Some(value) = value {
                action.extend([
                    &*separator.to_string(),
                    name,
                    "=",
                    &query_escape(value).to_string(),
                ]);
                separator = '&';
            }
        }
        action
    }

    pub(super) fn with_options(&self, signed: &str) -> String {
        format!("{}?options={signed}", self.addresses.login_path())
    }

    pub(super) fn verify(
        &self,
        parameter: &str,
        binding: Option<&BindingHash>,
    ) -> Option<Verified> {
        let bytes = from_base64url(parameter.as_bytes())?;
        let (payload, tag) = bytes.split_last_chunk()?;
        let mut reader = Reader::new(payload);
        if reader.byte()? != VERSION {
            return None;
        }
        let keys = self.keyring.by_id(reader.fixed()?)?;
        if !keys.login_options.verifies(&self.signed_parts(payload, binding), tag) {
            return None;
        }
        let issued_at = Timestamp::from_unix_seconds(reader.number()?);
        let now = self.clock.now();
        if issued_at > now.saturating_add(CLOCK_SKEW) {
            return None;
        }
        let force_reauth = read_choice(reader.byte()?)?;
        let return_to = Some(reader.text()?).filter(|text| !text.is_empty()).map(str::to_owned);
        let scopes = reader.text()?.parse().ok()?;
        reader.end()?;
        let options = LoginOptions { return_to, force_reauth, scopes };
        let is_old = now.saturating_duration_since(issued_at) > LINK_LIFETIME;
        Some(if is_old { Verified::Old(options) } else { Verified::Fresh(options) })
    }

    fn sign(
        &self,
        options: &LoginOptions,
        binding: Option<&BindingHash>,
    ) -> Result<String, LoginOptionsError> {
        if let Some(refusal) = options.scopes.iter().find_map(|scope| self.api.refuses(scope)) {
            return Err(LoginOptionsError::scopes(refusal.to_string()));
        }
        let scopes = options.scopes.to_string();
        if scopes.len() > MAX_SCOPES_BYTES {
            let problem = format!("have {} bytes of names; at most 512 fit", scopes.len());
            return Err(LoginOptionsError::scopes(problem));
        }
        let keys = &self.keyring.newest;
        let payload = Writer::new()
            .byte(VERSION)
            .fixed(&keys.id)
            .number(self.clock.now().unix_seconds())
            .byte(choice_byte(options.force_reauth))
            .part(options.return_to.as_deref().unwrap_or_default().as_bytes())
            .part(scopes.as_bytes())
            .finish();
        let tag = keys.login_options.tag(&self.signed_parts(&payload, binding));
        Ok(to_base64url(&Writer::new().fixed(&payload).fixed(&tag).finish()))
    }

    /// The redirect URI is signed too, so a link of one app on a host does not work for another.
    fn signed_parts<'a>(
        &'a self,
        payload: &'a [u8],
        binding: Option<&'a BindingHash>,
    ) -> [&'a [u8]; 5] {
        [
            PURPOSE,
            self.client_id.as_bytes(),
            self.addresses.redirect_uri.text.as_bytes(),
            binding.map_or(&[], |hash| hash),
            payload,
        ]
    }
}

/// Options of a single login that differ from the configuration.
///
/// ```
/// use ig_oauth_common::{LoginOptions, Scope};
///
/// let options = LoginOptions::new()
///     .return_to("/inbox")
///     .scopes([Scope::InstagramBusinessManageMessages])
///     .force_reauth(true);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct LoginOptions {
    pub(crate) return_to: Option<String>,
    pub(crate) force_reauth: Option<bool>,
    pub(crate) scopes: Scopes,
}

impl LoginOptions {
    /// Everything as configured.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the login ends: a path of this site, or a URL of an allowed origin, but not one of the
    /// login's own routes. At most 512 bytes.
    pub fn return_to(mut self, target: impl Into<String>) -> Self {
        self.return_to = Some(target.into());
        self
    }

    /// Whether users must enter their credentials again, which lets them choose another account.
    pub fn force_reauth(mut self, force: bool) -> Self {
        self.force_reauth = Some(force);
        self
    }

    /// Scopes to request in addition to the configured ones. The user may refuse them.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = scopes.into();
        self
    }
}

/// The options are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}")]
#[non_exhaustive]
pub struct LoginOptionsError {
    field: &'static str,
    problem: String,
}

impl LoginOptionsError {
    pub(crate) fn unbound() -> Self {
        let problem = "is missing or not bound: linking needs `LoginContext::bound_to` your user";
        Self { field: "context", problem: problem.to_owned() }
    }

    pub(crate) fn return_to() -> Self {
        let problem = "is neither a page of this site nor a URL of an origin in \
                       `allowed_return_origins`: name one of at most 512 bytes that is none of the \
                       login's own routes";
        Self { field: "return_to", problem: problem.to_owned() }
    }

    pub(super) fn scopes(problem: String) -> Self {
        Self { field: "scopes", problem }
    }
}

/// The proven options of a login, and the app's user that it is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct SameLogin {
    pub(crate) options: LoginOptions,
    pub(crate) binding: Option<BindingHash>,
}

impl SameLogin {
    pub(crate) fn of(attempt: &Attempt) -> Self {
        let options = LoginOptions {
            return_to: Some(attempt.return_to.clone()),
            force_reauth: attempt.force_reauth,
            scopes: attempt.extra_scopes.parse().unwrap_or_default(),
        };
        Self { options, binding: attempt.binding }
    }

    pub(crate) fn return_to(&self) -> Option<&str> {
        self.options.return_to.as_deref()
    }

    /// For a retry after `kind`. A user whom the app rejected needs to choose another account;
    /// without this the provider would return the same one immediately.
    pub(super) fn after(mut self, kind: AuthErrorKind) -> Self {
        if kind == AuthErrorKind::RejectedByApp {
            self.options.force_reauth = Some(true);
        }
        self
    }
}
