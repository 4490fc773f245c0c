//! The pages of an app that connects accounts.

use ig_oauth_common::{ApiErrorKind, OfflineAccess, UserId};

use crate::pages::{escape, page};

/// Whether a name is allowed: it must fit into the app's session and into the app data of a login.
#[must_use]
pub fn is_user_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
}

/// For anonymous visitors: the app's own login, which accepts every name.
#[must_use]
pub fn enter() -> String {
    page(
        "Who are you?",
        "<h1>Who are you?</h1><p>This app has users of its own.</p>\
         <form class=\"fields\" method=\"post\" action=\"/enter\"><label for=\"name\">Your \
         name</label><input id=\"name\" name=\"name\" value=\"ann\" required maxlength=\"16\" \
         autocomplete=\"username\"><button>Enter</button></form>",
    )
}

/// For a user: the user's accounts, with their present profiles, and a button to connect more.
pub async fn accounts(
    user: &str,
    connected: &[UserId],
    offline: &OfflineAccess,
    connect: &str,
) -> String {
    let mut list = String::new();
    for account in connected {
        let Seen { name, note } = look_at(offline, account).await;
        list.push_str(&format!(
            "<li><span><strong>{name}</strong>{note}</span><form method=\"post\" \
             action=\"/disconnect\"><input type=\"hidden\" name=\"account\" value=\"{id}\">\
             <button class=\"quiet\">Disconnect {name}</button></form></li>",
            id = escape(account.as_str()),
        ));
    }
    let list = if list.is_empty() {
        "<p>You have not connected an account.</p>".to_owned()
    } else {
        format!("<ul class=\"accounts\">{list}</ul>")
    };
    page(
        "Your accounts",
        &format!(
            "<h1>Hello, {user}</h1>{list}<form method=\"post\" action=\"{connect}\">\
             <button>Connect an Instagram account</button></form>\
             <form class=\"last\" method=\"post\" action=\"/leave\"><button class=\"quiet\">Leave\
             </button></form>",
            user = escape(user),
            connect = escape(connect),
        ),
    )
}

/// An account in the list: its name and its description, as HTML.
struct Seen {
    name: String,
    note: String,
}

/// Uses offline access, so it does not need the user's session.
async fn look_at(offline: &OfflineAccess, account: &UserId) -> Seen {
    let id = || escape(account.as_str());
    let seen = |note: &str| Seen { name: id(), note: format!("<small>{}</small>", escape(note)) };
    let again = "Instagram has ended this connection: connect it again.";
    match offline.token(account).await {
        Ok(Some(token)) => match token.profile().await {
            Ok(profile) => {
                Seen { name: format!("@{}", escape(&profile.username)), note: String::new() }
            }
            Err(error) if error.kind() == ApiErrorKind::TokenInvalid => seen(again),
            Err(error) => seen(&error.to_string()),
        },
        Ok(None) => seen(again),
        Err(error) => seen(&error.to_string()),
    }
}
