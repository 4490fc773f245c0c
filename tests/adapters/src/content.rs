//! What the test apps say, whatever their framework.

use ig_oauth_common::{ApiError, RequiredScopes, Scope, Scopes};

pub(crate) struct Publishing;

impl RequiredScopes for Publishing {
    fn scopes() -> Scopes {
        [Scope::InstagramBusinessContentPublish].into()
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
    format!("{:?} {} s", error.kind(), error.wait().unwrap_or_default().as_secs())
}
