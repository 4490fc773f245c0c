//! The window's page. It says that it is a simulator, so that it is not mistaken for Instagram.

use crate::account::Account;
use crate::api::Api;
use crate::ledger::Window;
use crate::platform::{PlatformAnswer, PlatformCallback};

const STYLE: &str = include_str!("window.css");

pub(crate) fn window(api: Api, accounts: &[Account], id: &str, window: &Window) -> String {
    let mut choices = String::new();
    for (index, account) in accounts.iter().enumerate() {
        let checked = if index == 0 { " checked" } else { "" };
        choices.push_str(&format!(
            "<label><input type=\"radio\" name=\"account\" value=\"{}\"{checked}> <span>{} \
             <small>{}</small></span></label>",
            account.user_id,
            escape(&account.username),
            account.user_id,
        ));
    }
    let mut scopes = String::new();
    for scope in &window.scopes {
        let required = scope == api.required_scope();
        let fixed = if required { " disabled" } else { "" };
        let note = if required { " <small>always granted</small>" } else { "" };
        let scope = escape(scope);
        scopes.push_str(&format!(
            "<label><input type=\"checkbox\" name=\"scope\" value=\"{scope}\" checked{fixed}> \
             <span>{breakable}{note}</span></label>",
            breakable = scope.replace('_', "_<wbr>"),
        ));
    }
    let host = window.redirect_uri.split('/').nth(2).unwrap_or_default();
    page(
        "Simulated login",
        &format!(
            "<h1>Let {host} use an account?</h1><form method=\"post\" action=\"/oauth/authorize\">\
             <input type=\"hidden\" name=\"window\" value=\"{id}\">\
             <fieldset><legend>Account</legend>{choices}</fieldset>\
             <fieldset><legend>Permissions</legend>{scopes}</fieldset>\
             <p class=\"buttons\"><button name=\"decision\" value=\"allow\">Allow</button>\
             <button class=\"quiet\" name=\"decision\" value=\"cancel\">Cancel</button></p>\
             <section class=\"apart\" aria-labelledby=\"apart\"><h2 id=\"apart\">Instead of logging \
             in</h2><p>As in Instagram's own settings: the app is told that the chosen account \
             leaves.</p><p class=\"buttons\"><button class=\"quiet\" name=\"decision\" \
             value=\"remove\">Remove app</button><button class=\"quiet\" name=\"decision\" \
             value=\"delete\">Delete my data</button></p></section></form>",
            host = escape(host),
            id = escape(id),
        ),
    )
}

/// The app's response to the deauthorize or data deletion callback.
pub(crate) fn told(
    callback: PlatformCallback,
    username: &str,
    answer: Option<&PlatformAnswer>,
) -> String {
    let what = match callback {
        PlatformCallback::Deauthorize => "removed the app",
        PlatformCallback::DataDeletion => "asked for their data to be deleted",
    };
    let username = escape(username);
    let mut text = format!("<h1>{username} {what}</h1>");
    match answer {
        None => {
            text.push_str("<p>The app has named no address to be told at, or is not there.</p>")
        }
        Some(answer) => {
            text.push_str(&format!("<p>The app answered {}.</p>", answer.status));
            if let (Some(url), Some(code)) =
                (answer.field("url"), answer.field("confirmation_code"))
            {
                text.push_str(&format!(
                    "<p>Confirmation code: <code>{}</code></p><p><a href=\"{}\">How far it has \
                     come</a></p>",
                    escape(&code),
                    escape(&url),
                ));
            }
        }
    }
    page("Simulated account", &text)
}

pub(crate) fn error(text: &str) -> String {
    page("Simulated login: error", &format!("<h1>{}</h1>", escape(text)))
}

/// An error with the provider's message, and with the expected and received values, which the
/// provider does not show.
pub(crate) fn mismatch(text: &str, got: Option<&str>, known: &[String]) -> String {
    let got = match got {
        None => "nothing".to_owned(),
        Some(got) => format!("<code>{}</code>", escape(got)),
    };
    let known: String =
        known.iter().map(|known| format!("<li><code>{}</code></li>", escape(known))).collect();
    let known = if known.is_empty() { "<li>none</li>".to_owned() } else { known };
    page(
        "Simulated login: error",
        &format!(
            "<h1>{}</h1><p>The simulator adds, for developers:</p><p>It got {got}.</p>\
             <p>It knows, to the letter:</p><ul>{known}</ul>",
            escape(text)
        ),
    )
}

pub(crate) fn about() -> String {
    page(
        "fake-instagram",
        "<h1>fake-instagram</h1><p>This simulates the login of Instagram for tests and examples. \
         Apps send their users to <code>/oauth/authorize</code>.</p>",
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\
         <body><header><p class=\"banner\">Simulator. This is not Instagram, and no account is \
         real.</p></header>\
         <main>{body}</main></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
