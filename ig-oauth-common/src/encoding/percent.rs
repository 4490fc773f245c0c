//! Percent-encoding (RFC 3986, section 2.1).

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986, section 2.3: an unescaped `#`, `&` or `+` in a
/// value would end it, split it or change it.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Escapes `value` for a query.
pub(crate) fn query_escape(value: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(value, QUERY_VALUE)
}

/// Encodes every byte of `text` that is not `fine`, and every percent sign that does not start an
/// escape.
pub(crate) fn percent_encoded(text: &str, fine: fn(u8) -> bool) -> String {
    let mut rest = text.as_bytes();
    let mut encoded = String::with_capacity(text.len());
    while let Some((&byte, tail)) = rest.split_first() {
        let begins_escape = matches!(tail, [high, low, ..]
            if byte == b'%' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
        if begins_escape || fine(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        rest = tail;
    }
    encoded
}

/// Decodes the escapes of `text`. Unlike most decoders it refuses an invalid escape and bytes that
/// are not UTF-8, instead of passing them on changed.
pub(crate) fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next()), digit(bytes.next()));
            u8::try_from(high? * 16 + low?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// The same for `application/x-www-form-urlencoded`, where a plus sign is a space.
pub(crate) fn form_decoded(text: &str) -> Option<Cow<'_, str>> {
    #[cfg(test)]
    crate::operations::decoded(text.len());
    if text.contains('+') {
        return percent_decoded(&text.replace('+', " ")).map(|text| Cow::Owned(text.into_owned()));
    }
    percent_decoded(text)
}
