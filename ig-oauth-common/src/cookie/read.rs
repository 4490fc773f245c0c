//! Parses cookies from the raw bytes of the `Cookie` headers.
//!
//! The frameworks' own parsers are not used. Some decode percent signs in names or trim Unicode
//! space, so that another name could pass for the crate's, and some lose every cookie when another
//! one has an invalid byte. Here names are compared as bytes and each pair is parsed alone.

use crate::messages::Headers;

/// The most cookies of one name that are tried. A sibling domain can add one with the same name.
pub(crate) const MAX_DUPLICATES: usize = 4;

/// Visits each name and value, in the order sent, in all `Cookie` headers (HTTP/2 may split them:
/// RFC 9113, section 8.2.3).
pub(crate) fn each_cookie<'h>(headers: &'h dyn Headers, visit: &mut dyn FnMut(&'h [u8], &'h [u8])) {
    headers.visit("cookie", &mut |line| {
        for pair in line.split(|byte| *byte == b';') {
            // Browsers separate pairs by `; ` (RFC 6265bis, 5.8.3). No other byte is trimmed: a tab
            // or a Unicode space before a name makes it a different name.
            let pair = pair.strip_prefix(b" ").unwrap_or(pair);
            if let Some(equals) = pair.iter().position(|byte| *byte == b'=') {
                let (name, value) = pair.split_at(equals);
                visit(name, value.get(1..).unwrap_or_default());
            }
        }
    });
}

/// The values of the cookies with exactly that name, at most [`MAX_DUPLICATES`].
pub(crate) fn values_of<'h>(headers: &'h dyn Headers, wanted: &str) -> Vec<&'h [u8]> {
    let mut values = Vec::new();
    each_cookie(headers, &mut |name, value| {
        if name == wanted.as_bytes() && values.len() < MAX_DUPLICATES {
            values.push(value);
        }
    });
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lines(Vec<&'static [u8]>);

    impl Headers for Lines {
        fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
            assert_eq!(name, "cookie");
            self.0.iter().for_each(|line| visit(line));
        }
    }

    fn read(lines: &[&'static [u8]]) -> Vec<Vec<u8>> {
        let lines = Lines(lines.to_vec());
        values_of(&lines, "__Host-x").into_iter().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn our_cookie_is_found_among_whatever_else_was_sent() {
        for line in [
            &b"__Host-x=good"[..],
            b"a=1; __Host-x=good; b=2",
            b"a=1;__Host-x=good",
            b"a=\xff; __Host-x=good",
            b"a=\xc3\xa9; __Host-x=good",
            b";;;; =v; x; x=\"q\\\"; $Version=1; __Host-x=good",
            b"a=\"unterminated; __Host-x=good",
        ] {
            assert_eq!(read(&[line]), [b"good"], "{}", line.escape_ascii());
        }
        assert_eq!(read(&[b"a=1", b"__Host-x=good"]), [b"good"]);
    }

    #[test]
    fn no_other_name_passes_for_ours() {
        for line in [
            &b"%5F%5FHost-x=evil"[..],
            b"__host-x=evil",
            b"__Host-x =evil",
            b"\t__Host-x=evil",
            b"\x0b__Host-x=evil",
            b"\xe2\x80\x80__Host-x=evil",
            b"\xc2\xa0__Host-x=evil",
            b"  __Host-x=evil",
            b"\"__Host-x\"=evil",
            b"__Host-x",
            b"__Host-xy=evil",
            b"y__Host-x=evil",
            b"a=__Host-x=evil",
        ] {
            assert_eq!(read(&[line]), Vec::<Vec<u8>>::new(), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn duplicates_are_all_seen_up_to_a_bound() {
        assert_eq!(read(&[b"__Host-x=1; __Host-x=2", b"__Host-x=3"]), [b"1", b"2", b"3"]);
        let many: &[u8] = b"__Host-x=1; __Host-x=2; __Host-x=3; __Host-x=4; __Host-x=5";
        assert_eq!(read(&[many]).len(), MAX_DUPLICATES);
    }

    #[test]
    fn a_value_is_kept_to_the_letter() {
        assert_eq!(read(&[b"__Host-x==\"a b\"= "]), [b"=\"a b\"= "]);
        assert_eq!(read(&[b"__Host-x="]), [b""]);
    }
}
