//! The languages that a client asks for, from `Accept-Language`.

use std::fmt;

use super::request::Headers;
use super::weights::weighted;

/// The most languages kept of a request, and the longest tag in bytes. Both limits are ample, and
/// fixed sizes need no allocation.
const MAX_TAGS: usize = 4;
const MAX_TAG_BYTES: usize = 16;

/// The languages that a client prefers, by its `Accept-Language` (RFC 9110, section 12.5.4).
///
/// At most four tags, such as `de-at`, in lower case, most preferred first.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Languages {
    tags: [[u8; MAX_TAG_BYTES]; MAX_TAGS],
}

impl Languages {
    /// The language tags, most preferred first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().filter_map(|tag| {
            let end = tag.iter().position(|byte| *byte == 0).unwrap_or(MAX_TAG_BYTES);
            let text = std::str::from_utf8(tag.get(..end)?).ok()?;
            (!text.is_empty()).then_some(text)
        })
    }

    pub(crate) fn of(headers: &dyn Headers) -> Self {
        let mut wanted = weighted(headers, "accept-language");
        wanted.retain(|(tag, weight)| is_tag(tag) && tag.len() <= MAX_TAG_BYTES && *weight > 0);
        // The sort is stable: tags of equal weight keep their order.
        wanted.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let mut languages = Self::default();
        for (place, (tag, _)) in languages.tags.iter_mut().zip(&wanted) {
            place.iter_mut().zip(tag.bytes()).for_each(|(to, from)| *to = from);
        }
        languages
    }

    /// Which of `offered` the client prefers: its first tag that is offered, in full or without its
    /// last subtags (RFC 4647, section 3.4), or that begins an offered one.
    pub(crate) fn choose<'o>(
        &self,
        offered: impl Iterator<Item = &'o str> + Clone,
    ) -> Option<usize> {
        self.iter().find_map(|wanted| {
            let mut ranges =
                std::iter::successors(Some(wanted), |range| Some(range.rsplit_once('-')?.0));
            let is_offered =
                |range: &str| offered.clone().position(|tag| tag.eq_ignore_ascii_case(range));
            ranges.find_map(is_offered).or_else(|| {
                // A client that asks for `pt` gets `pt-BR` rather than another language.
                let language = language_of(wanted);
                offered.clone().position(|tag| language_of(tag).eq_ignore_ascii_case(language))
            })
        })
    }
}

impl fmt::Debug for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn language_of(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

/// Whether `tag` has the form of a language tag (RFC 5646, section 2.1): `de`, `pt-BR`, `zh-Hant`.
pub(crate) fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let is_language =
        (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_language
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Line(&'static str);

    impl Headers for Line {
        fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
            if name == "accept-language" {
                visit(self.0.as_bytes());
            }
        }
    }

    #[test]
    fn the_most_wanted_language_comes_first_and_nonsense_is_left_out() {
        for (line, tags) in [
            ("", &[][..]),
            ("de", &["de"]),
            ("de-AT,de;q=0.9,en;q=0.8", &["de-at", "de", "en"]),
            ("en;q=0.1, fr;q=0.9", &["fr", "en"]),
            ("fr;q=0, en", &["en"]),
            ("*, <b>, a_b, d, en", &["en"]),
            ("en,fr,de,it,es", &["en", "fr", "de", "it"]),
            ("en-aaaaaaaa-aaaaaaaa-aaaaaaaa, it", &["it"]),
        ] {
            let languages = Languages::of(&Line(line));
            assert_eq!(languages.iter().collect::<Vec<_>>(), tags, "{line}");
        }
    }

    #[test]
    fn the_nearest_offered_language_is_chosen() {
        for (line, offered, chosen) in [
            ("de-AT", &["en", "de"][..], Some(1)),
            ("pt", &["en", "pt-BR"], Some(1)),
            ("pt-PT", &["en", "pt-BR"], Some(1)),
            ("zh-Hant-TW", &["zh-Hans", "zh-Hant"], Some(1)),
            ("it, de", &["en", "de"], Some(1)),
            ("it", &["en", "de"], None),
            ("", &["en"], None),
        ] {
            let languages = Languages::of(&Line(line));
            assert_eq!(languages.choose(offered.iter().copied()), chosen, "{line}");
        }
    }
}
