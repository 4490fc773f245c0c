//! The crate's HTML pages: readable on phones and in dark mode, without scripts and without
//! external resources.

mod table;

use std::fmt::Write as _;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

pub(crate) use table::{Scene, Words};

use self::table::Way;
use super::texts::{Text, Texts, Translations};
use crate::api::Scopes;
use crate::encoding::html_escaped;
use crate::error::{AuthErrorKind, ErrorCode};
use crate::flow::addresses::Addresses;
use crate::messages::{Languages, Reply};
use crate::store::DeletionStatus;

const STYLE: &str = include_str!("style.css");

/// The pages of one configuration. Their content security policy is built once.
pub(crate) struct Pages {
    policy: String,
    policy_with_form: String,
    translations: Translations,
    site_name: Option<String>,
}

/// Writes the pages in one language.
pub(crate) struct PageWriter<'p> {
    pages: &'p Pages,
    texts: &'p Texts,
}

/// The targets of the links and buttons.
pub(crate) struct Ways {
    pub(crate) login: String,
    pub(crate) logout: String,
    pub(crate) site: String,
}

impl Pages {
    pub(crate) fn new(
        translations: Translations,
        site_name: Option<String>,
        authorize_origin: &str,
        addresses: &Addresses,
    ) -> Self {
        let digest = Sha256::digest(STYLE.as_bytes());
        let style = base64::engine::general_purpose::STANDARD.encode(digest);
        // The one image is the empty icon: without it browsers request `/favicon.ico` and report an
        // error.
        let policy = |form_action: &str| {
            format!(
                "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; \
                 form-action {form_action}; frame-ancestors 'none'"
            )
        };
        let basic = format!("'self' {}", authorize_origin);
        // Browsers check every redirect after a form's POST against `form-action`: the
        // authorization window, the callback, and the page where the login ends.
        let mut chain = format!("{basic} {}", addresses.redirect_uri.origin);
        for origin in &addresses.allowed_return_origins {
            let _ = write!(chain, " {origin}");
        }
        Self { policy: policy(&basic), policy_with_form: policy(&chain), translations, site_name }
    }

    pub(crate) fn in_language_of(&self, languages: &Languages) -> PageWriter<'_> {
        PageWriter { pages: self, texts: self.translations.of(languages) }
    }
}

