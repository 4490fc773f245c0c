//! The page where a callback ends.

use crate::local_path::with_own_fragment;
use crate::messages::Reply;

/// The end of a login: 303 with a fragment, so that the browser does not keep the provider's `#_`.
pub(super) fn landing(target: &str) -> Reply {
    Reply::empty(303).header("location", with_own_fragment(target).into_owned())
}
