//! One vocabulary for everything that can go wrong.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::provider::ProviderRejection;

/// Why a login, a logout or the look at a session failed.
///
/// [`kind`](Self::kind) tells the cases apart, [`code`](Self::code) is what the browser is told, and
/// `source()` keeps the cause. Neither `Display` nor `Debug`, here or down the chain, shows a
/// secret, a code, a token or a URL.
pub struct AuthError {
    inner: Box<Inner>,
}

struct Inner {
    kind: AuthErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
    retry_after: Option<Duration>,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $word:literal;)+) => {
        /// The closed list of words that go outside: into JSON, onto pages, into
        /// [`failure_url`](crate::ConfigBuilder::failure_url).
        ///
        /// Several [kinds](AuthErrorKind) share a code. `Display` and [`as_str`](Self::as_str) give the
        /// word, such as `invalid_state`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $code,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// The word that goes outside.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $word,)+ }
            }

            /// The code of a word.
            pub(crate) fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == word)
            }
        }
    };
}

codes! {
    /// The user declined.
    AccessDenied = "access_denied";
    /// The provider refused the authorization request for another reason.
    AuthorizationRejected = "authorization_rejected";
    /// The request is malformed.
    InvalidRequest = "invalid_request";
    /// The login could not be proven to be this browser's own.
    InvalidState = "invalid_state";
    /// The provider refused the code.
    CodeRejected = "code_rejected";
    /// A required permission was not granted.
    MissingPermission = "missing_permission";
    /// The provider refused the app's settings.
    ProviderRejected = "provider_rejected";
    /// The provider gives no usable answer, or no more requests to it fit.
    ProviderUnavailable = "provider_unavailable";
    /// The session store does not answer.
    StoreUnavailable = "store_unavailable";
    /// The app refused the login.
    RejectedByApp = "rejected_by_app";
    /// A hook of the app failed.
    HookFailed = "hook_failed";
    /// Only a page of this site, or a navigation, may ask for this.
    ForbiddenContext = "forbidden_context";
    /// A login is needed.
    LoginRequired = "login_required";
    /// The provider's signed request does not verify.
    InvalidSignedRequest = "invalid_signed_request";
    /// Another method is needed.
    MethodNotAllowed = "method_not_allowed";
    /// The body did not arrive in time.
    RequestTimeout = "request_timeout";
    /// The body is too large.
    PayloadTooLarge = "payload_too_large";
    /// The body is not a form.
    UnsupportedMediaType = "unsupported_media_type";
    /// The request came as early data.
    TooEarly = "too_early";
    /// The request is a prefetch.
    Prefetch = "prefetch";
    /// The app is not set up: the middleware is missing or misplaced.
    MiddlewareMissing = "middleware_missing";
    /// The server lacks something.
    InternalError = "internal_error";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident => $code:ident, $status:literal, $text:literal;)+) => {
        /// What went wrong, precisely enough for logs and hooks.
        ///
        /// Several kinds share one [`code`](Self::code), so that the browser learns no more than it
        /// needs: which check a forged callback failed is nobody's business but the log's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuthErrorKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl AuthErrorKind {
            /// Every kind, in the order of the table in the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// What goes outside: into `{"error": …}` and `?error=…`.
            #[must_use]
            pub const fn code(self) -> ErrorCode {
                match self { $(Self::$kind => ErrorCode::$code,)+ }
            }

            /// The HTTP status of the answer, unless a hook or a redirect replaces it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)+ }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$kind => $text,)+ }
            }
        }
    };
}

