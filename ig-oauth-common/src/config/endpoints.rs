//! The provider's endpoints and the HTTP client that calls them.

use std::sync::Arc;

use url::Url;

use super::builder::ConfigBuilder;
use super::check;
use crate::error::ConfigError;
use crate::http::BoxedHttpClient;
use crate::redirect_uri::is_loopback;

/// The provider's URLs and the client for them.
pub(super) struct Endpoints {
    pub(super) authorize_url: String,
    pub(super) authorize_origin: String,
    pub(super) token_url: String,
    pub(super) graph_url: String,
    pub(super) client: Arc<dyn BoxedHttpClient>,
}

impl Endpoints {
    pub(super) fn of(builder: &mut ConfigBuilder) -> Result<Self, ConfigError> {
        let api = builder.api;
        let checked = |field, given: Option<String>, default: &str| {
            endpoint(field, given.unwrap_or_else(|| default.to_owned()))
        };
        let (authorize_url, authorize) =
            checked("authorize_url", builder.authorize_url.take(), api.authorize_url())?;
        let (token_url, token) = checked("token_url", builder.token_url.take(), api.token_url())?;
        let (graph_url, graph) = checked("graph_url", builder.graph_url.take(), api.graph_url())?;
        check::patience("request_timeout", builder.request_timeout)?;
        check::patience("connect_timeout", builder.connect_timeout)?;
        let client = http_client(builder, &[&token, &graph])?;
        let authorize_origin = authorize.origin().ascii_serialization();
        Ok(Self { authorize_url, authorize_origin, token_url, graph_url, client })
    }
}

fn endpoint(field: &'static str, text: String) -> Result<(String, Url), ConfigError> {
    let refuse = |problem: &str, cure: &str| Err(ConfigError::new(field, problem, cure));
    let Some(url) = Url::parse(&text).ok().filter(Url::has_host) else {
        return refuse("is not an absolute URL", "write it whole, beginning with https://");
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return refuse("is not https", "use https; plain http is taken on loopback only");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return refuse("holds a user name or a fragment", "leave them out");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("holds white space or a byte outside ASCII", "percent-encode it");
    }
    if field == "graph_url" && url.query().is_some() {
        return refuse("holds a query", "give the base only; the flow adds path and query");
    }
    Ok((text, url))
}

fn http_client(
    builder: &mut ConfigBuilder,
    called: &[&Url],
) -> Result<Arc<dyn BoxedHttpClient>, ConfigError> {
    if let Some(client) = builder.http_client.take() {
        return Ok(client);
    }
    if cfg!(not(any(feature = "rustls", feature = "native-tls")))
        && called.iter().any(|url| url.scheme() == "https")
    {
        return Err(ConfigError::new(
            "http_client",
            "is not set, and the default one was built without TLS",
            "turn the `rustls` or the `native-tls` feature on, or pass a client of your own",
        ));
    }
    default_client(builder, called)
}

#[cfg(feature = "reqwest")]
fn default_client(
    builder: &mut ConfigBuilder,
    called: &[&Url],
) -> Result<Arc<dyn BoxedHttpClient>, ConfigError> {
    use crate::provider::{ReqwestSettings, reqwest_client};

    reqwest_client(ReqwestSettings {
        timeout: builder.request_timeout,
        connect_timeout: builder.connect_timeout,
        extra_root_pem: builder.extra_root_pem.take(),
        loopback: called.iter().any(|url| url.scheme() == "http"),
    })
}

#[cfg(not(feature = "reqwest"))]
fn default_client(
    _builder: &mut ConfigBuilder,
    _called: &[&Url],
) -> Result<Arc<dyn BoxedHttpClient>, ConfigError> {
    Err(ConfigError::new(
        "http_client",
        "is not set",
        "pass a client of your own, or turn the `reqwest` feature on",
    ))
}
