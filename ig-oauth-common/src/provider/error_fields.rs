//! Reads the fields of an error response, in every form that has been seen.
//!
//! The token endpoint answers `{error_type, code, error_message}`, sometimes inside `meta`; the
//! Graph API `{"error":{message, type, code, …}}`; Instagram's own API `{message, status: "fail"}`;
//! OAuth servers and proxies `{error, error_description}` (RFC 6749, section 5.2). All of their
//! text is logged, after it has been redacted.

use serde_json::{Map, Value};

use super::wire;

/// How deeply nested an error may be. Those seen are two levels deep.
const DEEPEST: usize = 4;

/// Fields that hold the provider's message, the most direct first.
const MESSAGES: &[&str] =
    &["message", "error_message", "error_msg", "error_description", "detail", "description"];

/// Fields with further text, meant for users and sometimes clearer.
const FURTHER: &[&str] =
    &["error_user_title", "error_user_msg", "feedback_title", "feedback_message", "error_reason"];

/// Fields that only an error has.
const MARKS: &[&str] = &[
    "error_type",
    "error_message",
    "error_msg",
    "error_code",
    "error_description",
    "error_user_msg",
];

/// Fields that contain an error as an object or a list, and whether their name alone marks an
/// error.
const WRAPPERS: &[(&str, bool)] = &[("error", true), ("errors", true), ("meta", false)];

/// The fields of an error response.
#[derive(Default)]
pub(super) struct ErrorFields {
    pub(super) kind: Option<String>,
    pub(super) code: Option<i64>,
    pub(super) subcode: Option<i64>,
    /// All messages, joined.
    pub(super) message: Option<String>,
    pub(super) is_transient: bool,
}

impl ErrorFields {
    /// The error in a JSON body. A `message` alone counts as an error only with an error status:
    /// other objects of the API have a field of that name.
    pub(super) fn read(status: u16, body: &Value) -> Option<Self> {
        find(body, status >= 400, 0)
    }
}

fn find(value: &Value, is_error: bool, depth: usize) -> Option<ErrorFields> {
    if depth > DEEPEST {
        return None;
    }
    match value {
        Value::Object(fields) => {
            let nested = WRAPPERS.iter().find_map(|(name, says_error)| {
                let inner = fields.get(*name).filter(|inner| inner.is_object() || inner.is_array());
                find(inner?, is_error || *says_error, depth + 1)
            });
            let is_here = is_marked(fields) || is_error && (depth > 0 || has_words(fields));
            nested
                .or_else(|| {
                    // Token responses use `data` too, with one element. Lists of objects are not
                    // errors.
                    let is_list =
                        |data: &Value| data.as_array().is_some_and(|list| list.len() != 1);
                    let data = fields.get("data").filter(|data| !is_here && !is_list(data));
                    data.and_then(|data| find(data, is_error, depth + 1))
                })
                .or_else(|| is_here.then(|| read(fields)))
        }
        Value::Array(elements) => {
            elements.iter().take(DEEPEST).find_map(|element| find(element, is_error, depth + 1))
        }
        Value::String(text) if is_error => {
            Some(ErrorFields { message: Some(text.clone()), ..ErrorFields::default() })
        }
        _ => None,
    }
}

fn is_there(fields: &Map<String, Value>, name: &str) -> bool {
    fields.get(name).is_some_and(|value| !value.is_null() && *value != Value::Bool(false))
}

/// Whether this is an error regardless of the status.
fn is_marked(fields: &Map<String, Value>) -> bool {
    let has_failed = text(fields, "status").is_some_and(|text| text.eq_ignore_ascii_case("fail"));
    is_there(fields, "error") || has_failed || MARKS.iter().any(|name| is_there(fields, name))
}

fn has_words(fields: &Map<String, Value>) -> bool {
    MESSAGES.iter().chain(FURTHER).any(|name| text(fields, name).is_some())
}

fn read(fields: &Map<String, Value>) -> ErrorFields {
    let mut messages: Vec<&str> = Vec::new();
    for name in MESSAGES.iter().chain(FURTHER) {
        if let Some(message) = text(fields, name).filter(|message| !messages.contains(message)) {
            messages.push(message);
        }
    }
    let number = |name: &str| fields.get(name).and_then(wire::number);
    let class = text(fields, "type").or_else(|| text(fields, "error_type"));
    let error = text(fields, "error");
    ErrorFields {
        kind: class.or(error).map(str::to_owned),
        code: number("code").or_else(|| number("error_code")),
        subcode: number("error_subcode"),
        message: (!messages.is_empty()).then(|| messages.join(" / ")),
        is_transient: fields.get("is_transient") == Some(&Value::Bool(true)),
    }
}

fn text<'f>(fields: &'f Map<String, Value>, name: &str) -> Option<&'f str> {
    fields.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}