kinds! {
    /// The user pressed Cancel in the authorization window, or the provider refused for the user.
    Denied => AccessDenied, 403, "the user declined the authorization request";
    /// The provider refused the authorization request for a reason other than the user's own.
    AuthorizationRejected => AuthorizationRejected, 400, "the provider rejected the authorization \
        request";
    /// The query does not parse: bad percent-encoding, a control byte, `code` beside `error`.
    Malformed => InvalidRequest, 400, "the callback's query is malformed";
    /// A parameter was given twice (RFC 6749, section 3.1, forbids it).
    DuplicateParameter => InvalidRequest, 400, "the callback's query names a parameter twice";
    /// Neither `code` nor `error` came back.
    MissingCode => InvalidRequest, 400, "the callback carries neither a code nor an error";
    /// The query is larger than a callback's can be.
    Oversize => InvalidRequest, 400, "the request's query is too large";
    /// No `state` came back.
    MissingState => InvalidState, 400, "the callback carries no state";
    /// This browser has no login attempt with that state.
    MissingAttempt => InvalidState, 400, "this browser has no login attempt with that state; \
        cookies are per host, so login and callback must share the redirect URI's host name";
    /// The attempt's cookie was not signed by us, or was changed.
    BadSignature => InvalidState, 400, "the login attempt's cookie does not verify";
    /// The attempt is older than ten minutes, or from the future.
    Expired => InvalidState, 400, "the login attempt has expired";
    /// The attempt was started by another user of the app.
    WrongContext => InvalidState, 400, "the login attempt belongs to another user of the app";
    /// The provider refused the code: used, expired, or for another redirect URI.
    CodeRejected => CodeRejected, 400, "the code was used already, has expired or belongs to \
        another redirect URI";
    /// The user granted fewer scopes than required.
    MissingPermission => MissingPermission, 403, "a required permission was not granted";
    /// The provider calls the access token expired or revoked: it will never work again.
    TokenInvalid => CodeRejected, 400, "the access token has expired or was revoked";
    /// The authorization window sent the user back because of a fault of its own (`server_error` and
    /// `temporarily_unavailable` of RFC 6749, section 4.1.2.1).
    AuthorizationUnavailable => ProviderUnavailable, 503, "the authorization window has a fault of \
        its own";
    /// The provider refused this app's own settings, or a request of it.
    ProviderRejected => ProviderRejected, 500, "the provider refused a request of this app";
    /// No connection to the provider, or it answered with a server error.
    Unreachable => ProviderUnavailable, 503, "the provider cannot be reached, or has a fault of its \
        own";
    /// The provider, or the whole login, took too long.
    TimedOut => ProviderUnavailable, 503, "the provider took too long";
    /// The provider's answer makes no sense.
    MalformedAnswer => ProviderUnavailable, 503, "the provider's answer is malformed";
    /// The provider's answer is larger than any token answer.
    OversizeAnswer => ProviderUnavailable, 503, "the provider's answer is too large";
    /// The provider answered with a redirect. It is not followed: a secret would go along.
    Redirected => ProviderUnavailable, 503, "the provider answered with a redirect, which is \
        never followed with a secret in hand";
    /// The provider limits the rate of calls.
    Throttled => ProviderUnavailable, 503, "the provider limits the rate of calls";
    /// Too many requests to the provider are under way already. None was made for this one.
    Busy => ProviderUnavailable, 503, "too many requests to the provider are under way";
    /// The store does not answer.
    Store => StoreUnavailable, 503, "the session store is unavailable, or none is set";
    /// A hook of the app refused the login.
    RejectedByApp => RejectedByApp, 403, "the app refused the login";
    /// A hook of the app failed.
    Hook => HookFailed, 500, "a hook of the app failed";
    /// A subresource, a frame, a script or a foreign site asked for what only a navigation may.
    ForbiddenContext => ForbiddenContext, 403, "the request comes from a context that may not \
        start or finish a login";
    /// A handler needs a token and there is none.
    LoginRequired => LoginRequired, 401, "a login is required";
    /// The provider calls the token of a stored account invalid. From
    /// [`OfflineAccess::token`](crate::OfflineAccess::token) only.
    TokenDead => LoginRequired, 401, "the provider calls this account's token invalid: its user \
        must log in again";
    /// The provider's `signed_request` does not verify.
    SignedRequest => InvalidSignedRequest, 400, "the signed request does not verify";
    /// The path is ours, the method is not.
    MethodNotAllowed => MethodNotAllowed, 405, "the method is not allowed here";
    /// The request's body did not arrive in time.
    RequestTimeout => RequestTimeout, 408, "the request's body did not arrive in time";
    /// The request's body is too large.
    PayloadTooLarge => PayloadTooLarge, 413, "the request's body is too large";
    /// The request's body is not a form.
    UnsupportedMediaType => UnsupportedMediaType, 415, "the request's body is not a form";
    /// The request came as TLS early data, which an attacker can replay (RFC 8470, section 5.1).
    TooEarly => TooEarly, 425, "the request came as replayable early data";
    /// A prefetch or prerender: answered without side effect.
    Prefetch => Prefetch, 503, "a login is not prefetched";
    /// A handler wants a token, but the middleware is not mounted.
    MiddlewareMissing => MiddlewareMissing, 500, "the login middleware is not mounted";
    /// A stored account that no configured secret opens. Its user is still connected. From
    /// [`OfflineAccess::token`](crate::OfflineAccess::token) only.
    AccountUnreadable => InternalError, 500, "no configured cookie secret opens the stored account; \
        its user is still connected";
    /// The server itself lacks something: random bytes, or an async runtime.
    Internal => InternalError, 500, "the server cannot finish this request";
}

impl AuthErrorKind {
    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::TimedOut
                | Self::MalformedAnswer
                | Self::Throttled
                | Self::AuthorizationUnavailable
                | Self::Busy
                | Self::Store
                | Self::TooEarly
                | Self::Prefetch
        )
    }
}

impl AuthError {
    pub(crate) fn new(kind: AuthErrorKind) -> Self {
        Self { inner: Box::new(Inner { kind, source: None, retry_after: None }) }
    }

    pub(crate) fn with_source(
        kind: AuthErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { inner: Box::new(Inner { kind, source: Some(source.into()), retry_after: None }) }
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.inner.retry_after = wait;
        self
    }

    /// The provider's own words, when it gave any.
    #[must_use]
    pub fn rejection(&self) -> Option<&ProviderRejection> {
        self.inner.source.as_ref()?.downcast_ref()
    }

    /// The cause without this error around it.
    pub(crate) fn into_source(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.inner.source
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> AuthErrorKind {
        self.inner.kind
    }

    /// What goes outside. See [`AuthErrorKind::code`].
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.inner.kind.code()
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.inner.kind.status()
    }

    /// The wait the provider asked for, when it named one.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Whether the user said no. Nothing is broken: tell them calmly that they are not logged in.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.inner.kind == AuthErrorKind::Denied
    }

    /// Whether the attempt could not be proven: stale, from another browser, or forged.
    #[must_use]
    pub fn is_state(&self) -> bool {
        self.code() == ErrorCode::InvalidState
    }

    /// Whether the provider, or the way to it, is the cause.
    #[must_use]
    pub fn is_provider(&self) -> bool {
        matches!(
            self.code(),
            ErrorCode::AuthorizationRejected
                | ErrorCode::ProviderRejected
                | ErrorCode::ProviderUnavailable
                | ErrorCode::CodeRejected
        )
    }

    /// Whether the same request may succeed later. See [`AuthErrorKind::is_retryable`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.inner.kind.is_retryable()
    }
}

impl From<AuthErrorKind> for AuthError {
    fn from(kind: AuthErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.inner.kind.text())
    }
}

impl fmt::Debug for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthError")
            .field("kind", &self.inner.kind)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl Error for AuthError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.inner.source.as_deref()?;
        Some(source)
    }
}

/// The error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
