//! The pages a person sees: readable on a phone and in the dark, without scripts or anything loaded.

mod platform;

use std::fmt::Write as _;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use crate::config::Settings;
use crate::error::AuthErrorKind;
use crate::flow::Reply;

const STYLE: &str = include_str!("style.css");

/// The pages of one configuration: their policy is made once.
pub(crate) struct Pages {
    policy: String,
    policy_with_form: String,
    /// Whether accounts are connected: nobody logs in with them then.
    linking: bool,
}

impl Pages {
    pub(crate) fn new(settings: &Settings) -> Self {
        let digest = Sha256::digest(STYLE.as_bytes());
        let style = base64::engine::general_purpose::STANDARD.encode(digest);
        let policy = |form_action: &str| {
            format!(
                "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action \
                 {form_action}; frame-ancestors 'none'"
            )
        };
        let basic = format!("'self' {}", settings.authorize_origin);
        // Browsers check every redirect after a form's post against `form-action`: the window, the
        // callback, and where the login ends.
        let mut chain = format!("{basic} {}", settings.redirect_uri.origin());
        for origin in &settings.allowed_return_origins {
            let _ = write!(chain, " {origin}");
        }
        Self { policy: policy(&basic), policy_with_form: policy(&chain), linking: settings.linking }
    }

    fn words(&self, kind: AuthErrorKind) -> (&'static str, &'static str) {
        let words = if self.linking { linking_words(kind) } else { None };
        words.unwrap_or_else(|| words_of(kind))
    }

    /// For JSON: title and text in one line.
    pub(crate) fn message(&self, kind: AuthErrorKind) -> String {
        let (title, text) = self.words(kind);
        format!("{title}. {text}")
    }

    /// What went wrong, and a way on.
    pub(crate) fn error(&self, kind: AuthErrorKind, try_again: Option<&str>, id: &str) -> Reply {
        let (title, text) = self.words(kind);
        let link = try_again
            .map(escape)
            .map(|href| format!("<p><a class=\"act\" href=\"{href}\">Try again</a></p>"));
        let body = format!(
            "<h1>{title}</h1><p>{text}</p>{link}<small>{code} &middot; {id}</small>",
            link = link.unwrap_or_default(),
            code = kind.code(),
        );
        self.page(kind.status(), title, "", &body, false)
    }

    /// What this page needs and was not granted, and the way to grant it.
    pub(crate) fn missing_permission(&self, missing: &[String], link: &str) -> Reply {
        let kind = AuthErrorKind::MissingPermission;
        let names: Vec<_> =
            missing.iter().map(|name| format!("<code>{}</code>", escape(name))).collect();
        let body = format!(
            "<h1>A permission is missing</h1><p>This page needs a permission that you have not given: \
             {}.</p><p><a class=\"act\" href=\"{}\">Ask Instagram for it</a></p><small>{}</small>",
            names.join(", "),
            escape(link),
            kind.code(),
        );
        self.page(kind.status(), "A permission is missing", "", &body, false)
    }

    /// A form came without a login. Nothing can be kept of it, so the way on is to send it again.
    pub(crate) fn unsent_form(&self, login: &str) -> Reply {
        let kind = AuthErrorKind::LoginRequired;
        let title = "Please log in first";
        let body = format!(
            "<h1>{title}</h1><p>You need to be logged in to send this. Nothing was saved. Log in, go \
             back to the form and send it again.</p><p><a class=\"act\" href=\"{}\">Log in with \
             Instagram</a></p><small>{}</small>",
            escape(login),
            kind.code(),
        );
        self.page(kind.status(), title, "", &body, false)
    }

    /// One button that starts a login: by POST where that is required, else by a link.
    pub(crate) fn login_button(&self, action: &str, by_post: bool) -> Reply {
        let action = escape(action);
        let label =
            if self.linking { "Connect an Instagram account" } else { "Log in with Instagram" };
        let button = if by_post {
            format!("<form method=\"post\" action=\"{action}\"><button>{label}</button></form>")
        } else {
            format!("<p><a class=\"act\" href=\"{action}\">{label}</a></p>")
        };
        let body =
            format!("<h1>{label}</h1><p>You will go to Instagram, and come back here.</p>{button}");
        self.page(200, label, "", &body, by_post)
    }

