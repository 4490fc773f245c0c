//! The Graph API: long-lived exchange, refresh, profile.

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::answer::Answer;
use crate::api::Api;
use crate::ledger::{Kind, LONG_LIFETIME, Ledger, Revoked, Token};
use crate::media;
use crate::record::RecordedRequest;

const DAY: u64 = 24 * 60 * 60;

/// `GET /access_token?grant_type=ig_exchange_token`.
pub(crate) fn long_lived(ledger: &mut Ledger, request: &RecordedRequest) -> Answer {
    if let Some(refused) = refuse_unless_get(request) {
        return refused;
    }
    if request.parameter("grant_type").as_deref() != Some("ig_exchange_token") {
        return Answer::graph_error(400, 100, "Invalid grant_type");
    }
    if request.parameter("client_secret").as_deref() != Some(ledger.client_secret.as_str()) {
        return Answer::graph_error(400, 1, "Error validating client secret.");
    }
    match live_token(ledger, request) {
        Err(refused) => refused,
        Ok(token) if token.kind == Kind::Long => {
            Answer::graph(400, 452, None, "IGApiException", "Session key invalid")
        }
        Ok(token) => issue(ledger, &token),
    }
}

/// `GET /refresh_access_token?grant_type=ig_refresh_token`: for long-lived tokens that are at least
/// 24 hours old and have not expired
/// (<https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token>).
pub(crate) fn refresh(ledger: &mut Ledger, request: &RecordedRequest) -> Answer {
    if let Some(refused) = refuse_unless_get(request) {
        return refused;
    }
    if request.parameter("grant_type").as_deref() != Some("ig_refresh_token") {
        return Answer::graph_error(400, 100, "Invalid grant_type");
    }
    match live_token(ledger, request) {
        Err(refused) => refused,
        Ok(token) if token.kind == Kind::Short => {
            Answer::graph(400, 452, None, "IGApiException", "Session key invalid")
        }
        Ok(token) if ledger.now().saturating_sub(token.issued_at) < DAY => {
            Answer::graph_error(400, 100, "The token is less than 24 hours old")
        }
        Ok(_) if ledger.refresh_keeps_string => {
            let text = text_of_token(request).unwrap_or_default();
            ledger.prolong(&text);
            issued(&text)
        }
        Ok(token) => issue(ledger, &token),
    }
}

/// `GET /me`.
pub(crate) fn me(ledger: &Ledger, request: &RecordedRequest) -> Answer {
    match caller(ledger, request) {
        Ok((_, account)) => profile(ledger, account, request),
        Err(refused) => refused,
    }
}

/// `GET /{user-id}` and `GET /{media-id}`: a token gives access only to its own user's objects.
pub(crate) fn node(ledger: &Ledger, request: &RecordedRequest) -> Answer {
    let (token, account) = match caller(ledger, request) {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let id = request.path.rsplit('/').next().unwrap_or_default();
    match id.parse() {
        Ok(id) if account.is(id) => profile(ledger, account, request),
        Ok(id) => media::one(ledger, &token, account, id, request),
        Err(_) => unknown_object(id),
    }
}

/// The error for an object that does not exist, or that this token has no access to.
pub(crate) fn unknown_object(id: &str) -> Answer {
    let message = format!(
        "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to \
         missing permissions, or does not support this operation"
    );
    Answer::graph(400, 100, Some(33), "IGApiException", &message)
}

/// The valid token of the request, and its user.
pub(crate) fn caller<'a>(
    ledger: &'a Ledger,
    request: &RecordedRequest,
) -> Result<(Token, &'a Account), Answer> {
    if let Some(refused) = refuse_unless_get(request) {
        return Err(refused);
    }
    let token = live_token(ledger, request)?;
    match ledger.account(token.account) {
        Some(account) => Ok((token, account)),
        None => Err(Answer::graph_error(400, 190, "Invalid OAuth access token")),
    }
}

/// The requested fields. Of several `fields` parameters the last one counts, as in PHP. Clients
/// that send one parameter per field still work, because `id` is always returned.
pub(crate) fn wanted_fields(request: &RecordedRequest) -> Vec<String> {
    let wanted = request.last_parameter("fields").unwrap_or_else(|| "id".to_owned());
    wanted.split(',').map(str::trim).filter(|field| !field.is_empty()).map(str::to_owned).collect()
}

pub(crate) fn unknown_field(field: &str) -> Answer {
    let message = format!("Tried accessing nonexisting field ({field})");
    Answer::graph(400, 100, None, "IGApiException", &message)
}

fn profile(ledger: &Ledger, account: &Account, request: &RecordedRequest) -> Answer {
    let mut body = Map::new();
    for field in wanted_fields(request) {
        match profile_field(ledger.api, account, &field) {
            Some(Value::Null) => {}
            Some(value) => {
                body.insert(field, value);
            }
            None => return unknown_field(&field),
        }
    }
    body.entry("id").or_insert_with(|| json!(account.user_id.to_string()));
    Answer::json(200, Value::Object(body).to_string())
}

/// The field's value: null if this account has none, `None` if there is no such field.
fn profile_field(api: Api, account: &Account, field: &str) -> Option<Value> {
    let today = api == Api::InstagramLogin;
    Some(match field {
        "id" => json!(account.user_id.to_string()),
        "username" => json!(account.username),
        "account_type" => json!(account.account_type),
        "media_count" => json!(account.media_count),
        "user_id" if today => json!(account.professional_account_id.to_string()),
        "name" if today => json!(account.name),
        "profile_picture_url" if today => json!(account.profile_picture_url),
        "followers_count" if today => json!(account.followers_count),
        "follows_count" if today => json!(account.follows_count),
        _ => return None,
    })
}

fn issue(ledger: &mut Ledger, like: &Token) -> Answer {
    let token = ledger.issue_long(like);
    issued(&token)
}

fn issued(token: &str) -> Answer {
    let body =
        json!({ "access_token": token, "token_type": "bearer", "expires_in": LONG_LIFETIME });
    Answer::json(200, body.to_string())
}

fn refuse_unless_get(request: &RecordedRequest) -> Option<Answer> {
    if request.method == "GET" {
        return None;
    }
    let method = request.method.to_ascii_lowercase();
    let message = format!("Unsupported request - method type: {method}");
    Some(Answer::graph(400, 100, None, "IGApiException", &message))
}

fn text_of_token(request: &RecordedRequest) -> Option<String> {
    let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    request.parameter("access_token").or_else(|| bearer.map(str::to_owned))
}

/// The token of the query or of a Bearer header, if it is valid.
fn live_token(ledger: &Ledger, request: &RecordedRequest) -> Result<Token, Answer> {
    let Some(token) = text_of_token(request).and_then(|text| ledger.token(&text)) else {
        return Err(Answer::graph_error(400, 190, "Invalid OAuth access token"));
    };
    if let Some(reason) = token.revoked {
        let (subcode, message) = match reason {
            Revoked::PasswordChanged => (
                460,
                "Error validating access token: The session has been invalidated because the user \
                 changed their password or Facebook has changed the session for security reasons."
                    .to_owned(),
            ),
            Revoked::AppRemoved => (
                458,
                format!(
                    "Error validating access token: The user has not authorized application {}.",
                    ledger.client_id
                ),
            ),
        };
        return Err(Answer::graph(400, 190, Some(subcode), "OAuthException", &message));
    }
    if token.expires_at <= ledger.now() {
        let message = "Error validating access token: Session has expired";
        return Err(Answer::graph(400, 190, Some(463), "OAuthException", message));
    }
    Ok(token.clone())
}
