//! A cookie jar that follows RFC 6265bis exactly and is as strict as the strictest browser: a
//! cookie that it does not keep or send would be missing in some user's browser too.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// Browsers drop a cookie whose name and value together are larger.
const MAX_NAME_VALUE_BYTES: usize = 4_096;

/// The longest life a browser grants.
const MAX_AGE_LIMIT: u64 = 400 * 24 * 60 * 60;

/// How a request came about, as far as `SameSite` is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origination {
    /// Every site in the chain of redirects is the target's own.
    pub same_site: bool,
    /// It replaces the page, and its method is safe.
    pub top_level_safe: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SameSite {
    Strict,
    Lax,
    None,
}

/// A cookie that was kept.
#[derive(Clone, Debug)]
pub struct StoredCookie {
    /// The name, exactly.
    pub name: String,
    /// The value, exactly.
    pub value: String,
    /// `Max-Age` in seconds, as it was set.
    pub max_age: Option<u64>,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `Secure`.
    pub secure: bool,
    host: String,
    host_only: bool,
    path: String,
    same_site: SameSite,
    expires: Option<Instant>,
    created: u64,
}

/// The cookies of one browser.
#[derive(Clone, Debug, Default)]
pub struct Jar {
    cookies: Vec<StoredCookie>,
    created: u64,
    /// What was refused, with the reason: a test can insist on there being none.
    pub refused: Vec<String>,
}

impl Jar {
    /// An empty jar.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one `Set-Cookie` line of an answer from `url`.
    pub fn store(&mut self, url: &Url, line: &[u8]) {
        if let Err(reason) = self.try_store(url, line) {
            self.refused.push(format!("{}: {reason}", line.escape_ascii()));
        }
    }

