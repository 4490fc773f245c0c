//! Links that start a login with options of the app's choosing.
//!
//! A request itself can change nothing about a login: whoever makes a link could. So options travel
//! only in a signed parameter that a handler made.

use std::time::Duration;

use crate::attempt::{CLOCK_SKEW, choice_byte, read_choice};
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::scope::Scopes;

/// How long a link works.
const LINK_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Most bytes of scope names in a link.
const MAX_SCOPES_BYTES: usize = 512;

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"ig-oauth login options";

/// What one login does differently.
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

    /// Where the login ends: a path of this site, or a URL of an allowed origin, and none of the
    /// login's own routes. At most 512 bytes.
    pub fn return_to(mut self, target: impl Into<String>) -> Self {
        self.return_to = Some(target.into());
        self
    }

    /// Whether users must enter their credentials again, and so can choose another account.
    pub fn force_reauth(mut self, force: bool) -> Self {
        self.force_reauth = Some(force);
        self
    }

    /// Scopes to ask for besides the configured ones. The user may leave them out.
    pub fn scopes(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes = scopes.into();
        self
    }
}

/// Options that no login can have.
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
}

/// Checks the scopes of `options` and signs all of them, for the app user with that binding only.
pub(crate) fn sign(
    settings: &Settings,
    options: &LoginOptions,
    context: Option<&[u8; 32]>,
) -> Result<String, LoginOptionsError> {
    let return_to = options.return_to.as_deref().unwrap_or_default();
    if let Some(refusal) = options.scopes.iter().find_map(|scope| scope.refusal(settings.api)) {
        return Err(LoginOptionsError { field: "scopes", problem: refusal.to_string() });
    }
    let scopes = options.scopes.to_string();
    if scopes.len() > MAX_SCOPES_BYTES {
        let problem = format!("have {} bytes of names; at most 512 fit", scopes.len());
        return Err(LoginOptionsError { field: "scopes", problem });
    }
    let keys = settings.keyring.newest();
    let payload = Writer::new()
        .byte(VERSION)
        .fixed(&keys.id)
        .number(settings.clock.now().unix_seconds())
        .byte(choice_byte(options.force_reauth))
        .part(return_to.as_bytes())
        .part(scopes.as_bytes())
        .finish();
    let tag = keys.login_options.tag(&signed_parts(settings, &payload, context));
    Ok(to_base64url(&Writer::new().fixed(&payload).fixed(&tag).finish()))
}

/// Options that were signed here for this app user.
pub(crate) enum Verified {
    /// Less than ten minutes ago.
    Fresh(LoginOptions),
    /// Before that. They start nothing any more, and a button can be made of them.
    Old(LoginOptions),
}

/// The options in a parameter, when we signed them for this app user.
pub(crate) fn verify(
    settings: &Settings,
    parameter: &str,
    context: Option<&[u8; 32]>,
) -> Option<Verified> {
    let bytes = from_base64url(parameter.as_bytes())?;
    let (payload, tag) = bytes.split_last_chunk()?;
    let mut reader = Reader::new(payload);
    if reader.byte()? != VERSION {
        return None;
    }
    let keys = settings.keyring.by_id(reader.fixed()?)?;
    if !keys.login_options.verifies(&signed_parts(settings, payload, context), tag) {
        return None;
    }
    let issued_at = Timestamp::from_unix_seconds(reader.number()?);
    let now = settings.clock.now();
    if issued_at > now.saturating_add(CLOCK_SKEW) {
        return None;
    }
    let force_reauth = read_choice(reader.byte()?)?;
    let return_to = Some(reader.text()?).filter(|text| !text.is_empty()).map(str::to_owned);
    let scopes = reader.text()?.parse().ok()?;
    reader.end()?;
    let options = LoginOptions { return_to, force_reauth, scopes };
    let is_old = now.saturating_since(issued_at) > LINK_LIFETIME;
    Some(if is_old { Verified::Old(options) } else { Verified::Fresh(options) })
}

fn signed_parts<'a>(
    settings: &'a Settings,
    payload: &'a [u8],
    context: Option<&'a [u8; 32]>,
) -> [&'a [u8]; 5] {
    [
        PURPOSE,
        settings.client_id.as_bytes(),
        settings.redirect_uri.as_str().as_bytes(),
        context.map_or(&[], |hash| hash),
        payload,
    ]
}
