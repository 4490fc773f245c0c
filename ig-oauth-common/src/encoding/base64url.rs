//! base64url without padding (RFC 4648, section 5).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// base64url without padding: the alphabet of cookie values and of `state` (RFC 4648, section 5).
pub(crate) fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes only the canonical encoding: padding, `+`, `/`, white space and non-zero trailing bits
/// are refused (RFC 4648, section 3.5), so that each value has exactly one text.
pub(crate) fn from_base64url(text: &[u8]) -> Option<Vec<u8>> {
    #[cfg(test)]
    crate::operations::decoded(text.len());
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_base64url_is_read() {
        assert_eq!(from_base64url(b"AQ"), Some(vec![1]));
        for text in ["AR", "AQ=", "AQ==", "A", "A+", "A/", " AQ", "AQ\n", "\u{e9}"] {
            assert_eq!(from_base64url(text.as_bytes()), None, "{text:?}");
        }
    }
}
