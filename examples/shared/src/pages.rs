//! The pages: one home page for anonymous visitors and for users, and the JSON of `/me`.

use ig_oauth_common::http::{Clock as _, SystemClock};
use ig_oauth_common::{AccountType, Api, Lifetime, LoginOptions, Profile, Scope, Scopes, Token};

use crate::Visitor;

const STYLE: &str = include_str!("style.css");

/// The links of the home page.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "the examples make it")]
pub struct Links {
    /// To the login.
    pub login: String,
    /// To a login that asks for [`more`].
    pub more: String,
    /// To the logout, by POST.
    pub logout: String,
    /// Whether there are `/me` and `/media`.
    pub pages: bool,
}

/// A login that requests optional permissions in addition to the required one.
pub fn more(api: Api) -> LoginOptions {
    LoginOptions::new().return_to("/").scopes(match api {
        Api::BasicDisplay => Scopes::from([Scope::UserMedia]),
        _ => Scopes::from([
            Scope::InstagramBusinessManageComments,
            Scope::InstagramBusinessManageInsights,
        ]),
    })
}

/// The home page.
#[must_use]
pub fn home(visitor: &Visitor<'_>, links: &Links) -> String {
    let body = match visitor {
        Visitor::Ended => format!(
            "<h1>Please log in again</h1>\
             <p>Instagram has ended this login: the app was removed there, or the password was \
             changed.</p>\
             <p><a class=\"act\" href=\"{login_path}\">Log in with Instagram</a></p>",
            login_path = escape(&links.login),
        ),
        Visitor::Anonymous => format!(
            "<h1>Hello, visitor</h1>\
             <p>This app would like to know who you are.</p>\
             <p><a class=\"act\" href=\"{login_path}\">Log in with Instagram</a></p>\
             {pages}",
            login_path = escape(&links.login),
            pages = if links.pages {
                "<p class=\"soft\">Or try <a href=\"/me\">a page that needs a login</a>.</p>"
            } else {
                ""
            },
        ),
        Visitor::User(token, profile) => format!(
            "<h1>You are logged in</h1>{card}\
             <dl><dt>User id</dt><dd><code>{id}</code></dd>\
             <dt>Granted</dt><dd>{scopes}</dd>\
             <dt>Token</dt><dd>{lifetime}, {remaining} left</dd></dl>\
             <p>{pages}<a href=\"{more}\">Ask for more</a></p>\
             <form method=\"post\" action=\"{logout_path}\"><button>Log out</button></form>",
            card = profile.as_deref().map(card).unwrap_or_default(),
            pages = if links.pages {
                "<a href=\"/me\">The same as JSON</a> &middot; <a href=\"/media\">Media</a> \
                 &middot; "
            } else {
                ""
            },
            more = escape(&links.more),
            id = escape(token.user_id().as_str()),
            scopes = scopes(token),
            lifetime = match token.lifetime() {
                Lifetime::LongLived => "long-lived",
                _ => "short-lived",
            },
            remaining = remaining(token),
            logout_path = escape(&links.logout),
        ),
    };
    page("Log in with Instagram", &body)
}

/// A page of the examples.
pub(crate) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>"
    )
}

/// The JSON of `/me`. The id is a string, because ids exceed what a JavaScript number holds.
#[must_use]
pub fn me(token: &Token) -> String {
    let scopes: Vec<_> = token.scopes().iter().map(ToString::to_string).collect();
    serde_json::json!({
        "user_id": token.user_id().as_str(),
        "scopes": scopes,
        "expires_at": token.expires_at().unix_seconds(),
    })
    .to_string()
}

/// The account's profile. All of it is external input, so it is escaped.
fn card(profile: &Profile) -> String {
    let username = escape(&profile.username);
    let name = profile.name.as_deref().map_or_else(|| username.clone(), escape);
    let kind = profile.account_type.as_ref().map_or("account", AccountType::as_str).to_lowercase();
    let count =
        |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
    format!(
        "<p class=\"card\"><strong>{name}</strong><br>@{username} &middot; {kind}<br>\
         {media} posts &middot; {followers} followers</p>",
        kind = escape(&kind),
        media = count(profile.media_count),
        followers = count(profile.followers_count),
    )
}

/// A page of an account's media, as the provider returns it.
#[derive(Debug, serde::Deserialize)]
#[non_exhaustive]
pub struct Media {
    data: Vec<Medium>,
}

#[derive(Debug, serde::Deserialize)]
struct Medium {
    id: String,
    caption: Option<String>,
}

/// The captions, one per line.
#[must_use]
pub fn media(media: &Media) -> String {
    let line = |medium: &Medium| {
        format!("{} {}\n", medium.id, medium.caption.as_deref().unwrap_or("(no caption)"))
    };
    media.data.iter().map(line).collect()
}

fn scopes(token: &Token) -> String {
    let names: Vec<_> = token
        .scopes()
        .iter()
        .map(|scope| format!("<code>{}</code>", escape(scope.as_str())))
        .collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join("<br>") }
}

fn remaining(token: &Token) -> String {
    let minutes = token.remaining(SystemClock::new().now()).as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60) {
        (0, 0) => format!("{minutes} minutes"),
        (0, hours) => format!("{hours} hours"),
        (days, _) => format!("{days} days"),
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
