//! The paths of the routes, and the addresses that a browser may be redirected to.

use percent_encoding::percent_decode_str;

use crate::local_path::{captured, is_allowed_url, is_local_path, path_on};
use crate::messages::Request;
use crate::redirect_uri::RedirectUri;

/// The paths of the routes as this server sees them, and the public addresses.
pub(crate) struct Addresses {
    pub(crate) login: String,
    pub(crate) callback: String,
    pub(crate) logout: String,
    pub(crate) deauthorize: Option<String>,
    pub(crate) data_deletion: Option<String>,
    /// The prefix that a proxy strips. It is added to every path sent to browsers.
    pub(crate) public_prefix: String,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) allowed_return_origins: Vec<String>,
    pub(crate) after_login: String,
    pub(crate) after_logout: String,
    pub(crate) failure_url: Option<String>,
}

impl Addresses {
    /// The public path of one of this server's paths.
    pub(crate) fn public(&self, path: &str) -> String {
        format!("{}{path}", self.public_prefix)
    }

    pub(crate) fn login_path(&self) -> String {
        self.public(&self.login)
    }

    pub(crate) fn logout_path(&self) -> String {
        self.public(&self.logout)
    }

    /// Whether the public path is one of the login's own. Redirecting to it would loop, or log the
    /// user out immediately. The path is decoded first, because some routers match decoded paths.
    pub(crate) fn are_at(&self, path: &str) -> bool {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let is_at = |own: &str| own == path || own == decoded;
        let own = [&self.login, &self.callback, &self.logout].into_iter();
        let mut own = own.chain(&self.deauthorize).chain(&self.data_deletion);
        let redirect = match &*self.redirect_uri.path {
            "" => "/",
            path => path,
        };
        is_at(redirect) || own.any(|own| is_at(&self.public(own)))
    }

    /// Whether a login may end at `target`.
    pub(crate) fn accept(&self, target: &str) -> bool {
        if !is_local_path(target) && !is_allowed_url(target, &self.allowed_return_origins) {
            return false;
        }
        let path = path_on(&self.redirect_uri.origin, target);
        path.is_none_or(|path| !self.are_at(path))
    }

    /// The page that a request asked for, as a `return_to`.
    pub(super) fn requested_page(&self, request: &Request<'_>) -> Option<String> {
        let mut target = self.public(request.path);
        if let Some(query) = request.query {
            target.push('?');
            target.push_str(query);
        }
        captured(&target).filter(|target| self.accept(target))
    }

    /// The page of an absolute URL, such as a `Referer`, as a `return_to`.
    pub(super) fn page_at(&self, url: &str) -> Option<String> {
        let target = match url.strip_prefix(&*self.redirect_uri.origin) {
            Some(path) if path.starts_with('/') => captured(path)?,
            _ if is_allowed_url(url, &self.allowed_return_origins) => url.to_owned(),
            _ => return None,
        };
        Some(target).filter(|target| self.accept(target))
    }

    /// Whether the request is for the page of `failure_url`.
    pub(super) fn is_failure_page(&self, request: &Request<'_>) -> bool {
        let failure_url = self.failure_url.as_deref();
        let path = failure_url.and_then(|url| path_on(&self.redirect_uri.origin, url));
        path.is_some_and(|path| self.public(request.path) == path)
    }
}
