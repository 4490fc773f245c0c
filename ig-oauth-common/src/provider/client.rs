//! The calls to the provider: where they go, and with what in hand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::api::{Api, Scopes};
use crate::error::{AuthError, AuthErrorKind};
use crate::http::{BoxedHttpClient, HttpErrorKind, HttpRequest, HttpResponse};
use crate::token_facts::{AccessToken, UserId};

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

/// What the code exchange yields.
pub(crate) struct TokenAnswer {
    pub(crate) access_token: AccessToken,
    pub(crate) user_id: UserId,
    /// None when the answer says nothing readable about scopes; empty when nothing was granted.
    pub(crate) permissions: Option<Scopes>,
    /// Meta's pages show none here. Some apps are reported to get a token of 60 days at once.
    pub(crate) expires_in: Option<Duration>,
}

/// What the long-lived exchange and the refresh yield.
pub(crate) struct LongLivedAnswer {
    pub(crate) access_token: AccessToken,
    /// None when the answer names no believable life.
    pub(crate) expires_in: Option<Duration>,
    /// No page of Meta's shows it here. When it is there, it must be an id of the token's user.
    pub(crate) user_id: Option<UserId>,
    /// Likewise, and narrows the scopes. None when the answer says nothing readable about them.
    pub(crate) permissions: Option<Scopes>,
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

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("client_id", &self.application.client_id)
            .finish_non_exhaustive()
    }
}
