//! The media of an account, in pages.

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::api::Api;
use crate::graph::{live_token, refuse_unless_get};
use crate::ledger::Ledger;
use crate::record::RecordedRequest;

const DEFAULT_LIMIT: u64 = 25;
const MAX_LIMIT: u64 = 100;

/// `GET /me/media`
/// (<https://developers.facebook.com/docs/instagram-platform/reference/ig-user/media>).
pub(crate) fn list(ledger: &Ledger, request: &RecordedRequest) -> Answer {
    if let Some(refused) = refuse_unless_get(request) {
        return refused;
    }
    let token = match live_token(ledger, request) {
        Ok(token) => token,
        Err(refused) => return refused,
    };
    let needed = match ledger.api {
        Api::InstagramLogin => ledger.api.required_scope(),
        Api::BasicDisplay => "user_media",
    };
    if !token.scopes.iter().any(|scope| scope == needed) {
        let message = format!("(#10) This endpoint requires the '{needed}' permission");
        return Answer::graph_error(400, 10, &message);
    }
    let Some(account) = ledger.account(token.account) else {
        return Answer::graph_error(400, 190, "Invalid OAuth access token");
    };
    let number = |name: &str| request.parameter(name).and_then(|value| value.parse::<u64>().ok());
    let limit = number("limit").unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let first = number("after").unwrap_or(0);
    let end = first.saturating_add(limit).min(account.media_count);
    let wanted = request.parameter("fields").unwrap_or_else(|| "id".to_owned());
    let data: Vec<_> = (first..end).map(|index| medium(account.user_id, index, &wanted)).collect();
    let has_more = end < account.media_count && first < end;
    let body = if has_more {
        let cursors = json!({ "before": first.to_string(), "after": end.to_string() });
        let next = next_page(request, limit, &wanted, end);
        json!({ "data": data, "paging": { "cursors": cursors, "next": next } })
    } else {
        json!({ "data": data })
    };
    Answer::json(200, body.to_string())
}

/// The live service puts the access token into this URL: whoever passes the answer on gives it away.
fn next_page(request: &RecordedRequest, limit: u64, fields: &str, after: u64) -> String {
    let token = request.parameter("access_token").unwrap_or_default();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("access_token", &token)
        .append_pair("fields", fields)
        .append_pair("limit", &limit.to_string())
        .append_pair("after", &after.to_string())
        .finish();
    format!("http://{}/me/media?{query}", request.header("host").unwrap_or("localhost"))
}

fn medium(user_id: u64, index: u64, wanted: &str) -> Value {
    let id = 17_900_000_000_000_000 + user_id % 1_000_000_000 * 1_000 + index;
    let mut fields = Map::new();
    for field in wanted.split(',').map(str::trim) {
        let value = match field {
            "caption" if index % 5 == 4 => continue,
            "caption" => json!(format!("A simulated post, number {}", index + 1)),
            "media_type" => json!(if index % 3 == 2 { "VIDEO" } else { "IMAGE" }),
            "permalink" => json!(format!("https://www.instagram.com/p/FAKE{id}/")),
            "timestamp" => json!("2026-01-01T12:00:00+0000"),
            _ => continue,
        };
        fields.insert(field.to_owned(), value);
    }
    fields.insert("id".to_owned(), json!(id.to_string()));
    Value::Object(fields)
}
