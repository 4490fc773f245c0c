//! x
mod extract;
mod future;
mod guard;
mod headers;
mod middleware;
mod response;

pub use extract::{InstagramLogin, InstagramToken, InstagramTokenRejection, MaybeInstagramToken};
pub use future::ResponseFuture;
pub use guard::{RequireInstagramToken, RequireInstagramTokenService};
pub use ig_oauth_common::*;
pub use middleware::{InstagramOAuth, InstagramOAuthService};
