//! The kind of client that sends a request, and so the form of the answer: a page, a redirect or
//! JSON.

use super::languages::Languages;
use super::request::{Headers, Request};
use super::weights::weighted;
use crate::error::AuthErrorKind;

/// The kind of client. Each gets an answer in a form that it can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// A person who opens an address: gets a page, or is redirected.
    Visit,
    /// A person who sends a form: gets a page, never a redirect that would lose the form's data.
    Form,
    /// Turbo, which fetched a person's form. It shows the answer only if it is HTML.
    Turbo,
    /// htmx, which fetched a part of a page. It leaves the page when `HX-Redirect` says so.
    Htmx,
    /// Any other client: a script, a service, a command line.
    Program,
}

/// The properties of a request that the form of its answer depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Audience {
    pub(crate) client_kind: ClientKind,
    /// `Accept` prefers JSON. This counts only for programs.
    prefers_json: bool,
    /// A script fetched an address that is meant for visits, as Turbo does with links and their
    /// previews.
    is_fetched_link: bool,
    /// The languages that the client asks for.
    pub(crate) languages: Languages,
}

impl Audience {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let accepted = Accepted(weighted(request.headers, "accept"));
        let client_kind = ClientKind::of(request.method, request.headers, &accepted);
        let is_fetched_link = request.method == "GET"
            && (request.headers.first("sec-fetch-mode") == Some("cors")
                || request.headers.has("x-sec-purpose"));
        let languages = Languages::of(request.headers);
        Self { client_kind, prefers_json: accepted.prefers_json(), is_fetched_link, languages }
    }

    /// A person's GET: the only request that may be redirected to another page.
    pub(crate) fn is_visit(self) -> bool {
        self.client_kind == ClientKind::Visit
    }

    /// htmx, which is redirected by a header.
    pub(crate) fn is_htmx(self) -> bool {
        self.client_kind == ClientKind::Htmx
    }

    /// A person will read the answer as a page, whatever `Accept` prefers.
    pub(crate) fn reads_pages(self) -> bool {
        matches!(self.client_kind, ClientKind::Visit | ClientKind::Form | ClientKind::Turbo)
    }

    /// Whether an error of `kind` is answered with JSON instead of a page.
    pub(crate) fn reads_json(self, kind: AuthErrorKind) -> bool {
        // Turbo shows the page that it fetched, and opens the address if the answer is not a page.
        let is_for_visits = matches!(
            kind,
            AuthErrorKind::ForbiddenContext | AuthErrorKind::Prefetch | AuthErrorKind::TooEarly
        );
        !self.reads_pages()
            && (self.prefers_json
                || kind == AuthErrorKind::LoginRequired
                || is_for_visits && (self.is_fetched_link || self.is_htmx()))
    }

    /// For a success with nothing to show: whether the client prefers JSON to a redirect.
    pub(crate) fn prefers_json(self) -> bool {
        !self.reads_pages() && self.prefers_json
    }
}

impl ClientKind {
    fn of(method: &str, headers: &dyn Headers, accepted: &Accepted) -> Self {
        if headers.has("hx-request") {
            return Self::Htmx;
        }
        // Turbo's own header: a script cannot set `Sec-Purpose`.
        if headers.has("x-sec-purpose") {
            return Self::Program;
        }
        match method {
            "GET" if is_person(headers, accepted) => Self::Visit,
            "POST" if is_person(headers, accepted) => Self::Form,
            "POST" if accepted.names(TURBO) && is_same_origin(headers) => Self::Turbo,
            _ => Self::Program,
        }
    }
}

/// Fetch Metadata decides if it is present; older browsers are recognized by asking for HTML.
/// Firefox sends the mode `same-origin` for a navigation that a service worker passes on, and so
/// does a script's request, so in that case `Accept` decides too.
fn is_person(headers: &dyn Headers, accepted: &Accepted) -> bool {
    match headers.first("sec-fetch-mode") {
        Some("navigate") => true,
        Some("same-origin") => accepted.names(HTML),
        Some(_) => false,
        None => accepted.names(HTML) && !has_metadata(headers),
    }
}

fn is_same_origin(headers: &dyn Headers) -> bool {
    headers.first("sec-fetch-site") == Some("same-origin") || !has_metadata(headers)
}

fn has_metadata(headers: &dyn Headers) -> bool {
    ["sec-fetch-mode", "sec-fetch-site", "sec-fetch-dest"].iter().any(|name| headers.has(name))
}

