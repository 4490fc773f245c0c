//! Parses the query of a request to one of the crate's routes
//! (`application/x-www-form-urlencoded`).

use std::borrow::Cow;

use crate::encoding::form_decoded;
use crate::error::AuthErrorKind;

/// The longest query that is read, in bytes.
const MAX_QUERY_BYTES: usize = 8 * 1024;

/// The most parameters that are read.
const MAX_PARAMETERS: usize = 32;

/// The known parameters of a query, each at most once.
pub(crate) struct Query<'a> {
    parameters: Vec<(&'static str, Result<Cow<'a, str>, AuthErrorKind>)>,
    /// The name of the last parameter, if it is a known one. `hop`, which the crate adds, does not
    /// count.
    last: Option<&'static str>,
}

impl<'a> Query<'a> {
    /// Reads the parameters whose names are in `known`. Names are decoded once and compared
    /// exactly; other parameters are ignored (RFC 6749, section 3.1).
    ///
    /// # Errors
    ///
    /// `Oversize` beyond the limits, `DuplicateParameter` when a known parameter occurs twice,
    /// `Malformed` when a name cannot be decoded, because it could be any name.
    pub(crate) fn read(
        query: Option<&'a str>,
        known: &[&'static str],
    ) -> Result<Self, AuthErrorKind> {
        let query = query.unwrap_or_default();
        if query.len() > MAX_QUERY_BYTES {
            return Err(AuthErrorKind::Oversize);
        }
        let mut parameters: Vec<(&'static str, _)> = Vec::new();
        let mut last = None;
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if index >= MAX_PARAMETERS {
                return Err(AuthErrorKind::Oversize);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = form_decoded(name).ok_or(AuthErrorKind::Malformed)?;
            let Some(name) = known.iter().find(|known| **known == name) else {
                last = None;
                continue;
            };
            if *name != "hop" {
                last = Some(*name);
            }
            if parameters.iter().any(|(seen, _)| seen == name) {
                return Err(AuthErrorKind::DuplicateParameter);
            }
            parameters.push((name, form_decoded(value).ok_or(AuthErrorKind::Malformed)));
        }
        Ok(Self { parameters, last })
    }

    /// Removes one `#_` from the end of `code` and of the last parameter.
    ///
    /// The provider ends its redirect with the fragment `#_`, which is not part of the code (Meta's
    /// guide). It reaches a server only from clients and proxies that escape it, and then it is at
    /// the end of the last parameter: `state`, in the order that the provider sends.
    #[must_use]
    pub(crate) fn without_fragment(mut self) -> Self {
        for (name, value) in &mut self.parameters {
            if *name != "code" && Some(*name) != self.last {
                continue;
            }
            if let Ok(text) = value
                && let Some(stripped) = text.strip_suffix("#_")
            {
                *text = Cow::Owned(stripped.to_owned());
            }
        }
        self
    }

    /// The value of `name`, decoded: `None` when it is absent.
    ///
    /// # Errors
    ///
    /// `Malformed` when the value cannot be decoded.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, AuthErrorKind> {
        match self.parameters.iter().find(|(present, _)| *present == name) {
            None => Ok(None),
            Some((_, Ok(value))) => Ok(Some(value)),
            Some((_, Err(kind))) => Err(*kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Vec<(String, String)>, AuthErrorKind> {
        let query = Query::read(Some(query), &["code", "state"])?;
        let mut found = Vec::new();
        for name in ["code", "state"] {
            if let Some(value) = query.get(name)? {
                found.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(found)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Result<Vec<(String, String)>, AuthErrorKind> {
        Ok(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn parameters_are_decoded_once() {
        for (query, expected) in [
            ("", &[][..]),
            ("code=a&state=b", &[("code", "a"), ("state", "b")]),
            ("&&state=b&&code=a&", &[("code", "a"), ("state", "b")]),
            ("code=a+b%20c%2Bd", &[("code", "a b c+d")]),
            ("code=%2541", &[("code", "%41")]),
            ("%63ode=a", &[("code", "a")]),
            ("code", &[("code", "")]),
            ("code==a=", &[("code", "=a=")]),
            ("code=a;state=b", &[("code", "a;state=b")]),
            ("Code=a&code%00=b&code[]=c&co.de=d&foo=%zz", &[]),
            ("code=%F0%9F%A6%80", &[("code", "\u{1f980}")]),
        ] {
            assert_eq!(read(query), pairs(expected), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_read_in_one_way_is_refused() {
        use AuthErrorKind::{DuplicateParameter, Malformed, Oversize};
        let long = format!("x={}", "a".repeat(MAX_QUERY_BYTES));
        let many = "x=1&".repeat(MAX_PARAMETERS + 1);
        for (query, kind) in [
            ("code=a&code=b", DuplicateParameter),
            ("code=a&%63ode=b", DuplicateParameter),
            ("state=a&state=a", DuplicateParameter),
            ("code=%", Malformed),
            ("code=%4", Malformed),
            ("code=%zz", Malformed),
            ("code=%+4", Malformed),
            ("code=%u0041", Malformed),
            ("code=%c0%ae", Malformed),
            ("code=%ff", Malformed),
            ("code=%ed%a0%80", Malformed),
            ("%zz=a", Malformed),
            (&long, Oversize),
            (&many, Oversize),
        ] {
            assert_eq!(read(query), Err(kind), "{query:.40}");
        }
    }
}
