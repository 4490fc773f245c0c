//! For axum: extractors, the guard of a router, and the crate's paths as a router.

mod extract;
mod guard;
mod routes;

pub use extract::{
    InstagramLogin, InstagramRejection, InstagramToken, InstagramTokenWith, MaybeInstagramToken,
};
pub use guard::{RequireInstagramToken, RequireInstagramTokenService};
