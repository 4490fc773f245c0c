//! The redirect URI (RFC 6749, section 3.1.2): kept exactly as given, because the provider compares
//! the exact string, and parsed once.

use url::{Host, Url};

use crate::error::ConfigError;
use crate::local_path::is_plain_path;

const FIELD: &str = "redirect_uri";

/// A checked redirect URI.
pub(crate) struct RedirectUri {
    /// As given.
    pub(crate) text: String,
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// As written. Empty when the URL ends after the host.
    pub(crate) path: String,
    pub(crate) is_https: bool,
    pub(crate) is_loopback: bool,
}

impl RedirectUri {
    pub(crate) fn parse(text: String) -> Result<Self, ConfigError> {
        let refuse = |problem: &str, cure: &str| Err(ConfigError::new(FIELD, problem, cure));
        if text.is_empty() {
            return refuse("is empty", "set the callback URL that the app's dashboard lists");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse(
                "holds white space or a byte outside ASCII",
                "copy it from the dashboard; write a host name outside ASCII in its xn-- form",
            );
        }
        let Ok(url) = Url::parse(&text) else {
            return refuse(
                "is not an absolute URL",
                "write it whole, such as https://app.example/auth/instagram/callback",
            );
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("holds a user name", "leave out what stands before the @");
        }
        if text.contains('#') {
            return refuse(
                "holds a fragment",
                "leave out the # and what follows (RFC 6749, 3.1.2)",
            );
        }
        let (is_https, is_loopback) = (url.scheme() == "https", is_loopback(&url));
        if !(is_https || url.scheme() == "http" && is_loopback) {
            return refuse(
                "is not https",
                "use https; plain http is taken for 127.0.0.1, [::1] and localhost only",
            );
        }
        let path = path_as_written(&text).to_owned();
        if !path.is_empty() && path != url.path() || !(path.is_empty() || is_plain_path(&path)) {
            return refuse(
                "has a path that browsers or proxies would rewrite",
                "use letters, digits, single slashes and -._~ in the path",
            );
        }
        let origin = url.origin().ascii_serialization();
        Ok(Self { origin, path, is_https, is_loopback, text })
    }

    /// The host, with the port if it is not the scheme's default.
    pub(crate) fn host(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, host)| host)
    }
}

/// The part between the host and the query.
fn path_as_written(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    let rest = after_scheme.find(['/', '?']).and_then(|start| after_scheme.get(start..));
    rest.unwrap_or("").split('?').next().unwrap_or("")
}

/// Whether the URL's host is this machine, by name or address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
