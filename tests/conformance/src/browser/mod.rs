//! A model of a browser: cookies, redirects, fragments and fetch metadata as a browser treats them.
//!
//! Behaviour follows Chromium as observed: a chain of requests that once left the site stays
//! cross-site; redirects alone, begun in the address bar, have no initiator; a fragment is carried
//! over a redirect whose `Location` has none (Fetch, "location URL").

mod html;
mod jar;
mod wire;

use url::Url;

pub use html::{Form, forms, links, meta_refresh};
pub use jar::{Jar, Origination, StoredCookie};
pub use wire::{Response, send};

const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const MAX_REDIRECTS: usize = 20;

/// What the browser shows.
#[derive(Clone, Debug)]
pub struct Page {
    /// What the address bar says, fragment included.
    pub url: Url,
    /// The answer that is shown.
    pub response: Response,
    /// Every answer on the way, the shown one last.
    pub hops: Vec<Response>,
}

/// One browser profile with one visible page.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// Its cookies.
    pub jar: Jar,
    page: Option<Page>,
}

impl Browser {
    /// A fresh profile.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is shown.
    #[must_use]
    pub fn page(&self) -> &Page {
        self.page.as_ref().expect("a page was opened")
    }

    /// Types an address.
    pub async fn open(&mut self, url: &str) -> &Page {
        self.page = None;
        self.navigate("GET", parse(url), Vec::new()).await
    }

    /// Clicks the link of that text.
    pub async fn click(&mut self, text: &str) -> &Page {
        let links = links(&self.page().response.text());
        let (_, href) = links
            .iter()
            .find(|(label, _)| label == text)
            .unwrap_or_else(|| panic!("no link `{text}` among {links:?}"));
        let url = self.page().url.join(href).expect("a link that resolves");
        self.navigate("GET", url, Vec::new()).await
    }

    /// Goes to `url` as a link on the present page would.
    pub async fn follow(&mut self, url: &str) -> &Page {
        let url = self.page().url.join(url).expect("a link that resolves");
        self.navigate("GET", url, Vec::new()).await
    }

    /// Presses the button of that label, in the form it is in.
    pub async fn press(&mut self, label: &str) -> &Page {
        self.press_with(label, &[]).await
    }

    /// The same, after filling these fields.
    pub async fn press_with(&mut self, label: &str, filled: &[(&str, &str)]) -> &Page {
        let forms = forms(&self.page().response.text());
        let pressed = forms.iter().find_map(|form| {
            let button = form.buttons.iter().find(|(text, ..)| text == label)?;
            Some((form, button))
        });
        let (form, (_, name, value)) = pressed
            .unwrap_or_else(|| panic!("no button `{label}`: {}", self.page().response.text()));
        let mut fields = form.fields.clone();
        for (name, value) in filled {
            fields.retain(|(present, _)| present != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        if !name.is_empty() {
            fields.push((name.clone(), value.clone()));
        }
        let url = self.page().url.join(&form.action).expect("an action that resolves");
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(fields).finish();
        self.navigate(&form.method.clone(), url, body.into_bytes()).await
    }

    /// A script of a page at `from` fetches `url` and asks for JSON.
    pub async fn fetch_json(&mut self, method: &str, url: &str) -> Response {
        let url = parse(url);
        let headers = [("accept", "application/json"), ("sec-fetch-mode", "cors")];
        let more = [("sec-fetch-dest", "empty"), ("sec-fetch-site", "same-origin")];
        let headers: Vec<_> = headers.into_iter().chain(more).collect();
        self.hop(method, &url, &headers).await
    }

    /// One request of a top-level navigation, without following redirects: for looking at each step.
    /// It counts as coming from another site, as the callback does.
    pub async fn step(&mut self, url: &str) -> Response {
        let headers = navigation_headers("cross-site");
        self.hop("GET", &parse(url), &headers).await
    }

    /// One request with these headers and the cookies of a top-level navigation.
    pub async fn hop(&mut self, method: &str, url: &Url, headers: &[(&str, &str)]) -> Response {
        let origination = Origination { same_site: true, top_level_safe: true };
        self.exchange(method, url, headers, Vec::new(), origination).await
    }

    async fn navigate(&mut self, method: &str, mut url: Url, mut body: Vec<u8>) -> &Page {
        let initiator = self.page.as_ref().map(|page| site(&page.url));
        let initiator_origin = self.page.as_ref().map(|page| page.url.origin());
        let quiet = self
            .page
            .as_ref()
            .is_some_and(|page| page.response.header("referrer-policy") == Some("no-referrer"));
        let mut method = method.to_owned();
        let mut hops: Vec<Response> = Vec::new();
        let mut left_site = false;
        let mut left_origin = false;
        loop {
            left_site |= initiator.as_ref().is_some_and(|initiator| *initiator != site(&url));
            left_origin |=
                initiator_origin.as_ref().is_some_and(|initiator| *initiator != url.origin());
            let relation = match (&initiator, left_site, left_origin) {
                (None, ..) => "none",
                (_, true, _) => "cross-site",
                (_, false, true) => "same-site",
                (_, false, false) => "same-origin",
            };
            let mut headers = navigation_headers(relation);
            let origin = match &initiator_origin {
                Some(_) if quiet || left_origin => "null".to_owned(),
                Some(origin) => origin.ascii_serialization(),
                None => "null".to_owned(),
            };
            if method == "POST" {
                headers.push(("origin", &origin));
                headers.push(("content-type", "application/x-www-form-urlencoded"));
            }
            let origination =
                Origination { same_site: !left_site, top_level_safe: method == "GET" };
            let response = self.exchange(&method, &url, &headers, body.clone(), origination).await;
            hops.push(response.clone());
            let redirects = matches!(response.status, 301 | 302 | 303 | 307 | 308);
            if !redirects || response.all("location").is_empty() {
                self.page = Some(Page { url, response, hops });
                return self.page();
            }
            assert!(hops.len() <= MAX_REDIRECTS, "redirected in circles to {url}");
            let mut next = url.join(response.location()).expect("a location that resolves");
            if next.fragment().is_none() {
                next.set_fragment(url.fragment());
            }
            if response.status < 304 && method == "POST" {
                method = "GET".to_owned();
                body.clear();
            }
            url = next;
        }
    }

    async fn exchange(
        &mut self,
        method: &str,
        url: &Url,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        origination: Origination,
    ) -> Response {
        let mut lines = vec![("host".to_owned(), authority(url).into_bytes())];
        let given = headers.iter();
        lines.extend(given.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        if let Some(cookies) = self.jar.header(url, origination) {
            lines.push(("cookie".to_owned(), cookies.into_bytes()));
        }
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let response = send(&authority(url), method, &target, &lines, &body).await;
        for (name, value) in &response.headers {
            if name == "set-cookie" {
                self.jar.store(url, value);
            }
        }
        response
    }
}

fn navigation_headers(relation: &str) -> Vec<(&str, &str)> {
    vec![
        ("accept", ACCEPT_PAGE),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-user", "?1"),
        ("sec-fetch-site", relation),
    ]
}

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap_or_else(|_| panic!("not a URL: {url}"))
}

/// A site is a scheme and a registrable domain; the port does not count.
fn site(url: &Url) -> (String, String) {
    (url.scheme().to_owned(), url.host_str().unwrap_or_default().to_owned())
}

fn authority(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(80);
    format!("{}:{port}", url.host_str().unwrap_or_default())
}
