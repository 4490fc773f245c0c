//! What the test apps say, whatever their framework.

use std::convert::Infallible;
use std::sync::Arc;

use futures_util::stream::{self, Stream};
use ig_oauth_common::{ApiError, LoginContext, RequiredScopes, Scope, Scopes};
use tokio::sync::Notify;

pub(crate) struct Publishing;

impl RequiredScopes for Publishing {
    fn scopes() -> Scopes {
        [Scope::InstagramBusinessContentPublish].into()
    }
}

pub(crate) struct Counting;

impl RequiredScopes for Counting {
    fn scopes() -> Scopes {
        [Scope::InstagramBusinessManageInsights].into()
    }
}

#[derive(serde::Deserialize)]
pub(crate) struct Media {
    data: Vec<Medium>,
}

#[derive(serde::Deserialize)]
pub(crate) struct Medium {
    caption: Option<String>,
}

pub(crate) fn captions(media: Media) -> String {
    let captions = media.data.into_iter().map(|medium| medium.caption.unwrap_or_default());
    captions.collect::<Vec<_>>().join("\n") + "\n"
}

pub(crate) fn described(error: &ApiError) -> String {
    format!("{:?} {} s", error.kind(), error.retry_after().unwrap_or_default().as_secs())
}

const APP_USER: &str = "app_user";

/// The app's own login: it accepts the name in `?<name>&<SameSite>`.
pub(crate) fn app_user_cookie(query: Option<&str>) -> String {
    let (name, same_site) = query.and_then(|query| query.split_once('&')).unwrap_or_default();
    format!("{APP_USER}={name}; Path=/; HttpOnly; SameSite={same_site}")
}

/// What the app's own session says about a request.
pub(crate) fn context_of(cookies: &str) -> Option<LoginContext> {
    let pairs = cookies.split("; ").filter_map(|pair| pair.split_once('='));
    let (_, user) = pairs.into_iter().find(|(name, _)| *name == APP_USER)?;
    LoginContext::bound_to(user).with_app_data(user).ok()
}

/// A part of a page about a user's notes, in Turbo's format or as HTML, and its type.
pub(crate) fn notes(accept: Option<&str>, user_id: &str) -> (&'static str, String) {
    const STREAM: &str = "text/vnd.turbo-stream.html";
    let note = format!("<p>a note of {user_id}</p>");
    if accept.is_some_and(|accept| accept.contains(STREAM)) {
        let action = "<turbo-stream action=\"append\" target=\"notes\"><template>";
        return (STREAM, format!("{action}{note}</template></turbo-stream>"));
    }
    ("text/html; charset=utf-8", note)
}

/// Text that is worth compressing.
pub(crate) fn long() -> String {
    "long ".repeat(200)
}

/// A body that continues when it is asked to.
#[derive(Clone)]
pub(crate) struct Events(Arc<Notify>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Notify::new()))
    }

    pub(crate) fn next(&self) -> &'static str {
        self.0.notify_one();
        "asked"
    }

    pub(crate) fn stream(&self) -> impl Stream<Item = Result<&'static str, Infallible>> + use<> {
        stream::unfold((Arc::clone(&self.0), true), async |(next, is_first)| {
            if !is_first {
                next.notified().await;
            }
            Some((Ok(if is_first { "one" } else { "next" }), (next, false)))
        })
    }
}
