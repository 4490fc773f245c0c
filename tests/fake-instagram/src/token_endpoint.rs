//! `POST /oauth/access_token`: "Step 2" of Meta's guide.

use crate::answer::Answer;
use crate::api::Api;
use crate::ledger::{CodeRefused, Ledger};
use crate::record::{RecordedRequest, value};

const CODE_NOT_FOUND: &str = "Matching code was not found or was already used";

pub(crate) fn exchange(ledger: &mut Ledger, request: &RecordedRequest) -> Answer {
    if request.method != "POST" {
        let message = format!("Unsupported request - method type: {}", lower(&request.method));
        return Answer::graph(400, 100, None, "IGApiException", &message);
    }
    // The live service takes the credentials in the body only.
    if request.header("authorization").is_some() {
        return Answer::oauth_error("Missing required field client_id");
    }
    let form = &request.form;
    for field in ["client_id", "client_secret", "grant_type", "redirect_uri", "code"] {
        if value(form, field).is_none_or(str::is_empty) {
            return Answer::oauth_error(&format!("Missing required field {field}"));
        }
    }
    let field = |name| value(form, name).unwrap_or_default();
    if field("client_id") != ledger.client_id {
        return Answer::oauth_error("Invalid platform app");
    }
    if field("client_secret") != ledger.client_secret {
        return Answer::graph_error(400, 1, "Error validating client secret.");
    }
    if field("grant_type") != "authorization_code" {
        return Answer::oauth_error("Invalid grant_type");
    }
    let (text, token) = match ledger.spend_code(field("code"), field("redirect_uri")) {
        Ok(issued) => issued,
        Err(CodeRefused::NotFound) => return Answer::oauth_error(CODE_NOT_FOUND),
        Err(CodeRefused::RedirectUri) => {
            return Answer::oauth_error("Redirect URI does not match registered redirect URI");
        }
    };
    let Some(account) = ledger.account(token.account) else {
        return Answer::oauth_error(CODE_NOT_FOUND);
    };
    // Under Basic Display the token names the account's own id and `/me` the app-scoped one; today
    // both name the app-scoped one.
    let user_id = match ledger.api {
        Api::InstagramLogin => account.user_id,
        Api::BasicDisplay => account.professional_account_id,
    };
    Answer::json(200, ledger.shape.body(ledger.api, &text, user_id, &token.scopes))
}

fn lower(method: &str) -> String {
    method.to_ascii_lowercase()
}
