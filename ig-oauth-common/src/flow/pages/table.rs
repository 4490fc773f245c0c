//! The texts and links of the page for each failure, by the place of the failure and its code.
//!
//! Every scene lists every code, so a new code must be considered in each scene.

use crate::error::ErrorCode;
use crate::flow::texts::Text;

/// The place where a failure happened: it decides the texts and the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// A user logs in.
    Login,
    /// A user of the app connects an account.
    Linking,
    /// A page of the app reads the session.
    AppPage,
    /// A user logs out.
    Logout,
    /// The provider's requests, and the status of a deletion.
    Platform,
}

/// A link or button on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Starts the same login again.
    TryAgain,
    /// Starts a login, for a user who has not tried one yet.
    LogIn,
    /// Loads the same address again.
    Reload,
    /// The button that logs out.
    LogOut,
    /// The site: where a logout ends, or the app's page for connected accounts.
    Site,
}

/// The content of one page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) title: Text,
    pub(crate) text: Text,
    /// The most useful one first.
    pub(crate) ways: &'static [Way],
}

const fn words(title: Text, text: Text, ways: &'static [Way]) -> Words {
    Words { title, text, ways }
}

const NONE: &[Way] = &[];
const AGAIN: &[Way] = &[Way::TryAgain];
const AGAIN_OR_SITE: &[Way] = &[Way::TryAgain, Way::Site];
const LOG_IN: &[Way] = &[Way::LogIn];
const RELOAD: &[Way] = &[Way::Reload];
const LOG_OUT: &[Way] = &[Way::LogOut];
const SITE: &[Way] = &[Way::Site];

impl Scene {
    pub(crate) fn words(self, code: ErrorCode) -> Words {
        match self {
            Self::Login => at_login(code),
            Self::Linking => at_linking(code),
            Self::AppPage => at_an_app_page(code),
            Self::Logout => at_logout(code),
            Self::Platform => at_the_platform(code),
        }
    }

    /// A callback with none of the crate's cookies.
    pub(crate) fn words_without_cookies(self) -> Words {
        words(Text::NoCookieTitle, Text::NoCookie, AGAIN)
    }

    /// A form of the app was sent without a login. Its data is not kept.
    pub(crate) fn words_about_a_form(self) -> Words {
        Words { text: Text::FormNeedsLogin, ..self.words(ErrorCode::LoginRequired) }
    }

    /// All places are taken. The same callback can be sent again.
    pub(crate) fn words_when_busy(self) -> Words {
        Words { ways: RELOAD, ..self.words(ErrorCode::ProviderUnavailable) }
    }
}

fn at_login(code: ErrorCode) -> Words {
    use ErrorCode as Code;
    match code {
        // The user may be logged in, and was asked for more permissions.
        Code::AccessDenied => words(Text::NothingChangedTitle, Text::Declined, AGAIN_OR_SITE),
        Code::AuthorizationRejected => words(Text::RefusedToGoOnTitle, Text::RefusedToGoOn, AGAIN),
        Code::InvalidRequest => words(Text::IncompleteTitle, Text::Incomplete, AGAIN),
        Code::InvalidState => words(Text::CannotGoOnTitle, Text::CannotGoOn, AGAIN),
        Code::CodeRejected => words(Text::NotAcceptedTitle, Text::NotAccepted, AGAIN),
        Code::MissingPermission => words(Text::PermissionTitle, Text::PermissionExplained, AGAIN),
        Code::ProviderRejected => {
            words(Text::DoesNotWorkTitle, Text::SettingsRefused, AGAIN_OR_SITE)
        }
        Code::ProviderUnavailable => words(Text::NoAnswerTitle, Text::NoAnswer, AGAIN),
        Code::StoreUnavailable => words(Text::StoreTitle, Text::StoreAtLogin, AGAIN),
        Code::RejectedByApp => words(Text::RejectedTitle, Text::Rejected, AGAIN_OR_SITE),
        Code::ForbiddenContext => words(Text::RequestRefusedTitle, Text::OwnWindow, AGAIN),
        Code::LoginRequired => words(Text::LogInFirstTitle, Text::PageNeedsLogin, LOG_IN),
        Code::MethodNotAllowed => words(Text::NotHereTitle, Text::ForAButton, AGAIN),
        Code::TooEarly | Code::Prefetch => words(Text::NotYetTitle, Text::OpenAgain, RELOAD),
        Code::HookFailed
        | Code::InternalError
        | Code::InvalidSignedRequest
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::MiddlewareMissing => words(Text::WrongTitle, Text::WrongAtLogin, AGAIN),
    }
}