const HTML: &[&str] = &["text/html"];
const HTML_OR_XHTML: &[&str] = &["text/html", "application/xhtml+xml"];
const JSON: &[&str] = &["application/json", "application/problem+json"];
/// Turbo's own media type, which it adds when it fetches a form's POST.
const TURBO: &[&str] = &["text/vnd.turbo-stream.html"];

/// The media ranges of `Accept` (RFC 9110, section 12.5.1), in lower case, with their weights in
/// thousandths.
struct Accepted(Vec<(String, u16)>);

impl Accepted {
    /// The greatest weight of these ranges, if any of them is present.
    fn weight(&self, kinds: &[&str]) -> Option<u16> {
        let weights = self.0.iter().filter(|(kind, _)| kinds.contains(&kind.as_str()));
        weights.map(|(_, weight)| *weight).max()
    }

    fn names(&self, kinds: &[&str]) -> bool {
        self.weight(kinds).is_some_and(|weight| weight > 0)
    }

    /// A named media type counts more than one that `*/*` covers: scripts often send
    /// `application/json, */*`.
    fn prefers_json(&self) -> bool {
        let weight = |kinds, range| {
            let covered = || self.weight(&[range]).or_else(|| self.weight(&["*/*"]));
            self.weight(kinds).or_else(covered).unwrap_or(0)
        };
        let (html, json) = (weight(HTML_OR_XHTML, "text/*"), weight(JSON, "application/*"));
        json > html || json == html && self.names(JSON) && !self.names(HTML)
    }
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
    fn one_decision_says_who_asks_and_whether_json_is_the_answer() {
        const CHROMIUM: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        const TURBO: &str = "text/vnd.turbo-stream.html, text/html, application/xhtml+xml";
        use ClientKind::{Form, Htmx, Program, Turbo, Visit};
        // The headers, the kind of client for GET and for POST, and whether a failure is then JSON.
        for (headers, get, post, json) in [
            (&[][..], Program, Program, false),
            (&[("accept", "*/*")], Program, Program, false),
            (&[("accept", CHROMIUM)], Visit, Form, false),
            (&[("accept", "application/json")], Program, Program, true),
            (&[("accept", "application/json, text/plain, */*")], Program, Program, true),
            (&[("accept", "application/json, text/html")], Visit, Form, false),
            (&[("accept", "text/html;q=0.1, application/json;q=0.2")], Visit, Form, false),
            (&[("accept", "application/json, text/html;q=0")], Program, Program, true),
            (&[("accept", CHROMIUM), ("sec-fetch-mode", "cors")], Program, Program, false),
            (&[("accept", CHROMIUM), ("sec-fetch-site", "same-origin")], Program, Program, false),
            (&[("accept", CHROMIUM), ("sec-fetch-mode", "same-origin")], Visit, Form, false),
            (&[("accept", "*/*"), ("sec-fetch-mode", "same-origin")], Program, Program, false),
            (&[("accept", "*/*"), ("sec-fetch-mode", "navigate")], Visit, Form, false),
            (&[("accept", "application/json"), ("sec-fetch-mode", "navigate")], Visit, Form, false),
            (&[("accept", CHROMIUM), ("hx-request", "true")], Htmx, Htmx, false),
            (&[("sec-fetch-mode", "navigate"), ("hx-request", "true")], Htmx, Htmx, false),
            (&[("accept", "application/json"), ("hx-request", "true")], Htmx, Htmx, true),
            (
                &[("accept", TURBO), ("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-origin")],
                Program,
                Turbo,
                false,
            ),
            (
                &[("accept", TURBO), ("sec-fetch-mode", "cors"), ("sec-fetch-site", "same-site")],
                Program,
                Program,
                false,
            ),
        ] {
            let headers = Lines(headers);
            for (method, client_kind) in [("GET", get), ("POST", post), ("HEAD", Program)] {
                let audience = Audience::of(&Request::new(method, "/", &headers));
                if method == "HEAD" {
                    assert!(!audience.reads_pages(), "{:?}", headers.0);
                    continue;
                }
                assert_eq!(audience.client_kind, client_kind, "{method} {:?}", headers.0);
                assert_eq!(audience.reads_json(AuthErrorKind::Store), json, "{:?}", headers.0);
                let tells = audience.reads_json(AuthErrorKind::LoginRequired);
                assert_eq!(
                    tells,
                    matches!(client_kind, Program | Htmx),
                    "{method} {:?}",
                    headers.0
                );
            }
        }
    }
}
