//! The authorization window: checks the request, and handles the user's decision.

use std::slice;

use url::form_urlencoded;

use crate::answer::Answer;
use crate::ledger::{Ledger, Window};
use crate::record::value;
use crate::window_page;

type Pairs = [(String, String)];

/// `GET /oauth/authorize`.
///
/// An invalid request is never redirected. The provider answers it with its own page or JSON,
/// because it must not redirect a user to an unknown address.
pub(crate) fn show(ledger: &mut Ledger, query: &Pairs) -> Answer {
    let window = match check(ledger, query) {
        Ok(window) => window,
        Err(answer) => return answer,
    };
    match value(query, "fake_decision") {
        Some("cancel") => cancel(ledger, &window),
        Some("allow") => {
            let account = value(query, "fake_account").and_then(|id| id.parse().ok());
            let granted = value(query, "fake_scope").map(split_scopes);
            allow(ledger, &window, account, granted)
        }
        _ => {
            let id = ledger.open_window(window.clone());
            let page = window_page::window(ledger.api, &ledger.accounts, &id, &window);
            Answer::page(200, page)
        }
    }
}

/// `POST /oauth/authorize`: a button of the window.
pub(crate) fn decide(ledger: &mut Ledger, form: &Pairs) -> Answer {
    let Some(window) = value(form, "window").and_then(|id| ledger.close_window(id)) else {
        return Answer::page(400, window_page::error("400 Session Invalid"));
    };
    if value(form, "decision") != Some("allow") {
        return cancel(ledger, &window);
    }
    let account = value(form, "account").and_then(|id| id.parse().ok());
    let required = ledger.api.required_scope();
    let ticked = form.iter().filter(|(name, _)| name == "scope").map(|(_, scope)| scope.as_str());
    let granted = window.scopes.iter().filter(|scope| {
        scope.as_str() == required || ticked.clone().any(|ticked| ticked == scope.as_str())
    });
    let granted = granted.cloned().collect();
    allow(ledger, &window, account, Some(granted))
}

fn check(ledger: &Ledger, query: &Pairs) -> Result<Window, Answer> {
    let invalid = |what: &str, got: Option<&str>, known: &[String]| {
        let text = format!("Invalid Request: Request parameters are invalid: {what}");
        Answer::page(400, window_page::mismatch(&text, got, known))
    };
    let client_id = value(query, "client_id");
    if client_id != Some(ledger.client_id.as_str()) {
        return Err(invalid("Invalid platform app", client_id, slice::from_ref(&ledger.client_id)));
    }
    let redirect_uri = value(query, "redirect_uri");
    if !redirect_uri.is_some_and(|uri| ledger.knows_redirect_uri(uri)) {
        let mut known = ledger.redirect_uris.clone();
        if ledger.any_loopback {
            let any = "any http URI on 127.0.0.1, localhost or [::1], without user and password";
            known.push(any.to_owned());
        }
        return Err(invalid("Invalid redirect_uri", redirect_uri, &known));
    }
    let redirect_uri = redirect_uri.unwrap_or_default();
    let response_type = value(query, "response_type");
    if response_type != Some("code") {
        return Err(invalid("Invalid response_type", response_type, &["code".to_owned()]));
    }
    let scopes = split_scopes(value(query, "scope").unwrap_or_default());
    if scopes.is_empty() {
        return Err(Answer::oauth_error("Invalid scope: []"));
    }
    let known = ledger.api.scopes();
    let unknown: Vec<_> =
        scopes.iter().filter(|scope| !known.contains(&scope.as_str())).cloned().collect();
    if !unknown.is_empty() {
        let message = format!("Invalid scope field(s): {}", unknown.join(", "));
        return Err(Answer::oauth_error(&message));
    }
    let required = ledger.api.required_scope();
    if !scopes.iter().any(|scope| scope == required) {
        return Err(Answer::oauth_error(&format!("Invalid scope: {required} is required")));
    }
    let state = value(query, "state").map(str::to_owned);
    Ok(Window { redirect_uri: redirect_uri.to_owned(), state, scopes })
}

/// Meta's guide: "A comma-separated list, or URL-encoded space-separated list".
pub(crate) fn split_scopes(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

fn allow(
    ledger: &mut Ledger,
    window: &Window,
    account: Option<u64>,
    granted: Option<Vec<String>>,
) -> Answer {
    let account = match account {
        Some(id) => ledger.account(id).map(|account| account.user_id),
        None => ledger.accounts.first().map(|account| account.user_id),
    };
    let Some(account) = account else {
        return Answer::page(400, window_page::error("There is no such simulated account"));
    };
    let scopes = granted.unwrap_or_else(|| window.scopes.clone());
    if let Some(parameters) = &ledger.window_answer {
        return Answer::redirect(302, with_state(window, parameters));
    }
    let code = ledger.issue_code(account, &window.redirect_uri, scopes);
    let mut parameters = vec![("code", code.as_str())];
    parameters.extend(window.state.as_deref().map(|state| ("state", state)));
    // Meta's guide: "#_ will be appended to the end of the redirect URI".
    let end = if ledger.escapes_fragment { "%23_" } else { "#_" };
    let target = with_parameters(&window.redirect_uri, &parameters);
    Answer::redirect(302, format!("{target}{end}"))
}

/// The parameters that a test sets for the window, and the state.
fn with_state(window: &Window, parameters: &Pairs) -> String {
    let given = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let parameters: Vec<_> =
        given.chain(window.state.as_deref().map(|state| ("state", state))).collect();
    with_parameters(&window.redirect_uri, &parameters)
}

fn cancel(ledger: &Ledger, window: &Window) -> Answer {
    let mut parameters = vec![
        ("error", "access_denied"),
        ("error_reason", "user_denied"),
        ("error_description", "The user denied your request"),
    ];
    if !ledger.cancel_without_state {
        parameters.extend(window.state.as_deref().map(|state| ("state", state)));
    }
    Answer::redirect(302, with_parameters(&window.redirect_uri, &parameters))
}

fn with_parameters(redirect_uri: &str, parameters: &[(&str, &str)]) -> String {
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{redirect_uri}{separator}{}", query.finish())
}