impl PageWriter<'_> {
    /// The text, for JSON.
    pub(crate) fn text(&self, text: Text) -> &str {
        self.texts.get(text)
    }

    /// Title and text in one line, for JSON.
    pub(crate) fn message(&self, words: Words) -> String {
        let title = self.texts.get(words.title);
        let end = if title.ends_with(char::is_alphanumeric) { "." } else { "" };
        format!("{title}{end} {}", self.texts.get(words.text))
    }

    /// The page of an error, with links that lead on.
    pub(crate) fn failure(
        &self,
        (status, code): (u16, ErrorCode),
        words: Words,
        ways: &Ways,
        id: &str,
    ) -> Reply {
        let mut body = format!("<p>{}</p>", self.escaped(words.text));
        let mut class = "act";
        for way in words.ways {
            let (label, href) = match way {
                Way::TryAgain => (Text::TryAgain, &*ways.login),
                Way::LogIn => (Text::LogIn, &*ways.login),
                // A link to the page's own address.
                Way::Reload => (Text::LoadAgain, ""),
                Way::Site => (Text::BackToSite, &*ways.site),
                Way::LogOut => {
                    body.push_str(&self.button(Text::LogOut, &ways.logout));
                    continue;
                }
            };
            body.push_str(&self.link(class, label, href));
            class = "more";
        }
        let _ = write!(body, "<small>{code}");
        if !id.is_empty() {
            let _ = write!(body, " &middot; {id}");
        }
        body.push_str("</small>");
        self.page(status, words.title, "", &body, words.ways.contains(&Way::LogOut))
    }

    /// The permissions that this page needs and the user has not granted, with a link to grant
    /// them.
    pub(crate) fn missing_permission(&self, missing: &Scopes, link: &str) -> Reply {
        let kind = AuthErrorKind::MissingPermission;
        let names = missing.iter().map(|scope| html_escaped(scope.as_str()));
        let names: Vec<_> = names.map(|name| format!("<code>{name}</code>")).collect();
        // Escaped first: the braces remain, and the inserted text is the crate's own markup.
        let text = self.escaped(Text::PermissionNeeded);
        let text = text.replace("{permissions}", &names.join(", "));
        let body = format!(
            "<p>{text}</p>{}<small>{}</small>",
            self.link("act", Text::AskForPermission, link),
            kind.code(),
        );
        self.page(kind.status(), Text::PermissionTitle, "", &body, false)
    }

    /// The page for a form that was sent without a login, or for a page that cannot redirect to
    /// one.
    pub(crate) fn login_required(&self, words: Words, login: &str) -> Reply {
        let kind = AuthErrorKind::LoginRequired;
        let ways = Ways { login: login.to_owned(), logout: String::new(), site: String::new() };
        self.failure((kind.status(), kind.code()), words, &ways, "")
    }

    /// A page with one button that starts a login: by POST where that is required, otherwise by a
    /// link.
    pub(crate) fn login_button(&self, label: Text, action: &str, by_post: bool) -> Reply {
        let button =
            if by_post { self.button(label, action) } else { self.link("act", label, action) };
        let body = format!("<p>{}</p>{button}", self.escaped(Text::LogInExplained));
        self.page(200, label, "", &body, by_post)
    }

    /// Continues to `url` on this site without a click, so that the browser sends its
    /// `SameSite=Strict` cookies, which it does not send on a redirect from the provider's site.
    pub(crate) fn bounce(&self, url: &str) -> Reply {
        let refresh =
            format!("<meta http-equiv=\"refresh\" content=\"0;url={}\">", html_escaped(url));
        let link = self.link("act", Text::GoOn, url);
        let body = format!("<p>{}</p>{link}", self.escaped(Text::GoingOn));
        self.page(200, Text::OneMoment, &refresh, &body, false)
    }

    /// The status of a user's deletion request, as far as it is known. It contains nothing about
    /// the user.
    pub(crate) fn deletion(&self, status: Option<DeletionStatus>) -> Reply {
        let text = match status {
            Some(DeletionStatus::Queued) => Text::DeletionQueued,
            Some(DeletionStatus::Done) => Text::DeletionDone,
            Some(DeletionStatus::Failed) => Text::DeletionFailed,
            None => Text::DeletionUnknown,
        };
        let body = format!("<p>{}</p>", self.escaped(text));
        self.page(200, Text::DeletionTitle, "", &body, false)
    }

    /// A confirmation code that the crate did not issue.
    pub(crate) fn unknown_code(&self) -> Reply {
        let body = format!("<p>{}</p>", self.escaped(Text::NoSuchDeletion));
        self.page(404, Text::NoSuchDeletionTitle, "", &body, false)
    }

    fn escaped(&self, text: Text) -> String {
        html_escaped(self.texts.get(text))
    }

    fn link(&self, class: &str, label: Text, href: &str) -> String {
        let label = self.escaped(label);
        format!("<p><a class=\"{class}\" href=\"{}\">{label}</a></p>", html_escaped(href))
    }

    fn button(&self, label: Text, action: &str) -> String {
        let label = self.escaped(label);
        let action = html_escaped(action);
        format!("<form method=\"post\" action=\"{action}\"><button>{label}</button></form>")
    }

    fn page(&self, status: u16, title: Text, head: &str, body: &str, has_form: bool) -> Reply {
        let heading = self.escaped(title);
        let (mut title, mut site) = (heading.clone(), String::new());
        if let Some(name) = self.pages.site_name.as_deref().map(html_escaped) {
            let _ = write!(title, " &middot; {name}");
            site = format!("<p class=\"site\">{name}</p>");
        }
        let language = self.texts.language();
        let direction = if is_written_from_the_right(language) { " dir=\"rtl\"" } else { "" };
        let html = format!(
            "<!doctype html><html lang=\"{language}\"{direction}><head><meta charset=\"utf-8\"><meta \
             name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" \
             content=\"noindex\"><link rel=\"icon\" href=\"data:,\">{head}<title>{title}</title>\
             <style>{STYLE}</style></head><body><main>{site}<h1>{heading}</h1>{body}</main></body>\
             </html>"
        );
        let policy = if has_form { &self.pages.policy_with_form } else { &self.pages.policy };
        // With `no-referrer` a form posts `Origin: null`, which the check of POSTs must refuse.
        let referrer = if has_form { "same-origin" } else { "no-referrer" };
        Reply::empty(status)
            .content("text/html; charset=utf-8", html)
            .header("content-language", language)
            .header("x-frame-options", "DENY")
            .header("content-security-policy", policy.as_str())
            .header("referrer-policy", referrer)
    }
}

/// The languages in use on the web that are usually written from right to left.
fn is_written_from_the_right(language: &str) -> bool {
    let first = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    matches!(&*first, "ar" | "ckb" | "dv" | "fa" | "he" | "ps" | "sd" | "ug" | "ur" | "yi")
}
