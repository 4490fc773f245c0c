//! The binary format of cookies and records: fixed-size numbers and length-prefixed parts.

/// Writes parts one after the other.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn byte(self, byte: u8) -> Self {
        self.fixed(&[byte])
    }

    pub(crate) fn number(self, number: u64) -> Self {
        self.fixed(&number.to_be_bytes())
    }

    /// A part with its length before it. A part of more than 65,535 bytes makes the whole value
    /// unreadable, and [`finish`](Self::finish) cannot detect that, so callers limit their parts.
    pub(crate) fn part(self, bytes: &[u8]) -> Self {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.fixed(&length.to_be_bytes()).fixed(bytes)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what [`Writer`] wrote. Every method returns `None` past the end.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.fixed::<1>().map(|[byte]| *byte)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.fixed::<8>().map(|bytes| u64::from_be_bytes(*bytes))
    }

    pub(crate) fn part(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(u16::from_be_bytes(*self.fixed::<2>()?));
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.part()?).ok()
    }

    /// The unread rest.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// `Some` when everything was read: additional bytes are as wrong as missing ones.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let bytes = Writer::new().byte(7).number(u64::MAX).part(b"").part("caf\u{e9}".as_bytes());
        let bytes = bytes.fixed(&[1, 2]).finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.byte(), Some(7));
        assert_eq!(reader.number(), Some(u64::MAX));
        assert_eq!(reader.part(), Some(&b""[..]));
        assert_eq!(reader.text(), Some("caf\u{e9}"));
        assert_eq!(reader.fixed(), Some(&[1, 2]));
        assert_eq!(reader.end(), Some(()));
    }

    #[test]
    fn a_truncated_text_reads_as_nothing() {
        let whole = Writer::new().part(b"twelve bytes").finish();
        for length in 0..whole.len() {
            assert_eq!(Reader::new(&whole[..length]).part(), None, "{length}");
        }
    }
}
