//! The layer that an app adds.

use std::marker::PhantomData;

use ig_oauth_common::{Config, Flow, LoginContext, LoginOptions, LoginOptionsError};
use tower_layer::Layer;

use crate::body::{AnyBody, SameBody};
use crate::service::InstagramOAuthService;

/// "Log in with Instagram" as a layer.
///
/// It answers its own paths, such as login and callback, and passes everything else through
/// unchanged. See the [crate documentation](crate) for how to mount it.
///
/// `R` decides how its own answers get a body. Default: [`SameBody`];
/// [`either_body`](InstagramOAuthLayer::either_body) changes it.
#[derive(Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct InstagramOAuthLayer<R = SameBody> {
    flow: Flow,
    body: PhantomData<fn() -> R>,
}

impl InstagramOAuthLayer {
    /// The layer of `config`. Its clones, and the services made from them, share the flow's state,
    /// so create it once and clone it.
    pub fn new(config: Config) -> Self {
        Self { flow: Flow::new(config), body: PhantomData }
    }

    /// The same layer for services whose response body cannot be made from bytes. All responses
    /// then have the body [`EitherBody`](crate::body::EitherBody).
    pub fn either_body(self) -> InstagramOAuthLayer<AnyBody> {
        InstagramOAuthLayer { flow: self.flow, body: PhantomData }
    }
}

impl<R> InstagramOAuthLayer<R> {
    /// The flow behind the layer.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// A link to the login with options that the app chooses, valid for ten minutes. See
    /// [`Flow::login_url`].
    ///
    /// # Errors
    ///
    /// When an option is invalid.
    pub fn login_url(
        &self,
        options: &LoginOptions,
        context: Option<&LoginContext>,
    ) -> Result<String, LoginOptionsError> {
        self.flow.login_url(options, context)
    }
}

impl<R> Clone for InstagramOAuthLayer<R> {
    fn clone(&self) -> Self {
        Self { flow: self.flow.clone(), body: PhantomData }
    }
}

impl<S, R> Layer<S> for InstagramOAuthLayer<R> {
    type Service = InstagramOAuthService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        InstagramOAuthService::new(inner, self.flow.clone())
    }
}
