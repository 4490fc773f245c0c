//! Paths of this host: the allowed values of `return_to` and of the routes.
//!
//! The rule is a grammar of what is proven to be a path of this host, not a list of forbidden
//! forms: such lists have always been circumvented (fifteen advisories over eight projects).

use std::borrow::Cow;

use crate::encoding::{percent_decoded, percent_encoded};

/// The longest `return_to`, in bytes. The attempt's cookie has to hold it.
pub(crate) const MAX_RETURN_TO_BYTES: usize = 512;

/// Whether `target` is a path of this host, optionally with query and fragment.
///
/// The path may contain RFC 3986 `pchar` and single slashes. Not allowed are `//`, dot segments,
/// and an encoded slash, backslash, percent sign, control or invisible character, because proxies,
/// routers and browsers decode and merge those differently.
pub(crate) fn is_local_path(target: &str) -> bool {
    if target.len() > MAX_RETURN_TO_BYTES {
        return false;
    }
    let (rest, fragment) = split(target, '#');
    let (path, query) = split(rest, '?');
    is_plain_path(path)
        && query.is_none_or(is_query_or_fragment)
        && fragment.is_none_or(is_query_or_fragment)
}

/// Whether `target` is an absolute URL whose origin is byte for byte equal to one of `origins`.
pub(crate) fn is_allowed_url(target: &str, origins: &[String]) -> bool {
    origins.iter().any(|origin| {
        target.strip_prefix(origin.as_str()).is_some_and(|rest| match rest.as_bytes().first() {
            None => true,
            Some(b'/') => is_local_path(rest),
            Some(b'?' | b'#') => is_local_path(&format!("/{rest}")),
            Some(_) => false,
        }) && target.len() <= MAX_RETURN_TO_BYTES
    })
}

/// `target`, the address of a request, as a `return_to`. Characters that browsers and links contain
/// but the grammar does not allow are encoded, and a query that is too long is left out.
///
/// `None` when the path is not proven to be of this host: a path is never corrected.
pub(crate) fn captured(target: &str) -> Option<String> {
    if is_local_path(target) {
        return Some(target.to_owned());
    }
    let (target, _) = split(target, '#');
    let (path, query) = split(target, '?');
    let path = percent_encoded(path, is_path_byte_or_slash);
    let whole = query.map(|query| format!("{path}?{}", percent_encoded(query, is_query_byte)));
    [whole, Some(path)].into_iter().flatten().find(|target| is_local_path(target))
}

/// `target` without query and fragment.
fn path_of(target: &str) -> &str {
    split(split(target, '#').0, '?').0
}

/// The path that `target` has on the site of `origin`. `None` when it leads to another site. An
/// origin that only begins with this one, such as the same host with another port, is another site.
pub(crate) fn path_on<'t>(origin: &str, target: &'t str) -> Option<&'t str> {
    let place = path_of(target);
    if place.starts_with('/') {
        return Some(place);
    }
    match place.strip_prefix(origin)? {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

/// `target` with its own fragment. The provider appends `#_` to its redirect, and browsers keep a
/// fragment across redirects to a `Location` without one (Fetch, "location URL").
pub(crate) fn with_own_fragment(target: &str) -> Cow<'_, str> {
    if target.contains('#') { Cow::Borrowed(target) } else { Cow::Owned(format!("{target}#")) }
}

fn split(text: &str, separator: char) -> (&str, Option<&str>) {
    match text.split_once(separator) {
        Some((head, tail)) => (head, Some(tail)),
        None => (text, None),
    }
}

/// Also the rule for the paths in a configuration.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    let last = segments.split('/').count();
    segments.split('/').enumerate().all(|(index, segment)| {
        // An empty segment means `//`, unless it follows a trailing slash.
        (!segment.is_empty() || index + 1 == last) && is_plain_segment(segment)
    })
}

fn is_plain_segment(segment: &str) -> bool {
    let Some(decoded) = decode_segment(segment) else {
        return false;
    };
    // `..;x` is a dot segment for servers that remove path parameters (RFC 3986, section 3.3).
    let name = decoded.split(';').next().unwrap_or_default();
    (name != "." && name != "..")
        && decoded.chars().all(|character| {
            !matches!(character, '/' | '\\' | '%')
                && !character.is_control()
                && !is_invisible(character)
        })
}

/// The segment's text, if it has only `pchar` and its escapes are UTF-8.
fn decode_segment(segment: &str) -> Option<Cow<'_, str>> {
    let fine = segment.bytes().all(|byte| byte == b'%' || is_path_byte(byte));
    fine.then(|| percent_decoded(segment)).flatten()
}

/// `pchar` of RFC 3986, section 3.3, without `%`.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

/// A query or a fragment never changes the origin. All of RFC 3986 is allowed in it, and the
/// brackets, braces, bars and carets that browsers send unescaped: everything that the encoder
/// leaves unchanged.
fn is_query_or_fragment(text: &str) -> bool {
    percent_encoded(text, is_query_byte) == text
}

fn is_query_byte(byte: u8) -> bool {
    is_path_byte(byte) || b"/?[]{}|^".contains(&byte)
}

fn is_path_byte_or_slash(byte: u8) -> bool {
    is_path_byte(byte) || byte == b'/'
}

/// Characters that are invisible or change the reading direction: a path with them is not what a
/// person reads. The joiners U+200C and U+200D are not included: Persian and Indic words and emoji
/// are written with them (RFC 5892, appendix A).
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
