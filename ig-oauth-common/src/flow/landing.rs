//! The page where a callback ends.

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
    /// Answers a callback that cannot log in, in a browser with a valid session: after a double
    /// click or the back button. The user is already logged in and is redirected to the app.
    pub(super) async fn land_softly(&self, session: &[Vec<u8>], refusal: Refusal) -> Reply {
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

/// The end of a login: 303 with a fragment, so that the browser does not keep the provider's `#_`.
pub(super) fn landing(target: &str) -> Reply {
    Reply::empty(303).header("location", with_own_fragment(target).into_owned())
}
