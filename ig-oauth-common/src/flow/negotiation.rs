//! Who asks: a person at a browser, or a program.

use crate::flow::{Headers, Request};

/// What the answer depends on, copied from the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience {
    /// A browser shows the answer as a page.
    pub(crate) is_navigation: bool,
    /// `Accept` prefers JSON.
    pub(crate) prefers_json: bool,
}

impl Audience {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let accepted = Accepted::read(request.headers);
        Self {
            is_navigation: request.method == "GET" && is_navigation(request.headers, &accepted),
            prefers_json: accepted.prefers_json(),
        }
    }
}

/// Fetch metadata says it when there is any; older browsers say it by asking for HTML.
fn is_navigation(headers: &dyn Headers, accepted: &Accepted) -> bool {
    let has_metadata = ["sec-fetch-mode", "sec-fetch-site", "sec-fetch-dest"];
    if has_metadata.iter().any(|name| headers.has(name)) {
        return headers.first("sec-fetch-mode") == Some("navigate");
    }
    accepted.names_html
}

/// Weights of `Accept` (RFC 9110, section 12.5.1), in thousandths.
struct Accepted {
    html: u16,
    json: u16,
    names_html: bool,
    names_json: bool,
}

impl Accepted {
    /// A media type that is named means more than one that `*/*` covers: scripts often send
    /// `application/json, */*`.
    fn prefers_json(&self) -> bool {
        self.json > self.html || self.json == self.html && self.names_json && !self.names_html
    }

    fn read(headers: &dyn Headers) -> Self {
        let mut html = None;
        let mut json = None;
        let mut any = None;
        let mut names_html = false;
        let mut names_json = false;
        headers.visit("accept", &mut |line| {
            let Ok(line) = std::str::from_utf8(line) else {
                return;
            };
            for range in line.split(',').take(64) {
                let mut parts = range.split(';').map(str::trim);
                let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
                let weight = parts.find_map(weight).unwrap_or(1000);
                match kind.as_str() {
                    "text/html" | "application/xhtml+xml" => {
                        html = html.max(Some(weight));
                        names_html |= kind == "text/html" && weight > 0;
                    }
                    "application/json" | "application/problem+json" => {
                        json = json.max(Some(weight));
                        names_json |= weight > 0;
                    }
                    "application/*" => json = json.or(Some(weight)),
                    "text/*" => html = html.or(Some(weight)),
                    "*/*" => any = any.max(Some(weight)),
                    _ => {}
                }
            }
        });
        let any = any.unwrap_or(0);
        Self { html: html.unwrap_or(any), json: json.unwrap_or(any), names_html, names_json }
    }
}

fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value: f32 = value.trim().parse().ok()?;
    // `as` saturates, and a NaN becomes zero.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let thousandths = (value * 1000.0) as u16;
    Some(thousandths.min(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Lines(&'static [(&'static str, &'static str)]);

    impl Headers for Lines {
        fn visit<'h>(&'h self, name: &str, visit: &mut dyn FnMut(&'h [u8])) {
            for (present, value) in self.0 {
                if *present == name {
                    visit(value.as_bytes());
                }
            }
        }
    }

    #[test]
    fn browsers_get_pages_and_programs_get_json() {
        const CHROMIUM: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (headers, navigation, json) in [
            (&[][..], false, false),
            (&[("accept", "*/*")], false, false),
            (&[("accept", CHROMIUM)], true, false),
            (&[("accept", "application/json")], false, true),
            (&[("accept", "application/json, text/plain, */*")], false, true),
            (&[("accept", "application/json, text/html")], true, false),
            (&[("accept", "application/json;q=0.5, text/html")], true, false),
            (&[("accept", "text/html;q=0.1, application/json;q=0.2")], true, true),
            (&[("accept", "application/json, text/html;q=0")], false, true),
            (&[("accept", CHROMIUM), ("sec-fetch-mode", "cors")], false, false),
            (&[("accept", CHROMIUM), ("sec-fetch-site", "same-origin")], false, false),
            (&[("accept", "*/*"), ("sec-fetch-mode", "navigate")], true, false),
        ] {
            let headers = Lines(headers);
            let audience = Audience::of(&Request::new("GET", "/", &headers));
            assert_eq!(audience.is_navigation, navigation, "{:?}", headers.0);
            assert_eq!(audience.prefers_json, json, "{:?}", headers.0);
            let posted = Audience::of(&Request::new("POST", "/", &headers));
            assert!(!posted.is_navigation, "{:?}", headers.0);
        }
    }
}
