//! `POST /oauth/access_token`: "Step 2" of Meta's guide.

use crate::answer::Answer;
use crate::api::Api;
use crate::ledger::{CodeRefused, Ledger};
use crate::record::{RecordedRequest, value};

/// The message of Meta's pages for a code that is no longer valid.
const CODE_NOT_FOUND: &str = "Matching code was not found or was already used";

/// Checks in the order that the live endpoint has been seen to use: the app, the code, and then the
/// secret.
pub(crate) fn exchange(ledger: &mut Ledger, request: &RecordedRequest) -> Answer {
    if request.method != "POST" {
        let message = format!("Unsupported request - method type: {}", lower(&request.method));
        return Answer::graph(400, 100, None, "IGApiException", &message);
    }
    // Only credentials in the body count. An `Authorization` header is ignored beside them, and
    // alone it counts as missing credentials.
    let form = &request.form;
    for field in ["client_id", "client_secret", "grant_type", "redirect_uri", "code"] {
        if value(form, field).is_none_or(str::is_empty) {
            return Answer::oauth_error(&format!("Missing required field {field}"));
        }
    }
    let field = |name| value(form, name).unwrap_or_default();
    if field("client_id") != ledger.client_id {
        // The message is misleading: the field is present, and the app is unknown.
        return Answer::oauth_error("Missing required field client_id");
    }
    if field("grant_type") != "authorization_code" {
        return Answer::oauth_error("Invalid grant_type");
    }
    if let Err(refused) = ledger.check_code(field("code"), field("redirect_uri")) {
        return Answer::oauth_error(words(ledger.api, refused));
    }
    if field("client_secret") != ledger.client_secret {
        return Answer::graph_error(400, 1, "Error validating client secret.");
    }
    let (text, token) = match ledger.spend_code(field("code"), field("redirect_uri")) {
        Ok(issued) => issued,
        Err(refused) => return Answer::oauth_error(words(ledger.api, refused)),
    };
    let Some(account) = ledger.account(token.account) else {
        return Answer::oauth_error(CODE_NOT_FOUND);
    };
    // Under Basic Display the token response has the account's own id and `/me` the app-scoped one;
    // today both have the app-scoped one.
    let user_id = match ledger.api {
        Api::InstagramLogin => account.user_id,
        Api::BasicDisplay => account.professional_account_id,
    };
    Answer::json(200, ledger.shape.body(ledger.api, &text, user_id, &token.scopes))
}

/// Basic Display uses the messages of its guide. Today's messages are those seen on the live
/// service.
fn words(api: Api, refused: CodeRefused) -> &'static str {
    match (api, refused) {
        (_, CodeRefused::RedirectUri) | (Api::InstagramLogin, CodeRefused::Foreign) => {
            "Error validating verification code. Please make sure your redirect_uri is identical to \
             the one you used in the OAuth dialog request"
        }
        (Api::InstagramLogin, CodeRefused::Malformed) => "Invalid authorization code",
        (Api::InstagramLogin, CodeRefused::Used) => "This authorization code has been used",
        (Api::InstagramLogin, CodeRefused::Expired) | (Api::BasicDisplay, _) => CODE_NOT_FOUND,
    }
}

fn lower(method: &str) -> String {
    method.to_ascii_lowercase()
}
