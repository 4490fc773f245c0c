//! The provider's side: endpoints called with the app secret in hand.

pub(crate) mod http;