    fn try_store(&mut self, url: &Url, line: &[u8]) -> Result<(), &'static str> {
        if line.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return Err("a control byte");
        }
        let line = std::str::from_utf8(line).map_err(|_| "not UTF-8")?;
        let mut parts = line.split(';');
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (name.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
        if name.is_empty() && value.is_empty() {
            return Err("neither name nor value");
        }
        if name.len() + value.len() > MAX_NAME_VALUE_BYTES {
            return Err("over 4,096 bytes");
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut cookie = StoredCookie {
            name: name.to_owned(),
            value: value.to_owned(),
            max_age: None,
            http_only: false,
            secure: false,
            host,
            host_only: true,
            path: default_path(url.path()),
            same_site: SameSite::Lax,
            expires: None,
            created: self.created,
        };
        let mut has_domain = false;
        let mut has_root_path = false;
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim_matches([' ', '\t']);
            match name.trim_matches([' ', '\t']).to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "samesite" => {
                    cookie.same_site = match value.to_ascii_lowercase().as_str() {
                        "strict" => SameSite::Strict,
                        "none" => SameSite::None,
                        _ => SameSite::Lax,
                    }
                }
                "path" => {
                    has_root_path = value == "/";
                    if value.starts_with('/') {
                        value.clone_into(&mut cookie.path);
                    }
                }
                "domain" if !value.is_empty() => {
                    has_domain = true;
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    if !domain_matches(&cookie.host, &domain) {
                        return Err("the domain is another's");
                    }
                    cookie.host = domain;
                    cookie.host_only = false;
                }
                "max-age" => {
                    if let Ok(seconds) = value.parse::<i64>() {
                        cookie.max_age = Some(u64::try_from(seconds).unwrap_or(0));
                    }
                }
                _ => {}
            }
        }
        let secure_origin = url.scheme() == "https";
        if cookie.secure && !secure_origin {
            return Err("`Secure` over plain http");
        }
        if cookie.same_site == SameSite::None && !cookie.secure {
            return Err("`SameSite=None` without `Secure`");
        }
        let lower_case = name.to_ascii_lowercase();
        if lower_case.starts_with("__secure-") && !cookie.secure {
            return Err("`__Secure-` without `Secure`");
        }
        if lower_case.starts_with("__host-") && !(cookie.secure && has_root_path && !has_domain) {
            return Err("`__Host-` needs `Secure`, `Path=/` and no `Domain`, on removals too");
        }
        // RFC 6265bis, section 5.7: a nameless cookie is sent as its value alone, which a server would
        // read as a name and its value.
        let lower_case = value.to_ascii_lowercase();
        if name.is_empty() && ["__secure-", "__host-"].iter().any(|p| lower_case.starts_with(p)) {
            return Err("a nameless cookie whose value looks like a prefixed name");
        }
        // The same section: plain http does not shadow or overwrite what https set.
        let is_shadowing = |known: &StoredCookie| {
            let host_matches = domain_matches(&known.host, &cookie.host)
                || domain_matches(&cookie.host, &known.host);
            known.secure
                && known.name == cookie.name
                && host_matches
                && path_matches(&cookie.path, &known.path)
        };
        if !cookie.secure && !secure_origin && self.cookies.iter().any(is_shadowing) {
            return Err("plain http would overwrite a `Secure` cookie");
        }
        self.created += 1;
        let known = self.cookies.iter().position(|known| {
            (&known.name, &known.host, &known.path) == (&cookie.name, &cookie.host, &cookie.path)
        });
        if let Some(position) = known {
            let known = self.cookies.remove(position);
            cookie.created = known.created;
        }
        match cookie.max_age {
            Some(0) => {}
            Some(seconds) => {
                let life = Duration::from_secs(seconds.min(MAX_AGE_LIMIT));
                cookie.expires = Some(Instant::now() + life);
                self.cookies.push(cookie);
            }
            None => self.cookies.push(cookie),
        }
        Ok(())
    }

    /// The `Cookie` header of a request, if there is anything to send.
    #[must_use]
    pub fn header(&self, url: &Url, origination: Origination) -> Option<String> {
        let host = url.host_str().unwrap_or_default();
        let now = Instant::now();
        let mut matching: Vec<_> = self
            .cookies
            .iter()
            .filter(|cookie| {
                let host_matches = if cookie.host_only {
                    cookie.host == host
                } else {
                    domain_matches(host, &cookie.host)
                };
                let same_site = match cookie.same_site {
                    SameSite::None => true,
                    SameSite::Lax => origination.same_site || origination.top_level_safe,
                    SameSite::Strict => origination.same_site,
                };
                host_matches
                    && same_site
                    && path_matches(url.path(), &cookie.path)
                    && (!cookie.secure || url.scheme() == "https")
                    && cookie.expires.is_none_or(|expires| expires > now)
            })
            .collect();
        matching.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.created));
        let pair = |cookie: &&StoredCookie| match cookie.name.as_str() {
            "" => cookie.value.clone(),
            name => format!("{name}={}", cookie.value),
        };
        let pairs: Vec<_> = matching.iter().map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The cookies whose name contains `part`.
    #[must_use]
    pub fn named(&self, part: &str) -> Vec<&StoredCookie> {
        self.cookies.iter().filter(|cookie| cookie.name.contains(part)).collect()
    }

    /// Puts a cookie in as it is, for what an attacker or a bug could have left.
    pub fn plant(&mut self, url: &Url, name: &str, value: &str) {
        self.cookies.retain(|cookie| cookie.name != name);
        self.store(url, format!("{name}={value}; Path=/").as_bytes());
    }

    /// Forgets the cookies whose name contains `part`.
    pub fn forget(&mut self, part: &str) {
        self.cookies.retain(|cookie| !cookie.name.contains(part));
    }
}