fn at_linking(code: ErrorCode) -> Words {
    use ErrorCode as Code;
    const TITLE: Text = Text::NotConnectedTitle;
    match code {
        Code::AccessDenied => words(TITLE, Text::LinkingDeclined, AGAIN_OR_SITE),
        Code::AuthorizationRejected => words(TITLE, Text::LinkingRefused, AGAIN_OR_SITE),
        // Also the result of the back button after the attempt ended well and its cookie was
        // removed.
        Code::InvalidRequest | Code::InvalidState => {
            words(Text::LinkingCannotGoOnTitle, Text::LinkingCannotGoOn, AGAIN_OR_SITE)
        }
        Code::CodeRejected => words(TITLE, Text::LinkingNotAccepted, AGAIN_OR_SITE),
        Code::MissingPermission => words(TITLE, Text::PermissionExplained, AGAIN_OR_SITE),
        Code::ProviderRejected => words(TITLE, Text::SettingsRefused, AGAIN_OR_SITE),
        Code::ProviderUnavailable => words(TITLE, Text::LinkingUnavailable, AGAIN_OR_SITE),
        Code::StoreUnavailable => words(TITLE, Text::LinkingStore, AGAIN_OR_SITE),
        Code::RejectedByApp => words(TITLE, Text::Rejected, AGAIN_OR_SITE),
        Code::ForbiddenContext => words(Text::RequestRefusedTitle, Text::LinkingOwnWindow, AGAIN),
        // With linking, users log in to the app first, and only the app knows where.
        Code::LoginRequired => words(Text::LogInToSiteTitle, Text::LogInToSite, NONE),
        Code::MethodNotAllowed => words(Text::NotHereTitle, Text::ForAButton, AGAIN),
        Code::TooEarly | Code::Prefetch => words(Text::NotYetTitle, Text::OpenAgain, RELOAD),
        Code::HookFailed
        | Code::InternalError
        | Code::InvalidSignedRequest
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::MiddlewareMissing => words(TITLE, Text::LinkingWrong, AGAIN_OR_SITE),
    }
}

fn at_an_app_page(code: ErrorCode) -> Words {
    use ErrorCode as Code;
    const TITLE: Text = Text::CannotShowTitle;
    match code {
        Code::LoginRequired => words(Text::LogInFirstTitle, Text::PageNeedsLogin, LOG_IN),
        Code::MissingPermission => words(Text::PermissionTitle, Text::PermissionExplained, AGAIN),
        // The session cannot be determined, and a redirect to the provider would not help.
        Code::StoreUnavailable => words(TITLE, Text::CannotShow, RELOAD),
        Code::AccessDenied
        | Code::AuthorizationRejected
        | Code::InvalidRequest
        | Code::InvalidState
        | Code::CodeRejected
        | Code::ProviderRejected
        | Code::ProviderUnavailable
        | Code::RejectedByApp
        | Code::HookFailed
        | Code::ForbiddenContext
        | Code::InvalidSignedRequest
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::TooEarly
        | Code::Prefetch
        | Code::MiddlewareMissing
        | Code::InternalError => words(TITLE, Text::CannotShowWrong, RELOAD),
    }
}

/// A user who wants to log out is never offered a login.
fn at_logout(code: ErrorCode) -> Words {
    use ErrorCode as Code;
    const HALF: Text = Text::HalfLoggedOutTitle;
    match code {
        Code::MethodNotAllowed => words(Text::LogOutTitle, Text::LogOutExplained, LOG_OUT),
        Code::ForbiddenContext => words(Text::LogOutTitle, Text::LogOutRefused, LOG_OUT),
        // These answers remove the cookie, so there is nothing to repeat.
        Code::StoreUnavailable => words(HALF, Text::HalfLoggedOutStore, SITE),
        Code::HookFailed | Code::InternalError => words(HALF, Text::HalfLoggedOutWrong, SITE),
        Code::AccessDenied
        | Code::AuthorizationRejected
        | Code::InvalidRequest
        | Code::InvalidState
        | Code::CodeRejected
        | Code::MissingPermission
        | Code::ProviderRejected
        | Code::ProviderUnavailable
        | Code::RejectedByApp
        | Code::LoginRequired
        | Code::InvalidSignedRequest
        | Code::RequestTimeout
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::TooEarly
        | Code::Prefetch
        | Code::MiddlewareMissing => words(Text::WrongTitle, Text::LogOutWrong, LOG_OUT),
    }
}

fn at_the_platform(code: ErrorCode) -> Words {
    use ErrorCode as Code;
    const REFUSED: Text = Text::RequestRefusedTitle;
    match code {
        Code::InvalidSignedRequest => words(REFUSED, Text::NotSigned, NONE),
        Code::InvalidRequest => words(REFUSED, Text::RequestIncomplete, NONE),
        Code::UnsupportedMediaType => words(REFUSED, Text::OnlyForms, NONE),
        Code::PayloadTooLarge => words(REFUSED, Text::TooLarge, NONE),
        Code::RequestTimeout => words(REFUSED, Text::TooSlow, NONE),
        Code::MethodNotAllowed => words(Text::NotHereTitle, Text::ForInstagram, NONE),
        Code::StoreUnavailable => words(Text::CannotLookUpTitle, Text::CannotLookUp, RELOAD),
        Code::HookFailed => words(Text::NotDoneTitle, Text::NotDone, NONE),
        Code::AccessDenied
        | Code::AuthorizationRejected
        | Code::InvalidState
        | Code::CodeRejected
        | Code::MissingPermission
        | Code::ProviderRejected
        | Code::ProviderUnavailable
        | Code::RejectedByApp
        | Code::ForbiddenContext
        | Code::LoginRequired
        | Code::TooEarly
        | Code::Prefetch
        | Code::MiddlewareMissing
        | Code::InternalError => words(Text::WrongTitle, Text::AskAgain, NONE),
    }
}
