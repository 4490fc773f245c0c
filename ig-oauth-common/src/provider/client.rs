//! The calls to the provider: where they go, and with what in hand.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::api::Api;
use crate::error::{AuthError, AuthErrorKind};
use crate::http::{BoxedHttpClient, HttpErrorKind, HttpRequest, HttpResponse};

/// Most bytes of an answer that are read. Token answers have some hundred.
pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Longest wait that is passed on from a `Retry-After`.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// Who calls, and where.
pub(crate) struct Application {
    pub(crate) api: Api,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    pub(crate) redirect_uri: String,
    pub(crate) token_url: String,
    pub(crate) graph_url: String,
}

/// The calls to the provider.
pub(crate) struct Provider {
    pub(super) application: Application,
    client: Arc<dyn BoxedHttpClient>,
    /// Places for calls with a token, where they are bounded.
    pub(super) graph_calls: Option<Semaphore>,
}

impl Provider {
    pub(crate) fn new(application: Application, client: Arc<dyn BoxedHttpClient>) -> Self {
        Self { application, client, graph_calls: None }
    }

    /// At most so many calls with a token at once, or as many as there are.
    #[must_use]
    pub(crate) fn graph_calls_at_once(self, calls: Option<usize>) -> Self {
        let places = |calls: usize| Semaphore::new(calls.min(Semaphore::MAX_PERMITS));
        Self { graph_calls: calls.map(places), ..self }
    }

    /// Sends a request, once, and gives a complete answer that is no redirect.
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
            // Not where to: the URL could hold what was sent.
            let status = response.status;
            let found =
                format!("it answered {status}, as to a login or a page that blocks this server");
            return Err(AuthError::with_source(AuthErrorKind::Redirected, found));
        }
        Ok(response)
    }

    /// A path below the graph base, which may end in a slash.
    pub(super) fn graph(&self, path: &str) -> String {
        format!("{}/{path}", self.application.graph_url.trim_end_matches('/'))
    }
}
