//! The HTTP client on reqwest.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, redirect, retry};

use crate::error::ConfigError;
use crate::http::{
    BoxedHttpClient, HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
};

pub(crate) struct ReqwestSettings {
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) extra_root_pem: Option<Vec<u8>>,
    /// At least one endpoint is plain http on loopback.
    pub(crate) loopback: bool,
}

const ROOT_CERTIFICATES: &str = "it must hold one or more certificates in PEM, each between BEGIN \
    CERTIFICATE and END CERTIFICATE";

struct ReqwestClient(Client);

/// The HTTP client for all calls of a configuration.
///
/// - It follows no redirects and retries nothing: requests carry secrets and single-use codes.
/// - It keeps no connection open. An idle connection belongs to the runtime that opened it, and
///   that may be the runtime of a blocked or stopped worker. Logins are rare enough to pay for a
///   handshake.
/// - It decompresses nothing, even if another crate of the app enables reqwest's decoders: they
///   would request compression, and a small response could expand.
/// - It uses `HTTPS_PROXY` of the environment, except when an endpoint is on loopback.
pub(crate) fn reqwest_client(
    settings: ReqwestSettings,
) -> Result<Arc<dyn BoxedHttpClient>, ConfigError> {
    let refused = |field, cure: String| ConfigError::new(field, "gives no HTTP client", cure);
    let no_certificate = || refused("extra_root_pem", ROOT_CERTIFICATES.to_owned());
    let mut builder = Client::builder()
        .user_agent(concat!("ig-oauth/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .timeout(settings.timeout)
        .connect_timeout(settings.connect_timeout)
        .pool_max_idle_per_host(0)
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    if settings.loopback {
        builder = builder.no_proxy();
    } else {
        builder = builder.https_only(true);
    }
    // Another crate of the app may compile the other library in, which reqwest would then prefer.
    #[cfg(feature = "rustls")]
    let mut builder = builder.tls_backend_rustls();
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    {
        builder = builder.tls_version_min(reqwest::tls::Version::TLS_1_2);
        if let Some(pem) = settings.extra_root_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or_else(no_certificate)?;
            builder = builder.tls_certs_merge(certificates);
        }
    }
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    if settings.extra_root_pem.is_some() {
        return Err(no_certificate());
    }
    let client = builder.build().map_err(|error| refused("http_client", error.to_string()))?;
    Ok(Arc::new(ReqwestClient(client)))
}

impl HttpClient for ReqwestClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let outgoing = match request.form {
            None => self.0.get(request.url),
            Some(form) => self
                .0
                .post(request.url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form),
        };
        let sent = outgoing.header(ACCEPT, "application/json").send().await;
        let mut response = sent.map_err(failed)?;
        let limit = request.max_response_bytes;
        let announced = response.content_length().and_then(|length| length.try_into().ok());
        if announced.is_some_and(|length: usize| length > limit) {
            return Err(HttpError::new(HttpErrorKind::Oversize));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit {
                return Err(HttpError::new(HttpErrorKind::Oversize));
            }
            body.extend_from_slice(&chunk);
        }
        let text = |name: &str| response.headers().get(name)?.to_str().ok();
        Ok(HttpResponse {
            status: response.status().as_u16(),
            body,
            content_type: text("content-type").map(str::to_owned),
            retry_after_seconds: text("retry-after").and_then(|value| wait(value, text("date"))),
            usage: text("x-business-use-case-usage").map(str::to_owned),
        })
    }
}

/// The wait of a `Retry-After` in seconds. The header has seconds or a date (RFC 9110, section
/// 10.2.3). The date is by the clock of the server, whose time is in `Date`.
fn wait(retry_after: &str, date: Option<&str>) -> Option<u64> {
    let retry_after = retry_after.trim();
    if let Ok(seconds) = retry_after.parse() {
        return Some(seconds);
    }
    let until = httpdate::parse_http_date(retry_after).ok()?;
    let now = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok());
    let wait = until.duration_since(now.unwrap_or_else(SystemTime::now)).ok()?;
    Some(wait.as_secs())
}

/// Without the URL: the long-lived exchange has the app secret in its query.
fn failed(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::TimedOut
    } else if error.is_body() || error.is_decode() {
        HttpErrorKind::Malformed
    } else {
        HttpErrorKind::Unreachable
    };
    HttpError::with_source(kind, error.without_url())
}
