//! The public error codes.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident = $word:literal;)+) => {
        /// The public error codes: a closed list, used in JSON, on pages, and in
        /// [`failure_url`](crate::ConfigBuilder::failure_url).
        ///
        /// Several [kinds](crate::AuthErrorKind) share a code. `Display` and
        /// [`as_str`](Self::as_str) give its name, such as `invalid_state`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $code,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// The public name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $word,)+ }
            }

            /// The code with that name.
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
    /// The login could not be proven to have started in this browser.
    InvalidState = "invalid_state";
    /// The provider refused the code.
    CodeRejected = "code_rejected";
    /// A required permission was not granted.
    MissingPermission = "missing_permission";
    /// The provider refused the app's settings.
    ProviderRejected = "provider_rejected";
    /// The provider gives no usable response, or too many requests to it are running.
    ProviderUnavailable = "provider_unavailable";
    /// The session store does not answer.
    StoreUnavailable = "store_unavailable";
    /// The app refused the login.
    RejectedByApp = "rejected_by_app";
    /// A hook of the app failed.
    HookFailed = "hook_failed";
    /// Only a page of this site, or a navigation, may send this request.
    ForbiddenContext = "forbidden_context";
    /// A login is needed.
    LoginRequired = "login_required";
    /// The provider's signed request does not verify.
    InvalidSignedRequest = "invalid_signed_request";
    /// The route needs another method.
    MethodNotAllowed = "method_not_allowed";
    /// The body did not arrive in time.
    RequestTimeout = "request_timeout";
    /// The body is too large.
    PayloadTooLarge = "payload_too_large";
    /// The body is not a form.
    UnsupportedMediaType = "unsupported_media_type";
    /// The request arrived as TLS early data.
    TooEarly = "too_early";
    /// The request is a prefetch.
    Prefetch = "prefetch";
    /// The app is not set up correctly: the middleware is missing or misplaced.
    MiddlewareMissing = "middleware_missing";
    /// The server lacks something that it needs.
    InternalError = "internal_error";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
