//! Every text of the crate's pages and JSON messages, in English and in the app's translations.

use std::collections::BTreeMap;

use crate::error::ConfigError;
use crate::messages::Languages;
use crate::messages::is_tag;

const FIELD: &str = "texts";

/// The longest text, in bytes.
const MAX_TEXT_BYTES: usize = 1_000;

macro_rules! texts {
    ($($name:ident = $english:literal;)+) => {
        /// The name of one text. Each variant is documented by its English default.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Text {
            $(#[doc = $english] $name,)+
        }

        impl Text {
            /// Every text.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The English default.
            #[must_use]
            pub const fn english(self) -> &'static str {
                match self { $(Self::$name => $english,)+ }
            }
        }
    };
}

texts! {
    // Links and buttons that lead on.
    TryAgain = "Try again";
    LoadAgain = "Load this page again";
    BackToSite = "Back to the site";
    LogIn = "Log in with Instagram";
    Connect = "Connect an Instagram account";
    LogOut = "Log out";
    GoOn = "Go on";
    AskForPermission = "Ask Instagram for it";

    // The start of a login.
    LogInExplained = "You will go to Instagram, and come back here.";
    OneMoment = "One moment";
    GoingOn = "Your browser goes on without a click.";

    // A login that failed or was declined.
    NothingChangedTitle = "Nothing was changed";
    Declined = "You chose not to continue with Instagram, so nothing was shared.";
    RefusedToGoOnTitle = "Instagram did not go on with this";
    RefusedToGoOn = "Instagram refused this login. Trying again may help. If it does not, the operator of \
        this site can find the reason by the number below.";
    IncompleteTitle = "This login is not complete";
    Incomplete = "The address that led here was not complete. Start the login again from this browser.";
    CannotGoOnTitle = "This login cannot go on";
    CannotGoOn = "It was completed already, it took too long, or it was begun in another browser. Start \
        it again from this browser.";
    NoCookieTitle = "This browser sent no cookie";
    NoCookie = "A login needs a cookie of this site, and this browser sent none. Check that cookies are \
        allowed for this site, and that you come back in the browser in which you began: the window of \
        an app or a private window is another one. Then start again.";
    NotAcceptedTitle = "This login was not accepted";
    NotAccepted = "Instagram did not accept it. It may have been used already. Start it again.";
    PermissionTitle = "A permission is missing";
    PermissionExplained = "This site needs every permission it asks for. Try again and leave them \
        ticked.";
    PermissionNeeded = "This page needs a permission that you have not given: {permissions}.";
    DoesNotWorkTitle = "Login does not work right now";
    SettingsRefused = "Instagram does not accept the settings of this site. Only its operator can change \
        them, and can find the reason by the number below.";
    NoAnswerTitle = "Instagram does not answer";
    NoAnswer = "The login could not be finished. Please try again in a moment.";
    StoreTitle = "One of our systems does not answer";
    StoreAtLogin = "The login could not be finished. Please try again in a moment.";
    RejectedTitle = "This account cannot log in";
    Rejected = "This site does not accept the account you chose.";
    WrongTitle = "Something went wrong";
    WrongAtLogin = "The login could not be finished. Please try again.";
    RequestRefusedTitle = "This request was refused";
    OwnWindow = "A login starts and ends in a browser window of its own. Open this page directly.";
    NotHereTitle = "This does not work here";
    ForAButton = "This address is for a button of this site, not for opening.";
    NotYetTitle = "Not yet";
    OpenAgain = "Open this page again to go on.";

    // Connecting an account. Its users are logged in to the app already.
    NotConnectedTitle = "No account was connected";
    LinkingDeclined = "You chose not to continue with Instagram. Nothing was shared.";
    LinkingRefused = "Instagram refused this. Trying again may help. If it does not, the operator of \
        this site can find the reason by the number below.";
    LinkingCannotGoOnTitle = "Nothing was connected this time";
    LinkingCannotGoOn = "This was completed already, took too long, or was begun by another user. Your \
        own page shows what is connected; start again there if something is missing.";
    LinkingNotAccepted = "Instagram did not accept this. It may have been used already. Start it again.";
    LinkingUnavailable = "Instagram does not answer. Please try again in a moment.";
    LinkingStore = "One of our systems does not answer. Please try again in a moment.";
    LinkingWrong = "Something went wrong. Please try again.";
    LogInToSiteTitle = "Please log in";
    LogInToSite = "Log in to this site first, then connect the account.";
    LinkingOwnWindow = "Accounts are connected in a browser window of its own. Open this page directly.";

    // Pages of the app that need a login.
    LogInFirstTitle = "Please log in first";
    PageNeedsLogin = "This page is for users who are logged in with Instagram.";
    FormNeedsLogin = "You need to be logged in to send this. Nothing was saved. Log in, go back to the \
        form and send it again.";
    CannotShowTitle = "This page cannot be shown right now";
    CannotShow = "One of our systems does not answer. Please load the page again in a moment.";
    CannotShowWrong = "Something went wrong. Please load the page again in a moment.";

    // Logging out.
    LogOutTitle = "Log out?";
    LogOutExplained = "Press the button to log out of this site.";
    LogOutRefused = "The request to log out did not come from a page of this site. Press the button to \
        log out.";
    HalfLoggedOutTitle = "This browser has forgotten your login";
    HalfLoggedOutStore = "One of our systems did not answer, so the login could not be ended on the \
        server as well. Nobody can use it from this browser.";
    HalfLoggedOutWrong = "Something else that belongs to logging out failed. Nobody can use the login \
        from this browser.";
    LogOutWrong = "You could not be logged out. Please try again.";

    // The provider's requests, and the status of a deletion.
    NotSigned = "It is not signed as Instagram signs its requests, or it is too old.";
    RequestIncomplete = "It is not complete, or it says something twice.";
    OnlyForms = "Only a form is read here.";
    TooLarge = "It is larger than any of Instagram's.";
    TooSlow = "It did not arrive whole in time.";
    ForInstagram = "This address is for Instagram. To see how far a deletion is, open the whole link \
        that came with its code.";
    CannotLookUpTitle = "We cannot look that up";
    CannotLookUp = "One of our systems does not answer. Please ask again in a moment.";
    NotDoneTitle = "This was not done";
    NotDone = "Something went wrong here. Please send it again.";
    AskAgain = "Please ask again in a moment.";
    DeletionTitle = "Your deletion request";
    DeletionQueued = "Your data is being deleted.";
    DeletionDone = "Your data has been deleted.";
    DeletionFailed = "Your data could not be deleted yet. Please write to the operator of this site.";
    DeletionUnknown = "Your request came in. How far it has come is not kept here; please write to the \
        operator of this site.";
    NoSuchDeletionTitle = "No such request";
    NoSuchDeletion = "There is no deletion request with this code. Check that the address is whole.";

    // JSON, for API clients.
    ProgramNeedsLogin = "Log in with Instagram first: open `login_url` in a browser window.";
    ProgramNeedsPermission = "Open `login_url` in a browser window to grant what is missing.";
}

