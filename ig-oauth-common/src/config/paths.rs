//! The paths of the routes, and the pages where a login can end.

use url::Url;

use super::builder::ConfigBuilder;
use crate::error::ConfigError;
use crate::flow::Addresses;
use crate::local_path::{is_allowed_url, is_local_path, is_plain_path, path_on};
use crate::redirect_uri::{RedirectUri, is_loopback};

/// All addresses of the configuration, each checked alone and against the others.
pub(super) fn addresses(
    builder: &ConfigBuilder,
    redirect_uri: RedirectUri,
) -> Result<Addresses, ConfigError> {
    let prefix = &builder.public_prefix;
    if !prefix.is_empty() && (!is_plain_path(prefix) || prefix.ends_with('/')) {
        return Err(ConfigError::new(
            "public_prefix",
            "is not a path prefix",
            "write it with a slash before it and none after it, such as `/shop`",
        ));
    }
    let addresses = Addresses {
        login: builder.login_path.clone(),
        callback: callback(builder, &redirect_uri)?,
        logout: builder.logout_path.clone(),
        deauthorize: builder.deauthorize_path.clone(),
        data_deletion: builder.data_deletion_path.clone(),
        public_prefix: prefix.clone(),
        redirect_uri,
        allowed_return_origins: origins(&builder.allowed_return_origins)?,
        after_login: builder.after_login.clone(),
        after_logout: builder.after_logout.clone(),
        failure_url: builder.failure_url.clone(),
    };
    routes(&addresses)?;
    landing("after_login", &addresses.after_login, &addresses)?;
    landing("after_logout", &addresses.after_logout, &addresses)?;
    if let Some(url) = &addresses.failure_url {
        landing("failure_url", url, &addresses)?;
        no_circle("failure_url", url, &addresses)?;
        names_are_free(url)?;
    }
    no_circle("after_login", &addresses.after_login, &addresses)?;
    Ok(addresses)
}

/// The path of the callback as this server sees it. Default: the redirect URI's path.
fn callback(builder: &ConfigBuilder, redirect_uri: &RedirectUri) -> Result<String, ConfigError> {
    if let Some(path) = &builder.callback_path {
        return Ok(path.clone());
    }
    let (path, prefix) = (&*redirect_uri.path, builder.public_prefix.as_str());
    let stripped = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
    match if prefix.is_empty() { Some(path) } else { stripped } {
        Some(path) if !path.is_empty() && path != "/" => Ok(path.to_owned()),
        Some(_) => Err(ConfigError::new(
            "redirect_uri",
            "has no path of its own, so every visit to `/` would be a callback",
            "register a path such as `/auth/instagram/callback`, or set `callback_path` to where your \
             proxy sends it",
        )),
        None => Err(ConfigError::new(
            "public_prefix",
            "is not what the path of the redirect URI begins with",
            "set `callback_path` to where your proxy sends the redirect URI",
        )),
    }
}

fn routes(addresses: &Addresses) -> Result<(), ConfigError> {
    let mut named = vec![
        ("login_path", &addresses.login),
        ("callback_path", &addresses.callback),
        ("logout_path", &addresses.logout),
    ];
    named.extend(addresses.deauthorize.as_ref().map(|path| ("deauthorize_path", path)));
    named.extend(addresses.data_deletion.as_ref().map(|path| ("data_deletion_path", path)));
    for (index, (field, path)) in named.iter().enumerate() {
        // Some routers match decoded paths and others match paths as received, and some give a star
        // a meaning. With such a path a login would work in one kind of mount and not in another.
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
    Ok(())
}

fn origins(given: &[String]) -> Result<Vec<String>, ConfigError> {
    const FIELD: &str = "allowed_return_origins";
    given
        .iter()
        .map(|origin| {
            let url = Url::parse(origin).ok().filter(|url| {
                url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
            });
            let canonical = url.map(|url| url.origin().ascii_serialization());
            // URL parsers accept `*` in a host, but the crate does not support wildcards.
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

fn landing(field: &'static str, target: &str, addresses: &Addresses) -> Result<(), ConfigError> {
    if is_local_path(target) || is_allowed_url(target, &addresses.allowed_return_origins) {
        return Ok(());
    }
    Err(ConfigError::new(
        field,
        format!("is `{}`", target.escape_debug()),
        "use a path of this host such as `/welcome`, or a URL whose origin is listed in \
         `allowed_return_origins`",
    ))
}

/// `failure_url` receives parameters of these names. With duplicates, a page could read the wrong
/// one.
fn names_are_free(url: &str) -> Result<(), ConfigError> {
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

/// The parameters that a failure adds to `failure_url`.
const FAILURE_PARAMETERS: &[&str] = &["error", "id", "options"];

/// Refuses a landing page that is the login itself: the login would start again forever.
fn no_circle(field: &'static str, target: &str, addresses: &Addresses) -> Result<(), ConfigError> {
    let Some(target) = path_on(&addresses.redirect_uri.origin, target) else {
        return Ok(());
    };
    if addresses.are_at(target) {
        let problem = "is one of the login's own routes, which would go round in circles";
        return Err(ConfigError::new(field, problem, "name a page of the app"));
    }
    Ok(())
}
