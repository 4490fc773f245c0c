//! The media of an account, as pages and single objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::answer::Answer;
use crate::api::Api;
use crate::graph::{caller, unknown_field, unknown_object, wanted_fields};
use crate::ledger::{Ledger, Token};
use crate::record::RecordedRequest;

const DEFAULT_LIMIT: u64 = 25;
const MAX_LIMIT: u64 = 100;

/// The prefix of cursors before they are encoded. Text without it is not a cursor.
const CURSOR_PREFIX: &str = "QVFIUmFLRS";

/// `GET /me/media` and `GET /{user-id}/media`
/// (<https://developers.facebook.com/docs/instagram-platform/reference/ig-user/media>).
pub(crate) fn list(ledger: &Ledger, request: &RecordedRequest) -> Answer {
    let (token, account) = match caller(ledger, request) {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    let of = request.path.rsplit('/').nth(1).unwrap_or_default();
    if of != "me" && !of.parse().is_ok_and(|id| account.is(id)) {
        return unknown_object(of);
    }
    if let Some(refused) = refuse_without_permission(ledger, &token) {
        return refused;
    }
    let limit = request.parameter("limit").and_then(|value| value.parse().ok());
    let limit = limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let first = match request.parameter("after").filter(|after| !after.is_empty()) {
        None => 0,
        Some(after) => match read_cursor(&after) {
            Some(first) => first,
            None => return Answer::graph_error(400, 100, "Invalid cursor"),
        },
    };
    let end = first.saturating_add(limit).min(account.media_count);
    let fields = wanted_fields(request);
    let mut data = Vec::new();
    for index in first..end {
        match medium(account, index, &fields) {
            Ok(medium) => data.push(medium),
            Err(refused) => return refused,
        }
    }
    let mut body = json!({ "data": data });
    if first < end {
        let mut paging = json!({ "cursors": { "before": cursor(first), "after": cursor(end) } });
        if end < account.media_count {
            let next = next_page(request, limit, &fields.join(","), end);
            if let Some(paging) = paging.as_object_mut() {
                paging.insert("next".to_owned(), json!(next));
            }
        }
        if let Some(body) = body.as_object_mut() {
            body.insert("paging".to_owned(), paging);
        }
    }
    Answer::json(200, body.to_string())
}

/// `GET /{media-id}`.
pub(crate) fn one(
    ledger: &Ledger,
    token: &Token,
    account: &Account,
    id: u64,
    request: &RecordedRequest,
) -> Answer {
    let index = id.checked_sub(first_id(account)).filter(|index| *index < account.media_count);
    let Some(index) = index else { return unknown_object(&id.to_string()) };
    if let Some(refused) = refuse_without_permission(ledger, token) {
        return refused;
    }
    match medium(account, index, &wanted_fields(request)) {
        Ok(medium) => Answer::json(200, medium.to_string()),
        Err(refused) => refused,
    }
}

/// Refuses as the live service has been seen to: 403, with the type of Instagram's own API.
fn refuse_without_permission(ledger: &Ledger, token: &Token) -> Option<Answer> {
    let needed = match ledger.api {
        Api::InstagramLogin => ledger.api.required_scope(),
        Api::BasicDisplay => "user_media",
    };
    if token.scopes.iter().any(|scope| scope == needed) {
        return None;
    }
    let message = "Application does not have permission for this action";
    Some(Answer::graph(403, 10, None, "IGApiException", message))
}

/// Cursors are opaque, as those of the live service: text to be sent back unchanged.
fn cursor(index: u64) -> String {
    STANDARD.encode(format!("{CURSOR_PREFIX}{index:020}"))
}

fn read_cursor(text: &str) -> Option<u64> {
    let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    decoded.strip_prefix(CURSOR_PREFIX)?.parse().ok()
}

/// The live service puts the access token into this URL: an app that passes the response on exposes
/// it.
fn next_page(request: &RecordedRequest, limit: u64, fields: &str, after: u64) -> String {
    let token = request.parameter("access_token").unwrap_or_default();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("access_token", &token)
        .append_pair("fields", fields)
        .append_pair("limit", &limit.to_string())
        .append_pair("after", &cursor(after))
        .finish();
    let host = request.header("host").unwrap_or("localhost");
    format!("http://{host}{}?{query}", request.path)
}

/// The id of the account's first medium. The ids of two accounts are far apart.
fn first_id(account: &Account) -> u64 {
    17_900_000_000_000_000 + account.user_id % 1_000_000_000 * 1_000
}

fn medium(account: &Account, index: u64, wanted: &[String]) -> Result<Value, Answer> {
    let id = first_id(account).saturating_add(index);
    let mut fields = Map::new();
    for field in wanted {
        let value = match field.as_str() {
            "id" => continue,
            "caption" if index % 5 == 4 => continue,
            "caption" => json!(format!("A simulated post, number {}", index + 1)),
            "media_type" => json!(if index % 3 == 2 { "VIDEO" } else { "IMAGE" }),
            "media_url" => json!(format!("https://scontent.example/{id}.jpg")),
            "permalink" => json!(format!("https://www.instagram.com/p/FAKE{id}/")),
            "timestamp" => json!("2026-01-01T12:00:00+0000"),
            "username" => json!(account.username),
            "like_count" | "comments_count" => json!(index % 7),
            _ => return Err(unknown_field(field)),
        };
        fields.insert(field.clone(), value);
    }
    fields.insert("id".to_owned(), json!(id.to_string()));
    Ok(Value::Object(fields))
}
