//! The kinds of errors, detailed enough for logs and hooks.

use super::code::ErrorCode;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident => $code:ident, $status:literal, $text:literal;)+) => {
        /// The kinds of errors, detailed enough for logs and hooks.
        ///
        /// Several kinds share one [`code`](Self::code), so that the browser learns no more than it
        /// needs: only the log says which check a forged callback failed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuthErrorKind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl AuthErrorKind {
            /// Every kind, in the order of the table in the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The public code: in `{"error": …}` and `?error=…`.
            #[must_use]
            pub const fn code(self) -> ErrorCode {
                match self { $(Self::$kind => ErrorCode::$code,)+ }
            }

            /// The HTTP status of the answer, unless a hook or a redirect replaces it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)+ }
            }

            pub(super) const fn text(self) -> &'static str {
                match self { $(Self::$kind => $text,)+ }
            }
        }
    };
}

kinds! {
    /// The user pressed Cancel in the authorization window, or the provider refused for the user.
    Denied => AccessDenied, 403, "the user declined the authorization request";
    /// The provider refused the authorization request for a reason that is not the user's.
    AuthorizationRejected => AuthorizationRejected, 400, "the provider rejected the authorization \
        request";
    /// The query cannot be parsed: bad percent-encoding, a control byte, `code` together with
    /// `error`.
    Malformed => InvalidRequest, 400, "the callback's query is malformed";
    /// A parameter occurs twice (RFC 6749, section 3.1, forbids it).
    DuplicateParameter => InvalidRequest, 400, "the callback's query names a parameter twice";
    /// The callback has neither `code` nor `error`.
    MissingCode => InvalidRequest, 400, "the callback carries neither a code nor an error";
    /// The query is larger than a callback's can be.
    Oversize => InvalidRequest, 400, "the request's query is too large";
    /// The callback has no `state`.
    MissingState => InvalidState, 400, "the callback carries no state";
    /// This browser has no login attempt with that state.
    MissingAttempt => InvalidState, 400, "this browser has no login attempt with that state; \
        cookies are per host, so login and callback must share the redirect URI's host name";
    /// The attempt's cookie was not signed by the crate, or was changed.
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
    /// The provider reports the access token as expired or revoked: it is permanently invalid.
    TokenInvalid => CodeRejected, 400, "the access token has expired or was revoked";
    /// The authorization server had a fault of its own (`server_error` and
    /// `temporarily_unavailable` of RFC 6749, section 4.1.2.1).
    AuthorizationUnavailable => ProviderUnavailable, 503, "the authorization window has a fault of \
        its own";
    /// The provider refused this app's settings or one of its requests.
    ProviderRejected => ProviderRejected, 500, "the provider refused a request of this app";
    /// No connection to the provider, or it answered with a server error.
    Unreachable => ProviderUnavailable, 503, "the provider cannot be reached, or has a fault of its \
        own";
    /// The provider, or the whole login, took too long.
    TimedOut => ProviderUnavailable, 503, "the provider took too long";
    /// The provider's response cannot be parsed.
    MalformedAnswer => ProviderUnavailable, 503, "the provider's answer is malformed";
    /// The provider's response is too large for a token response.
    OversizeAnswer => ProviderUnavailable, 503, "the provider's answer is too large";
    /// The provider answered with a redirect. It is not followed, because that would send a secret
    /// along.
    Redirected => ProviderUnavailable, 503, "the provider answered with a redirect, which is \
        never followed with a secret in hand";
    /// The provider limits the rate of calls.
    Throttled => ProviderUnavailable, 503, "the provider limits the rate of calls";
    /// Too many requests to the provider are already running. None was sent for this one.
    Busy => ProviderUnavailable, 503, "too many requests to the provider are under way";
    /// The store does not answer.
    Store => StoreUnavailable, 503, "the session store is unavailable, or none is set";
    /// A hook of the app refused the login.
    RejectedByApp => RejectedByApp, 403, "the app refused the login";
    /// A hook of the app failed.
    Hook => HookFailed, 500, "a hook of the app failed";
    /// A subresource, a frame, a script or another site requested what only a navigation may.
    ForbiddenContext => ForbiddenContext, 403, "the request comes from a context that may not \
        start or finish a login";
    /// A handler needs a token and there is none.
    LoginRequired => LoginRequired, 401, "a login is required";
    /// The provider reports the token of a stored account as invalid. From
    /// [`OfflineAccess::token`](crate::OfflineAccess::token) only.
    TokenDead => LoginRequired, 401, "the provider calls this account's token invalid: its user \
        must log in again";
    /// The provider's `signed_request` does not verify.
    SignedRequest => InvalidSignedRequest, 400, "the signed request does not verify";
    /// The path is a route of the crate, but the method is not allowed.
    MethodNotAllowed => MethodNotAllowed, 405, "the method is not allowed here";
    /// The request's body did not arrive in time.
    RequestTimeout => RequestTimeout, 408, "the request's body did not arrive in time";
    /// The request's body is too large.
    PayloadTooLarge => PayloadTooLarge, 413, "the request's body is too large";
    /// The request's body is not a form.
    UnsupportedMediaType => UnsupportedMediaType, 415, "the request's body is not a form";
    /// The request arrived as TLS early data, which an attacker can replay (RFC 8470, section 5.1).
    TooEarly => TooEarly, 425, "the request came as replayable early data";
    /// A prefetch or prerender, answered without a side effect.
    Prefetch => Prefetch, 503, "a login is not prefetched";
    /// A handler needs a token, but the middleware is not mounted.
    MiddlewareMissing => MiddlewareMissing, 500, "the login middleware is not mounted";
    /// None of the configured secrets decrypts the stored account. Its user is still connected.
    /// From [`OfflineAccess::token`](crate::OfflineAccess::token) only.
    AccountUnreadable => InternalError, 500, "no configured cookie secret opens the stored account; \
        its user is still connected";
    /// The token does not fit into a session cookie.
    OversizeSession => InternalError, 500, "the token does not fit into a session cookie of 3,072 \
        bytes; use a store";
    /// The server lacks something that it needs: random bytes, or an async runtime.
    Internal => InternalError, 500, "the server cannot finish this request";
}

impl AuthErrorKind {
    /// Whether the same request may succeed later without any change.
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
