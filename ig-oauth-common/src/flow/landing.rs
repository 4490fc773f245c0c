//! Where a callback ends.

use std::sync::Arc;

use super::addresses::Addresses;
use super::failures::{Failures, Refusal};
use crate::local_path::with_own_fragment;
use crate::messages::Reply;
use crate::session::{Reading, Sessions};

pub(crate) struct Landings {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) failures: Arc<Failures>,
    pub(crate) addresses: Arc<Addresses>,
}

impl Landings {
    /// A callback that can log nobody in, in a browser with a valid session: a double click or the back
    /// button, whose user has what they came for.
    pub(super) async fn softly(&self, session: &[Vec<u8>], refusal: Refusal) -> Reply {
        match self.sessions.read(session).await {
            Ok(Reading::Live(_)) => {
                let target = refusal.return_to().unwrap_or(&self.addresses.after_login);
                landing(target).cookies(refusal.cookies)
            }
            Ok(Reading::Nobody { .. }) => self.failures.refuse_now(refusal).await,
            Err(error) => self.failures.refuse_now(Refusal { error, ..refusal }).await,
        }
    }
}

/// The end of a login: 303 with a fragment, so that the provider's `#_` does not come along.
pub(super) fn landing(target: &str) -> Reply {
    Reply::empty(303).header("location", with_own_fragment(target).into_owned())
}
