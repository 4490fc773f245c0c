//! For axum: extractors, the guard of a router, and our paths as a router.

mod extract;
mod guard;
mod routes;

pub use extract::{
    InstagramLogin, InstagramRejection, InstagramToken, InstagramTokenWith, MaybeInstagramToken,
};
pub use guard::{RequireInstagramToken, RequireInstagramTokenService};
