//! The client for the provider's endpoints.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::api::Api;
use crate::error::{AuthError, AuthErrorKind};
use crate::http::{BoxedHttpClient, HttpErrorKind, HttpRequest, HttpResponse};

/// The most bytes of a response that are read. Token responses have a few hundred.
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The longest wait that is passed on from a `Retry-After`.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// The app's credentials and the provider's URLs.
pub(crate) struct Application {
    pub(crate) api: Api,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    pub(crate) redirect_uri: String,
    pub(crate) token_url: String,
    pub(crate) graph_url: String,
}

/// Calls the provider.
pub(crate) struct Provider {
    pub(super) application: Application,
    client: Arc<dyn BoxedHttpClient>,
    /// Limits the number of concurrent calls with a token, if there is a limit.
    pub(super) graph_calls: Option<Semaphore>,
}

impl Provider {
    pub(crate) fn new(application: Application, client: Arc<dyn BoxedHttpClient>) -> Self {
        Self { application, client, graph_calls: None }
    }

    /// At most this many calls with a token at the same time. `None` for no limit.
    #[must_use]
    pub(crate) fn max_concurrent_graph_calls(self, calls: Option<usize>) -> Self {
        let places = |calls: usize| Semaphore::new(calls.min(Semaphore::MAX_PERMITS));
        Self { graph_calls: calls.map(places), ..self }
    }

    /// Sends a request once. Returns a complete response that is not a redirect.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, AuthError> {
        let limit = request.max_response_bytes;
        let response = self.client.send(request).await.map_err(|error| {
            let kind = match error.kind() {
                HttpErrorKind::Unreachable => AuthErrorKind::Unreachable,
                HttpErrorKind::TimedOut => AuthErrorKind::TimedOut,
                HttpErrorKind::Oversize => AuthErrorKind::OversizeAnswer,
                HttpErrorKind::Malformed => AuthErrorKind::MalformedAnswer,
            };
            AuthError::with_source(kind, error)
        })?;
        if response.body.len() > limit {
            return Err(AuthErrorKind::OversizeAnswer.into());
        }
        if (300..400).contains(&response.status) {
            // Without its `Location`: the URL could contain secrets of the request.
            let status = response.status;
            let found =
                format!("it answered {status}, as to a login or a page that blocks this server");
            return Err(AuthError::with_source(AuthErrorKind::Redirected, found));
        }
        Ok(response)
    }

    /// A URL below the graph base URL, which may end in a slash.
    pub(super) fn graph(&self, path: &str) -> String {
        format!("{}/{path}", self.application.graph_url.trim_end_matches('/'))
    }
}
