//! The pages of an app that connects accounts.

use ig_oauth_common::{OfflineAccess, UserId};

use crate::pages::{escape, page};

/// Whether somebody may be called that: what the app's session, and the app data of a login, hold.
#[must_use]
pub fn is_user_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
}

/// For strangers: the app's own login, which believes everybody.
#[must_use]
pub fn enter() -> String {
    page(
        "Who are you?",
        "<h1>Who are you?</h1><p>This app has users of its own.</p>\
         <form method=\"post\" action=\"/enter\"><input name=\"name\" value=\"ann\" \
         required maxlength=\"16\"> <button>Enter</button></form>",
    )
}

/// For a user: their accounts, each as the provider shows it now, and a button to connect more.
pub async fn accounts(
    user: &str,
    connected: &[UserId],
    offline: &OfflineAccess,
    connect: &str,
) -> String {
    let mut list = String::new();
    for account in connected {
        let who = look_at(offline, account).await;
        list.push_str(&format!(
            "<li>{who} <form method=\"post\" action=\"/disconnect\"><input type=\"hidden\" \
             name=\"account\" value=\"{id}\"><button>Disconnect</button></form></li>",
            id = escape(account.as_str()),
        ));
    }
    let list = if list.is_empty() {
        "<p>You have not connected an account.</p>".to_owned()
    } else {
        format!("<ul>{list}</ul>")
    };
    page(
        "Your accounts",
        &format!(
            "<h1>Hello, {user}</h1>{list}<form method=\"post\" action=\"{connect}\">\
             <button>Connect an Instagram account</button></form>\
             <form method=\"post\" action=\"/leave\"><button>Leave</button></form>",
            user = escape(user),
            connect = escape(connect),
        ),
    )
}

/// Served by the offline handle: whether the user is here does not matter.
async fn look_at(offline: &OfflineAccess, account: &UserId) -> String {
    match offline.token(account).await {
        Ok(Some(token)) => match token.profile().await {
            Ok(profile) => format!("@{}", escape(profile.username())),
            Err(error) => format!("{account}: {}", escape(&error.to_string())),
        },
        Ok(None) => format!("{account}: connect it again"),
        Err(error) => format!("{account}: {}", escape(&error.to_string())),
    }
}
