//! Placeholder.

#[cfg(feature = "axum")]
mod axum;
mod body;
mod future;
mod headers;
mod layer;
mod service;

#[cfg(feature = "axum")]
pub use crate::axum::{
    InstagramLogin, InstagramToken, InstagramTokenRejection, MaybeInstagramToken,
    RequireInstagramToken, RequireInstagramTokenService,
};
pub use body::{AnyBody, EitherBody, ResponseBody, SameBody};
pub use future::ResponseFuture;
pub use ig_oauth_common::{self as common, *};
pub use layer::InstagramOAuthLayer;
pub use service::InstagramOAuth;