/// The texts of one language. Texts that are not given stay English.
///
/// Texts are plain text: the page escapes them. If a default has a `{placeholder}`, its translation
/// needs the same one, exactly once. An invalid text is refused when the configuration is built.
///
/// ```
/// use ig_oauth_common::{Config, Text, Texts};
///
/// let german = Texts::new("de")
///     .with(Text::LogIn, "Mit Instagram anmelden")
///     .with(Text::TryAgain, "Noch einmal versuchen")
///     .with(Text::PermissionNeeded, "Diese Seite braucht noch eine Erlaubnis: {permissions}.");
/// assert!(german.missing().count() > 10, "the rest is English yet");
/// let config = Config::builder(
///     "990602627938098",
///     "obviously-fake-app-secret-0123456789",
///     "https://app.example/auth/instagram/callback",
/// )
/// .texts(Texts::new("en"))
/// .texts(german)
/// .build()?;
/// # Ok::<(), ig_oauth_common::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Texts {
    language: String,
    own: BTreeMap<Text, String>,
}

impl Texts {
    /// Texts in `language`, a tag such as `de` or `pt-BR`, which becomes the page's `lang`. All of
    /// them are English until they are set.
    pub fn new(language: impl Into<String>) -> Self {
        Self { language: language.into(), own: BTreeMap::new() }
    }

