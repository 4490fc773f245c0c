//! Redacts the provider's messages for logs.

use url::form_urlencoded;

/// The most characters kept of a text of the provider.
const MAX_CHARACTERS: usize = 256;

/// A run of this many token-like characters may be a secret and is removed.
const SECRET_LIKE: usize = 20;

const REDACTED: &str = "[redacted]";

/// `text` in one line, without what must not be logged: the values sent (`secrets`), URLs, and text
/// that looks like a token. It is cut after 256 characters.
pub(crate) fn safe(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        // A server that echoes a request may echo it in its encoded form.
        let sent: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(secret, REDACTED).replace(&sent, REDACTED);
    }
    let words =
        text.split(|character: char| is_unprintable(character) || character.is_whitespace());
    let words = words.filter(|word| !word.is_empty());
    let words = words.map(|word| if looks_secret(word) { REDACTED } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(MAX_CHARACTERS).collect()
}

/// The provider's error type. `OAuthPermissionsException` is as long as a secret but is not one.
pub(crate) fn safe_class(text: &str, secrets: &[&str]) -> String {
    let is_class = text.ends_with("Exception")
        && text.len() <= 40
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !secrets.iter().any(|secret| text.contains(secret));
    if is_class { text.to_owned() } else { safe(text, secrets) }
}

/// Control characters can forge log lines, and the others can reorder or hide text.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether a word is a URL or contains a run that looks like a token.
fn looks_secret(word: &str) -> bool {
    let is_token_like =
        |character: char| character.is_ascii_alphanumeric() || "_-.=%+/~:".contains(character);
    let mut runs = word.split(|character| !is_token_like(character));
    word.contains("://") || runs.any(|run| run.len() >= SECRET_LIKE && !is_name(run))
}

/// Names of scopes and parameters are as long as tokens, but have neither digits nor capitals. A
/// random text of that length without either is practically impossible.
fn is_name(run: &str) -> bool {
    run.bytes().all(|byte| byte.is_ascii_lowercase() || b"_.:=".contains(&byte))
}