    /// Goes on to `url` of this site by itself, so that the browser sends its `SameSite=Strict`
    /// cookies along: it holds them back on the way from the provider's site.
    pub(crate) fn bounce(&self, url: &str) -> Reply {
        let url = escape(url);
        let refresh = format!("<meta http-equiv=\"refresh\" content=\"0;url={url}\">");
        let body = format!(
            "<h1>One moment</h1><p>Going on by itself.</p><p><a class=\"act\" \
             href=\"{url}\">Go on</a></p>"
        );
        self.page(200, "One moment", &refresh, &body, false)
    }

    fn page(&self, status: u16, title: &str, head: &str, body: &str, has_form: bool) -> Reply {
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta \
             name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" \
             content=\"noindex\">{head}<title>{title}</title><style>{STYLE}</style></head><body>\
             <main>{body}</main></body></html>"
        );
        let policy = if has_form { &self.policy_with_form } else { &self.policy };
        // Under `no-referrer` a form posts `Origin: null`, which the post rule must refuse.
        let referrer = if has_form { "same-origin" } else { "no-referrer" };
        Reply::empty(status)
            .header("content-type", "text/html; charset=utf-8")
            .header("x-frame-options", "DENY")
            .header("content-security-policy", policy.as_str())
            .header("referrer-policy", referrer)
            .body(html.into_bytes())
    }
}

/// Title and text for each code. What happened is told in the user's terms; the kind is for logs.
fn words_of(kind: AuthErrorKind) -> (&'static str, &'static str) {
    match kind.code().as_str() {
        // Perhaps somebody who is logged in, and was asked for more.
        "access_denied" => (
            "Nothing was changed",
            "You chose not to continue with Instagram, so nothing was shared.",
        ),
        "invalid_request" | "invalid_state" => (
            "You are not logged in",
            "This login is not complete, or it took too long. Start it again from this browser.",
        ),
        "code_rejected" => (
            "You are not logged in",
            "Instagram did not accept this login. It may have been used already. Start it again.",
        ),
        "missing_permission" => (
            "A permission is missing",
            "This app needs every permission it asks for. Try again and leave them ticked.",
        ),
        "provider_rejected" => (
            "Login does not work right now",
            "Instagram refused this app. The people who run it have been told.",
        ),
        "provider_unavailable" => {
            ("Instagram does not answer", "You are not logged in. Please try again in a moment.")
        }
        "store_unavailable" => (
            "We cannot check your login",
            "One of our systems does not answer. Please try again in a moment.",
        ),
        "rejected_by_app" => {
            ("This account cannot log in", "This app does not accept the account you chose.")
        }
        "forbidden_context" => (
            "This request was refused",
            "A login starts and ends in a browser window of its own. Open this page directly.",
        ),
        "method_not_allowed" => (
            "This does not work here",
            "This address is for a button of this site, not for opening.",
        ),
        "too_early" | "prefetch" => ("Not yet", "Open this page again to go on."),
        _ => ("Something went wrong", "You are not logged in. Please try again."),
    }
}

/// The words of linking mode, where they differ: its users are logged in to the app in any case.
fn linking_words(kind: AuthErrorKind) -> Option<(&'static str, &'static str)> {
    const TITLE: &str = "No account was connected";
    let text = match kind.code().as_str() {
        "access_denied" => "You chose not to continue with Instagram. Nothing was shared.",
        // Also what the back button finds, once the attempt has ended well and its cookie is gone.
        "invalid_request" | "invalid_state" => {
            return Some((
                "Nothing was connected this time",
                "This was completed already, took too long, or was begun by somebody else. Your own \
                 page shows what is connected; start again there if something is missing.",
            ));
        }
        "code_rejected" => {
            "Instagram did not accept this. It may have been used already. Start it again."
        }
        "missing_permission" => {
            "This app needs every permission it asks for. Try again and leave them ticked."
        }
        "provider_rejected" => "Instagram refused this app. The people who run it have been told.",
        "provider_unavailable" => "Instagram does not answer. Please try again in a moment.",
        "store_unavailable" => "One of our systems does not answer. Please try again in a moment.",
        "rejected_by_app" => "This app does not accept the account you chose.",
        "hook_failed" | "internal_error" => "Something went wrong. Please try again.",
        "login_required" => {
            return Some(("Please log in", "Log in to this site first, then connect the account."));
        }
        "forbidden_context" => {
            return Some((
                "This request was refused",
                "Accounts are connected in a browser window of its own. Open this page directly.",
            ));
        }
        _ => return None,
    };
    Some((TITLE, text))
}

/// Text for HTML, in elements and in quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