    /// Sets `text` to `words`.
    pub fn with(mut self, text: Text, words: impl Into<String>) -> Self {
        self.own.insert(text, words.into());
        self
    }

    /// The language tag.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The texts that are not set. A test can check that there are none.
    pub fn missing(&self) -> impl Iterator<Item = Text> {
        Text::ALL.iter().copied().filter(|text| !self.own.contains_key(text))
    }

    pub(crate) fn get(&self, text: Text) -> &str {
        self.own.get(&text).map_or(text.english(), String::as_str)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !is_tag(&self.language) {
            let problem = format!("are for `{}`, no language tag", self.language.escape_debug());
            return Err(ConfigError::new(FIELD, problem, "name one such as `de` or `pt-BR`"));
        }
        for (text, words) in &self.own {
            let named = |problem: String| format!("in `{}`: `{text:?}` {problem}", self.language);
            if words.trim().is_empty() || words.len() > MAX_TEXT_BYTES {
                let problem = named(format!("has {} bytes", words.len()));
                let cure = "give it some words, of 1,000 bytes at most";
                return Err(ConfigError::new(FIELD, problem, cure));
            }
            if words.chars().any(char::is_control) {
                let problem = named("holds a control character or a line break".to_owned());
                return Err(ConfigError::new(FIELD, problem, "write it in one line"));
            }
            let (needed, given) = (placeholders(text.english()), placeholders(words));
            if needed != given {
                let problem = named(format!("has the placeholders {given:?}"));
                let cure = format!("use exactly {needed:?}, as the English text does");
                return Err(ConfigError::new(FIELD, problem, cure));
            }
        }
        Ok(())
    }
}

/// The names in braces, in order.
fn placeholders(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1);
    parts.map(|part| part.split('}').next().unwrap_or_default()).collect()
}

/// The texts of an app in all its languages. The first language is the default.
#[derive(Clone, Debug)]
pub(crate) struct Translations {
    first: Texts,
    others: Vec<Texts>,
}

impl Translations {
    /// Checks the given texts. Default: English.
    pub(crate) fn checked(given: Vec<Texts>) -> Result<Self, ConfigError> {
        for (index, texts) in given.iter().enumerate() {
            texts.check()?;
            let same = |earlier: &Texts| earlier.language.eq_ignore_ascii_case(&texts.language);
            if given.iter().take(index).any(same) {
                let problem = format!("are given twice for `{}`", texts.language);
                return Err(ConfigError::new(FIELD, problem, "give each language once"));
            }
        }
        let mut given = given.into_iter();
        let first = given.next().unwrap_or_else(|| Texts::new("en"));
        Ok(Self { first, others: given.collect() })
    }

    /// The texts in the language that the client prefers, or the default.
    pub(crate) fn of(&self, languages: &Languages) -> &Texts {
        let all = || std::iter::once(&self.first).chain(&self.others);
        let chosen = languages.choose(all().map(Texts::language));
        chosen.and_then(|index| all().nth(index)).unwrap_or(&self.first)
    }
}

/// The name of the site, shown on every page.
pub(crate) fn site_name(given: Option<String>) -> Result<Option<String>, ConfigError> {
    let Some(name) = given else { return Ok(None) };
    if name.trim().is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        let problem = format!("is `{}`", name.escape_debug());
        let cure = "give 1 to 60 characters in one line, or leave it out";
        return Err(ConfigError::new("site_name", problem, cure));
    }
    Ok(Some(name))
}