/// RFC 6265bis, section 5.1.3.
fn domain_matches(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265bis, section 5.1.4.
fn default_path(path: &str) -> String {
    match path.rfind('/') {
        Some(0) | None => "/".to_owned(),
        Some(last) => path[..last].to_owned(),
    }
}

fn path_matches(request: &str, cookie: &str) -> bool {
    request == cookie
        || request
            .strip_prefix(cookie)
            .is_some_and(|rest| cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAVIGATION: Origination = Origination { same_site: true, top_level_safe: true };

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn sent(lines: &[&str], from: &str, to: &str) -> Option<String> {
        let mut jar = Jar::new();
        lines.iter().for_each(|line| jar.store(&url(from), line.as_bytes()));
        jar.header(&url(to), NAVIGATION)
    }

    #[test]
    fn prefixes_hold_for_cookies_and_removals() {
        let site = "https://app.example/login";
        let good = "__Host-a=1; Secure; Path=/";
        assert_eq!(sent(&[good], site, site).as_deref(), Some("__Host-a=1"));
        for line in [
            "__Host-a=1; Path=/",
            "__Host-a=1; Secure",
            "__host-a=1; Secure; Path=/; Domain=app.example",
        ] {
            assert_eq!(sent(&[line], site, site), None, "{line}");
        }
        assert_eq!(sent(&[good], "http://app.example/", site), None);
        let removal = "__Host-a=; Max-Age=0; Secure; Path=/";
        assert_eq!(sent(&[good, removal], site, site), None);
        let without_path = "__Host-a=; Max-Age=0; Secure";
        assert!(sent(&[good, without_path], site, site).is_some());
    }

    #[test]
    fn a_nameless_cookie_does_not_pass_for_a_prefixed_one() {
        let site = "https://app.example/";
        for line in
            ["=__Host-a=1; Secure; Path=/", "=__HOST-a=1", "__Secure-a; Secure", "=__secure-a=1"]
        {
            assert_eq!(sent(&[line], site, site), None, "{line}");
        }
        assert_eq!(sent(&["=a=1"], site, site).as_deref(), Some("a=1"), "sent without a name");
        assert_eq!(sent(&["a"], site, site).as_deref(), Some("a"));
    }

    #[test]
    fn plain_http_neither_overwrites_nor_shadows_what_https_set() {
        let (secure, plain) = ("https://app.example/", "http://app.example/");
        let stored = |first: &str, then: (&str, &str)| {
            let mut jar = Jar::new();
            jar.store(&url(secure), first.as_bytes());
            jar.store(&url(then.0), then.1.as_bytes());
            jar.header(&url("https://app.example/x/y"), NAVIGATION)
        };
        for line in ["a=2", "a=2; Path=/x", "a=2; Path=/x/y", "a=; Max-Age=0"] {
            assert_eq!(
                stored("a=1; Secure; Path=/", (plain, line)).as_deref(),
                Some("a=1"),
                "{line}"
            );
        }
        let wide = "a=1; Secure; Path=/; Domain=app.example";
        assert_eq!(
            stored(wide, ("http://www.app.example/", "a=2; Path=/")).as_deref(),
            Some("a=1")
        );
        // Everything else is still an ordinary cookie.
        assert_eq!(stored("a=1; Secure; Path=/", (secure, "a=2")).as_deref(), Some("a=2"));
        assert_eq!(stored("a=1; Path=/", (plain, "a=2")).as_deref(), Some("a=2"));
        let other = stored("a=1; Secure; Path=/", (plain, "b=2; Path=/"));
        assert_eq!(other.as_deref(), Some("a=1; b=2"));
        let below = stored("a=1; Secure; Path=/x/y", (plain, "a=2; Path=/x"));
        assert_eq!(below.as_deref(), Some("a=1; a=2"), "a path above is no shadow");
    }

    #[test]
    fn same_site_decides_what_a_foreign_page_brings_along() {
        let site = url("https://app.example/");
        let mut jar = Jar::new();
        for line in
            ["s=1; SameSite=Strict", "l=1; SameSite=Lax", "d=1", "n=1; SameSite=None; Secure"]
        {
            jar.store(&site, line.as_bytes());
        }
        let header = |same_site, top_level_safe| {
            jar.header(&site, Origination { same_site, top_level_safe }).unwrap()
        };
        assert_eq!(header(true, true), "s=1; l=1; d=1; n=1");
        assert_eq!(header(false, true), "l=1; d=1; n=1");
        assert_eq!(header(false, false), "n=1");
    }

    #[test]
    fn hosts_paths_and_sizes_are_kept_apart() {
        assert_eq!(sent(&["a=1"], "http://127.0.0.1/", "http://localhost/"), None);
        assert_eq!(
            sent(&["a=1"], "http://127.0.0.1:1/", "http://127.0.0.1:2/").as_deref(),
            Some("a=1")
        );
        assert_eq!(sent(&["a=1; Path=/x"], "http://h/", "http://h/xy"), None);
        assert_eq!(sent(&["a=1; Path=/x"], "http://h/", "http://h/x/y").as_deref(), Some("a=1"));
        let large = format!("a={}", "x".repeat(4_096));
        assert_eq!(sent(&[&large], "http://h/", "http://h/"), None);
        assert_eq!(sent(&["a=1; Max-Age=0"], "http://h/", "http://h/"), None);
        assert_eq!(
            sent(&["a=1", "b=2; Path=/p"], "http://h/", "http://h/p").as_deref(),
            Some("b=2; a=1")
        );
    }
}
