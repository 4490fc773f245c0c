//! The requirements for a cookie secret.

use std::collections::HashSet;

/// The shortest cookie secret, in bytes.
pub(crate) const MIN_SECRET_BYTES: usize = 32;

/// Secrets from public examples, in lower case. Anyone who has read the example could log in.
const EXAMPLES: &[&str] = &[
    "0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "abcdefghijklmnopqrstuvwxyz012345",
    "abcdefghijklmnopqrstuvwxyz123456",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "a-very-long-secret-that-nobody-knows",
    "change-me-to-a-long-random-secret",
    "changeme-changeme-changeme-changeme",
    "change_this_to_a_random_secret_key",
    "please-change-this-secret-in-production",
    "replace-this-with-32-random-bytes",
    "super-secret-key-change-in-production",
    "this-is-a-secret-and-should-be-changed",
    "your-32-byte-secret-key-goes-here",
    "your-secret-key-at-least-32-characters",
];

/// Why `secret` is refused, as the end of a sentence that starts with the setting's name.
pub(crate) fn refusal(secret: &[u8]) -> Option<&'static str> {
    if secret.len() < MIN_SECRET_BYTES {
        return Some("is shorter than 32 bytes");
    }
    let blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    if blank(secret.first()) || blank(secret.last()) {
        return Some("begins or ends with white space");
    }
    let lower_case = secret.to_ascii_lowercase();
    if EXAMPLES.iter().any(|example| example.as_bytes() == lower_case) {
        return Some("stands in public examples");
    }
    if repeats_a_block(secret) {
        return Some("repeats one block");
    }
    let distinct = secret.iter().collect::<HashSet<_>>().len();
    let is_hex = secret.iter().all(u8::is_ascii_hexdigit);
    if distinct < if is_hex { 10 } else { 16 } {
        return Some("has too few different characters to be random");
    }
    None
}

/// Whether the text is one shorter block, repeated at least twice (the last one possibly
/// incomplete).
fn repeats_a_block(secret: &[u8]) -> bool {
    (1..=secret.len() / 2)
        .any(|block| secret.iter().zip(secret.iter().skip(block)).all(|(one, next)| one == next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_cookie_secrets_are_refused_with_the_reason() {
        let too_long = "secret".repeat(20);
        let repeated = "fake-Block+17".repeat(3);
        for (secret, reason) in [
            ("", "shorter"),
            ("x", "shorter"),
            ("1234567890123456789012345678901", "shorter"),
            (" 8f0ab3c9d2e4716550adf1ce2b94e773", "white space"),
            ("8f0ab3c9d2e4716550adf1ce2b94e773\n", "white space"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats"),
            ("0123456789abcdef0123456789abcdef", "examples"),
            ("Your-32-byte-Secret-key-goes-here", "examples"),
            (&too_long, "repeats"),
            (&repeated, "repeats"),
            ("abababababababababababababababac", "too few"),
            ("11223344556677881122334455667713", "too few"),
        ] {
            let refused = refusal(secret.as_bytes());
            assert!(refused.is_some_and(|text| text.contains(reason)), "{secret:?}: {refused:?}");
        }
    }

    #[test]
    fn random_secrets_are_taken_as_they_are() {
        for secret in [
            "8f0ab3c9d2e4716550adf1ce2b94e773",
            "aabbccddeeff00112233aabbccddeef1aa",
            "kq3Vt0y-Lz8_rB2nWm5xCfHs7JpEaD1u",
            "fake secret made of words, long & plain",
        ] {
            assert_eq!(refusal(secret.as_bytes()), None, "{secret}");
        }
        let bytes: Vec<u8> = (0..32).map(|index| index * 7 + 3).collect();
        assert_eq!(refusal(&bytes), None);
    }
}
