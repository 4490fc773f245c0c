//! Our routes, and the pages that a login ends at.

use percent_encoding::percent_decode_str;
use url::Url;

use super::redirect_uri::is_loopback;
use super::{ConfigBuilder, ConfigError, RedirectUri};
use crate::flow::{is_allowed_url, is_local_path, is_plain_path, path_on};

/// The paths of our routes as this server sees them, and what a proxy puts before them.
pub(crate) struct Paths {
    pub(crate) login: String,
    pub(crate) callback: String,
    pub(crate) logout: String,
    pub(crate) deauthorize: Option<String>,
    pub(crate) data_deletion: Option<String>,
    /// The path of the redirect URI, which a proxy may turn into `callback`.
    redirect: String,
    pub(crate) public_prefix: String,
}

impl Paths {
    /// A path this server knows by itself, as the browser knows it.
    pub(crate) fn public(&self, path: &str) -> String {
        format!("{}{path}", self.public_prefix)
    }

    /// Whether a path, as the browser knows it, is one of our routes, or becomes one where a proxy
    /// decodes it.
    pub(crate) fn are_at(&self, path: &str) -> bool {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let is_at = |ours: &str| ours == path || ours == decoded;
        let ours = [&self.login, &self.callback, &self.logout].into_iter();
        let mut ours = ours.chain(&self.deauthorize).chain(&self.data_deletion);
        is_at(&self.redirect) || ours.any(|ours| is_at(&self.public(ours)))
    }
}

pub(super) fn checked(
    builder: &ConfigBuilder,
    redirect_uri: &RedirectUri,
) -> Result<Paths, ConfigError> {
    let prefix = &builder.public_prefix;
    if !prefix.is_empty() && (!is_plain_path(prefix) || prefix.ends_with('/')) {
        return Err(ConfigError::new(
            "public_prefix",
            "is not a path prefix",
            "write it with a slash before it and none after it, such as `/shop`",
        ));
    }
    let callback = match &builder.callback_path {
        Some(path) => path.clone(),
        None => {
            let path = redirect_uri.path();
            let stripped = path.strip_prefix(prefix.as_str()).filter(|rest| rest.starts_with('/'));
            let path = if prefix.is_empty() { Some(path) } else { stripped };
            match path {
                Some(path) if !path.is_empty() && path != "/" => path.to_owned(),
                Some(_) => {
                    return Err(ConfigError::new(
                        "redirect_uri",
                        "has no path of its own, so every visit to `/` would be a callback",
                        "register a path such as `/auth/instagram/callback`, or set \
                         `callback_path` to where your proxy sends it",
                    ));
                }
                None => {
                    return Err(ConfigError::new(
                        "public_prefix",
                        "is not what the path of the redirect URI begins with",
                        "set `callback_path` to where your proxy sends the redirect URI",
                    ));
                }
            }
        }
    };
    let login = builder.login_path.clone();
    let logout = builder.logout_path.clone();
    let (deauthorize, data_deletion) = (&builder.deauthorize_path, &builder.data_deletion_path);
    let mut named = vec![("login_path", &login), ("callback_path", &callback)];
    named.push(("logout_path", &logout));
    named.extend(deauthorize.as_ref().map(|path| ("deauthorize_path", path)));
    named.extend(data_deletion.as_ref().map(|path| ("data_deletion_path", path)));
    for (index, (field, path)) in named.iter().enumerate() {
        // Some routers match what they have decoded and some what they received, and some give a star
        // a meaning: with such a path a login would work in one mounting and not in another.
        if !is_plain_path(path) || *path == "/" || path.contains(['%', '*']) {
            return Err(ConfigError::new(
                field,
                format!("is `{}`, not a path of its own", path.escape_debug()),
                "begin with a slash and use letters, digits, single slashes and -._~",
            ));
        }
        if let Some((other, _)) = named.iter().take(index).find(|(_, earlier)| *earlier == *path) {
            let problem = format!("is the same path as `{other}`");
            return Err(ConfigError::new(field, problem, "give each route a path of its own"));
        }
    }
    Ok(Paths {
        login,
        callback,
        logout,
        deauthorize: deauthorize.clone(),
        data_deletion: data_deletion.clone(),
        redirect: match redirect_uri.path() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        },
        public_prefix: prefix.clone(),
    })
}

pub(super) fn origins(given: &[String]) -> Result<Vec<String>, ConfigError> {
    const FIELD: &str = "allowed_return_origins";
    given
        .iter()
        .map(|origin| {
            let url = Url::parse(origin).ok().filter(|url| {
                url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
            });
            let canonical = url.map(|url| url.origin().ascii_serialization());
            // `*` is a legal character of a host to URL parsers, but no wildcard is understood here.
            if canonical.as_ref() == Some(origin) && !origin.contains('*') {
                return Ok(origin.clone());
            }
            let problem = format!("holds `{}`, not an origin", origin.escape_debug());
            let cure = "list each by itself, scheme and host in lower case, the port only when it \
                        is not the default, and nothing after: `https://app.example`";
            Err(ConfigError::new(FIELD, problem, cure))
        })
        .collect()
}

pub(super) fn landing(
    field: &'static str,
    target: &str,
    origins: &[String],
) -> Result<(), ConfigError> {
    if is_local_path(target) || is_allowed_url(target, origins) {
        return Ok(());
    }
    Err(ConfigError::new(
        field,
        format!("is `{}`", target.escape_debug()),
        "use a path of this host such as `/welcome`, or a URL whose origin is listed in \
         `allowed_return_origins`",
    ))
}

/// `failure_url` gets parameters of these names, and a page that found two could read the wrong one.
pub(super) fn names_are_free(url: &str) -> Result<(), ConfigError> {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map(|(_, query)| query);
    for (name, _) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if FAILURE_PARAMETERS.contains(&&*name) {
            let problem = format!("holds the parameter `{name}`, which each failure adds");
            let cure = "leave out `error`, `id` and `options`";
            return Err(ConfigError::new("failure_url", problem, cure));
        }
    }
    Ok(())
}

/// What a failure adds to `failure_url`.
const FAILURE_PARAMETERS: &[&str] = &["error", "id", "options"];

/// A login that ends, or fails, at the login would start again for ever.
pub(super) fn no_circle(
    field: &'static str,
    target: &str,
    paths: &Paths,
    redirect_uri: &RedirectUri,
) -> Result<(), ConfigError> {
    let Some(target) = path_on(redirect_uri.origin(), target) else {
        return Ok(());
    };
    if paths.are_at(target) {
        let problem = "is one of the login's own routes, which would go round in circles";
        return Err(ConfigError::new(field, problem, "name a page of the app"));
    }
    Ok(())
}
