//! The pages: one home page for strangers and for users, and the JSON of `/me`.

use ig_oauth_common::{Clock as _, Lifetime, SystemClock, Token};

const STYLE: &str = include_str!("style.css");

/// The home page.
#[must_use]
pub fn home(token: Option<&Token>, login_path: &str, logout_path: &str) -> String {
    let body = match token {
        None => format!(
            "<h1>Hello, stranger</h1>\
             <p>This app would like to know who you are.</p>\
             <p><a class=\"act\" href=\"{login_path}\">Log in with Instagram</a></p>\
             <p class=\"soft\">Or try <a href=\"/me\">a page that needs a login</a>.</p>",
            login_path = escape(login_path),
        ),
        Some(token) => format!(
            "<h1>You are logged in</h1>\
             <dl><dt>User id</dt><dd><code>{id}</code></dd>\
             <dt>Granted</dt><dd>{scopes}</dd>\
             <dt>Token</dt><dd>{lifetime}, {remaining} left</dd></dl>\
             <p><a href=\"/me\">The same as JSON</a></p>\
             <form method=\"post\" action=\"{logout_path}\"><button>Log out</button></form>",
            id = escape(token.user_id().as_str()),
            scopes = scopes(token),
            lifetime = match token.lifetime() {
                Lifetime::LongLived => "long-lived",
                _ => "short-lived",
            },
            remaining = remaining(token),
            logout_path = escape(logout_path),
        ),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Log in with Instagram</title><style>{STYLE}</style></head>\
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
